"""Everything about a feature or a document, as one list that one walks through.

Sections stand below one another: figures, histogram, documents, features. The cursor rests on
documents and features, and enter opens them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from saetui.tui.columns import fit, row, wrap
from saetui.tui.glyphs import Glyphs
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.requests import DocumentDetail, Example, FeatureDetail, Neighbour

_HISTOGRAM_ROWS = 4


@dataclass(frozen=True)
class DetailRow:
    """One line of details.

    Attributes:
        text: What it says.
        value: A number before it, as text.
        kind: `heading`, `text`, `muted`, `document` or `feature`.
        target: Row of the document or number of the feature that enter opens.
    """

    text: str
    value: str = ""
    kind: str = "text"
    target: int | None = None


class DetailList(LineList[DetailRow]):
    """Details of one feature or document."""

    def line(self, detail: DetailRow, index: int, width: int) -> Text:
        """The value, then the text."""
        style = self.style(detail.kind) if detail.kind in ("heading", "muted") else None
        if detail.target is None:
            # Already harmless and of the right width; padding would break a histogram's columns.
            return row((detail.text, style))
        room = width - 11
        return row(
            (f"{detail.value:>9}  ", self.style("muted")),
            (fit(detail.text, room, self.glyphs.ellipsis), None),
        )

    def selectable(self, detail: DetailRow) -> bool:
        """The cursor rests on what can be opened, and where nothing can, anywhere."""
        return detail.target is not None or not any(row.target is not None for row in self.rows)


def feature_rows(detail: "FeatureDetail", glyphs: Glyphs, width: int) -> list[DetailRow]:
    """A feature: figures, histogram, documents, deciles, related features, families, labels."""
    record = detail.record
    rows = [DetailRow(line, kind="heading") for line in wrap(record.name, width)]
    rows.append(
        DetailRow(
            f"feature {record.id}   {record.documents:,} documents   "
            f"density {record.density:.2%}   max {record.max_activation:.2f}",
            kind="muted",
        )
    )
    if record.terms:
        rows += [DetailRow(line, kind="muted") for line in wrap(", ".join(record.terms), width)]
    if not record.documents:
        rows.append(DetailRow("No document of the corpus activates this feature."))
    else:
        rows.append(DetailRow(""))
        rows += [DetailRow(line) for line in glyphs.histogram(detail.histogram, _HISTOGRAM_ROWS)]
        scale = f"{record.max_activation:.2f}"
        room = len(detail.histogram) - len(scale)
        rows.append(DetailRow(f"{'0':<{room}}{scale}  activation", kind="muted"))
    rows += _section("Strongest documents", _documents(detail.top))
    rows += _section("Documents by decile", _deciles(detail.deciles))
    rows += _section("Active on the same documents", _features(detail.co_occurring, ".0f"))
    rows += _section("Nearest features", _features(detail.nearest, ".2f"))
    rows += _section("Most opposed features", _features(detail.opposed, ".2f"))
    names = [f"{f.label}, {len(f.members)} features" for f in detail.families]
    rows += _section("In families", _lines(names, glyphs, width))
    origins = [
        f"{label.text} ({', '.join(filter(None, (label.method, label.model, label.created)))})"
        for label in detail.labels
    ]
    return rows + _section("Labels", _lines(origins, glyphs, width))


def document_rows(detail: "DocumentDetail") -> list[DetailRow]:
    """A document: its features, then its neighbours."""
    return [
        *_section("Features of this document", _features(detail.features, ".2f"))[1:],
        *_section("Nearest documents", _documents(detail.neighbours)),
    ]


def _section(title: str, rows: Sequence[DetailRow]) -> list[DetailRow]:
    return [DetailRow(""), DetailRow(title, kind="heading"), *rows] if rows else []


def _lines(texts: Sequence[str], glyphs: Glyphs, width: int) -> list[DetailRow]:
    return [DetailRow(fit(" " * 11 + text, width, glyphs.ellipsis)) for text in texts]


def _documents(examples: "Sequence[Example]") -> list[DetailRow]:
    return [
        DetailRow(example.title or example.id, f"{example.activation:.2f}", "document", example.row)
        for example in examples
    ]


def _deciles(deciles: "Sequence[Sequence[Example]]") -> list[DetailRow]:
    rows = []
    for number, examples in enumerate(deciles):
        for i, example in enumerate(examples):
            # The first row of each decile says which tenth of the feature's documents it is.
            name = f"{'top' if number == 0 else f'{number * 10}%'} " if i == 0 else ""
            value = f"{name}{example.activation:.2f}"
            rows.append(DetailRow(example.title or example.id, value, "document", example.row))
    return rows


def _features(neighbours: "Sequence[Neighbour]", form: str) -> list[DetailRow]:
    return [
        DetailRow(neighbour.name, format(neighbour.value, form), "feature", neighbour.id)
        for neighbour in neighbours
    ]
