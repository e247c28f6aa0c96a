"""Draw documents that show what activates a feature and what does not.

Labels are made from examples of the labelling part of the corpus and scored on examples of the
held-out part: the same kinds of documents, but different ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.core.features import decile_positions
from saetui.core.postings import Postings
from saetui.interpret.judging.evidence import HARD_NEGATIVES, Evidence, Sample, nearest_inactive

STRONGEST = 20
"""How many of a feature's documents count as its strongest, as in the paper's protocol."""

PER_DECILE = 2


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
        per_decile: Documents drawn from each tenth.
        among: How many documents are read, in all parts; None for the whole corpus.
    """

    def __init__(
        self,
        postings: Postings,
        embeddings: NDArray[np.floating],
        rows: Int,
        *,
        seed: int,
        per_decile: int = PER_DECILE,
        among: int | None = None,
    ) -> None:
        self._postings = postings
        self._rows = rows
        self._inside = np.zeros(len(embeddings), dtype=bool)
        self._inside[rows] = True
        self._sample = Sample(embeddings, rows) if len(rows) else None
        self._seed = seed
        self._per_decile = per_decile
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
            parts.append(_drawn(drawing, tenth, self._per_decile))
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
