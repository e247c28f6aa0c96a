"""Write results to standard output.

On a terminal, tables have aligned columns and fit its width; an ellipsis shows where text was cut.
In a pipe or a file, nothing is cut and tabs separate columns. Characters that the output's encoding
lacks are written as escapes.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from saetui.glyphs import ASCII, UNICODE
from saetui.text import visible, visible_line

if TYPE_CHECKING:
    from rich.console import Console

GAP = "  "
BRANCHES = " \u2502\u251c\u2514\u2500"
# No terminal is wider. Cutting to this first saves time for a title of a megabyte.
_LONGEST_CELL = 2_000
# The longest escape of one character is `<U+10FFFF>`.
_LONGEST_ESCAPE = 10
# Text columns shrink to this width before numbers are cut.
_LEGIBLE = 8


def _plain(_: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        title: Its heading.
        numeric: Whether it is aligned to the right, and cut last.
        style: Returns rich's style for a cell's text.
    """

    title: str
    numeric: bool = False
    style: Callable[[str], str] = _plain

    @classmethod
    def of(cls, column: "str | Column") -> "Column":
        """A column by its title alone; one of numbers begins with `>`."""
        if isinstance(column, Column):
            return column
        return cls(column.removeprefix(">"), numeric=column.startswith(">"))


class Output:
    """Standard output.

    Args:
        stream: Where to write; None for `sys.stdout` as it is now.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stdout if stream is None else stream
        self.encoding = (getattr(self.stream, "encoding", None) or "utf-8").lower()
        self.unicode = self.encoding.replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}
        self.terminal = self.stream.isatty()
        self.glyphs = UNICODE if self.unicode else ASCII

    @cached_property
    def _console(self) -> "Console":
        from rich.console import Console

        return Console(file=self.stream, markup=False, highlight=False, emoji=False)

    @property
    def decorated(self) -> bool:
        """Whether lines and bars may be drawn with characters beyond ASCII."""
        return self.terminal and self.unicode

    @property
    def ellipsis(self) -> str:
        """Marks where text was cut."""
        return "\u2026" if self.unicode else "..."

    def json(self, value: object) -> None:
        """Write JSON; characters that the encoding lacks, or a terminal would obey, are escaped."""
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        if not self.unicode or (self.terminal and visible(text) != text):
            text = json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False)
        # Only a lone surrogate cannot be encoded here, and its escape is valid JSON.
        self.stream.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")

    def line(self, text: str = "", style: str = "") -> None:
        """Write one line; on a terminal it is cut to the width."""
        if self.terminal:
            self._write_lines([[(cut(self._line(text), self._width, self.ellipsis), style)]])
        else:
            self.stream.write(self._line(text) + "\n")

    def heading(self, text: str) -> None:
        """Write an empty line and a heading."""
        self.line()
        self.line(text, "bold")

    def prose(self, text: str, style: str = "") -> None:
        """Write text of any length; on a terminal it is wrapped."""
        text = self._encodable(visible(text))
        if self.terminal:
            from rich.text import Text

            self._console.print(Text(text, style))
        else:
            self.stream.write(text + "\n")

    def section(
        self, heading: str, titles: Sequence[str | Column], rows: Sequence[Sequence[object]]
    ) -> None:
        """Write a heading and a table, or nothing at all without rows."""
        if rows:
            self.heading(heading)
            self.table(titles, rows)

    def table(self, titles: Sequence[str | Column], rows: Sequence[Sequence[object]]) -> None:
        """Write rows of cells below the titles of their columns; see `Column.of`."""
        columns = [Column.of(title) for title in titles]
        named = [column.title for column in columns]
        cells = [[self._cell(str(cell)) for cell in row] for row in (named, *rows)]
        if not self.terminal:
            self.stream.writelines("\t".join(row) + "\n" for row in cells)
            return
        room = self._width - len(GAP) * (len(columns) - 1)
        given = widths(cells, [column.numeric for column in columns], room)
        lines = []
        for number, row in enumerate(cells):
            line: list[tuple[str, str]] = []
            for column, cell, width in zip(columns, row, given, strict=True):
                fitted = pad(cut(cell, width, self.ellipsis), width, right=column.numeric)
                line += [(fitted, "dim" if number == 0 else column.style(cell)), (GAP, "")]
            lines.append(line[:-1])
        self._write_lines(lines)

    @property
    def _width(self) -> int:
        return max(self._console.width, 1)

    def _line(self, text: str) -> str:
        """`text` without line breaks; its spaces stay."""
        return self._encodable(" ".join(visible(text).split("\n")).replace("\t", " "))

    def _cell(self, text: str) -> str:
        """`text` with its spaces folded, except those of a tree's branch at its beginning."""
        if self.decorated:
            # In a pipe or a file the source stays.
            from saetui.tex import readable

            text = readable(text)
        branch = text[: len(text) - len(text.lstrip(BRANCHES))]
        limit = _LONGEST_CELL if self.terminal else _LONGEST_ESCAPE * len(text) + 1
        return self._encodable(branch + visible_line(text[len(branch) :], limit))

    def _encodable(self, text: str) -> str:
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def _write_lines(self, lines: Sequence[Sequence[tuple[str, str]]]) -> None:
        from rich.text import Text

        for line in lines:
            text = Text.assemble(*line)
            text.rstrip()
            self._console.print(text, no_wrap=True, overflow="crop", soft_wrap=False)


def cut(text: str, width: int, ellipsis: str) -> str:
    """`text` in at most `width` cells; an ellipsis at its end shows that it was cut."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    kept = max(width - len(ellipsis), 0)
    return set_cell_size(text, kept).rstrip() + ellipsis[: max(width, 0)]


def pad(text: str, width: int, right: bool = False) -> str:
    """`text` padded to `width` cells; `right` aligns it to the right."""
    from rich.cells import cell_len

    space = " " * max(width - cell_len(text), 0)
    return space + text if right else text + space


def widths(rows: Sequence[Sequence[str]], numeric: Sequence[bool], room: int) -> list[int]:
    """Widths of columns that together take at most `room` cells, or one cell each.

    If there is too little room, the widest text column shrinks first, then the widest of all.

    Args:
        rows: Cells, the titles among them; every row has all columns.
        numeric: Which columns hold numbers.
        room: Cells without the gaps between columns.
    """
    from rich.cells import cell_len

    found = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    texts = [i for i, is_number in enumerate(numeric) if not is_number]
    _shrink(found, texts, room, _LEGIBLE)
    _shrink(found, range(len(found)), room, 1)
    return found


def _shrink(found: list[int], columns: Sequence[int], room: int, least: int) -> None:
    """Narrow the widest of `columns`, in place, until all fit or none is above `least`."""
    for _ in range(sum(found) - room):
        widest = max(columns, key=lambda i: found[i], default=None)
        if widest is None or found[widest] <= least:
            return
        found[widest] -= 1


def score(value: float) -> str:
    """A cosine or an activation."""
    return f"{value:.3f}"


def known(value: float | None) -> str:
    """A score, or a dash if it is not known."""
    return "-" if value is None else f"{value:.2f}"


def estimate(figure: tuple[float | None, float | None, float | None]) -> str:
    """A score with its interval: `0.83 (0.71 to 0.95)`."""
    value, low, high = figure
    if value is None or low is None or high is None:
        return known(value)
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def signed(value: float) -> str:
    """A number that is always shown with its sign."""
    return f"{value:+.3f}"


def density(value: float) -> str:
    """A share of the corpus; two significant digits if it is small."""
    return f"{value:.4f}" if value >= 0.001 or value == 0 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """A span of time: `0.4 s`, `45 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60:02d} min"


def rate(amount: float, seconds: float, unit: str = "") -> str:
    """A speed, such as `81 documents/s`; empty if nothing was done yet."""
    if amount <= 0 or seconds <= 0:
        return ""
    speed = amount / seconds
    shown = f"{speed:,.0f}" if speed >= 9.95 else f"{speed:.1f}"
    return f"{shown} {unit}/s" if unit else f"{shown}/s"


def named(figures: dict[str, float]) -> str:
    """Named numbers: `loss 0.1234, dead 0.02`."""
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
