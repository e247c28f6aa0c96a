"""The documents that a label is tried on, by three protocols."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.interpret.examples import Examples

TOP, DECILES, HARD = "top", "deciles", "hard"

PROTOCOLS = (TOP, DECILES, HARD)
"""`top`: the strongest documents against random inactive ones, as in the paper. `deciles`:
documents from every tenth of the activations against random ones. `hard`: the same documents
against near misses."""

LEAST_EACH = 3
"""A score needs this many active and inactive documents; the paper's protocol has three each."""


@dataclass(frozen=True)
class Trial:
    """The documents of one protocol, for all features.

    Attributes:
        places: int64, positions in `Trials.rows`.
        active: bool, whether the document there activates its feature.
    """

    places: NDArray[np.int64]
    active: NDArray[np.bool_]


@dataclass(frozen=True)
class Trials:
    """What a judge is asked: each document once per feature, even if several protocols use it.

    Attributes:
        features: int64 `(F,)`, features with at least one protocol, ascending.
        indptr: int64 `(F + 1,)`; feature `features[i]` is tried on
            `rows[indptr[i]:indptr[i + 1]]`.
        rows: int32, documents, ascending for each feature.
        protocols: By name, each of `PROTOCOLS`.
    """

    features: NDArray[np.int64]
    indptr: NDArray[np.int64]
    rows: Int
    protocols: dict[str, Trial]

    def rows_of(self, place: int) -> Int:
        """Documents of the feature `features[place]`."""
        return self.rows[self.indptr[place] : self.indptr[place + 1]]

    def owners(self) -> NDArray[np.int64]:
        """The feature that each of `rows` belongs to."""
        return np.repeat(self.features, np.diff(self.indptr))


def make_trials(examples: Iterable[Examples]) -> Trials:
    """Trials on the documents of one part of the corpus.

    There are as many inactive documents as active ones, so that always saying yes gives an F1 of
    2/3 and a balanced accuracy of 1/2.
    """
    features: list[int] = []
    rows: list[Int] = []
    parts: dict[str, list[Trial]] = {name: [] for name in PROTOCOLS}
    start = 0
    for each in sorted(examples, key=lambda each: each.feature):
        pairs = {name: pair for name, pair in _pairs(each).items() if _enough(*pair)}
        if not pairs:
            continue
        together = np.unique(np.concatenate([rows for pair in pairs.values() for rows in pair]))
        for name, (active, inactive) in pairs.items():
            places = start + np.searchsorted(together, np.concatenate([active, inactive]))
            parts[name].append(Trial(places, np.arange(len(places)) < len(active)))
        features.append(each.feature)
        rows.append(together)
        start += len(together)
    return Trials(
        np.array(features, dtype=np.int64),
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
        np.concatenate([np.empty(0, np.int32), *rows]),
        {name: _joined(trials) for name, trials in parts.items()},
    )


def _pairs(examples: Examples) -> dict[str, tuple[Int, Int]]:
    """Active and inactive documents, by protocol."""
    strongest, deciles = examples.strongest, examples.deciles
    return {
        TOP: (strongest, examples.random[: len(strongest)]),
        DECILES: (deciles, examples.random[: len(deciles)]),
        HARD: (deciles, examples.near_misses[: len(deciles)]),
    }


def _enough(active: Int, inactive: Int) -> bool:
    return min(len(active), len(inactive)) >= LEAST_EACH


def _joined(trials: list[Trial]) -> Trial:
    return Trial(
        np.concatenate([np.empty(0, np.int64), *(trial.places for trial in trials)]),
        np.concatenate([np.empty(0, np.bool_), *(trial.active for trial in trials)]),
    )
