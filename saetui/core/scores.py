"""Rank documents by their cosine and what else adds to it, and split a score into its terms.

    score(x) = cosine(v, x) + s(x)

`s` is a sum of terms: one for each changed feature, and one for the query's words. A term is known
for the documents that it is about and is one constant for all others, so `s` of every document can
be computed without reading the documents' vectors.

The best documents are found by merging two rankings, one by cosine and one by `s`. `best_by_sum`
does this by the threshold algorithm (Fagin, Lotem and Naor, "Optimal aggregation algorithms for
middleware", 2003). Once the `m` nearest documents and the `t` documents of the highest `s` have
been scored, every other document scores at most

    (lowest cosine of the m)  +  (lowest s of the t, or the constant part of s if all documents
                                  above it are among the t)

As long as the last of the best scores less than that, one of the two rankings is read further. It
is the one that costs less: how many more documents are needed by `s` can be counted. The result
equals that of scoring every document if the ranking by cosine is exact; a near document that an
index misses can be missed here.

To explain a score, its cosine is split, too. The steered vector is a sum,
`e' = sum_i z'_i d_i + b_pre + r`. The remainder `r` is the part that the SAE does not explain: the
query's own remainder in `delta`, zero in `decode`, and in `optimise` what the gradient steps added
to the decoded code. For a document `x` of unit norm,

    cosine(e', x) = [ sum_i z'_i (d_i . x) + b_pre . x + r . x ] / |e'|

In `both` and `codes` the query's own cosine is split in the same way, and what a changed feature
adds for a document is added to its term.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, SaeWeights

# Bytes per block, which fit into the cache of one core.
_CACHE_BYTES = 256 << 10
_SIGN_EXPONENT_FRACTION = np.int32(-0x70000001)
_OFFSET = np.float32(2.0**112)


def unit(vector: Float) -> Float:
    """`vector` scaled to unit norm; a zero vector stays zero."""
    norm = float(np.linalg.norm(vector))
    return vector / np.float32(norm) if norm > 0 else vector


def cosines(
    vector: Float, embeddings: NDArray[np.floating], *, block_bytes: int = _CACHE_BYTES
) -> Float:
    """Cosine of `vector` `(d,)` to each unit-norm row of `embeddings` `(N, d)`; float32 `(N,)`.

    Rows are converted block by block, so a memory-mapped file of half precision is never copied
    whole.
    """
    query = unit(vector)
    scores = np.empty(len(embeddings), dtype=np.float32)
    block = max(1, block_bytes // (4 * max(embeddings.shape[1], 1)))
    for start in range(0, len(embeddings), block):
        part = single(embeddings[start : start + block])
        # A matrix product rounds differently by position, and equal documents must score equally.
        np.einsum("ij,j->i", part, query, out=scores[start : start + block])
    return scores


def single(rows: NDArray[np.floating]) -> Float:
    """Finite numbers in single precision, exactly; several times as fast as numpy.

    A half has 5 bits of exponent and 10 of fraction, a single 8 and 23. Shifted into the place of a
    single's bits, they stand for the same number except for the exponent's offset, a factor of
    2 ** 112.
    """
    if rows.dtype != np.float16 or not rows.dtype.isnative:
        return np.asarray(rows, dtype=np.float32)
    bits = np.left_shift(rows.view(np.int16), 13, dtype=np.int32)
    # The shift copied the sign into the bits above the exponent; only one copy may stay.
    bits &= _SIGN_EXPONENT_FRACTION
    numbers = bits.view(np.float32)
    numbers *= _OFFSET
    return numbers


def top(scores: NDArray[np.floating | np.integer], limit: int) -> NDArray[np.intp]:
    """Positions of the `limit` highest scores, best first; equal scores in order of position.

    NaN comes last.
    """
    limit = min(limit, len(scores))
    if limit == 0:
        return np.empty(0, dtype=np.intp)
    scores = np.where(np.isnan(scores), -np.inf, scores)
    threshold = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    candidates = np.flatnonzero(scores >= threshold)
    order = np.lexsort((candidates, -scores[candidates]))
    return candidates[order[:limit]]


def distinct(*numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    """The distinct numbers of some arrays, ascending; 20 times as fast as `numpy.unique`."""
    found = np.sort(np.concatenate(numbers).astype(np.int64, copy=False))
    new = np.ones(len(found), dtype=bool)
    new[1:] = found[1:] != found[:-1]
    return found[new]


Rows = NDArray[np.int64]

NEAREST: Final = 300
"""How many of the nearest documents are scored at first."""

STRONGEST: Final = 1_000
"""How many documents of the highest `s` are scored at first."""

# How many times more of the nearest are scored each time that this is not enough.
_DEEPER = 4
# In the time that a deeper search of the index takes, this many documents of high `s` can be scored
# for each document that the index has found so far.
_WORTH = 20

# Cosines of a deeper search may round differently, and equal documents must not change places.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Term:
    """What one feature, or the query's words, adds to the scores of documents.

    Attributes:
        rows: Documents that it is about, int64 `(m,)`, none twice.
        values: What it adds to each of these, float32 `(m,)`.
        elsewhere: What it adds to every other document.
    """

    rows: Rows
    values: Float
    elsewhere: float = 0.0

    def of(self, rows: Rows) -> Float:
        """What it adds to some documents, float32, in the order of `rows`."""
        found = np.full(len(rows), self.elsewhere, dtype=np.float32)
        if len(rows) and len(self.rows):
            order = np.argsort(rows)
            places = order[np.minimum(np.searchsorted(rows[order], self.rows), len(rows) - 1)]
            here = rows[places] == self.rows
            found[places[here]] = self.values[here]
        return found


def added_up(terms: Sequence[Term]) -> Term | None:
    """The sum of some terms as one; None of no terms."""
    if len(terms) < 2:
        return terms[0] if terms else None
    rows = distinct(*(term.rows for term in terms))
    values = np.stack([term.of(rows) for term in terms]).sum(axis=0, dtype=np.float32)
    return Term(rows, values, sum(term.elsewhere for term in terms))


@dataclass(frozen=True)
class AddedScores:
    """`s` of every document.

    Attributes:
        scores: float32 `(N,)`; minus infinity for documents that may not be found.
        base: `s` of the documents that no term is about.
    """

    scores: Float
    base: float = 0.0

    @classmethod
    def of(cls, terms: Iterable[Term], documents: int) -> "AddedScores":
        """The sum of some terms, for all of `documents` documents."""
        scores = np.zeros(documents, dtype=np.float32)
        base = 0.0
        for term in terms:
            if term.elsewhere == 0:
                # A term names a document once, so this adds to each exactly once.
                scores[term.rows] += term.values
            else:
                alone = np.full(documents, term.elsewhere, dtype=np.float32)
                alone[term.rows] = term.values
                scores += alone
            base += term.elsewhere
        return cls(scores, base)

    @property
    def above(self) -> NDArray[np.intp]:
        """Documents whose `s` is above that of the documents that no term is about, ascending."""
        return np.flatnonzero(self.scores > np.float32(self.base))


def best_by_sum(
    added: AddedScores,
    limit: int,
    nearest: Callable[[int], tuple[Rows, Float]],
    cosines_of: Callable[[Rows], Float],
    first_look: tuple[int, int] = (NEAREST, STRONGEST),
) -> tuple[Rows, Float]:
    """Rows and scores of the best documents, best first; equal scores in order of rows.

    Args:
        added: `s` of every document; a document at minus infinity is not found.
        limit: How many documents.
        nearest: Finds rows and cosines of the given number of nearest documents, best first; fewer
            if there are no more.
        cosines_of: Computes the cosines of some rows.
        first_look: How many documents of each ranking are scored at first.
    """
    by_nearness, by_strength = (max(limit, count) for count in first_look)
    s, above = added.scores, added.above
    while True:
        near, cosines = nearest(by_nearness)
        strong, beyond = _strongest(added, above, by_strength)
        rows = distinct(near, strong)
        scores = cosines_of(rows) + s[rows]
        best = top(scores, limit)
        best = best[np.isfinite(scores[best])]
        last = float(scores[best[-1]]) if len(best) == limit else -np.inf
        others = float(cosines[-1]) + beyond if len(cosines) else -np.inf
        if len(near) < by_nearness or others == -np.inf or last >= others + _ROUNDING:
            return rows[best], scores[best]
        # Scoring all documents of a higher `s`, and one more, would be enough to end the search.
        least = last - float(cosines[-1]) - _ROUNDING
        enough = int(np.count_nonzero(s[above] > least)) + 1
        if by_strength < enough <= by_strength + _WORTH * by_nearness:
            by_strength = enough
        else:
            by_nearness *= _DEEPER


def _strongest(
    added: AddedScores, above: NDArray[np.intp], count: int
) -> tuple[NDArray[np.intp], float]:
    """The `count` documents of the highest `s` of those above, and the most that others have."""
    if len(above) <= count:
        return above, added.base
    s = added.scores[above]
    chosen = np.argpartition(-s, count - 1)[:count]
    return above[chosen], float(s[chosen].min())


Terms = NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """The terms of one document's score, which is their sum.

    Attributes:
        features: `(feature, term)` pairs, the largest term by size first.
        bias: The term of `b_pre`.
        remainder: The term of what the SAE does not explain.
        words: The term of the query's words, in a search by words.
        lacks: Raised features that the document does not have, and whose terms are negative.
    """

    features: tuple[tuple[int, float], ...]
    bias: float
    remainder: float
    words: float = 0.0
    lacks: tuple[int, ...] = ()

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
