"""Documents that show what activates a feature and what does not, and trials of labels on these.

Labels are made from examples of the labelling part of the corpus and scored on examples of the
held-out part: the same kinds of documents, but different ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int, Postings
from saetui.core.features import decile_positions
from saetui.interpret.judging.evidence import HARD_NEGATIVES, Evidence, Sample, nearest_inactive

STRONGEST = 20
"""How many of a feature's documents count as its strongest, as in the paper's protocol."""

PER_DECILE = 2
TOP, DECILES, HARD = "top", "deciles", "hard"

PROTOCOLS = (TOP, DECILES, HARD)
"""`top`: the strongest documents against random inactive ones, as in the paper. `deciles`:
documents from every tenth of the activations against random ones. `hard`: the same documents
against near misses."""

LEAST_EACH = 3
"""A score needs this many active and inactive documents; the paper's protocol has three each."""


@dataclass(frozen=True)
class Examples:
    """Documents of one feature from one part of the corpus; rows are int32.

    Attributes:
        feature: Its number.
        strongest: Those of its 20 strongest documents that lie in this part, strongest first.
        deciles: Documents drawn from every tenth of its activations, strongest tenth first.
        near_misses: Drawn from the documents nearest to its centroid that do not activate it.
        random: Drawn from all documents that do not activate it.
    """

    feature: int
    strongest: Int
    deciles: Int
    near_misses: Int
    random: Int


class ExampleSource:
    """Draws the examples of features from one part of a corpus.

    Args:
        postings: Of all documents that are read; ranks and tenths count these only.
        embeddings: Of the whole corpus, `(N, d)`.
        rows: Documents of the part, ascending.
        seed: Each feature's examples depend on it and on the feature's number only.
        among: How many documents are read, in all parts; None for the whole corpus.
    """

    def __init__(
        self,
        postings: Postings,
        embeddings: NDArray[np.floating],
        rows: Int,
        *,
        seed: int,
        among: int | None = None,
    ) -> None:
        self._postings = postings
        self._rows = rows
        self._inside = np.zeros(len(embeddings), dtype=bool)
        self._inside[rows] = True
        self._sample = Sample(embeddings, rows) if len(rows) else None
        self._seed = seed
        self._among = len(embeddings) if among is None else among

    def draw(self, evidence: Sequence[Evidence]) -> Iterator[Examples]:
        """Yield examples of features; near misses are nearest to the centroids in `evidence`.

        A part that holds a share of the documents gets this share of `HARD_NEGATIVES`, so that
        both parts have near misses that are equally near.
        """
        if self._sample is None or not evidence:
            return
        features = [each.feature for each in evidence]
        centroids = np.stack([each.centroid for each in evidence])
        limit = max(1, round(HARD_NEGATIVES * len(self._rows) / self._among))
        near = nearest_inactive(self._postings, features, centroids, self._sample, limit)
        for feature, misses in zip(features, near, strict=True):
            yield self._draw(feature, misses)

    def _draw(self, feature: int, near: Int) -> Examples:
        drawing = np.random.default_rng([self._seed, feature])
        active, _ = self._postings.documents(feature)
        strongest = active[:STRONGEST]
        parts = []
        for span in decile_positions(len(active), len(active)):
            tenth = active[span]
            tenth = tenth[self._inside[tenth]]
            parts.append(_drawn(drawing, tenth, PER_DECILE))
        deciles = np.concatenate(parts)
        wanted = max(len(deciles), STRONGEST)
        return Examples(
            feature,
            strongest[self._inside[strongest]],
            deciles,
            _drawn(drawing, near, wanted),
            self._random(drawing, active, wanted),
        )

    def _random(self, drawing: np.random.Generator, active: Int, count: int) -> Int:
        # Half of these are inactive, unless the feature is active on most documents.
        some = _drawn(drawing, self._rows, 2 * count)
        found = some[~np.isin(some, active)]
        if len(found) < count and len(some) < len(self._rows):
            others = np.setdiff1d(self._rows, active)
            found = _drawn(drawing, others, count)
        return found[:count]


def _drawn(drawing: np.random.Generator, rows: Int, count: int) -> Int:
    """At most `count` of `rows`, each once, in the order in which they were drawn."""
    return np.asarray(drawing.choice(rows, min(count, len(rows)), replace=False), dtype=np.int32)


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
        pairs = {
            name: pair for name, pair in _pairs(each).items() if min(map(len, pair)) >= LEAST_EACH
        }
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


def _joined(trials: list[Trial]) -> Trial:
    return Trial(
        np.concatenate([np.empty(0, np.int64), *(trial.places for trial in trials)]),
        np.concatenate([np.empty(0, np.bool_), *(trial.active for trial in trials)]),
    )
