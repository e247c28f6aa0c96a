"""A list of features with as many columns as fit."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from saetui.tui.columns import Pieces, fit
from saetui.tui.feature_columns import (
    COLUMNS,
    DENSITY,
    FAMILY,
    LABEL,
    NUMBER,
    QUALITY,
    TRUE,
    Column,
    Order,
    columns_for,
)
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.core.families import Families
    from saetui.store.features import FeatureRecord
    from saetui.store.notes import FeatureNotes

# Width of the bookmark, the number and the mark of the order.
_LEFT = 7
# Labels that are true of a smaller share of their documents are drawn in a muted colour.
_POOR = 0.5
_REPLACES = " would replace "


class FeatureList(LineList["FeatureRecord"]):
    """Features, one a line, each label with how far to trust it."""

    def __init__(self, *, id: str | None = None, empty: Sequence[str] = ()) -> None:
        super().__init__(id=id, empty=empty)
        self.order = Order(DENSITY)
        self.families: Families | None = None
        self.notes: Mapping[int, FeatureNotes] = {}
        # How many of the first ten results each would replace; None where that is not asked.
        self.replaces: Mapping[int, int] | None = None
        # Columns that are known for this list only: how features go with a field, and over time.
        self.related: Column | None = None
        self.trend: Column | None = None

    def line(self, record: "FeatureRecord", index: int, width: int) -> Pieces:
        """Bookmark, number, label, and the other columns."""
        columns = self._columns(width - self._replaces_width)
        room = width - _LEFT - self._replaces_width - sum(cells for _, cells in columns) - 1
        notes = self.notes.get(record.id)
        family = self.families.smallest_of(record.id) if self.families is not None else None
        poor = not record.label or (record.true is not None and record.true.value < _POOR)
        return (
            (self.glyphs.bookmark if notes and notes.bookmark else " ", "toward"),
            (f"{record.id:>5} ", "muted"),
            (fit(record.name, room, self.glyphs.ellipsis), "muted" if poor else ""),
            (self._would_replace(record.id), ""),
            *(
                (
                    self._cell(column, cells, record, family.label if family else ""),
                    _style(column, record),
                )
                for column, cells in columns
            ),
            (" ", ""),
        )

    def _columns(self, width: int) -> list[tuple[Column, int]]:
        more = [column for column in (self.related, self.trend) if column is not None]
        return columns_for(width, self.order.column, more)

    @property
    def _replaces_width(self) -> int:
        return 0 if self.replaces is None else len(_REPLACES)

    def _would_replace(self, feature: int) -> str:
        if self.replaces is None:
            return ""
        count = self.replaces.get(feature)
        return f"{'' if count is None else f'{count} of 10':>{len(_REPLACES) - 1}} "

    def _cell(self, column: Column, cells: int, record: "FeatureRecord", family: str) -> str:
        text = column.text(record, family)
        if column is FAMILY:
            return "  " + fit(text, cells - 2, self.glyphs.ellipsis)
        if column is QUALITY:
            return "  " + fit(text, cells - 2, self.glyphs.ellipsis)
        # The last cell is kept free below the mark of the order.
        return f"{text:>{cells - 1}} "

    # Headings.

    def heading(self, width: int) -> tuple[str, str]:
        """Names of the columns left and right of the label, as wide as `line` draws them."""
        left = f"{'#':>{_LEFT - 1}}{self._mark(NUMBER)}"
        right = "" if self.replaces is None else _REPLACES
        for column, cells in self._columns(width - self._replaces_width):
            name = f"{column.name}{self._mark(column)}"
            right += f"  {name:<{cells - 2}}" if column in (QUALITY, FAMILY) else f"{name:>{cells}}"
        return left, f"{right} "

    @property
    def order_name(self) -> str:
        """The name of the order, with its mark if the heading has no column of that name."""
        return f"{self.order.name}{self._mark(LABEL)}"

    def column_at(self, x: int, width: int) -> Column:
        """The column whose heading is at a cell."""
        if x < _LEFT:
            return NUMBER
        columns = self._columns(width)
        position = width - 1 - sum(cells for _, cells in columns)
        for column, cells in columns:
            if position <= x < position + cells:
                return column
            position += cells
        return LABEL

    def _mark(self, column: Column) -> str:
        if self.order.column is not column:
            return " "
        return self.glyphs.falling if self.order.descending else self.glyphs.rising


def _style(column: Column, record: "FeatureRecord") -> str:
    """What says how far to trust a label is not muted, nor what chance does not explain."""
    if column.relation is not None:
        return "" if column.relation.sure(record.id) else "muted"
    return "" if column in (TRUE, QUALITY) else "muted"


def next_column(
    present: Column | None, step: int, related: Column | None = None, *, matching: bool
) -> Column | None:
    """The column before or after one, in a circle; None stands for the best match, if any."""
    more = [] if related is None else [related]
    choices: list[Column | None] = [
        *([None] if matching else []),
        *COLUMNS[:2],
        *more,
        *COLUMNS[2:],
    ]
    place = choices.index(present) if present in choices else 0
    return choices[(place + step) % len(choices)]
