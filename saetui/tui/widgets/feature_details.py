"""Everything about a feature or a family: figures, documents, every label it has had."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING

from saetui.glyphs import Glyphs
from saetui.text import visible_line
from saetui.tui.widgets.details import (
    VALUE,
    DetailRow,
    Trust,
    example_documents,
    features_together,
    related_features,
    section,
    text_rows,
)
from saetui.tui.widgets.feature_list import short
from saetui.tui.widgets.lines import cut, fit

if TYPE_CHECKING:
    from saetui.core.families import FamilyLabel
    from saetui.session.details import Example, FamilyDetail, FeatureDetail
    from saetui.store.features import FeatureRecord
    from saetui.store.labels import Estimate, LabelRecord, ScoreRecord

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


# Name of each protocol in the bundle, in one table and in the other.
_PROTOCOLS = {
    "top": ("strongest, random", "top"),
    "deciles": ("tenths, random", "tenths"),
    "hard": ("tenths, near misses", "hard"),
}
# Widths of three columns: the protocol, F1, and Pearson, which may be negative.
_NAME, _F1, _PEARSON = 20, 15, 17
_LONGEST_REASON = 2_000
OWN = 0
"""Stands for the reader's own label where versions are counted from 1."""


def score_rows(detail: "FeatureDetail", glyphs: Glyphs, width: int) -> list[DetailRow]:
    """The scores of the label that is shown, by judge and protocol."""
    version = _shown_version(detail)
    scores = [score for score in detail.scores if score.version == version]
    rows: list[DetailRow] = []
    for judge in dict.fromkeys(score.judge for score in scores):
        head = _table_line("active, inactive", "F1", "Pearson", "docs")
        lines = [head, *(_score_line(score) for score in scores if score.judge == judge)]
        title = f"Scores with 95% interval, judged by {visible_line(judge, 100)}"
        rows += section(
            fit(title, width, glyphs.ellipsis).rstrip(),
            [
                DetailRow(cut(line, width, glyphs.ellipsis), kind="text" if i else "muted")
                for i, line in enumerate(lines)
            ],
        )
    return rows


def label_rows(detail: "FeatureDetail", glyphs: Glyphs, width: int) -> list[DetailRow]:
    """Every label, newest first, with F1 by protocol and, below it, its origin."""
    rows: list[DetailRow] = []
    own, rejected = detail.notes.label, detail.notes.rejected
    if own:
        rows.append(DetailRow(own, "shown  own", "label", OWN))
    for label in reversed([each for each in detail.labels if each.text]):
        shown = not own and label.version == detail.record.version
        state = "shown" if shown else "rejected" if label.version in rejected else ""
        scores = _last_scores(detail, label.version)
        figures = " ".join(
            f"{short(scores[name].f1[0]) if name in scores else '-':>6}" for name in _PROTOCOLS
        )
        rows.append(
            DetailRow(label.text, f"{state:<8}{label.version:>2}", "label", label.version, figures)
        )
        indent = " " * (VALUE + 2)
        origin = fit(_origin(label, scores), width - len(indent), glyphs.ellipsis)
        rows.append(DetailRow(indent + origin, kind="muted"))
        reasons = wrap(visible_line(label.reasoning, _LONGEST_REASON), max(width - len(indent), 1))
        rows += [DetailRow(indent + line, kind="muted") for line in reasons]
    names = " ".join(f"{name:>6}" for _, name in _PROTOCOLS.values())
    title = "Labels, newest first; F1"
    return section(f"{title}{names:>{max(len(names) + 1, width - len(title))}}", rows)


def _shown_version(detail: "FeatureDetail") -> int:
    """The version of the label shown; the reader's own label may equal one that was scored."""
    own = detail.notes.label
    same = (label.version for label in reversed(detail.labels) if label.text.strip() == own)
    return next(same, OWN) if own else detail.record.version


def _last_scores(detail: "FeatureDetail", version: int) -> "dict[str, ScoreRecord]":
    """The score stored last for each protocol; lists show the same one."""
    return {score.protocol: score for score in detail.scores if score.version == version}


def _origin(label: "LabelRecord", scores: "dict[str, ScoreRecord]") -> str:
    parts = [
        label.method,
        label.model,
        label.prompt_version and f"prompt {label.prompt_version}",
        label.created,
        *(f"judged by {judge}" for judge in dict.fromkeys(s.judge for s in scores.values())),
    ]
    return visible_line(", ".join(filter(None, parts)))


def _score_line(score: "ScoreRecord") -> str:
    name = _PROTOCOLS.get(score.protocol, (visible_line(score.protocol, _NAME), ""))[0]
    # For imported scores the number of documents that the judge saw is unknown.
    documents = f"{score.documents:,}" if score.documents else "-"
    return _table_line(name, _interval(score.f1), _interval(score.pearson), documents)


def _table_line(name: str, f1: str, pearson: str, documents: str) -> str:
    return f"{name:<{_NAME}}{f1:<{_F1}}{pearson:<{_PEARSON}}{documents}"


def _interval(estimate: "Estimate") -> str:
    """A figure and the ends of its interval."""
    value, low, high = estimate
    if value is None or low is None or high is None:
        return short(value)
    return f"{short(value)} [{short(low)}, {short(high)}]"


def family_rows(
    detail: "FamilyDetail", root: "FeatureRecord", width: int, trust: Trust
) -> list[DetailRow]:
    """Everything about a family, the most important first.

    Args:
        detail: What is known.
        root: The family's root as it is called now.
        width: Of the lines, in cells.
        trust: Of features.
    """
    family = detail.family
    figures = (
        f"{len(family.members):,} features, active on {detail.documents:,} documents; "
        f"mean density {detail.mean_density:.2%}"
    )
    rows = [
        *text_rows(visible_line(family.label, _LONGEST), width, "title"),
        *text_rows(_trust(family.newest_label), width),
        *text_rows(figures, width, "muted"),
        *text_rows(_together(detail), width, "muted"),
    ]
    earlier = [
        row
        for label in reversed(family.labels[:-1])
        for row in text_rows(f"{visible_line(label.text, _LONGEST)}: {_trust(label)}", width)
    ]
    return [
        *rows,
        *section(
            "Its most general feature, with density",
            [DetailRow(root.name, f"{root.density:.2%}", "feature", root.id, trust(root.id))],
        ),
        *section(
            "Strongest documents, with the strength of all features together",
            example_documents(detail.top),
        ),
        *section("Earlier labels", earlier),
    ]


def _trust(label: "FamilyLabel") -> str:
    """What speaks for a label."""
    by = f"labelled by {visible_line(label.model, 100)}" if label.model else ""
    if label.f1 is None:
        return f"Label not scored{by and f'; {by}'}"
    judge = visible_line(label.judge, 100) or "nobody knows whom"
    scored = f"F1 {short(label.f1)}, Pearson {short(label.pearson)}, judged by {judge}"
    return f"{scored}{by and f'; {by}'}"


def _together(detail: "FamilyDetail") -> str:
    """Co-occurrence of parents and children against that of siblings."""
    if detail.parent_child is None:
        return "No member stands above another"
    said = f"A parent and its child share {detail.parent_child:,.1f} documents on average"
    if detail.child_child is None:
        return said
    ratio = "" if detail.ratio is None else f": R(C, F) {detail.ratio:.1f}"
    return f"{said}, two of its children {detail.child_child:,.1f}{ratio}"
