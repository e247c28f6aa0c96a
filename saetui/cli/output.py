"""Write results to standard output in the form that its reader can use.

A terminal gets aligned columns no wider than itself, and an ellipsis where something was cut. A
pipe or a file gets everything, uncut, with tabs between columns. Characters that the output's
encoding lacks are written as escapes.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from saetui.cli.layout import cut, pad, widths
from saetui.text import visible, visible_line

if TYPE_CHECKING:
    from rich.console import Console

GAP = "  "
BRANCHES = " \u2502\u251c\u2514\u2500"
# No terminal is wider; cutting early keeps a title of a megabyte cheap.
_LONGEST_CELL = 2_000
# What one character may become: `<U+10FFFF>`.
_LONGEST_ESCAPE = 10


def _plain(_: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        title: Its heading.
        numeric: Aligned to the right, and the last to be cut.
        style: rich's style for a cell's text.
    """

    title: str
    numeric: bool = False
    style: Callable[[str], str] = _plain


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

    @cached_property
    def _console(self) -> "Console":
        from rich.console import Console

        return Console(file=self.stream, markup=False, highlight=False, emoji=False)

    @property
    def decorated(self) -> bool:
        """Whether characters beyond ASCII may draw lines and bars."""
        return self.terminal and self.unicode

    @property
    def ellipsis(self) -> str:
        """What stands where something was cut."""
        return "\u2026" if self.unicode else "..."

    def json(self, value: object) -> None:
        """One JSON document; what the encoding lacks, or a terminal would obey, is escaped."""
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        if not self.unicode or (self.terminal and visible(text) != text):
            text = json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False)
        # Only a lone surrogate cannot be encoded here, and its escape is valid JSON.
        self.stream.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")

    def line(self, text: str = "", style: str = "") -> None:
        """One line; on a terminal cut to its width."""
        if self.terminal:
            self._write_lines([[(cut(self._line(text), self._width, self.ellipsis), style)]])
        else:
            self.stream.write(self._line(text) + "\n")

    def heading(self, text: str) -> None:
        """A line that begins a part, after an empty line."""
        self.line()
        self.line(text, "bold")

    def prose(self, text: str, style: str = "") -> None:
        """Text of any length and number of lines; on a terminal wrapped at its width."""
        text = self._encodable(visible(text))
        if self.terminal:
            from rich.text import Text

            self._console.print(Text(text, style))
        else:
            self.stream.write(text + "\n")

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Rows of cells below the columns' titles."""
        titles = [column.title for column in columns]
        cells = [[self._cell(cell) for cell in row] for row in (titles, *rows)]
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
        """`text` with its spaces folded, except in the branch of a tree that begins it."""
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
