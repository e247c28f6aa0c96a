"""Fit cells into columns, and columns into a width, counted in terminal cells."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

# Text columns share the loss down to this width before numbers lose anything.
_LEGIBLE = 8


def cut(text: str, width: int, ellipsis: str) -> str:
    """`text` in at most `width` cells; an ellipsis ends it where something was cut."""
    if cell_len(text) <= width:
        return text
    kept = max(width - len(ellipsis), 0)
    return set_cell_size(text, kept).rstrip() + ellipsis[: max(width, 0)]


def pad(text: str, width: int, right: bool = False) -> str:
    """`text` filled up to `width` cells, on the left when it goes to the right."""
    space = " " * max(width - cell_len(text), 0)
    return space + text if right else text + space


def widths(rows: Sequence[Sequence[str]], numeric: Sequence[bool], room: int) -> list[int]:
    """Widths of columns that together take at most `room` cells, or one cell each.

    What is missing is taken from the widest text columns first, then from whatever is widest.

    Args:
        rows: Cells, the titles among them; every row has all columns.
        numeric: Which columns hold numbers.
        room: Cells without the gaps between columns.
    """
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
