"""Documents are read in a screen of their own, over whatever view they were opened from."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message
from textual.screen import Screen

from saetui.errors import SaetuiError
from saetui.tui.feature_columns import trust_of
from saetui.tui.messages import Judge, OpenDocument, TakeBack, ToList
from saetui.tui.newest_request import NewestRequest
from saetui.tui.screens.document import DocumentScreen

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
        tell: Says what went wrong.
    """

    def __init__(
        self,
        main: Screen[None],
        session: "Callable[[], Session]",
        tell: Callable[[SaetuiError], None],
    ) -> None:
        self.screen = DocumentScreen(self._go_on, self._opinion, self.carriers)
        self._main = main
        self._session = session
        self._evidence: EvidenceFinder | None = None
        self._reading: NewestRequest[OpenDocument, DocumentDetail] = NewestRequest(
            main, "document", self._read, self._show, tell
        )

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
