"""Count which features are active on the same documents, without an `n` by `n` matrix."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Postings
from saetui.core.families import CoOccurrence, FamilyParameters
from saetui.progress import Progress

# Documents per block; what is read of them stays in the processor's cache.
_BLOCK = 8_192
# Relative tolerance for rounding in a bound that excludes only what is certainly too little.
_ROOM = 1e-9
# Activations per block: they stay in the processor's cache, and each step is short enough for an
# app that counts in the background to keep answering.
_ACTIVATIONS = 8_192
# Finding one pair takes as long as this many multiplications of a matrix product.
_PAIR = 100


def count_co_occurrence(
    codes: Codes,
    postings: Postings,
    features: NDArray[np.integer],
    parameters: FamilyParameters,
    progress: Progress,
    *,
    at_once: int = _BLOCK,
) -> CoOccurrence:
    """Pairs among `features` that co-occur enough to be joined in the graph of families.

    For each feature only the codes of its own documents are counted, so time grows with the number
    of activations times `k`. Memory holds two or four bytes per slot of the codes, the counts of
    one feature, and the pairs that are kept.

    Codes and postings are of the same documents and may be memory-mapped.

    Returns:
        Pairs sorted by first, then second feature, whatever the order of documents.
    """
    features = np.sort(features)
    overlaps = _Overlaps(codes, postings, features, at_once)
    documents = postings.counts()[features]
    # No measure exceeds containment, so a pair with fewer common documents is certainly not joined.
    least = np.floor(parameters.minimum_weight * (documents + 1) * (1 - _ROOM)).astype(np.int64)
    least = np.maximum(least, max(parameters.minimum_together, 1))
    firsts, seconds, counts = [], [], []
    progress.start("Counting co-occurrence", len(features), "features")
    for place in range(len(features)):
        together = overlaps.counts(place)[place + 1 :]
        enough = np.flatnonzero(together >= np.minimum(least[place + 1 :], least[place]))
        firsts.append(np.full(len(enough), place))
        seconds.append(place + 1 + enough)
        counts.append(together[enough])
        progress.advance()
    first, second, common = (
        np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
        for parts in (firsts, seconds, counts)
    )
    rarer = np.minimum(documents[first], documents[second])
    denser = np.maximum(documents[first], documents[second])
    # Not multiplied by a reciprocal: rounding must not move a weight of exactly the least.
    if parameters.measure == "containment":
        weights = common / (rarer + 1)
    else:
        weights = common / np.sqrt((rarer + 1) * (denser + 1.0))
    joined = (
        (weights >= parameters.minimum_weight)
        & (common * float(len(codes.indices)) / (rarer * denser) >= parameters.minimum_lift)
        & (denser >= parameters.minimum_ratio * rarer)
    )
    return CoOccurrence(
        features[first[joined]].astype(np.int32),
        features[second[joined]].astype(np.int32),
        common[joined],
        weights[joined],
    )


def lifts(
    codes: Codes, postings: Postings, feature: int, *, at_once: int = _BLOCK
) -> NDArray[np.float64]:
    """How many times more often than by chance each feature is active with a given one; `(n,)`.

    `C_ij N / (f_i f_j)`; zero for features that are never active.
    """
    documents = postings.counts()
    chance = documents[feature] * documents / max(len(codes.indices), 1)
    together = together_with(codes, postings, feature, at_once=at_once)
    return np.asarray(together / np.maximum(chance, _ROOM), dtype=np.float64)


def together_with(
    codes: Codes, postings: Postings, feature: int, *, at_once: int = _BLOCK
) -> NDArray[np.int64]:
    """On how many documents each feature is active together with a given one, `C_ij`; `(n,)`."""
    counts = np.zeros(codes.n + 1, dtype=np.int64)
    rows, _ = postings.documents(feature)
    for start in range(0, len(rows), at_once):
        # Slots without a feature hold -1 and are counted before the first feature.
        active = codes.indices[rows[start : start + at_once]].ravel() + 1
        counts += np.bincount(active, minlength=len(counts))
    return counts[1:]


class _Overlaps:
    """Counts, for one feature at a time, how many documents it shares with all wanted features.

    Results are in the order of the `m` wanted features.
    """

    def __init__(
        self, codes: Codes, postings: Postings, features: NDArray[np.integer], at_once: int
    ) -> None:
        self._at_once = at_once
        self._postings = postings
        self._features = features
        # Narrow numbers keep the codes in the cache. The last position counts what is unwanted:
        # slots without a feature hold -1, which is the last position of this table, too.
        places = np.full(codes.n + 1, len(features), dtype=np.min_scalar_type(len(features)))
        places[features] = np.arange(len(features))
        self._places = places[codes.indices]

    def counts(self, place: int) -> NDArray[np.int64]:
        """`C_ij` of one wanted feature with all of them; int64 `(m,)`."""
        total = np.zeros(len(self._features), dtype=np.int64)
        rows, _ = self._postings.documents(int(self._features[place]))
        for start in range(0, len(rows), self._at_once):
            together = self._places.take(rows[start : start + self._at_once], axis=0).ravel()
            total += np.bincount(together, minlength=len(total) + 1)[:-1]
        return total


@dataclass(frozen=True)
class Block:
    """How some features occur together.

    Attributes:
        counts: int64 `(m, m)`, `C_ij`: documents that activate both; on the diagonal, all
            documents of the feature.
        similarities: float64 `(m, m)`, `D_ij`: cosine of two columns of the code matrix; zero
            for features without documents.
    """

    counts: NDArray[np.int64]
    similarities: NDArray[np.float64]


@dataclass(frozen=True)
class Activations:
    """Activations of some features, sorted by document and then by feature.

    Attributes:
        documents: int64 `(nnz,)`.
        columns: Position of the feature among the `size` features, `(nnz,)`.
        values: float64 `(nnz,)`.
        size: Number of features.
    """

    documents: NDArray[np.int64]
    columns: NDArray[np.intp]
    values: NDArray[np.float64]
    size: int

    @classmethod
    def of(cls, postings: Postings, features: Sequence[int] | NDArray[np.integer]) -> "Activations":
        """Activations of distinct features; only their postings are read."""
        parts = [postings.documents(int(feature)) for feature in features]
        documents = np.concatenate([rows for rows, _ in parts]).astype(np.int64)
        # Sorting numbers that all differ is much faster than a stable sort of the documents.
        bits = len(documents).bit_length()
        keys = (documents << bits) | np.arange(len(documents))
        keys.sort()
        order = keys & ((1 << bits) - 1)
        columns = np.repeat(np.arange(len(parts)), [len(rows) for rows, _ in parts])[order]
        values = np.concatenate([values for _, values in parts]).astype(np.float64)[order]
        return cls(keys >> bits, columns, values, len(parts))

    def of_first(self, count: int) -> "Activations":
        """Activations of the first `count` features."""
        if count >= self.size:
            return self
        kept = self.columns < count
        return Activations(self.documents[kept], self.columns[kept], self.values[kept], count)

    def blocks(self, length: int = _ACTIVATIONS) -> Iterator["Activations"]:
        """The same, in parts of about `length` that do not divide a document."""
        start = 0
        while start < len(self.documents):
            last = self.documents[min(start + length, len(self.documents)) - 1]
            span = slice(start, int(np.searchsorted(self.documents, last, side="right")))
            yield Activations(
                self.documents[span], self.columns[span], self.values[span], self.size
            )
            start = span.stop


def co_occurrence_block(
    activations: Activations, *, block_length: int = _ACTIVATIONS, pair_cost: int = _PAIR
) -> Block:
    """The co-occurrence matrix of some features, in their order.

    Time grows with the number of pairs that are active together. Where that takes longer, because
    a few features share most of their documents, a dense matrix product is used.

    `block_length` activations are counted at a time. Finding one pair takes as long as
    `pair_cost` multiplications of a matrix product.
    """
    size, columns = activations.size, activations.columns
    counts, products = np.zeros((size, size)), np.zeros((size, size))
    for block in activations.blocks(block_length):
        found = _together(block, pair_cost)
        counts += found[0]
        products += found[1]
    squares = np.bincount(columns, np.square(activations.values), minlength=size)
    np.fill_diagonal(counts, np.bincount(columns, minlength=size))
    np.fill_diagonal(products, squares)
    norms = np.sqrt(squares)
    norms[norms == 0] = 1
    return Block(counts.astype(np.int64), products / np.outer(norms, norms))


def _together(
    block: Activations, pair_cost: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts of common documents, and sums of products of activations; each `(size, size)`."""
    columns, values, size = block.columns, block.values, block.size
    new = np.diff(block.documents, prepend=-1) > 0
    active = np.diff(np.append(np.flatnonzero(new), len(new)))
    pairs = int((active * (active - 1)).sum()) // 2
    if len(active) * size * size <= pair_cost * pairs:
        dense = np.zeros((len(active), size))
        places = np.cumsum(new) - 1, columns
        dense[places] = values
        products = dense.T @ dense
        dense[places] = 1
        return dense.T @ dense, products
    first, second = _pairs_of_equals(block.documents)
    cells = columns[first] * size + columns[second]

    def summed(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.bincount(cells, weights, minlength=size * size).reshape(size, size)
        # Each pair was found once, on one side of the diagonal.
        return np.asarray(sums + sums.T, dtype=np.float64)

    return summed(np.ones(len(cells))), summed(values[first] * values[second])


def _pairs_of_equals(
    ascending: NDArray[np.integer],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of all pairs of equal numbers in an ascending array, each pair once."""
    first = np.arange(len(ascending))
    firsts, seconds = [first[:0]], [first[:0]]
    # A number without an equal one at this distance has none at a larger distance.
    for shift in range(1, len(ascending)):
        first = first[: np.searchsorted(first, len(ascending) - shift)]
        first = first[ascending[first] == ascending[first + shift]]
        if not len(first):
            break
        firsts.append(first)
        seconds.append(first + shift)
    return np.concatenate(firsts), np.concatenate(seconds)
