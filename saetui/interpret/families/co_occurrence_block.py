"""The co-occurrence matrix of one family's features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.postings import Postings

# Activations per block: they stay in the processor's cache, and each step is short enough for an
# app that counts in the background to keep answering.
_BLOCK = 8_192
# Finding one pair takes as long as this many multiplications of a matrix product.
_PAIR = 100


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

    def blocks(self, length: int = _BLOCK) -> Iterator["Activations"]:
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
    activations: Activations, *, block_length: int = _BLOCK, pair_cost: int = _PAIR
) -> Block:
    """The co-occurrence matrix of some features, in their order.

    Time grows with the number of pairs that are active together. Where that takes longer, because
    a few features share most of their documents, a dense matrix product is used.

    Args:
        activations: Of the features.
        block_length: Activations that are counted at a time.
        pair_cost: Multiplications of a matrix product that take as long as finding one pair.
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
