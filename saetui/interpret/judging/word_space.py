"""Documents as their words alone: which of them use a label's words, or similar ones.

Nothing here uses the embedder that the SAE was trained on. Words are weighted as in BM25 (Robertson
and Zaragoza, "The Probabilistic Relevance Framework", 2009). Latent semantic analysis (Deerwester
et al. 1990) makes words similar that occur in the same documents; it is computed by the randomised
range finder of Halko, Martinsson and Tropp (2011).
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int
from saetui.interpret.terms.languages import words_apart
from saetui.interpret.terms.tokens import Tokens
from saetui.interpret.terms.words import NUMBER, STOP, kind_of, word_of

WIDTH = 200
"""Dimensions of latent semantic analysis; fewer for a small corpus."""

# With as many dimensions as documents no two words would be similar.
_DOCUMENTS_PER_DIMENSION = 4

_LEAST_DOCUMENTS = 3
# BM25's k1 and b: how soon repetition stops counting, and how much long documents are discounted.
_SATURATION = 1.2
_LENGTH = 0.75
# The range finder's extra columns and power iterations.
_SPARE = 20
_PASSES = 3
# Documents that are counted or projected at once.
_DOCUMENTS = 8_192

_SEPARATORS = re.compile(r"[\s,;:()/]+")

Sparse = Any
"""A matrix of `scipy.sparse`, which has no types."""


class WordSpace:
    """The weighted words of every document, and its vector by latent semantic analysis.

    Args:
        tokens: Of all documents.
        rows: The documents that frequencies and dimensions are learnt from.
        seed: Of the range finder.
        width: Dimensions of the vectors at most.
        at_once: Documents that are counted or projected at a time.

    Attributes:
        saturated: CSR float32 `(N, V)`, BM25's weight of each word in each document without the
            word's rarity; from 0 to below 2.2.
        vectors: float32 `(N, w)`, `w` at most `width`, of unit norm; zero for a document without
            known words.
    """

    def __init__(
        self,
        tokens: Tokens,
        rows: Int,
        seed: int,
        *,
        width: int = WIDTH,
        at_once: int = _DOCUMENTS,
    ) -> None:
        counts = _counted(tokens, at_once)
        documents = np.bincount(counts[rows].indices, minlength=counts.shape[1])
        frequent = documents >= min(_LEAST_DOCUMENTS, max(len(rows), 1))
        self._number = tokens.numbers
        # By alphabet, so that the order of words does not depend on the order of documents.
        ordered = [self._number[word] for word in sorted(self._number)]
        known = np.array([number for number in ordered if frequent[number]], dtype=np.int64)
        self._column = np.full(counts.shape[1], -1, dtype=np.int64)
        self._column[known] = np.arange(len(known))
        documents = documents[known]
        self._rarity = np.log1p((len(rows) - documents + 0.5) / (documents + 0.5))
        counts = counts[:, known].tocsr()
        counts.sort_indices()
        self.saturated = _saturated(counts, rows)
        weighted = _of_unit_norm(_logarithmic(counts, self._rarity))
        width = min(width, -(-len(rows) // _DOCUMENTS_PER_DIMENSION))
        self._axes = _principal_axes(weighted[rows], width, seed)
        self.vectors = _projected(weighted, self._axes, at_once)

    def queries(self, texts: Sequence[str]) -> Sparse:
        """CSR `(len(texts), V)`: the share of each known word in a text's total rarity.

        The product with a row of `saturated` says how much of the text a document covers.
        """
        from scipy.sparse import csr_matrix

        columns = [self._columns(text) for text in texts]
        indptr = np.cumsum([0, *map(len, columns)])
        indices = np.array([column for each in columns for column in each], dtype=np.int64)
        weights = self._rarity[indices]
        shape = (len(texts), len(self._rarity))
        return _of_shares(csr_matrix((weights, indices, indptr), shape=shape))

    def query_vectors(self, queries: Sparse) -> Float:
        """Queries in the space of `vectors`, float32 of unit norm or zero."""
        return _unit_rows(np.asarray(queries @ self._axes, dtype=np.float32))

    def _columns(self, text: str) -> list[int]:
        found: dict[int, None] = {}
        for word in filter(None, _SEPARATORS.split(words_apart(text))):
            # The corpus may lack a compound but know its parts.
            parts = [word] if self._known(word) >= 0 else word.split("-")
            for part in filter(None, parts):
                if self._known(part) >= 0 and kind_of(part) not in (STOP, NUMBER):
                    found[self._known(part)] = None
        return list(found)

    def _known(self, word: str) -> int:
        number = self._number.get(word_of(word), -1)
        return int(self._column[number]) if number >= 0 else -1


def _counted(tokens: Tokens, at_once: int) -> Sparse:
    """How often each document has each word, CSR `(N, words)`; stop words and numbers left out."""
    from scipy.sparse import csr_matrix, vstack

    shape = (tokens.documents, int(tokens.words.max(initial=0)) + 1)
    counts = csr_matrix(shape, dtype=np.float32)
    blocks = []
    for start in range(0, tokens.documents, at_once):
        bounds = tokens.starts[start : start + at_once + 1]
        forms = tokens.forms[bounds[0] : bounds[-1]]
        kinds = tokens.kinds[forms]
        positions = np.flatnonzero((kinds != STOP) & (kinds != NUMBER))
        documents = np.searchsorted(bounds, positions + bounds[0], side="right") - 1
        ones = np.ones(len(positions), dtype=np.float32)
        block = csr_matrix(
            (ones, (documents, tokens.words[forms[positions]])), (len(bounds) - 1, shape[1])
        )
        block.sum_duplicates()
        blocks.append(block)
    return vstack(blocks, format="csr") if blocks else counts


def _saturated(counts: Sparse, rows: Int) -> Sparse:
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    mean = lengths[rows].mean() if len(rows) else 0.0
    relative = np.repeat(lengths / max(mean, 1e-9), np.diff(counts.indptr))
    saturated = counts.copy()
    discount = _SATURATION * (1 - _LENGTH + _LENGTH * relative)
    saturated.data = saturated.data * (1 + _SATURATION) / (saturated.data + discount)
    return saturated.astype(np.float32)


def _logarithmic(counts: Sparse, rarity: NDArray[np.float64]) -> Sparse:
    weighted = counts.copy()
    weighted.data = (1 + np.log(weighted.data)) * rarity[weighted.indices]
    return weighted


def _of_unit_norm(matrix: Sparse) -> Sparse:
    squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    return _scaled(matrix, np.sqrt(squares))


def _of_shares(matrix: Sparse) -> Sparse:
    return _scaled(matrix, np.asarray(matrix.sum(axis=1)).ravel())


def _scaled(matrix: Sparse, by: NDArray[np.float64]) -> Sparse:
    """Divide each row by a number; empty rows stay empty."""
    scaled = matrix.copy()
    scaled.data = scaled.data / np.repeat(np.maximum(by, 1e-9), np.diff(matrix.indptr))
    return scaled


def _projected(matrix: Sparse, axes: NDArray[np.float64], at_once: int) -> Float:
    """Project rows onto axes, float32 of unit norm; empty rows are zero and take no memory."""
    vectors = np.zeros((matrix.shape[0], axes.shape[1]), dtype=np.float32)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    for start in range(0, len(filled), at_once):
        rows = filled[start : start + at_once]
        vectors[rows] = _unit_rows(np.asarray(matrix[rows] @ axes, dtype=np.float32))
    return vectors


def _unit_rows(vectors: Float) -> Float:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, np.float32(1e-9)), dtype=np.float32)


def _principal_axes(matrix: Sparse, width: int, seed: int) -> NDArray[np.float64]:
    """The right singular vectors of the largest singular values, `(V, width)` or narrower."""
    width = min(width, *matrix.shape)
    if width < 1:
        return np.zeros((matrix.shape[1], 1))
    columns = min(width + _SPARE, *matrix.shape)
    start = np.random.default_rng(seed).standard_normal((matrix.shape[1], columns))
    basis = np.linalg.qr(matrix @ start)[0]
    for _ in range(_PASSES):
        basis = np.linalg.qr(matrix @ np.linalg.qr(matrix.T @ basis)[0])[0]
    axes: NDArray[np.float64] = np.linalg.svd((matrix.T @ basis).T, full_matrices=False)[2]
    return np.ascontiguousarray(axes[:width].T)
