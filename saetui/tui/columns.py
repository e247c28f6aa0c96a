"""Lay out one line of text in columns."""

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from saetui.text import visible_line


def fit(text: str, width: int, ellipsis: str) -> str:
    """Foreign text on exactly `width` cells: harmless, cut with an ellipsis, or padded."""
    # A cell holds at least one character, so that a very long text needs not be read to its end.
    text = visible_line(text, limit=max(4 * width, 80))
    if cell_len(text) > width:
        text = set_cell_size(text, max(0, width - cell_len(ellipsis))).rstrip() + ellipsis
    return set_cell_size(text, max(0, width))


def row(*parts: tuple[str, Style | None]) -> Text:
    """One line from pieces with their styles."""
    text = Text(no_wrap=True, end="")
    for piece, style in parts:
        text.append(piece, style)
    return text


def signed(value: float) -> str:
    """A number of two decimals with its sign, as short as can be: `+.25`, `-1.00`."""
    text = f"{value:+.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text


def wrap(text: str, width: int) -> list[str]:
    """Foreign text broken into lines of at most `width` cells, at spaces where there are any."""
    from saetui.text import visible

    lines: list[str] = []
    for paragraph in visible(text).expandtabs(4).split("\n"):
        lines += _wrap_paragraph(paragraph, max(width, 2))
    return lines


def _wrap_paragraph(paragraph: str, width: int) -> list[str]:
    lines: list[str] = []
    current, used = "", 0
    for word in paragraph.split(" "):
        length = cell_len(word)
        if current and used + 1 + length > width:
            lines.append(current)
            current, used = "", 0
        while length > width:
            head = _head(word, width)
            lines.append(head)
            word = word[len(head) :]  # noqa: PLW2901
            length = cell_len(word)
        joint = " " if current else ""
        current, used = current + joint + word, used + len(joint) + length
    return [*lines, current]


def _head(word: str, width: int) -> str:
    """The longest beginning of a word that fits on `width` cells."""
    used = 0
    for i, character in enumerate(word):
        used += cell_len(character)
        if used > width:
            return word[: max(i, 1)]
    return word
