"""Foreign text broken into lines, with some parts of it marked."""

import re
from collections.abc import Sequence

from rich.cells import cell_len

from saetui.tex import readable_parts
from saetui.text import visible
from saetui.tui.columns import Piece, Pieces, wrap

MARK = "marked"
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
