"""Put documents into lists of the reader's."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from textual.dom import DOMNode

from saetui.text import visible_line
from saetui.tui.background import start_work
from saetui.tui.screens.closing import open_dialog
from saetui.tui.screens.edit_text import EditTextScreen

if TYPE_CHECKING:
    from saetui.session.session import Session

_ABOUT = "NAME, or NAME: a note; -NAME takes it out. Filter with in:NAME"
_LONGEST = 60


class ListMarking:
    """Asks for the name of a list, and puts a document into it or takes it out.

    Args:
        node: Opens the dialog, and tells what was done.
        session: Gives the open session.
    """

    def __init__(self, node: DOMNode, session: "Callable[[], Session]") -> None:
        self._node = node
        self._session = session
        # The list that was used last is offered first.
        self._last = "to-read"

    def mark(self, row: int) -> None:
        """Ask for a list for the document in a row."""

        def chosen(text: str | None) -> None:
            if text:
                start_work(
                    self._node,
                    "list",
                    lambda: self._written(row, text),
                    self._tell,
                    lambda error: self._tell(str(error), "error"),
                )

        dialog = EditTextScreen("Into which list?", _ABOUT, self._last, "A list's name")
        open_dialog(self._node.app, dialog, chosen)

    def _written(self, row: int, text: str) -> str:
        from saetui.store.lists import mark, read_lists, unmark

        session = self._session()
        document = session.bundle.documents.id_of(row)
        title = visible_line(session.title(row), _LONGEST)
        bundle = session.bundle.path
        if text.startswith("-"):
            name = text[1:].strip()
            if document not in read_lists(bundle).get(name, {}):
                return f"{title} is not in {name}."
            unmark(bundle, name, [document])
            return f"Took {title} out of {name}."
        name, _, note = (part.strip() for part in text.partition(":"))
        mark(bundle, name, [document], note)
        self._last = name
        count = len(read_lists(bundle)[name])
        return f"{title} is in {name}, one of {count:,}. The filter in:{name} finds them."

    def _tell(self, text: str, severity: Literal["information", "error"] = "information") -> None:
        self._node.app.notify(visible_line(text), severity=severity, markup=False)
