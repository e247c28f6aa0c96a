"""Trials of steering: queries, each with a feature to raise and one to lower."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, SaeWeights, encode_dense
from saetui.core.features import CLEAN_DENSITY, CLEAN_F1
from saetui.store.features import FeatureRecord

SHOWN = 5
"""Labels that a judge chooses from, as in the paper."""

STRONGEST = 5
"""The feature to lower is among a query's five strongest: lowering a faint one changes nothing."""

_LEAST_DOCUMENTS = 10


@dataclass(frozen=True)
class Trial:
    """One query, and the features that are changed.

    Attributes:
        query: Its text.
        e: Its embedding `(d,)`.
        z: Its dense code `(n,)`.
        up: The feature to raise; it is not active in the query.
        down: The feature to lower; it is.
        shown: int64 `(5,)`, features whose labels a judge sees, `up` and `down` among them.
    """

    query: str
    e: Float
    z: Float
    up: int
    down: int
    shown: NDArray[np.int64]


def eligible_features(records: Sequence[FeatureRecord]) -> NDArray[np.int64]:
    """Features that a judge can be asked about: labelled, neither rare nor common.

    Of several features with one label only the best is taken. Where labels were scored, their F1
    is at least `CLEAN_F1`, as in the paper.
    """
    scored = any(record.f1 is not None for record in records)
    taken: set[str] = set()
    found = []
    for record in sorted(records, key=lambda record: (-(record.f1 or 0), -record.documents)):
        name = record.label.casefold()
        if (
            name
            and name not in taken
            and record.documents >= _LEAST_DOCUMENTS
            and record.density < CLEAN_DENSITY
            and (not scored or (record.f1 or 0) >= CLEAN_F1)
        ):
            taken.add(name)
            found.append(record.id)
    return np.array(sorted(found), dtype=np.int64)


def make_trials(
    weights: SaeWeights,
    queries: Sequence[tuple[str, Float]],
    eligible: NDArray[np.int64],
    seed: int,
) -> list[Trial]:
    """One trial for each query that activates an eligible feature.

    The feature to lower is drawn from the five strongest active ones, the feature to raise from
    the inactive ones. Of the three other labels shown, one belongs to another of the five, if
    there is one, and the others to inactive features, so that a judge cannot tell the lowered
    feature by its being active.

    Args:
        weights: Of the SAE.
        queries: Texts and their embeddings.
        eligible: Features to draw from; fewer than five make no trial.
        seed: Of the draws; a query's trial depends on the seed and the query's place only.
    """
    trials = []
    for place, (text, e) in enumerate(queries):
        drawing = np.random.default_rng([seed, place])
        z = encode_dense(weights, e)
        active = eligible[np.argsort(-z[eligible], kind="stable")[:STRONGEST]]
        active = active[z[active] > 0]
        inactive = eligible[z[eligible] == 0]
        if not len(active) or len(inactive) < SHOWN - 1:
            continue
        lowered = drawing.permutation(active)[:2]
        others = drawing.permutation(inactive)[: SHOWN - len(lowered)]
        shown = drawing.permutation(np.concatenate([lowered, others]))
        trials.append(Trial(text, e, z, int(others[0]), int(lowered[0]), shown))
    return trials
