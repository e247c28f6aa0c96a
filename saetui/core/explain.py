"""Split a document's score into terms: what each feature contributes to it.

The steered vector is a sum, `e' = sum_i z'_i d_i + b_pre + r`. The remainder `r` is the part that
the SAE does not explain: the query's own remainder in `delta`, zero in `decode`, and in `optimise`
what the gradient steps added to the decoded code. For a document `x` of unit norm,

    cosine(e', x) = [ sum_i z'_i (d_i . x) + b_pre . x + r . x ] / |e'|

In `both` and `codes` the query's own cosine is split in the same way, and what a changed feature
adds for a document is added to its term.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, SaeWeights
from saetui.core.search import distinct

Terms = NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """The terms of one document's score, which is their sum.

    Attributes:
        features: `(feature, term)` pairs, the largest term by size first.
        bias: The term of `b_pre`.
        remainder: The term of what the SAE does not explain.
        words: The term of the query's words, in a search by words.
    """

    features: tuple[tuple[int, float], ...]
    bias: float
    remainder: float
    words: float = 0.0

    @property
    def total(self) -> float:
        """The score."""
        return sum(term for _, term in self.features) + self.bias + self.remainder + self.words


def explain(weights: SaeWeights, steered: Float, vector: Float, rows: Float) -> list[Explanation]:
    """Split the scores of documents into terms.

    Args:
        weights: Of the SAE.
        steered: The steered dense code `z'`, `(n,)`.
        vector: The steered vector `e'` that documents were compared with, `(d,)`.
        rows: Document embeddings of unit norm, float32 `(m, d)`.

    Returns:
        One explanation per document.
    """
    active = np.flatnonzero(steered)
    return _explanations(active, *_split(weights, active, steered[active], vector, rows))


def explain_sum(
    weights: SaeWeights,
    code: Float,
    vector: Float,
    rows: Float,
    terms: Mapping[int, Float],
) -> list[Explanation]:
    """Split scores to which changed features add something beside the cosine.

    Args:
        weights: Of the SAE.
        code: The dense code that `vector` is explained by, `(n,)`.
        vector: What documents are compared with, `(d,)`; zeros if there is no query.
        rows: Document embeddings of unit norm, float32 `(m, d)`.
        terms: What each changed feature adds to the documents' scores: `(m,)` by feature.

    Returns:
        One explanation per document.
    """
    active = distinct(np.flatnonzero(code), np.array(list(terms), dtype=np.int64))
    if vector.any():
        sums, bias, remainder = _split(weights, active, code[active], vector, rows)
    else:
        sums, bias, remainder = np.zeros((len(rows), len(active))), *np.zeros((2, len(rows)))
    for feature, added in terms.items():
        sums[:, np.searchsorted(active, feature)] += added
    return _explanations(active, sums, bias, remainder)


def _split(
    weights: SaeWeights, active: NDArray[np.integer], amounts: Float, vector: Float, rows: Float
) -> tuple[Terms, Terms, Terms]:
    """What some features, the bias and the rest add to each score: `(m, active)`, `(m,)` twice."""
    norm = float(np.linalg.norm(vector)) or 1.0
    # In double precision the terms add up to the score within the rounding of single precision.
    directions = weights.directions[active].astype(np.float64)
    x = rows.astype(np.float64)
    amounts = amounts.astype(np.float64)
    terms = (x @ directions.T) * (amounts / norm)
    bias = (x @ weights.bias.astype(np.float64)) / norm
    explained = amounts @ directions + weights.bias
    remainder = (x @ (vector.astype(np.float64) - explained)) / norm
    return terms, bias, remainder


def _explanations(
    active: NDArray[np.integer], terms: Terms, bias: Terms, remainder: Terms
) -> list[Explanation]:
    # A stable sort keeps equal terms in order of features.
    order = np.argsort(-np.abs(terms), axis=1, kind="stable")
    features = active[order].tolist()
    sizes = np.take_along_axis(terms, order, axis=1).tolist()
    return [
        Explanation(tuple(zip(features[i], sizes[i], strict=True)), float(bias[i]), float(rest))
        for i, rest in enumerate(remainder)
    ]
