"""What labelling found out, as a bundle keeps it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.features import CLEAN_DENSITY, CLEAN_F1, CLEAN_PEARSON
from saetui.core.truth import Truth
from saetui.interpret.judging.judges import AND_TERMS, EMBEDDER, WORDS, WORDS_AND_EMBEDDER
from saetui.interpret.judging.quality import Quality
from saetui.interpret.judging.scores import Scores
from saetui.interpret.labelling import LabelledFeatures
from saetui.interpret.terms.vocabulary_choice import METHOD as FROM_VOCABULARY
from saetui.store.features import SHOWN_PROTOCOL, FeatureQuality
from saetui.store.labels import Estimate, LabelRecord, ScoreRecord, newest_scores, read_labels

JUDGES = (WORDS, EMBEDDER, WORDS_AND_EMBEDDER + AND_TERMS, WORDS_AND_EMBEDDER)
"""Whose scores are kept. Those of the last, which reads the label alone, stand beside labels."""

AUTOMATIC = ("terms", "terms+embedding", FROM_VOCABULARY, "title", "none")
"""Methods of the labels that a build makes, and makes anew when it must."""


def label_records(found: LabelledFeatures, created: str) -> list[LabelRecord]:
    """Labels with where they came from; features without a name have none."""
    return [
        LabelRecord(
            label.feature,
            label.text,
            label.terms,
            label.method,
            prompt_version=str(label.version),
            created=created,
        )
        for label in found.labels
        if label.text
    ]


def score_records(scores: Scores) -> Iterator[ScoreRecord]:
    """One judge's scores of the labels stored along with them."""
    for protocol, figures in scores.protocols.items():
        for feature in np.flatnonzero(figures.documents).tolist():
            f1, pearson, accuracy = (
                _estimate(figure.value[feature], figure.low[feature], figure.high[feature])
                for figure in (figures.f1, figures.pearson, figures.balanced_accuracy)
            )
            documents = int(figures.documents[feature])
            yield ScoreRecord(feature, 0, scores.judge, protocol, documents, f1, pearson, accuracy)


def qualities(quality: Quality) -> list[FeatureQuality]:
    """What can be said of each feature without its label."""
    return [
        FeatureQuality(word, _known(cohesion), _known(stability))
        for word, cohesion, stability in zip(
            quality.words, quality.cohesion, quality.stability, strict=True
        )
    ]


def summary(found: LabelledFeatures) -> dict[str, Any]:
    """Figures over all features, for the manifest: medians by judge and protocol, clean share."""
    judges = [found.scores[name] for name in JUDGES if name in found.scores]
    facts: dict[str, Any] = {
        "labelled": sum(bool(label.text) for label in found.labels),
        "labelled_from": len(found.split.labelling),
        "held_out": len(found.split.held_out),
        "judges": {scores.judge: _medians(scores) for scores in judges},
    }
    if judges:
        shown = judges[-1].protocols[SHOWN_PROTOCOL]
        with np.errstate(invalid="ignore"):
            clean = (
                (shown.f1.value >= CLEAN_F1)
                & (shown.pearson.value >= CLEAN_PEARSON)
                & (found.quality.density < CLEAN_DENSITY)
            )
        facts |= {"judge": judges[-1].judge, "clean_share": float(clean.mean())}
    return facts


def truth_summary(truth: Truth, quality: Quality) -> dict[str, Any]:
    """How true labels are and what features are, for the manifest.

    Args:
        truth: Of the labels.
        quality: Of the features.
    """
    shares = [share.value for share in truth.shares() if share is not None]
    return {
        "true": _median(np.array(shares)),
        "counted_share": len(truth.counted.rows) / max(truth.active, 1),
        "concepts": dict(Counter(quality.words)),
    }


def changed_summary(path: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    """The same figures of labels of which most were made and scored earlier.

    Args:
        path: Of the features, with their labels.
        before: What the figures were.
    """
    scores = newest_scores(path)
    judges: dict[str, dict[str, list[ScoreRecord]]] = {}
    for score in scores:
        judges.setdefault(score.judge, {}).setdefault(score.protocol, []).append(score)
    return {
        **before,
        "labelled": len({label.feature for label in read_labels(path) if label.text}),
        "judges": {
            judge: {protocol: _stored_medians(found) for protocol, found in protocols.items()}
            for judge, protocols in judges.items()
        },
    }


def _stored_medians(scores: Sequence[ScoreRecord]) -> dict[str, Any]:
    figures = {
        name: np.array([np.nan if each[0] is None else each[0] for each in found], dtype=np.float64)
        for name, found in (
            ("f1", [score.f1 for score in scores]),
            ("pearson", [score.pearson for score in scores]),
            ("balanced_accuracy", [score.balanced_accuracy for score in scores]),
        )
    }
    medians: dict[str, Any] = {name: _median(values) for name, values in figures.items()}
    return {**medians, "features": len(scores)}


def _medians(scores: Scores) -> dict[str, Any]:
    return {
        protocol: {
            "f1": _median(figures.f1.value),
            "pearson": _median(figures.pearson.value),
            "balanced_accuracy": _median(figures.balanced_accuracy.value),
            "features": int((figures.documents > 0).sum()),
        }
        for protocol, figures in scores.protocols.items()
    }


def _median(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def _estimate(value: float, low: float, high: float) -> Estimate:
    return _known(value), _known(low), _known(high)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
