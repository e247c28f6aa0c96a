"""A map in character cells: which part of it is shown, and what stands in each cell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

# Dots of a cell, as columns and rows, and the bit of each in Unicode's braille.
_COLUMNS, _ROWS = 2, 4
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
BRAILLE = 0x2800
"""The braille character without dots; the bits of a cell are added to it."""

_NEAREST_ZOOM = 200.0
# The cursor stays this share of the window away from its edges.
_MARGIN = 0.15
# Cells between a name and the next one.
_APART = 2


@dataclass(frozen=True)
class Window:
    """The part of a map that is shown.

    Attributes:
        x: Its middle, from 0 (left) to 1.
        y: Likewise, from 0 (bottom) to 1.
        zoom: 1 shows the whole map, 2 half of it in each direction.
    """

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0

    def cells(self, places: NDArray[np.floating], width: int, height: int) -> NDArray[np.float64]:
        """The column and row of each place, in fractions of a cell; float64 `(n, 2)`.

        Places outside the window have numbers below zero, or of at least the width or height.
        """
        middle = np.array([self.x, self.y])
        away = (np.asarray(places, dtype=np.float64) - middle) * self.zoom
        # A thousandth less than the whole, so that the last place is in the last cell.
        return np.asarray((away * (1, -1) * 0.999 + 0.5) * (width, height), dtype=np.float64)

    def zoomed(self, by: float, place: tuple[float, float]) -> "Window":
        """Nearer by a factor; a place stays where it is on the screen as far as possible."""
        zoom = min(max(self.zoom * by, 1.0), _NEAREST_ZOOM)
        kept = self.zoom / zoom
        x, y = place
        return Window(x + (self.x - x) * kept, y + (self.y - y) * kept, zoom)._inside()

    def moved(self, columns: float, rows: float) -> "Window":
        """Further right and up by these shares of the window."""
        moved = replace(self, x=self.x + columns / self.zoom, y=self.y + rows / self.zoom)
        return moved._inside()

    def holding(self, place: tuple[float, float]) -> "Window":
        """Moved as little as needed for a place to be well inside."""
        reach = (0.5 - _MARGIN) / self.zoom
        x = min(max(self.x, place[0] - reach), place[0] + reach)
        y = min(max(self.y, place[1] - reach), place[1] + reach)
        return replace(self, x=x, y=y)._inside()

    def _inside(self) -> "Window":
        """Not beyond the edges of the map."""
        half = 0.5 / self.zoom
        return replace(self, x=min(max(self.x, half), 1 - half), y=min(max(self.y, half), 1 - half))


def braille(
    cells: NDArray[np.float64], width: int, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Dots for places, given as `Window.cells`, and which cells these are in.

    Returns:
        The bits of each cell, int64 `(height, width)`; and for each place the number of its cell,
        row by row, -1 outside.
    """
    inside = ((cells >= 0) & (cells < (width, height))).all(axis=1)
    column, row = (cells[inside] * (_COLUMNS, _ROWS)).astype(np.int64).T
    bits = np.zeros(height * width, dtype=np.int64)
    number = row // _ROWS * width + column // _COLUMNS
    np.bitwise_or.at(bits, number, _DOTS[row % _ROWS, column % _COLUMNS])
    numbers = np.full(len(cells), -1, dtype=np.int64)
    numbers[inside] = number
    return bits.reshape(height, width), numbers


def nearest_toward(cells: NDArray[np.float64], start: int, right: int, down: int) -> int | None:
    """The nearest place in a direction.

    Args:
        cells: Columns and rows of places, see `Window.cells`.
        start: The place to go from.
        right: 1 to go right, -1 left, else 0.
        down: 1 to go down, -1 up, else 0.

    Returns:
        The place nearest in a quarter of all directions; else in half of them; None without any.
    """
    # A cell is twice as high as wide.
    away = (cells - cells[start]) * (1, 2)
    along = away @ np.array([right, down], dtype=np.float64)
    across = np.abs(away @ np.array([down, right], dtype=np.float64))
    enough = along >= (1 if right else 2)
    for reach in (1.0, np.inf):
        allowed = np.flatnonzero(enough & (across <= along * reach) if reach == 1.0 else enough)
        if len(allowed):
            far = along[allowed] ** 2 + across[allowed] ** 2
            return int(allowed[np.argmin(far)])
    return None


@dataclass(frozen=True)
class Wish:
    """A name that wants a place on the map, or has got one.

    Attributes:
        column: The cell of what it names; of a name that has a place, its first cell.
        row: Likewise; a name stays on the line of what it names.
        text: The name, of one cell a character.
        of: What it names.
        beside: Whether the name stands to the right of the cell, or to the left where there is no
            room, rather than over it.
    """

    column: int
    row: int
    text: str
    of: int
    beside: bool = False


def placed(
    wishes: Iterable[Wish],
    width: int,
    height: int,
    *,
    taken: Sequence[tuple[int, int]] = (),
    most: int | None = None,
) -> list[Wish]:
    """Names where there is room: the first come first, and none covers or touches another.

    What is wished twice is named once.

    Args:
        wishes: The most important first.
        width: Of the map, in cells.
        height: Likewise.
        taken: Cells, as columns and rows, that stay free of names.
        most: How many cells names may take together; None for any number.
    """
    free = np.ones((height, width), dtype=bool)
    for column, row in taken:
        free[row, column] = False
    left = height * width if most is None else most
    names: dict[int, Wish] = {}
    for wish in wishes:
        length = len(wish.text)
        if not 0 < length <= min(width, left) or not 0 <= wish.row < height or wish.of in names:
            continue
        for start in _starts(wish, length, width):
            around = free[wish.row, max(0, start - 1) : start + length + 1]
            if around.all():
                names[wish.of] = replace(wish, column=start)
                # A line apart from the next name, too, or the map would be text.
                above = slice(max(0, wish.row - 1), wish.row + 2)
                free[above, max(0, start - _APART) : start + length + _APART] = False
                left -= length
                break
    return list(names.values())


def _starts(wish: Wish, length: int, width: int) -> list[int]:
    if not wish.beside:
        return [max(0, min(width - length, wish.column - length // 2))]
    right, before = wish.column + 2, wish.column - 1 - length
    return [start for start in (right, before) if 0 <= start <= width - length]
