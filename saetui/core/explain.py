"""Why a document is where it is: its score as a sum of terms.

The steered vector is a sum, `e' = sum_i z'_i d_i + b_pre + r`, where the remainder `r` is the part
of the query that the SAE does not explain (zero in `decode`). With `x` of unit norm,

    cosine(e', x) = [ sum_i z'_i (d_i . x) + b_pre . x + r . x ] / |e'|
"""

from dataclasses import dataclass

import numpy as np

from saetui.core.codec import Float, SaeWeights


@dataclass(frozen=True)
class Explanation:
    """The terms of one document's score; they add up to it.

    Attributes:
        features: `(feature, term)` pairs, the largest term by size first.
        bias: Term of `b_pre`.
        remainder: Term of what the SAE does not explain.
    """

    features: tuple[tuple[int, float], ...]
    bias: float
    remainder: float

    @property
    def total(self) -> float:
        """The score."""
        return sum(term for _, term in self.features) + self.bias + self.remainder


def explain(weights: SaeWeights, steered: Float, vector: Float, rows: Float) -> list[Explanation]:
    """Split the scores of documents into terms.

    Args:
        weights: Of the SAE.
        steered: The steered dense code `z'`, `(n,)`.
        vector: The steered vector `e'` as it was searched with, `(d,)`.
        rows: Document embeddings of unit norm, float32 `(m, d)`.

    Returns:
        One explanation per document.
    """
    active = np.flatnonzero(steered)
    norm = float(np.linalg.norm(vector)) or 1.0
    # Double precision here makes the terms add up to the score to rounding of single precision.
    directions = weights.directions[active].astype(np.float64)
    x = rows.astype(np.float64)
    amounts = steered[active].astype(np.float64)
    terms = (x @ directions.T) * (amounts / norm)
    bias = (x @ weights.bias.astype(np.float64)) / norm
    explained = amounts @ directions + weights.bias
    remainder = (x @ (vector.astype(np.float64) - explained)) / norm
    # Stable, so that equal terms stay in order of features.
    order = np.argsort(-np.abs(terms), axis=1, kind="stable")
    features = active[order].tolist()
    sizes = np.take_along_axis(terms, order, axis=1).tolist()
    return [
        Explanation(tuple(zip(features[i], sizes[i], strict=True)), float(bias[i]), float(rest))
        for i, rest in enumerate(remainder)
    ]
