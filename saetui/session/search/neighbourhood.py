"""Cosines that the next step of steering needs again, kept in memory."""

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.search import cosines
from saetui.session.search.document_masks import Eligible

# Documents whose embeddings are read together.
_BLOCK = 4_096

Rows = NDArray[np.int64]
Vectors = NDArray[np.floating]


def cosines_in_blocks(vector: Float, rows: Rows, vectors: Callable[[Rows], Vectors]) -> Float:
    """Cosines of a vector to some documents, whose embeddings are read a block at a time.

    Args:
        vector: `(d,)`, of any length.
        rows: Of the documents.
        vectors: Reads the embeddings `(m, d)` of some rows.
    """
    parts = [
        cosines(vector, vectors(rows[start : start + _BLOCK]))
        for start in range(0, len(rows), _BLOCK)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


class FilteredDocuments:
    """The documents that pass one filter.

    Args:
        eligible: Which documents pass, bool `(N,)`.
        vectors: Reads the embeddings `(m, d)` of some rows.
        kept_bytes: The embeddings stay in memory if they take at most this.

    Attributes:
        rows: Their rows, ascending.
    """

    def __init__(
        self, eligible: Eligible, vectors: Callable[[Rows], Vectors], kept_bytes: int
    ) -> None:
        self.rows: Rows = np.flatnonzero(eligible)
        self._eligible = eligible
        self._read = vectors
        self._kept_bytes = kept_bytes
        self._vectors: Vectors | None = None

    def passes(self, eligible: Eligible) -> bool:
        """Whether a mask lets exactly these documents through."""
        return eligible is self._eligible or np.array_equal(eligible, self._eligible)

    def cosines(self, vector: Float) -> Float:
        """Cosines of a vector to each of them; their embeddings are kept if they are few."""
        if self._vectors is None:
            one = self._read(self.rows[:1])
            if len(self.rows) * one.nbytes > self._kept_bytes:
                return cosines_in_blocks(vector, self.rows, self._read)
            self._vectors = self._read(self.rows)
        return cosines(vector, self._vectors)


class QueryNeighbourhood:
    """The documents around one query, which steering by codes asks for at each step.

    Args:
        e: The query's embedding `(d,)`.
        eligible: Which documents may be found; None for all.
        nearest: Finds rows and cosines of the nearest documents, as many as asked for.
        cosines: Computes the cosines of the query to some rows.

    Attributes:
        lock: To be held while `nearest` and `cosines` are called.
    """

    def __init__(
        self,
        e: Float,
        eligible: Eligible | None,
        nearest: Callable[[int], tuple[Rows, Float]],
        cosines: Callable[[Rows], Float],
    ) -> None:
        self.lock = threading.Lock()
        self._e = e
        self._eligible = eligible
        self._find = nearest
        self._compute = cosines
        self._nearest: dict[int, tuple[Rows, Float]] = {}
        # Every document whose cosine is known, by ascending row.
        self._rows: Rows = np.empty(0, dtype=np.int64)
        self._cosines: Float = np.empty(0, dtype=np.float32)

    def is_of(self, e: Float, eligible: Eligible | None) -> bool:
        """Whether it belongs to this query and filter."""
        if eligible is None or self._eligible is None:
            return eligible is self._eligible and np.array_equal(e, self._e)
        return np.array_equal(e, self._e) and np.array_equal(eligible, self._eligible)

    def nearest(self, depth: int) -> tuple[Rows, Float]:
        """Rows and cosines of the `depth` nearest documents, best first."""
        if depth not in self._nearest:
            self._nearest[depth] = self._find(depth)
            self._remember(*self._nearest[depth])
        return self._nearest[depth]

    def cosines(self, rows: Rows) -> Float:
        """Cosines of the query to some documents, in the order of `rows`."""
        new = rows[~self._known(rows)]
        if len(new):
            self._remember(new, self._compute(new))
        return self._cosines[np.searchsorted(self._rows, rows)]

    def _known(self, rows: Rows) -> NDArray[np.bool_]:
        if not len(self._rows):
            return np.zeros(len(rows), dtype=bool)
        places = np.searchsorted(self._rows, rows)
        return np.asarray(self._rows[np.minimum(places, len(self._rows) - 1)] == rows)

    def _remember(self, rows: Rows, cosines: Float) -> None:
        new = ~self._known(rows)
        together = np.concatenate([self._rows, rows[new]])
        order = np.argsort(together)
        self._rows = together[order]
        self._cosines = np.concatenate([self._cosines, cosines[new]])[order]
