"""What labelling found out, as a bundle keeps it; and labels that are added to a bundle later."""

import datetime
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.families import Families
from saetui.core.features import CLEAN_DENSITY, CLEAN_F1, CLEAN_PEARSON
from saetui.core.truth import Truth
from saetui.interpret.families.statistics import family_statistics
from saetui.interpret.judging.judges import AND_TERMS, EMBEDDER, WORDS, WORDS_AND_EMBEDDER
from saetui.interpret.judging.quality import Quality
from saetui.interpret.judging.scores import Scores
from saetui.interpret.labelling import LabelledFeatures
from saetui.interpret.terms.vocabulary_choice import METHOD as FROM_VOCABULARY
from saetui.pipeline.context import BuildLog
from saetui.store import layout
from saetui.store.atomic import sha256_of
from saetui.store.features import SHOWN_PROTOCOL, FeatureQuality
from saetui.store.labels import (
    Estimate,
    LabelRecord,
    ScoreRecord,
    add_labels,
    newest_scores,
    read_labels,
)
from saetui.store.manifest import (
    BUILD_LOG,
    MANIFEST,
    FileRecord,
    read_manifest,
    write_manifest,
)
from saetui.store.relations import write_families
from saetui.store.stored_sae import StoredSae
from saetui.store.swap import WORK, make_moves_left, only_one_build, replace_files

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


def kept_scores(found: LabelledFeatures) -> list[Scores]:
    """Scores by the judges whose scores are kept, in their order."""
    return [found.scores[name] for name in JUDGES if name in found.scores]


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
    judges = kept_scores(found)
    facts: dict[str, Any] = {
        "labelled": sum(bool(label.text) for label in found.labels),
        "labelled_from": len(found.split.labelling),
        "held_out": len(found.split.held_out),
        "judges": _medians(record for scores in judges for record in score_records(scores)),
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
    """How true labels are and what features are, for the manifest."""
    return {
        "true": _median(share.value for share in truth.shares() if share is not None),
        "counted_share": len(truth.counted.rows) / max(truth.active, 1),
        "concepts": dict(Counter(quality.words)),
    }


def changed_summary(path: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    """The same figures of labels of which most were made and scored earlier."""
    return {
        **before,
        "labelled": len({label.feature for label in read_labels(path) if label.text}),
        "judges": _medians(newest_scores(path)),
    }


def _medians(scores: Iterable[ScoreRecord]) -> dict[str, Any]:
    """Medians of every figure, and how many features have scores, by judge and protocol."""
    found: dict[str, dict[str, list[ScoreRecord]]] = {}
    for score in scores:
        found.setdefault(score.judge, {}).setdefault(score.protocol, []).append(score)
    return {
        judge: {
            protocol: {
                "f1": _median(score.f1[0] for score in records),
                "pearson": _median(score.pearson[0] for score in records),
                "balanced_accuracy": _median(score.balanced_accuracy[0] for score in records),
                "features": len(records),
            }
            for protocol, records in protocols.items()
        }
        for judge, protocols in found.items()
    }


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _estimate(value: float, low: float, high: float) -> Estimate:
    return _known(value), _known(low), _known(high)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


_STAGED = "labels"


def today() -> str:
    """The date that labels made now carry."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def store_labels(
    path: Path,
    sae: str,
    labels: Sequence[LabelRecord],
    scores: Sequence[ScoreRecord],
    facts: dict[str, Any] | None = None,
) -> None:
    """Add labels to those that features have, together with what manifest and build log say.

    Each label becomes the newest of its feature. Scores are of these labels, or of earlier ones by
    their versions. `facts` are added to what the manifest says of labels.

    Raises:
        BuildError: They cannot be written, or a build is under way.
    """
    if not labels and not scores:
        return
    name = f"saes/{sae}/{layout.FEATURES}"
    with _changed(path, sae, "labels", name, facts or {}) as target:
        add_labels(target, labels, scores, path / name)


def store_families(path: Path, sae: StoredSae, families: Families) -> None:
    """Store families with other labels, together with what manifest and build log say.

    Raises:
        BuildError: They cannot be written, or a build is under way.
    """
    name = f"saes/{sae.record.name}/{layout.FAMILIES}"
    figures = asdict(family_statistics(families, sae.counted_codes, sae.counted))
    with _changed(path, sae.record.name, "families", name, figures) as target:
        write_families(target, families)


@contextmanager
def _changed(path: Path, sae: str, kind: str, name: str, facts: dict[str, Any]) -> Iterator[Path]:
    """Give a place for the new version of a file; manifest and build log change along with it.

    `kind` is the step that made the file; `facts` go to the metrics of that name.
    """
    with only_one_build(path):
        make_moves_left(path)
        manifest, log, staged = read_manifest(path), BuildLog(path), path / WORK / _STAGED
        shutil.rmtree(staged, ignore_errors=True)
        (staged / name).parent.mkdir(parents=True)
        yield staged / name
        record = FileRecord((staged / name).stat().st_size, sha256_of(staged / name))
        files = [name, MANIFEST]
        step = log.steps.get(f"{kind} {sae}")
        if step is not None:
            # The same build again must not take the labels away.
            changed = replace(step, files={**step.files, name: record})
            log.steps[f"{kind} {sae}"] = replace(changed, facts={**step.facts, **facts})
            log.folder = staged
            log.write()
            files.append(BUILD_LOG)
        saes = tuple(
            replace(
                each,
                metrics={**each.metrics, kind: {**(each.metrics.get(kind) or {}), **facts}},
            )
            if each.name == sae
            else each
            for each in manifest.saes
        )
        listed = {**manifest.files, name: record}
        write_manifest(staged, replace(manifest, files=listed, saes=saes))
        replace_files(path, staged, files)
