"""How the members of a family occur together, as a shaded block whose cells can be read."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive

from saetui.text import visible_line
from saetui.tui.commands import bindings
from saetui.tui.widgets.feature_list import short
from saetui.tui.widgets.lines import Lines, Pieces, cut, fit

if TYPE_CHECKING:
    from saetui.session.details import FamilyDetail

Cell = tuple[int, int]

# From each of these shares of the rarer feature's documents on, the next darker glyph is drawn.
_LEVELS = (0.0, 0.1, 0.3, 0.6)
# Cells of the names on the left, with a space behind; and lines below the block.
_WIDEST_NAME = 26
_NAME_SHARE = 0.4
_READING = 4
_LONGEST = 200


class CoOccurrenceBlock(Lines, can_focus=True):
    """One row and one column for each member, in the order of the tree.

    The larger the share of the rarer feature's documents on which both are active, the darker the
    cell. Colours mark parent and child, and two children of one parent. A line below the block
    says in words what the cell under the cursor or the mouse means.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Co-occurrence")
    DEFAULT_CSS = "CoOccurrenceBlock { height: 1fr; }"

    place: reactive[Cell] = reactive((0, 0))
    pointed: reactive[Cell | None] = reactive[Cell | None](None)

    @dataclass
    class Chosen(Message):
        """Enter was pressed on a cell."""

        feature: int

    class Left(Message):
        """The reader goes back to the tree."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._detail: FamilyDetail | None = None
        self._names: Sequence[str] = ()
        self._parents: dict[int, int] = {}
        # The first row and column that are seen.
        self._top = self._left = 0

    def show(self, detail: "FamilyDetail", names: Sequence[str]) -> None:
        """Show a family.

        Args:
            detail: The family.
            names: Of its members, in the order of the block.
        """
        same = self._detail is not None and self._detail.family.id == detail.family.id
        self._detail, self._names = detail, names
        places = {member: place for place, member in enumerate(detail.members)}
        self._parents = {
            places[child]: places[parent]
            for parent, child, _ in detail.family.edges
            if child in places and parent in places
        }
        self.pointed = None
        if not same:
            self._top = self._left = 0
            self.place = (0, min(1, len(names) - 1))
        self.refresh()

    def select(self, feature: int) -> None:
        """Put the cursor into the row of a member and the column of its parent."""
        if self._detail is not None and feature in self._detail.members:
            row = self._detail.members.index(feature)
            self.place = (row, self._parents.get(row, min(1, len(self._names) - 1)))

    # Drawing.

    @property
    def size_shown(self) -> int:
        """Members that have a row."""
        return len(self._names)

    def _widths(self, width: int) -> tuple[int, int, int]:
        """Width of a name, width of a cell of the block, and how many columns fit."""
        name = min(_WIDEST_NAME, int(_NAME_SHARE * width))
        room = max(1, width - name - 2)
        cell = 2 if 2 * self.size_shown <= room else 1
        return name, cell, min(self.size_shown, room // cell)

    def lines(self, width: int) -> list[Pieces]:
        """The rows in view, then what the cell says."""
        if self._detail is None:
            return []
        name, cell, columns = self._widths(width)
        rows = min(self.size_shown, max(1, self.size.height - _READING))
        self._scroll(rows, columns)
        lines = [self._row(row, name, cell, columns) for row in range(self._top, self._top + rows)]
        return [*lines, *self._reading(width)]

    def _scroll(self, rows: int, columns: int) -> None:
        """Scroll so that the cursor is in view and no room is left empty."""
        row, column = self.place
        self._top = max(0, min(max(self._top, row - rows + 1), row, self.size_shown - rows))
        self._left = max(
            0, min(max(self._left, column - columns + 1), column, self.size_shown - columns)
        )

    def _row(self, row: int, name: int, cell: int, columns: int) -> Pieces:
        here, there = self.pointed or self.place
        pieces: list[tuple[str, str]] = [
            (" ", ""),
            (fit(self._names[row], name, self.glyphs.ellipsis), "strong" if row == here else ""),
            (" ", ""),
        ]
        for column, shade in enumerate(self._shades(row, columns), start=self._left):
            style = "current" if (row, column) == (here, there) else self._style(row, column)
            text = shade * cell
            if pieces[-1][1] == style:
                pieces[-1] = (pieces[-1][0] + text, style)
            else:
                pieces.append((text, style))
        return tuple(pieces)

    def _shades(self, row: int, columns: int) -> list[str]:
        """The glyphs of the cells of a row that are in view."""
        assert self._detail is not None
        shares = self._detail.containment[row, self._left : self._left + columns].tolist()
        shades = self.glyphs.shades
        return [shades[bisect_left(_LEVELS, share)] for share in shares]

    def _style(self, row: int, column: int) -> str:
        match self._relation(row, column):
            case "parent and child":
                return "toward"
            case "siblings":
                return "away"
            case "itself":
                return "muted"
            case _:
                return ""

    def _relation(self, row: int, column: int) -> str:
        above, below = self._parents.get(row), self._parents.get(column)
        if row == column:
            return "itself"
        if above == column or below == row:
            return "parent and child"
        if above is not None and above == below:
            return "siblings"
        return ""

    def _reading(self, width: int) -> list[Pieces]:
        """What a cell means, and what the shades mean."""
        assert self._detail is not None
        row, column = self.pointed or self.place
        counts = self._detail.block.counts
        lines: list[Pieces] = [self._member(place, width) for place in dict.fromkeys((row, column))]
        if row != column:
            share = float(self._detail.containment[row, column])
            similarity = float(self._detail.block.similarities[row, column])
            relation = self._relation(row, column)
            said = (
                f"{counts[row, column]:,} on both, {share:.0%} of the rarer, "
                f"cosine {short(similarity)}"
            )
            lines.append(
                (
                    (" ", ""),
                    (f"{relation}: " if relation else "", self._style(row, column)),
                    (said, "strong"),
                )
            )
        shades = "  ".join(
            f"{self.glyphs.shades[level + 1]} over {least:.0%}"
            for level, least in enumerate(_LEVELS)
        )
        lines.append(((f" {shades} of the rarer", "muted"),))
        return [_within(line, width, self.glyphs.ellipsis) for line in lines]

    def _member(self, place: int, width: int) -> Pieces:
        assert self._detail is not None
        count = f"  {self._detail.block.counts[place, place]:,} documents "
        name = visible_line(self._names[place], _LONGEST)
        room = min(cell_len(name), max(4, width - len(count) - 1))
        return ((f" {fit(name, room, self.glyphs.ellipsis)}", ""), (count, "muted"))

    # Moving.

    def action_read(self, down: int, right: int) -> None:
        """Go to another cell."""
        row, column = self.place
        last = max(0, self.size_shown - 1)
        self.pointed = None
        self.place = (max(0, min(last, row + down)), max(0, min(last, column + right)))

    def action_open_row(self) -> None:
        """Open the feature of the row."""
        if self._detail is not None and self._names:
            self.post_message(self.Chosen(self._detail.members[self.place[0]]))

    def action_leave_block(self) -> None:
        """Go back."""
        self.post_message(self.Left())

    def _cell_at(self, x: int, y: int) -> Cell | None:
        if self._detail is None:
            return None
        name, cell, columns = self._widths(self.size.width)
        rows = min(self.size_shown, max(1, self.size.height - _READING))
        row, column = y, (x - name - 2) // cell
        if 0 <= row < rows and 0 <= column < columns:
            return (row + self._top, column + self._left)
        return None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read the cell under the mouse."""
        self.pointed = self._cell_at(event.x, event.y)

    def on_leave(self, event: events.Leave) -> None:
        """Read the cell under the cursor again."""
        self.pointed = None

    def on_click(self, event: events.Click) -> None:
        """Put the cursor into the cell."""
        cell = self._cell_at(event.x, event.y)
        if cell is not None:
            self.place = cell


def _within(pieces: Pieces, width: int, ellipsis: str) -> Pieces:
    """Pieces that end at the right edge, with an ellipsis where they were cut."""
    fitted: list[tuple[str, str]] = []
    room = width
    for text, style in pieces:
        cells = cell_len(text)
        if cells > room:
            fitted.append((cut(text, room, ellipsis), style))
            break
        fitted.append((text, style))
        room -= cells
    return tuple(fitted)
