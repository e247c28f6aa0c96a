"""Every label that a feature has had, where each came from, and how it was scored."""

from textwrap import wrap
from typing import TYPE_CHECKING

from saetui.glyphs import Glyphs
from saetui.text import visible_line
from saetui.tui.columns import cut, fit
from saetui.tui.feature_columns import short
from saetui.tui.widgets.details import VALUE, DetailRow, section

if TYPE_CHECKING:
    from saetui.session.details import FeatureDetail
    from saetui.store.labels import Estimate, LabelRecord, ScoreRecord

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
