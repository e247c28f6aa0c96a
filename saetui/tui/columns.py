"""Fit text into columns of cells."""

from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size

from saetui.tex import readable
from saetui.text import visible, visible_line

# A piece of a line, and the name of the style that it is drawn in; "" is the line's own.
Piece = tuple[str, str]
Pieces = tuple[Piece, ...]


def fit(text: str, width: int, ellipsis: str) -> str:
    """Foreign text made harmless and exactly `width` cells wide, by cutting or padding it.

    TeX is shown as Unicode.
    """
    # A cell seldom holds more than four characters, so a very long text is not read to its end.
    # TeX takes up to four times the room of what it shows.
    limit = max(4 * width, 80)
    text = visible_line(readable(text[: 4 * limit]), limit)
    if cell_len(text) > width:
        text = set_cell_size(text, max(0, width - cell_len(ellipsis))).rstrip() + ellipsis
    return set_cell_size(text, max(0, width))


def cut(text: str, width: int, ellipsis: str) -> str:
    """Harmless text of one cell a character on at most `width` cells; its spaces stay."""
    return text if len(text) <= width else text[: max(0, width - len(ellipsis))] + ellipsis


def signed(value: float) -> str:
    """A number of two decimals with its sign, as short as can be: `+.25`, `-1.00`."""
    # Adding zero takes the sign from what rounds to it.
    text = f"{round(value, 2) + 0.0:+.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text


def wrap(text: str, width: int) -> list[str]:
    """Foreign text broken into lines of at most `width` cells, at spaces where there are any.

    TeX is shown as Unicode.
    """
    width = max(width, 2)
    return [
        line
        for paragraph in visible(readable(text)).expandtabs(4).split("\n")
        for line in _wrap_paragraph(paragraph, width)
    ]


def _wrap_paragraph(paragraph: str, width: int) -> Iterator[str]:
    line: list[str] = []
    used = 0
    for word in paragraph.split(" "):
        for number, piece in enumerate(_split(word, width)):
            length = cell_len(piece)
            if line and (number > 0 or used + 1 + length > width):
                yield " ".join(line)
                line, used = [], 0
            used += length + (1 if line else 0)
            line.append(piece)
    yield " ".join(line)


def _split(word: str, width: int) -> Iterator[str]:
    """A word in pieces of at most `width` cells; most words are one piece."""
    if len(word) <= width // 2:
        yield word
        return
    start = used = 0
    for i, character in enumerate(word):
        cells = cell_len(character)
        # Characters without width could go on for ever.
        if used + cells > width or i - start >= 4 * width:
            yield word[start:i]
            start, used = i, 0
        used += cells
    yield word[start:]
