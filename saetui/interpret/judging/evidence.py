"""Evidence for a feature's label: its strongest documents, and the nearest inactive ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int, Postings
from saetui.core.scores import top
from saetui.store.arrays import forget_pages

STRONGEST = 50
HARD_NEGATIVES = 100

# The mapped pages of embeddings are released after this many features.
_FORGOTTEN = 256
# At most this many documents are searched for hard negatives and measured for their spread.
_SAMPLE = 32_768
_READ = 2_048
_BLOCK_BYTES = 64 << 20


@dataclass(frozen=True)
class Evidence:
    """The documents that decide a feature's label.

    Attributes:
        feature: Its number.
        rows: int32 `(m,)`, its strongest documents, at most `STRONGEST`, strongest first.
        weights: float64 `(m,)`, their activations divided by the strongest.
        negatives: int32, the documents nearest to the centroid that do not activate it, nearest
            first.
        centroid: float32 `(d,)`, weighted mean of the strongest documents' embeddings.
        mean: float32 `(d,)`, mean of all embeddings.
    """

    feature: int
    rows: Int
    weights: NDArray[np.float64]
    negatives: Int
    centroid: Float
    mean: Float

    @property
    def shift(self) -> Float:
        """The difference of the centroid and the corpus's mean, `(d,)`."""
        return np.asarray(self.centroid - self.mean)

    @property
    def root_size(self) -> float:
        """Square root of the effective sample size of the weighted documents."""
        return float(self.weights.sum() / np.sqrt(np.square(self.weights).sum()))


class Sample:
    """Documents taken at even distances from a set, which stand for all of it.

    Args:
        embeddings: `(N, d)`, rows of unit norm, of any floating type, may be memory-mapped.
        rows: Documents to choose from, at least one, ascending.
        most: How many to take at most.

    Attributes:
        rows: Documents of the sample, ascending; all of them if the set is small.
        vectors: float32 `(s, d)`, their embeddings.
        mean: float32 `(d,)`.
    """

    def __init__(self, embeddings: NDArray[np.floating], rows: Int, *, most: int = _SAMPLE) -> None:
        self.rows = rows[:: max(-(-len(rows) // most), 1)]
        self.vectors = np.empty((len(self.rows), embeddings.shape[1]), dtype=np.float32)
        for start in range(0, len(self.rows), _READ):
            span = slice(start, start + _READ)
            self.vectors[span] = embeddings[self.rows[span]]
            # The rows are scattered, so that nearly every page would stay mapped.
            forget_pages(embeddings)
        self.mean = self.vectors.mean(axis=0, dtype=np.float64).astype(np.float32)

    def places(self, documents: Int) -> NDArray[np.intp]:
        """Positions in the sample of the given documents; those outside it are left out."""
        places = np.searchsorted(self.rows, documents)
        places[places == len(self.rows)] = 0
        inside: NDArray[np.intp] = places[self.rows[places] == documents]
        return inside

    def covariance(self) -> Float:
        """Covariance of the embeddings, float32 `(d, d)`."""
        products = self.vectors.T @ self.vectors / np.float32(len(self.vectors))
        return np.asarray(products - np.outer(self.mean, self.mean), dtype=np.float32)


def gather_evidence(
    postings: Postings,
    embeddings: NDArray[np.floating],
    sample: Sample,
    *,
    block_bytes: int = _BLOCK_BYTES,
) -> list[Evidence]:
    """Evidence of every feature that is active on some document, in order of features.

    Args:
        postings: Restricted to the documents that may be used.
        embeddings: Of the corpus.
        sample: Of the documents that may be used; hard negatives are taken from it.
        block_bytes: Of the similarities that are in memory at a time.
    """
    active = np.flatnonzero(postings.counts()).tolist()
    if not active:
        return []
    strongest = [_strongest(postings, feature) for feature in active]
    centroids = np.empty((len(active), embeddings.shape[1]), dtype=np.float32)
    for place, each in enumerate(strongest):
        centroids[place] = _centroid(embeddings, *each)
        if place % _FORGOTTEN == 0:
            forget_pages(embeddings)
    negatives = nearest_inactive(
        postings, active, centroids, sample, HARD_NEGATIVES, block_bytes=block_bytes
    )
    return [
        Evidence(feature, *strongest[place], negatives[place], centroids[place], sample.mean)
        for place, feature in enumerate(active)
    ]


def nearest_inactive(
    postings: Postings,
    features: Sequence[int],
    centroids: Float,
    sample: Sample,
    limit: int,
    *,
    block_bytes: int = _BLOCK_BYTES,
) -> list[Int]:
    """Documents of a sample most similar to each feature's centroid that do not activate it.

    Args:
        postings: Of at least the documents of the sample.
        features: Their numbers.
        centroids: Of each feature, `(len(features), d)`.
        sample: The documents to choose from.
        limit: Documents at most for each feature, nearest first; ties in order of rows.
        block_bytes: Of the similarities that are in memory at a time.
    """
    found: list[Int] = []
    block = max(1, block_bytes // (4 * max(len(sample.rows), 1)))
    for start in range(0, len(features), block):
        similarities = centroids[start : start + block] @ sample.vectors.T
        for feature, scores in zip(features[start : start + block], similarities, strict=True):
            activating, _ = postings.documents(feature)
            scores[sample.places(activating)] = -np.inf
            found.append(sample.rows[top(scores, min(limit, int(np.isfinite(scores).sum())))])
    return found


def _strongest(postings: Postings, feature: int) -> tuple[Int, NDArray[np.float64]]:
    rows, activations = postings.documents(feature)
    weights = activations[:STRONGEST].astype(np.float64)
    return np.asarray(rows[:STRONGEST]), weights / weights[0]


def _centroid(embeddings: NDArray[np.floating], rows: Int, weights: NDArray[np.float64]) -> Float:
    order = np.argsort(rows)
    vectors = np.asarray(embeddings[rows[order]], dtype=np.float32)
    share = (weights / weights.sum())[order]
    return np.asarray(share @ vectors, dtype=np.float32)
