"""Bars and marks made of characters, in eighths of a cell or in plain ASCII."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Glyphs:
    """The characters that the app draws with.

    Attributes:
        fills: A cell filled by one to eight eighths, from the left.
        heights: A cell filled by one to eight eighths, from below.
        gained: A cell of a bar that a change added.
        lost: A cell of a bar that a change took away.
        rest: An empty cell of a bar.
        up, down: Before a number of ranks.
        open, closed, leaf: Before a node of a tree.
        ellipsis: Where text was cut.
        rising, falling: Beside the name of a column that is sorted by.
        bookmark: Before what the reader marked.
        shades: A cell from empty to full, in five steps.
        lit: In place of a feature of the query on a map.
        focus: At the edge of the heading of the pane that keys are for.
    """

    fills: str
    heights: str
    gained: str
    lost: str
    rest: str
    up: str
    down: str
    open: str
    closed: str
    leaf: str
    ellipsis: str
    rising: str
    falling: str
    bookmark: str
    shades: str
    lit: str
    focus: str

    def bar(self, value: float, width: int) -> str:
        """A bar of `width` cells filled to `value` of 1; what lies outside is cut."""
        eighths = round(max(0.0, min(1.0, value)) * width * len(self.fills))
        whole, part = divmod(eighths, len(self.fills))
        text = self.fills[-1] * whole + (self.fills[part - 1] if part else "")
        return text.ljust(width, self.rest)

    def sparkline(self, shares: Sequence[float]) -> str:
        """A character for each share, as high as its part of the highest; a gap for none."""
        highest = max(shares, default=0)
        levels = len(self.heights)
        return "".join(
            self.heights[max(1, round(share / highest * levels)) - 1] if share > 0 else " "
            for share in shares
        )

    def lean(self, value: float, width: int) -> str:
        """A bar of `width` cells that grows from its middle: right if above zero, else left."""
        half = width // 2
        bar = self.bar(abs(value), half).replace(self.rest, " ")
        # Eighths fill a cell from the left, so a bar to the left has whole cells.
        left = self.fills[-1] * min(half, max(1, round(-value * half)))
        return " " * half + bar if value >= 0 else left.rjust(half) + " " * half

    def histogram(self, counts: list[int] | tuple[int, ...], rows: int) -> list[str]:
        """Lines, top first, of a histogram with one column for each count."""
        highest = max(counts, default=0)
        levels = len(self.heights)
        lines = []
        for row in range(rows - 1, -1, -1):
            line = ""
            for count in counts:
                # A count above zero is never drawn as nothing.
                level = max(1, round(count / highest * rows * levels)) if count else 0
                filled = max(0, min(levels, level - row * levels))
                line += self.heights[filled - 1] if filled else " "
            lines.append(line)
        return lines

    def shares(self, parts: Sequence[int], wholes: Sequence[int]) -> str:
        """A cell for each part of a whole, the darker the larger the part."""
        last = len(self.shades) - 1
        return "".join(
            self.shades[round(last * part / whole)] if whole else " "
            for part, whole in zip(parts, wholes, strict=True)
        )


UNICODE = Glyphs(
    fills="▏▎▍▌▋▊▉█",
    heights="▁▂▃▄▅▆▇█",
    gained="▓",
    lost="░",
    rest="·",
    up="↑",
    down="↓",
    open="▾",
    closed="▸",
    leaf="·",
    ellipsis="…",
    rising="▲",
    falling="▼",
    bookmark="★",
    shades=" ░▒▓█",
    lit="●",
    focus="»",
)
ASCII = Glyphs(
    fills=":#",
    heights=".:#",
    gained="+",
    lost="-",
    rest=" ",
    up="+",
    down="-",
    open="v",
    closed=">",
    leaf="-",
    ellipsis="~",
    rising="^",
    falling="v",
    bookmark="*",
    shades=" .:+#",
    lit="o",
    focus=">",
)
