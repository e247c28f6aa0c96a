"""Documents of any view are read in a screen of their own, and put into lists of the reader's."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.background import NewestRequest, start_work, tell
from saetui.tui.commands import key_of
from saetui.tui.messages import Judge, OpenDocument, TakeBack, ToList
from saetui.tui.screens.dialogs import EditTextScreen, open_dialog
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.widgets.details import DetailRow
from saetui.tui.widgets.feature_list import trust_of
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.results import ResultList, UnsteeredResultList

if TYPE_CHECKING:
    from saetui.session.details import DocumentDetail
    from saetui.session.evidence import Evidence, EvidenceFinder
    from saetui.session.session import Session

# Neighbours beside a document; its features and the headings take so many lines above them.
_FEWEST_NEIGHBOURS, _LINES_OF_FEATURES = 10, 22


class DocumentControl:
    """Opens documents, and finds what the screen says about them.

    Args:
        main: The screen that documents are opened from, and that is told what the reader wants.
        session: Gives the open session.
    """

    def __init__(
        self,
        main: Screen[None],
        session: "Callable[[], Session]",
    ) -> None:
        self.screen = DocumentScreen(self._go_on, self._opinion, self.carriers)
        self._main = main
        self._session = session
        self._evidence: EvidenceFinder | None = None
        self._reading = NewestRequest(main, "document", self._read, self._show, partial(tell, main))

    @property
    def is_open(self) -> bool:
        """Whether a document covers everything else."""
        return self._main.app.screen is self.screen

    def read(self, wanted: OpenDocument) -> None:
        """Read a document."""
        self._reading.ask(wanted)

    def _read(self, wanted: OpenDocument) -> "DocumentDetail":
        # As many neighbours as a tall screen has room for.
        limit = max(_FEWEST_NEIGHBOURS, self._main.size.height - _LINES_OF_FEATURES)
        return self._session().document(wanted.row, limit)

    def _show(self, wanted: OpenDocument, detail: "DocumentDetail") -> None:
        app, trust = self._main.app, trust_of(self._session().features.records)
        if app.screen not in (self._main, self.screen):
            # A dialog was opened meanwhile, and what is typed is meant for it.
            return
        if not self.is_open:
            if not app.is_screen_installed(self.screen):
                app.install_screen(self.screen, "document")
            self.screen.begin(detail, trust, wanted.feature, wanted.at, wanted.about)
            app.push_screen(self.screen)
        elif self.screen.detail.row != wanted.row:
            self.screen.follow(detail, trust)

    def _go_on(self, message: Message) -> None:
        """Go from a document to another one, or to a view, or pass on what the reader says."""
        stays = isinstance(message, OpenDocument | Judge | TakeBack | ToList)
        if not stays and self.is_open:
            self._main.app.pop_screen()
        self._main.post_message(message)

    def _opinion(self, feature: int, document: str) -> tuple[str, bool | None]:
        features = self._session().features
        label = features[feature].label
        return label, features.notes_on(feature).judged(label).get(document)

    def carriers(self, row: int, feature: int) -> "Evidence":
        """Which sentences of a document carry a feature."""
        from saetui.session.evidence import EvidenceFinder

        session = self._session()
        if self._evidence is None or self._evidence.session is not session:
            self._evidence = EvidenceFinder(session)
        return self._evidence.of(row, feature)


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
                    partial(tell, self._node),
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

    def _refused(self, text: str, error: SaetuiError) -> None:
        # The dialog offers it again, so that nothing has to be typed twice.
        self._last = text
        tell(self._node, error)


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
