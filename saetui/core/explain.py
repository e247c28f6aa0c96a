"""Why a document is where it is: its score as a sum of terms.

The steered vector is a sum, `e' = sum_i z'_i d_i + b_pre + r`, where the remainder `r` is the part
of it that the SAE does not explain: in `delta` the same as that of the query, in `decode` zero, in
`optimise` what the steps have added to the decoded code. With `x` of unit norm,

    cosine(e', x) = [ sum_i z'_i (d_i . x) + b_pre . x + r . x ] / |e'|

In `codes` the cosine is that of the query itself, split in the same way, and each changed feature
adds its own reward, `(z'_i - z_i) z_i(x) / max_i`, to its term.
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
    """The terms of one document's score; they add up to it.

    Attributes:
        features: `(feature, term)` pairs, the largest term by size first.
        bias: Term of `b_pre`.
        remainder: Term of what the SAE does not explain.
        words: Term of the query's words, in searches that go by them.
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
    return _explanations(active, terms, bias, remainder)


def explain_codes(
    weights: SaeWeights, z: Float, e: Float, rows: Float, rewards: Mapping[int, Float]
) -> list[Explanation]:
    """Split the scores of documents in mode `codes` into terms.

    Args:
        weights: Of the SAE.
        z: The query's dense code as it was typed, `(n,)`.
        e: The query's embedding, `(d,)`; zeros for none.
        rows: Document embeddings of unit norm, float32 `(m, d)`.
        rewards: By changed feature, what it adds to each document's score, `(m,)`.

    Returns:
        One explanation per document.
    """
    active = distinct(np.flatnonzero(z), np.array(list(rewards), dtype=np.int64))
    terms = np.zeros((len(rows), len(active)))
    plain = explain(weights, z, e, rows) if e.any() else [Explanation((), 0.0, 0.0)] * len(rows)
    places = {feature: place for place, feature in enumerate(active.tolist())}
    for row, explanation in enumerate(plain):
        for feature, term in explanation.features:
            terms[row, places[feature]] = term
    for feature, reward in rewards.items():
        terms[:, places[feature]] += reward
    bias = np.array([explanation.bias for explanation in plain])
    return _explanations(active, terms, bias, np.array([each.remainder for each in plain]))


def _explanations(
    active: NDArray[np.integer], terms: Terms, bias: Terms, remainder: Terms
) -> list[Explanation]:
    # Stable, so that equal terms stay in order of features.
    order = np.argsort(-np.abs(terms), axis=1, kind="stable")
    features = active[order].tolist()
    sizes = np.take_along_axis(terms, order, axis=1).tolist()
    return [
        Explanation(tuple(zip(features[i], sizes[i], strict=True)), float(bias[i]), float(rest))
        for i, rest in enumerate(remainder)
    ]
