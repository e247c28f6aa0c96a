"""Documents and other foreign texts broken into lines, with some parts marked."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len

from saetui.tex import readable_parts
from saetui.text import visible, visible_line
from saetui.tui.columns import Piece, Pieces, wrap
from saetui.tui.widgets.details import DetailRow, text_rows

if TYPE_CHECKING:
    from saetui.core.documents import Document
    from saetui.session.evidence import Evidence, Sentence

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
