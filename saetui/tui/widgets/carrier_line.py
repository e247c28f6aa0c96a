"""The sentence of an example that carries the feature, below the feature's details."""

from typing import TYPE_CHECKING, ClassVar

from textual.timer import Timer

from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.newest_request import NewestRequest
from saetui.tui.widgets.notice import Notice

if TYPE_CHECKING:
    from saetui.session.evidence import Evidence, EvidenceFinder
    from saetui.session.session import Session


class CarrierLine(Notice):
    """Says what carries a feature in a document, once no key has been pressed for CALM seconds."""

    CALM: ClassVar[float] = 0.15

    def __init__(self) -> None:
        super().__init__(style="")
        self._session: Session | None = None
        self._finder: EvidenceFinder | None = None
        self._calm: Timer | None = None
        self._looking: NewestRequest[tuple[int, int], tuple[Evidence, str]] = NewestRequest(
            self, "carrier", self._look, self._show, self._forget
        )

    def look_at(self, session: "Session | None", row: int | None, feature: int | None) -> None:
        """Say what carries a feature in the document in a row; nothing for None."""
        self._session = session
        self._looking.drop()
        if self._calm is not None:
            self._calm.stop()
            self._calm = None
        if session is None or row is None or feature is None:
            self.say()
            return
        self.blank()
        self._calm = self.set_timer(self.CALM, lambda: self._begin(row, feature))

    @property
    def calm(self) -> bool:
        """Whether no computation waits to begin."""
        return self._calm is None

    def _begin(self, row: int, feature: int) -> None:
        self._calm = None
        self._looking.ask((row, feature))

    def _look(self, asked: tuple[int, int]) -> "tuple[Evidence, str]":
        from saetui.session.evidence import EvidenceFinder

        session = self._session
        assert session is not None
        if self._finder is None or self._finder.session is not session:
            self._finder = EvidenceFinder(session)
        found = self._finder.of(*asked)
        if not found.marked:
            return found, ""
        first, document = found.marked[0], session.bundle.documents.document(asked[0])
        return found, (document.title if first.in_title else document.text)[first.start : first.end]

    def _show(self, asked: tuple[int, int], found: "tuple[Evidence, str]") -> None:
        evidence, sentence = found
        by = "Where (by its words)" if evidence.by == "words" else "Where it is in the text"
        self.say(f"{by}: {visible_line(sentence)}" if sentence else "No single sentence has it.")

    def _forget(self, error: SaetuiError) -> None:
        self.say()
