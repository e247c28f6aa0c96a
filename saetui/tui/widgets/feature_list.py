"""The list of features: its columns, as many as fit, its order, and what can filter it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saetui.glyphs import Glyphs
from saetui.text import visible_line
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Pieces, fit

if TYPE_CHECKING:
    from saetui.core.families import Families
    from saetui.session.questions.feature_figures import OverTime, Relation
    from saetui.session.session import Session
    from saetui.store.features import FeatureRecord
    from saetui.store.notes import FeatureNotes

_UNKNOWN = {"?": "unscored"}
# A label keeps this many cells before less important columns are shown.
_LEAST_LABEL, _ROOMY_LABEL = 24, 32
_LABEL_SHARE = 0.4
# A heading has no names of columns where these take a larger share of it.
_MOST_SHARE = 0.6
# Lists narrower than this have no room for the quality either.
_LEAST_WIDTH = 40
_WIDEST_FAMILY = 30
_LONGEST_FIELD = 12
# Number and mark, the scrollbar's neighbour.
_AROUND_LABEL = 8


def trust(record: "FeatureRecord") -> str:
    """How far to trust a label, on at most four cells.

    Of how many of its documents it is true (`8/10`, or `all`); where that is not known `-`, for a
    label of one's own `own`, and `?` for one that was not tried.
    """
    if not record.label:
        return ""
    if record.true is not None:
        tenths = round(10 * record.true.value)
        return "all" if tenths == 10 else f"{tenths}/10"
    if record.f1 is not None:
        return "-"
    return "?" if record.version else "own"


def trust_of(records: "Sequence[FeatureRecord]") -> Callable[[int], str]:
    """Says how far to trust the label of a feature of this number, and of what quality it is."""

    def said(feature: int) -> str:
        record = records[feature]
        label = trust(record)
        if record.true is None:
            known = record.f1 is not None
            label = f"F1 {short(record.f1)}" if known else _UNKNOWN.get(label, label)
        return " ".join(filter(None, (label, record.quality.word)))

    return said


def short(share: float | None) -> str:
    """Two decimals without the zero before them: `.81`."""
    return "-" if share is None else f"{share:.2f}".replace("0.", ".", 1)


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Attributes:
        name: What it is called, in its heading and where it is sorted by.
        figure: What `Session.sort` calls it.
        text: What it says of a feature and the label of its family.
        width: In cells, a space before it and room for a mark in its heading included.
        rank: Where room is short, columns of the highest rank go first.
        descending: Whether a new order by this column puts the largest values first.
        relation: How features go with a field, if the column says that.
    """

    name: str
    figure: str
    text: Callable[["FeatureRecord", str], str]
    width: int = 0
    rank: int = 0
    descending: bool = True
    relation: "Relation | None" = None


NUMBER = Column("number", "id", lambda r, _: str(r.id), descending=False)
LABEL = Column("label", "label", lambda r, _: r.name, descending=False)
DENSITY = Column("density", "density", lambda r, _: f"{r.density:.2%}", 9, 3)
TRUE = Column("true", "true", lambda r, _: trust(r), 6, 1)
QUALITY = Column("concept", "quality", lambda r, _: r.quality.word or "?", 10, 2, descending=False)
MAXIMUM = Column("max", "max", lambda r, _: f"{r.max_activation:.2f}", 6, 4)
F1 = Column("F1", "f1", lambda r, _: short(r.f1) if r.label else "", 5, 8)
PEARSON = Column("Pearson", "pearson", lambda r, _: short(r.pearson) if r.label else "", 9, 5)
DOCUMENTS = Column("docs", "documents", lambda r, _: f"{r.documents:,}", 8, 6)
FAMILY = Column("family", "family", lambda _, family: family, 13, 7, descending=False)

COLUMNS = (NUMBER, LABEL, DENSITY, TRUE, QUALITY, MAXIMUM, F1, PEARSON, DOCUMENTS, FAMILY)
"""In the order in which they stand."""
_RIGHT = COLUMNS[2:]


@dataclass(frozen=True)
class Order:
    """What a list is sorted by.

    Attributes:
        column: One of `COLUMNS`, or of a relation; None for the best match first.
        descending: Whether the largest comes first.
    """

    column: Column | None
    descending: bool = True

    @property
    def name(self) -> str:
        """What the order is called."""
        return self.column.name if self.column else "match"


def relation_column(relation: "Relation") -> Column:
    """The column that says how features go with a field."""
    name = visible_line(relation.field, _LONGEST_FIELD)
    width = max(8, len(name) + 2)
    return Column(name, "", lambda r, _: relation.text(r.id), width, relation=relation)


def trend_column(over_time: "OverTime", glyphs: Glyphs) -> Column:
    """The column that shows the share over time as a sparkline."""
    return Column(
        "over time",
        "",
        lambda r, _: glyphs.sparkline(over_time.shares[r.id].tolist()),
        max(over_time.shares.shape[1], len("over time")) + 2,
        3,
    )


def columns_for(
    width: int, sorted_by: Column | None, more: "Sequence[Column]" = ()
) -> list[tuple[Column, int]]:
    """The columns right of the label that find room, each with its width.

    The column that is sorted by is always among them, so that the reader sees the order.

    Args:
        width: Cells of a line.
        sorted_by: The column whose order the list has.
        more: Columns of this list alone, which stand first.
    """
    right = (*more, *_RIGHT)
    least = min(_ROOMY_LABEL, max(_LEAST_LABEL, int(_LABEL_SHARE * width)))
    room = min(width - _AROUND_LABEL - least, int(_MOST_SHARE * width) - 1)
    shown: list[Column] = []
    for column in sorted(right, key=lambda each: (each is not sorted_by, each.rank)):
        kept = (
            column is sorted_by
            or column is TRUE
            or column.relation is not None
            or (column is QUALITY and width >= _LEAST_WIDTH)
        )
        if kept or column.width <= room:
            shown.append(column)
            room -= column.width
    spare = max(0, min(room // 2, _WIDEST_FAMILY - FAMILY.width))
    return [
        (column, column.width + (spare if column is FAMILY else 0))
        for column in right
        if column in shown
    ]


def sorted_by(
    order: Order, records: "Sequence[FeatureRecord]", session: "Session"
) -> "Sequence[FeatureRecord]":
    """Features in an order; those of which nothing is known come last, equals by number.

    Args:
        order: What to sort by.
        records: The best match first.
        session: Whose features they are.
    """
    if order.column is None:
        return records
    if order.column.relation is not None:
        ids = [record.id for record in records]
        places = order.column.relation.order(ids, descending=order.descending)
        return [records[place] for place in places]
    return session.features.table.sorted(records, order.column.figure, descending=order.descending)


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


# The first ones are shown where there is no room for all.
_EXAMPLES = (
    "words",
    "~a meaning",
    "true>0.8",
    "density<0.01",
    "quality:mixed",
    "family:any",
    "bookmark:any",
    "note:any",
)
EXPLANATION = (
    "No feature is like that. A filter holds any of these:",
    "",
    "  tidal flare      words of the label, or a number",
    "  ~stars explode   a meaning",
    "  true>0.8         also: density documents active mean",
    "                   max f1 pearson cohesion stability id",
    "  quality:one      or: two word mixed rare dead",
    "  family:any       or none, or words; label note bookmark",
)
_UNFINISHED = re.compile(r"(\w+)(<=|>=|!=|!|<|>|=|:)")


def hint(width: int) -> str:
    """Examples of what can be typed, as many as fit."""
    text = f"Filter: {_EXAMPLES[0]}"
    for example in _EXAMPLES[1:]:
        if len(text) + len(example) + 3 <= width:
            text += f"  {example}"
    return text


@dataclass(frozen=True)
class FilterText:
    """The text of the filter line, perhaps half typed.

    Attributes:
        text: What to filter by: a last condition without a value is left out.
        meaning: The part that has to be embedded first, or empty.
        ranked: Whether the matches have an order, the best first.
    """

    text: str
    meaning: str
    ranked: bool

    @classmethod
    def of(cls, typed: str) -> "FilterText":
        """Read what is typed."""
        from saetui.session.features.feature_filter import FIGURES, NAMES, FeatureFilter

        *before, last = typed.split() or [""]
        unfinished = _UNFINISHED.fullmatch(last)
        lacking = unfinished and unfinished[1].casefold() in (*FIGURES, *NAMES)
        text = " ".join(before if lacking else (*before, last))
        wanted = FeatureFilter.parse(text)
        return cls(text, wanted.meaning, bool(wanted.words or wanted.meaning))
