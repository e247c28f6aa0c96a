"""The quality of a feature, whatever its label: how common it is, and whether it is one concept.

The thresholds come from two corpora of abstracts (11,438 on astrophysics, 9,229 on machine
learning; MiniLM, n about 7 sqrt(N), k = 16). Grouped by the cohesion of their 20 strongest
documents, features had labels with this median F1 over all activation deciles:

    cohesion   below 0.10   0.10 to 0.15   0.15 to 0.20   0.20 to 0.30   above 0.30
    F1         0.48, 0.62   0.75           0.78 to 0.82   0.88           0.91 to 0.92
    share      under 1%     5 to 9%        16 to 21%      39%            30 to 41%

So below 0.15 no label fits well: such features mix several concepts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.features import BROAD, COHERENT, DEAD, MIXED, RARE, statistics
from saetui.core.postings import Postings
from saetui.interpret.judging.evidence import Sample
from saetui.store.arrays import forget_pages

STRONGEST = 20
"""Documents whose cohesion is measured. The cohesion of all documents predicts label scores half
as well."""

LEAST_COHESION = 0.15
RARE_BELOW = 10
"""With fewer documents, the held-out part is too small to score the feature's label."""

BROAD_FROM = 0.05
"""Density from which a feature is broad: 8% to 10% of features in the corpora above."""

Figures = NDArray[np.float64]


@dataclass(frozen=True)
class Quality:
    """Of every feature, `(n,)` each.

    Attributes:
        cohesion: float64, mean cosine among the feature's strongest documents after the corpus's
            mean is subtracted, so that 0 is the similarity of any two documents and 1 is
            equality. NaN with fewer than two documents.
        density: float64, share of documents that activate it.
        stability: float64 from 0 to 1, the cosine to the nearest feature of an SAE trained from
            another seed; NaN where unknown.
        words: One plain word for each feature: coherent, broad, mixed, rare or dead.
    """

    cohesion: Figures
    density: Figures
    stability: Figures
    words: tuple[str, ...]


def assess(
    postings: Postings,
    embeddings: NDArray[np.floating],
    stability: NDArray[np.floating] | None = None,
) -> Quality:
    """The quality of every feature.

    Args:
        postings: Of the SAE on the corpus.
        embeddings: Of the corpus, `(N, d)`, rows of unit norm.
        stability: Of every feature, `(n,)`, if it is known.
    """
    density = statistics(postings, len(embeddings)).density
    cohesion = _cohesion(postings, embeddings)
    known = np.full(postings.n, np.nan) if stability is None else stability.astype(np.float64)
    words = tuple(
        _word(*figures)
        for figures in zip(
            postings.counts().tolist(), density.tolist(), cohesion.tolist(), strict=True
        )
    )
    return Quality(cohesion, density, known, words)


def _word(documents: int, density: float, cohesion: float) -> str:
    if not documents:
        return DEAD
    if documents < RARE_BELOW:
        return RARE
    # A feature whose documents have nothing in common is mixed, however many they are.
    if cohesion < LEAST_COHESION:
        return MIXED
    return BROAD if density >= BROAD_FROM else COHERENT


def _cohesion(postings: Postings, embeddings: NDArray[np.floating]) -> Figures:
    cohesion = np.full(postings.n, np.nan)
    if not len(embeddings):
        return cohesion
    mean = Sample(embeddings, np.arange(len(embeddings), dtype=np.int32)).mean
    for feature in np.flatnonzero(postings.counts() > 1).tolist():
        rows = np.sort(postings.documents(feature)[0][:STRONGEST])
        cohesion[feature] = _mean_cosine(np.asarray(embeddings[rows], np.float32) - mean)
        # The rows are scattered, so that in the end every page would stay mapped.
        forget_pages(embeddings)
    return cohesion


def _mean_cosine(vectors: Float) -> float:
    """Mean over all pairs of different rows."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = vectors / np.maximum(norms, np.float32(1e-6))
    total = directions.sum(axis=0, dtype=np.float64)
    own = float(np.square(directions, dtype=np.float64).sum())
    count = len(vectors)
    return (float(total @ total) - own) / (count * (count - 1))
