"""Put documents into lists of the reader's."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from textual.widget import Widget

from saetui.text import visible_line
from saetui.tui.background import start_work
from saetui.tui.commands import key_of
from saetui.tui.screens.closing import open_dialog
from saetui.tui.screens.edit_text import EditTextScreen
from saetui.tui.widgets.details import DetailRow
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.results import ResultList
from saetui.tui.widgets.unsteered_results import UnsteeredResultList

if TYPE_CHECKING:
    from saetui.session.session import Session

_ABOUT = "NAME, or NAME: a note; -NAME takes it out. Filter with in:NAME"
_LONGEST = 60


class ListMarking:
    """Asks for the name of a list, and puts documents into it or takes them out.

    Args:
        node: Opens the dialog, and tells what was done.
        session: Gives the open session.
    """

    def __init__(self, node: Widget, session: "Callable[[], Session]") -> None:
        self._node = node
        self._session = session
        # The list that was used last is offered first.
        self._last = "to-read"

    def mark_here(self, focused: Widget | None) -> None:
        """Ask for a list for the document under the cursor of the widget that has the focus."""
        rows = _documents_of(focused)
        if rows:
            self.mark(rows)
            return
        key = key_of(self._node.app, "everywhere.to-a-list")
        self._node.notify(f"Go to a document in a list first: {key} puts it into a list of yours.")

    def mark(self, rows: Sequence[int]) -> None:
        """Ask for a list for the documents in some rows."""

        def chosen(text: str | None) -> None:
            if text:
                start_work(
                    self._node,
                    "list",
                    lambda: self._written(rows, text),
                    self._tell,
                    lambda error: self._refused(text, error),
                )

        many = f" for {len(rows):,} documents" if len(rows) > 1 else ""
        dialog = EditTextScreen(f"Into which list?{many}", _ABOUT, self._last, "A list's name")
        open_dialog(self._node.app, dialog, chosen)

    def _written(self, rows: Sequence[int], text: str) -> str:
        from saetui.store.lists import mark, read_lists, unmark

        session = self._session()
        ids = [session.bundle.documents.id_of(row) for row in rows]
        one = len(ids) == 1
        what = visible_line(session.title(rows[0]), _LONGEST) if one else f"{len(ids):,} documents"
        bundle = session.bundle.path
        if text.startswith("-"):
            name = _name(text[1:])
            inside = read_lists(bundle).get(name, {})
            ids = [each for each in ids if each in inside]
            if not ids:
                return f"{what} {'is' if one else 'are'} not in {name}."
            unmark(bundle, name, ids)
            return f"Took {what if one else f'{len(ids):,} documents'} out of {name}."
        name, _, note = text.partition(":")
        name, note = _name(name), note.strip()
        mark(bundle, name, ids, note)
        self._last = name
        count = len(read_lists(bundle)[name])
        return (
            f"{what} {'is' if one else 'are'} in {name}, which has {count:,}. The filter in:{name} "
            "finds them."
        )

    def _refused(self, text: str, error: Exception) -> None:
        # The dialog offers it again, so that nothing has to be typed twice.
        self._last = text
        self._tell(str(error), "error")

    def _tell(self, text: str, severity: Literal["information", "error"] = "information") -> None:
        self._node.app.notify(visible_line(text), severity=severity, markup=False)


def _documents_of(focused: Widget | None) -> list[int]:
    """The row of the document under the cursor; in the results, of all that are marked."""
    here = focused.row if isinstance(focused, LineList) else None
    if isinstance(here, DetailRow):
        return [here.target] if here.kind == "document" and here.target is not None else []
    if isinstance(focused, ResultList):
        return [result.row for result in focused.meant]
    if isinstance(focused, UnsteeredResultList) and here is not None:
        return [int(here.row)]
    return []


def _name(text: str) -> str:
    """The name of a list as it was typed; a filter takes names of one word."""
    return "-".join(text.split())
