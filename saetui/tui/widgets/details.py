"""Everything about a feature or a document, as one list that one walks through.

Sections stand below one another: figures, histogram, documents, features. The cursor rests on
documents and features, and enter opens them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saetui.text import visible_line
from saetui.tui.columns import Pieces, fit, wrap
from saetui.tui.glyphs import Glyphs
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.requests import DocumentDetail, Example, FeatureDetail, Neighbour

_HISTOGRAM_ROWS = 4
_VALUE = 10
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class DetailRow:
    """One line of details.

    Attributes:
        text: What it says; harmless and of the right width already where nothing can be opened.
        value: A number before it, as text.
        kind: `title`, `text`, `muted`, `document` or `feature`.
        target: Row of the document or number of the feature that enter opens.
    """

    text: str
    value: str = ""
    kind: str = "text"
    target: int | None = None


class DetailList(LineList[DetailRow]):
    """Details of one feature or document."""

    _any_target = False

    def replace(self, rows: Sequence[DetailRow], cursor: int | None = None) -> None:
        """Show other rows; the cursor stays on its line unless told where to go."""
        self._any_target = any(row.target is not None for row in rows)
        super().replace(rows, cursor)

    def lay_out(self, rows: Sequence[DetailRow]) -> None:
        """Show the same in another width; the cursor stays on its document or feature."""
        number = len(_targets(self.rows[: self.cursor]))
        places = _targets(rows)
        self.replace(rows, places[number] if number < len(places) else None)

    def line(self, detail: DetailRow, index: int, width: int) -> Pieces:
        """The value, then the text."""
        if detail.target is None:
            return ((f" {detail.text}", detail.kind if detail.kind in ("title", "muted") else ""),)
        room = width - _VALUE - 4
        return (
            (f" {detail.value:>{_VALUE}}  ", "muted"),
            (fit(detail.text, room, self.glyphs.ellipsis), ""),
            (" ", ""),
        )

    def selectable(self, detail: DetailRow) -> bool:
        """The cursor rests on what can be opened, and where nothing can, anywhere."""
        return detail.target is not None or not self._any_target

    @property
    def text_width(self) -> int:
        """Cells that a row's text may take."""
        return max(self.line_width - 2, 20)


def _targets(rows: Sequence[DetailRow]) -> list[int]:
    """Positions of the rows that can be opened."""
    return [i for i, row in enumerate(rows) if row.target is not None]


def text_rows(text: str, width: int, kind: str = "text") -> list[DetailRow]:
    """Foreign text as rows of one kind."""
    return [DetailRow(line, kind=kind) for line in wrap(text, width)]


def feature_rows(detail: "FeatureDetail", glyphs: Glyphs, width: int) -> list[DetailRow]:
    """A feature: figures, histogram, documents, deciles, related features, families, labels."""
    record = detail.record
    figures = (
        f"Number {record.id}, active on {record.documents:,} documents ({record.density:.2%}), "
        f"at most {record.max_activation:.2f}"
        if record.documents
        else f"Number {record.id}, active on no document of the corpus"
    )
    terms = visible_line(", ".join(record.terms), _LONGEST)
    families = [f"{family.label}, {len(family.members)} features" for family in detail.families]
    labels = [
        f"{label.text} ({', '.join(filter(None, (label.method, label.model, label.created)))})"
        for label in detail.labels
        if label.text
    ]
    return [
        *text_rows(visible_line(record.name, _LONGEST), width, "title"),
        *text_rows(figures, width, "muted"),
        *(text_rows(f"Its words: {terms}", width, "muted") if terms else ()),
        *_histogram(detail, glyphs, width),
        *_section("Strongest documents, with activation", _documents(detail.top)),
        *_section("Three documents of each tenth, strongest first", _deciles(detail.deciles)),
        *_section("Active on the same documents, with their number", _together(detail)),
        *_section("Nearest features, with cosine", _features(detail.nearest)),
        *_section("Most opposed features, with cosine", _features(detail.opposed)),
        *_section("In families", _lines(families, glyphs, width)),
        *_section("Labels, with origin", _lines(labels, glyphs, width)),
    ]


def document_rows(detail: "DocumentDetail") -> list[DetailRow]:
    """A document: its features, then its neighbours."""
    return [
        *_section("Features, with activation", _features(detail.features))[1:],
        *_section("Nearest documents, with cosine", _documents(detail.neighbours)),
    ]


def _section(title: str, rows: Sequence[DetailRow]) -> list[DetailRow]:
    return [DetailRow(""), DetailRow(title, kind="title"), *rows] if rows else []


def _histogram(detail: "FeatureDetail", glyphs: Glyphs, width: int) -> list[DetailRow]:
    """How many documents the feature is how active on."""
    record, counts = detail.record, detail.histogram
    if not record.documents:
        return []
    scale = f"{record.max_activation:.2f}"
    columns = glyphs.histogram(counts, _HISTOGRAM_ROWS)
    return _section(
        "Documents by activation",
        [
            *(DetailRow(line[:width]) for line in columns),
            DetailRow(f"{'0':<{len(counts) - len(scale)}}{scale}", kind="muted"),
        ],
    )


def _lines(texts: Sequence[str], glyphs: Glyphs, width: int) -> list[DetailRow]:
    indent = " " * (_VALUE + 2)
    return [DetailRow(indent + fit(text, width - len(indent), glyphs.ellipsis)) for text in texts]


def _documents(examples: "Sequence[Example]") -> list[DetailRow]:
    return [
        DetailRow(example.title or example.id, f"{example.activation:.2f}", "document", example.row)
        for example in examples
    ]


def _deciles(deciles: "Sequence[Sequence[Example]]") -> list[DetailRow]:
    rows = []
    for number, examples in enumerate(deciles, start=1):
        for i, row in enumerate(_documents(examples)):
            # The first row of each decile says which tenth of the feature's documents it is.
            tenth = f"{number}/{len(deciles)}" if i == 0 else ""
            rows.append(DetailRow(row.text, f"{tenth:<5}{row.value:>5}", row.kind, row.target))
    return rows


def _together(detail: "FeatureDetail") -> list[DetailRow]:
    return [
        DetailRow(other.name, f"{other.value:,.0f}", "feature", other.id)
        for other in detail.co_occurring
    ]


def _features(neighbours: "Sequence[Neighbour]") -> list[DetailRow]:
    return [
        DetailRow(neighbour.name, f"{round(neighbour.value, 2) + 0.0:.2f}", "feature", neighbour.id)
        for neighbour in neighbours
    ]
