"""Published labels and scores, as a bundle keeps them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.features import CLEAN_DENSITY, CLEAN_F1, CLEAN_PEARSON
from saetui.interop.saerch_features import PublishedFeature
from saetui.progress import Progress
from saetui.store.features import SHOWN_PROTOCOL
from saetui.store.labels import LabelRecord, ScoreRecord

JUDGE = "its publisher"
"""Who scored labels that came with scores; the files name no model."""

_SAME_FEATURES = 0.5


def label_records(
    published: Sequence[PublishedFeature], source: str, created: str
) -> Iterator[LabelRecord]:
    """Labels that say which file they came from."""
    for feature in _once(published):
        if feature.label:
            yield LabelRecord(
                feature.index,
                feature.label,
                (),
                f"imported from {source}",
                created=created,
                reasoning=feature.reasoning,
            )


def score_records(published: Sequence[PublishedFeature]) -> Iterator[ScoreRecord]:
    """Scores of these labels; how many documents the judge saw is not published."""
    for feature in _once(published):
        if feature.label and (feature.f1 is not None or feature.pearson is not None):
            yield ScoreRecord(
                feature.index,
                0,
                JUDGE,
                SHOWN_PROTOCOL,
                0,
                f1=(feature.f1, None, None),
                pearson=(feature.pearson, None, None),
            )


def summary(
    published: Sequence[PublishedFeature],
    source: str,
    density: NDArray[np.float64],
    progress: Progress,
) -> dict[str, Any]:
    """Figures over all features, for the manifest; says when labels seem another SAE's.

    Args:
        published: What was imported.
        source: Name of the file.
        density: Of every feature on the corpus, `(n,)`.
        progress: Told of what is odd.
    """
    features = _once(published)
    scored = [each for each in features if each.f1 is not None or each.pearson is not None]
    clean = sum(
        (each.f1 or 0) >= CLEAN_F1
        and (each.pearson or 0) >= CLEAN_PEARSON
        and density[each.index] < CLEAN_DENSITY
        for each in features
    )
    facts: dict[str, Any] = {
        "labelled": sum(bool(each.label) for each in features),
        "imported_from": source,
        "judges": {JUDGE: {SHOWN_PROTOCOL: _medians(scored)}} if scored else {},
        "density_correlation": _likeness(features, density),
    }
    if scored:
        facts |= {"judge": JUDGE, "clean_share": clean / len(density)}
    alike = facts["density_correlation"]
    if alike is not None and alike < _SAME_FEATURES:
        progress.note(
            f"The densities in {source} are not those of these features (correlation "
            f"{alike:.2f}): its labels may be of another SAE."
        )
    return facts


def _once(published: Sequence[PublishedFeature]) -> list[PublishedFeature]:
    """One entry of each feature, the last."""
    return list({feature.index: feature for feature in published}.values())


def _likeness(features: Sequence[PublishedFeature], density: NDArray[np.float64]) -> float | None:
    """Correlation of published densities with those found; None where there is nothing to say."""
    pairs = [(each.density, density[each.index]) for each in features if each.density is not None]
    if len(pairs) < 3:
        return None
    theirs, ours = np.array(pairs).T
    if not theirs.std() or not ours.std():
        return None
    return float(np.corrcoef(theirs, ours)[0, 1])


def _medians(scored: Sequence[PublishedFeature]) -> dict[str, Any]:
    def median(values: list[float]) -> float | None:
        return float(np.median(values)) if values else None

    return {
        "f1": median([each.f1 for each in scored if each.f1 is not None]),
        "pearson": median([each.pearson for each in scored if each.pearson is not None]),
        "features": len(scored),
    }
