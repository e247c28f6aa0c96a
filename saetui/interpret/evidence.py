"""What speaks for and against a feature: its strongest documents, and those just beside them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int
from saetui.core.postings import Postings
from saetui.core.search import top

STRONGEST = 50
HARD_NEGATIVES = 100

# Hard negatives and the spread of embeddings are taken from as many documents at most.
_SAMPLE = 32_768
_BLOCK_BYTES = 64 << 20


@dataclass(frozen=True)
class Evidence:
    """The documents that decide a feature's label.

    Attributes:
        feature: Its number.
        rows: int32 `(m,)`, its strongest documents, at most `STRONGEST`, strongest first.
        weights: float64 `(m,)`, their activations over the strongest.
        negatives: int64, documents nearest to the centroid that do not activate it, nearest first.
        shift: float32 `(d,)`, weighted mean of the strongest documents less the corpus's mean.
    """

    feature: int
    rows: Int
    weights: NDArray[np.float64]
    negatives: NDArray[np.intp]
    shift: Float

    @property
    def root_size(self) -> float:
        """Square root of how many equally weighted documents would be as informative."""
        return float(self.weights.sum() / np.sqrt(np.square(self.weights).sum()))


class Sample:
    """Documents spread evenly over the corpus, which stand for all of it.

    Args:
        embeddings: `(N, d)`, `N` above 0, rows of unit norm, of any floating type, maybe
            memory-mapped.

    Attributes:
        rows: Documents of the sample, ascending; all of a small corpus.
        vectors: float32 `(s, d)`, their embeddings.
        mean: float32 `(d,)`.
    """

    def __init__(self, embeddings: NDArray[np.floating]) -> None:
        self._step = max(-(-len(embeddings) // _SAMPLE), 1)
        self.rows = np.arange(0, len(embeddings), self._step)
        self.vectors = np.asarray(embeddings[:: self._step], dtype=np.float32)
        self.mean = self.vectors.mean(axis=0, dtype=np.float64).astype(np.float32)

    def places(self, documents: Int) -> Int:
        """Positions in the sample of those of `documents` that are in it."""
        inside: Int = documents[documents % self._step == 0] // self._step
        return inside

    def covariance(self) -> Float:
        """Of the embeddings, float32 `(d, d)`."""
        products = self.vectors.T @ self.vectors / np.float32(len(self.vectors))
        return np.asarray(products - np.outer(self.mean, self.mean), dtype=np.float32)


def gather_evidence(
    postings: Postings, embeddings: NDArray[np.floating], sample: Sample
) -> Iterator[Evidence]:
    """Evidence of every feature that is active on some document, in order of features."""
    active = np.flatnonzero(postings.counts())
    block = max(1, _BLOCK_BYTES // (4 * max(len(sample.rows), 1)))
    for start in range(0, len(active), block):
        features = active[start : start + block].tolist()
        strongest = [_strongest(postings, feature) for feature in features]
        centroids = np.stack([_centroid(embeddings, *each) for each in strongest])
        similarities = centroids @ sample.vectors.T
        for place, feature in enumerate(features):
            rows, weights = strongest[place]
            activating, _ = postings.documents(feature)
            similarities[place, sample.places(activating)] = -np.inf
            negatives = sample.rows[_nearest(similarities[place])]
            shift = centroids[place] - sample.mean
            yield Evidence(feature, rows, weights, negatives, shift)


def _strongest(postings: Postings, feature: int) -> tuple[Int, NDArray[np.float64]]:
    rows, activations = postings.documents(feature)
    weights = activations[:STRONGEST].astype(np.float64)
    return np.asarray(rows[:STRONGEST]), weights / weights[0]


def _centroid(embeddings: NDArray[np.floating], rows: Int, weights: NDArray[np.float64]) -> Float:
    order = np.argsort(rows)
    vectors = np.asarray(embeddings[rows[order]], dtype=np.float32)
    share = (weights / weights.sum())[order]
    return np.asarray(share @ vectors, dtype=np.float32)


def _nearest(similarities: Float) -> NDArray[np.intp]:
    """Places of the highest similarities but those at minus infinity; ties in order of place."""
    limit = min(HARD_NEGATIVES, int(np.isfinite(similarities).sum()))
    return top(similarities, limit)
