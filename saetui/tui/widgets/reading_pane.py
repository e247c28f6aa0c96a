"""The document under the cursor of the results, to be read beside them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from saetui.errors import SaetuiError
from saetui.tui.marked_text import document_lines, line_of, marked_sentence
from saetui.tui.newest_request import NewestRequest
from saetui.tui.widgets.heading import Heading
from saetui.tui.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from saetui.core.documents import Document
    from saetui.session.evidence import Evidence
    from saetui.session.session import Session


class ReadingPane(Vertical):
    """Follows the cursors: the text of a document, and what carries a feature in it.

    The text is read at once, in a thread; its sentences are looked at once no key has been pressed
    for CALM seconds, so that neither delays a key. Hidden, it does nothing.

    Args:
        name_of: What a feature is called.
        carriers: Finds the sentences of a document that carry a feature; called in a thread.
    """

    CALM: ClassVar[float] = 0.15

    def __init__(
        self,
        name_of: Callable[[int], str],
        carriers: "Callable[[int, int], Evidence]",
        *,
        id: str,
    ) -> None:
        super().__init__(id=id)
        self._name_of = name_of
        self._session: Session | None = None
        self._heading = Heading("Reading")
        self._text = TextPane(id="reading-text", empty=("The result under the cursor is here.",))
        self._wanted: tuple[int | None, int | None] = (None, None)
        self._at = 0
        self._document: tuple[int, Document] | None = None
        self._evidence: Evidence | None = None
        self._calm: Timer | None = None
        self._reading: NewestRequest[int, Document] = NewestRequest(
            self, "reading", self._read, self._show_document, lambda error: None
        )
        self._carrying: NewestRequest[tuple[int, int], Evidence] = NewestRequest(
            self, "evidence", lambda asked: carriers(*asked), self._mark, self._unmarked
        )

    def compose(self) -> ComposeResult:
        """A heading above the text."""
        yield self._heading
        yield self._text

    @property
    def calm(self) -> bool:
        """Whether no computation waits to begin."""
        return self._calm is None

    def open(self, session: "Session") -> None:
        """Read in a session."""
        self._session, self._document, self._evidence = session, None, None

    def follow(self, row: int | None, feature: int | None, at: int | None = None) -> None:
        """Show the document in a row, with the sentences that carry a feature marked.

        Args:
            row: Of the document.
            feature: Number of the feature.
            at: The place in its text to begin at; None as before.
        """
        moved = at is not None and at != self._at
        self._wanted, self._at = (row, feature), self._at if at is None else at
        if not self.display or self._session is None or not self.size.width:
            return
        if row is None:
            self._document = self._evidence = None
            self._lay_out()
        elif self._document is None or self._document[0] != row:
            self._reading.ask(row)
        else:
            if moved:
                self._begin(self._document[1])
            self._look_soon()

    def on_show(self) -> None:
        """Catch up with the cursors."""
        self.call_after_refresh(lambda: self.follow(*self._wanted))

    def on_resize(self) -> None:
        """The text is broken into lines for a width."""
        self.call_after_refresh(self._lay_out)
        self.call_after_refresh(lambda: self.follow(*self._wanted))

    def _read(self, row: int) -> "Document":
        assert self._session is not None
        return self._session.bundle.documents.document(row)

    def _show_document(self, row: int, document: "Document") -> None:
        self._document, self._evidence = (row, document), None
        self._lay_out()
        self._begin(document)
        self._look_soon()

    def _begin(self, document: "Document") -> None:
        """Scroll to where the reader should begin."""
        line = line_of(document, self._text.text_width, self._at) if self._at else 0
        self._text.scroll_to(y=line, animate=False)

    def _look_soon(self) -> None:
        """Look which sentences carry the feature, unless another key follows."""
        self._carrying.drop()
        if self._calm is not None:
            self._calm.stop()
            self._calm = None
        row, feature = self._wanted
        known = self._evidence
        if row is None or feature is None:
            return
        if known is None or (known.row, known.feature) != (row, feature):
            self._calm = self.set_timer(self.CALM, self._look)

    def _look(self) -> None:
        self._calm = None
        row, feature = self._wanted
        if row is not None and feature is not None and self.display:
            self._carrying.ask((row, feature))

    def _mark(self, asked: tuple[int, int], found: "Evidence") -> None:
        if asked == self._wanted:
            self._evidence = found
            self._lay_out()

    def _unmarked(self, error: SaetuiError) -> None:
        self._evidence = None

    def _lay_out(self) -> None:
        if self._document is None:
            self._heading.say("Reading")
            self._text.replace(())
            return
        said = marked_sentence(self._evidence, self._name_of)
        self._heading.say(f"Reading; {said}" if said else "Reading")
        lines = document_lines(self._document[1], self._text.text_width, self._evidence)
        self._text.replace(lines)
