"""Documents to be read: laid out with marked sentences, beside results, or a single sentence."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical

from saetui.errors import SaetuiError
from saetui.tex import readable_parts
from saetui.text import visible, visible_line
from saetui.tui.background import NewestRequest
from saetui.tui.widgets.details import DetailRow, TextPane, text_rows
from saetui.tui.widgets.lines import Heading, Notice, Piece, Pieces, wrap

if TYPE_CHECKING:
    from saetui.core.documents import Document
    from saetui.session.evidence import Evidence, EvidenceFinder, Sentence
    from saetui.session.session import Session

MARK = "marked"
# Nobody reads further in a terminal, and every line costs memory.
_MAX_CHARACTERS = 200_000
_MAX_FACT = 2_000
LONGEST_LABEL = 200
_WORD = re.compile(r"\S+")

Spans = Sequence[tuple[int, int]]


def marked_lines(text: str, spans: Spans, width: int, style: str = "") -> list[Pieces]:
    """Lines of at most `width` cells; words that begin within a span are marked.

    Args:
        text: Shown harmlessly.
        spans: Starts and ends of the parts to mark.
        width: In cells.
        style: Of the text that is not marked.
    """
    text, spans = readable_parts(text, spans)
    lines: list[Pieces] = []
    start = 0
    for paragraph in re.split(r"\r\n|[\n\r\u2028\u2029\x85]", text):
        here = text.find(paragraph, start)
        lines += _paragraph(paragraph, here, spans, max(width, 2), style)
        start = here + len(paragraph)
    return lines


def _paragraph(text: str, offset: int, spans: Spans, width: int, style: str) -> list[Pieces]:
    lines: list[list[Piece]] = [[]]
    used = 0
    last_marked = False
    for match in _WORD.finditer(text):
        marked = any(start <= offset + match.start() < end for start, end in spans)
        # A word may be wider than the line, or become several when it is made harmless.
        for number, part in enumerate(wrap(visible(match.group()), width)):
            length = cell_len(part)
            space = 1 if used and not number else 0
            if used and (number or used + space + length > width):
                lines.append([])
                used = space = 0
            if space:
                lines[-1].append((" ", MARK if marked and last_marked else style))
            lines[-1].append((part, MARK if marked else style))
            used += space + length
        last_marked = marked
    return [_joined(line) for line in lines]


def _joined(line: list[Piece]) -> Pieces:
    """Neighbouring pieces of one style as one."""
    joined: list[Piece] = []
    for text, style in line:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return tuple(joined)


def marked_sentence(evidence: "Evidence | None", name: Callable[[int], str]) -> str:
    """What is underlined, in a few words; empty where nothing is."""
    if evidence is None:
        return ""
    feature = visible_line(name(evidence.feature), LONGEST_LABEL)
    if not evidence.active:
        return f"{feature} is not active in it"
    if not evidence.marked:
        return f"no sentence carries {feature}"
    by = " (by its words)" if evidence.by == "words" else ""
    return f"underlined: {feature}{by}"


def document_lines(
    document: "Document", width: int, evidence: "Evidence | None" = None
) -> list[DetailRow]:
    """Title, text and metadata; sentences that carry a feature are marked."""
    text = document.text[:_MAX_CHARACTERS]
    cut = f"Cut here: the document has {len(document.text):,} characters."
    facts = {"id": document.id, "published": document.published, "link": document.url}
    marks = evidence.marked if evidence is not None and evidence.active else ()
    rows = [
        *_marked_rows(document.title[:_MAX_FACT], [m for m in marks if m.in_title], width, "title"),
        DetailRow(""),
        *_marked_rows(text, [m for m in marks if not m.in_title], width),
        *(text_rows(cut, width, "muted") if text != document.text else ()),
        DetailRow(""),
    ]
    for name, value in {**facts, **document.metadata}.items():
        if value not in ("", None):
            line = visible_line(f"{name}: {_plain(value)}", _MAX_FACT)
            rows += text_rows(line, width, "muted")
    return rows if document.title else rows[2:]


def line_of(document: "Document", width: int, at: int) -> int:
    """The line of `document_lines` in which a place in the text is."""
    title = document_lines(replace(document, text="", metadata={}), width)
    below = len(document_lines(replace(document, text="", title="", metadata={}), width))
    return len(title) - below + max(len(text_rows(document.text[:at], width)) - 1, 0)


def _marked_rows(
    text: str, marks: "Sequence[Sentence]", width: int, kind: str = "text"
) -> list[DetailRow]:
    if not marks:
        return text_rows(visible_line(text, _MAX_FACT) if kind == "title" else text, width, kind)
    spans = [(mark.start, mark.end) for mark in marks]
    style = "title" if kind == "title" else ""
    return [
        DetailRow("", kind=kind, pieces=line or ((" ", ""),))
        for line in marked_lines(text, spans, width, style)
    ]


def _plain(value: object) -> str:
    """A value of metadata as text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(each) for each in value)
    return str(value)


class ReadingPane(Vertical):
    """Follows the cursors: the text of a document, and what carries a feature in it.

    The text is read at once, in a thread; its sentences are looked at once no key has been pressed
    for a moment, so that neither delays a key. Hidden, it does nothing.

    Args:
        name_of: What a feature is called.
        carriers: Finds the sentences of a document that carry a feature; called in a thread.
    """

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
        self._reading = NewestRequest(self, "reading", self._read, self._show_document)
        self._carrying = NewestRequest(
            self, "evidence", lambda asked: carriers(*asked), self._mark, self._unmarked
        )

    def compose(self) -> ComposeResult:
        """A heading above the text."""
        yield self._heading
        yield self._text

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
        row, feature = self._wanted
        known = self._evidence
        if row is None or feature is None:
            return
        if known is None or (known.row, known.feature) != (row, feature):
            self._carrying.ask_soon((row, feature))

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


class CarrierLine(Notice):
    """Says what carries a feature in a document, once no key has been pressed for a moment."""

    def __init__(self) -> None:
        super().__init__(style="")
        self._session: Session | None = None
        self._finder: EvidenceFinder | None = None
        self._looking = NewestRequest(self, "carrier", self._look, self._show, self._forget)

    def look_at(self, session: "Session | None", row: int | None, feature: int | None) -> None:
        """Say what carries a feature in the document in a row; nothing for None."""
        self._session = session
        self._looking.drop()
        if session is None or row is None or feature is None:
            self.say()
            return
        self.blank()
        self._looking.ask_soon((row, feature))

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
