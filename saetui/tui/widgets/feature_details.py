"""Everything about a feature: its figures, its documents, its label, related features."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from saetui.glyphs import Glyphs
from saetui.text import visible_line
from saetui.tui.feature_columns import short
from saetui.tui.widgets.details import (
    DetailRow,
    Trust,
    example_documents,
    features_together,
    related_features,
    section,
    text_rows,
)
from saetui.tui.widgets.label_history import label_rows, score_rows

if TYPE_CHECKING:
    from saetui.session.details import Example, FeatureDetail
    from saetui.store.features import FeatureRecord

_HISTOGRAM_ROWS = 4
_LONGEST = 2_000


def feature_rows(
    detail: "FeatureDetail", glyphs: Glyphs, width: int, trust: Trust
) -> list[DetailRow]:
    """Everything about a feature, the most important first.

    Args:
        detail: What is known.
        glyphs: To draw with.
        width: Of the lines, in cells.
        trust: Of other features.
    """
    families = [
        DetailRow(
            family.label, f"{len(family.members):,}", "family", family.id, f"F1 {short(family.f1)}"
        )
        for family in detail.families
    ]
    judged = detail.notes.judged(detail.record.label)
    return [
        *_beginning(detail, width),
        *_histogram(detail, glyphs, width),
        *section("Strongest documents, with activation", example_documents(detail.top, judged)),
        *section(
            "Three documents of each tenth, strongest first", _deciles(detail.deciles, judged)
        ),
        *section(
            "Active, but the label is probably not true; these do not count",
            example_documents(detail.weak),
        ),
        *section(
            "Near misses: like it, but not active; with cosine",
            example_documents(detail.near_misses, judged),
        ),
        *score_rows(detail, glyphs, width),
        *label_rows(detail, glyphs, width),
        *section(
            "On the same documents, times more often than by chance",
            features_together(detail.co_occurring, trust),
        ),
        *section("In families, with their number of features", families),
        *section("Nearest features, with cosine", related_features(detail.nearest, trust)),
        *section("Most opposed features, with cosine", related_features(detail.opposed, trust)),
    ]


def _beginning(detail: "FeatureDetail", width: int) -> list[DetailRow]:
    """Label, how far to trust it, figures, what the reader noted."""
    record = detail.record
    figures = (
        f"Number {record.id}: {_documents(record)}, activation at most {record.max_activation:.2f}"
        if record.documents
        else f"Number {record.id}, active on no document of the corpus"
    )
    terms = visible_line(", ".join(record.terms), _LONGEST)
    note = visible_line(detail.notes.note, _LONGEST)
    marked = "Bookmarked. " if detail.notes.bookmark else ""
    former = visible_line(detail.notes.former.sentence, _LONGEST) if detail.notes.former else ""
    return [
        *text_rows(visible_line(record.name, _LONGEST), width, "title"),
        *text_rows(_trust_sentence(record), width),
        *text_rows(figures, width, "muted"),
        *(text_rows(detail.read_sentence, width) if detail.read_sentence else ()),
        *(text_rows(f"Its words: {terms}", width, "muted") if terms else ()),
        *(text_rows(f"{marked}{note and f'Your note: {note}'}", width) if marked or note else ()),
        *(text_rows(former, width, "muted") if former else ()),
    ]


def _trust_sentence(record: "FeatureRecord") -> str:
    """How far to trust the label, and of what quality the feature is."""
    if not record.label:
        label = "No label"
    elif record.true is not None:
        label = f"The label is {record.true.sentence}, by estimate"
    elif record.f1 is not None:
        label = f"F1 {short(record.f1)}, judged by {visible_line(record.judge, 100)}"
    else:
        label = "Label not scored" if record.version else "Your own label"
    measures = [
        f"{name} {short(value)}"
        for name, value in (
            ("cohesion", record.quality.cohesion),
            ("stability", record.quality.stability),
        )
        if value is not None
    ]
    quality = record.quality.words or "quality unknown"
    return f"{label}; {quality}" + (f" ({', '.join(measures)})" if measures else "")


def _documents(record: "FeatureRecord") -> str:
    """How many documents it has, and how many of all that activate it these are."""
    if record.true is None:
        return f"active on {record.documents:,} documents ({record.density:.2%})"
    return (
        f"{record.documents:,} documents count ({record.density:.2%} of all); "
        f"it is active on {record.active:,}"
    )


def _histogram(detail: "FeatureDetail", glyphs: Glyphs, width: int) -> list[DetailRow]:
    """A histogram of the feature's activations."""
    record, counts = detail.record, detail.histogram
    if not record.documents:
        return []
    scale = f"{record.max_activation:.2f}"
    columns = glyphs.histogram(counts, _HISTOGRAM_ROWS)
    shades = glyphs.shares(detail.counted, counts)
    return section(
        "Documents by activation",
        [
            *(DetailRow(line[:width]) for line in columns),
            DetailRow(f"{'0':<{len(counts) - len(scale)}}{scale}", kind="muted"),
            *(
                [DetailRow(f"{shades}  darker: more of them count"[:width], kind="muted")]
                if record.true is not None
                else []
            ),
        ],
    )


def _deciles(deciles: "Sequence[Sequence[Example]]", judged: Mapping[str, bool]) -> list[DetailRow]:
    rows = []
    for number, examples in enumerate(deciles, start=1):
        for i, row in enumerate(example_documents(examples, judged)):
            # The first row of each decile says which tenth of the feature's documents it is.
            tenth = f"{number}/{len(deciles)}" if i == 0 else ""
            rows.append(replace(row, value=f"{tenth:<5}{row.value:>5}"))
    return rows
