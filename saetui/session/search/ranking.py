"""Rank documents by their cosine to a vector, and by what words and features add to it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import NEAREST, STRONGEST, AddedScores, best_by_sum, cosines, top, unit
from saetui.session.search.document_masks import Eligible
from saetui.store.arrays import forget_pages
from saetui.store.bundle import Bundle

# Documents whose embeddings are read together.
_BLOCK = 4_096

Rows = NDArray[np.int64]
Vectors = NDArray[np.floating]


def cosines_in_blocks(vector: Float, rows: Rows, vectors: Callable[[Rows], Vectors]) -> Float:
    """Cosines of a vector `(d,)` of any length to some documents.

    `vectors` reads the embeddings `(m, d)` of some rows; it is asked for a block at a time.
    """
    parts = [
        cosines(vector, vectors(rows[start : start + _BLOCK]))
        for start in range(0, len(rows), _BLOCK)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


class FilteredDocuments:
    """The documents that pass one filter, by ascending rows.

    `vectors` reads the embeddings `(m, d)` of some rows; these stay in memory if they take at most
    `kept_bytes`.

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

    `nearest` finds rows and cosines of as many nearest documents as asked for, `cosines` computes
    those of the query `e` `(d,)` to some of all `documents`. The lock is to be held while the
    methods of these names are called.
    """

    def __init__(
        self,
        e: Float,
        eligible: Eligible | None,
        documents: int,
        nearest: Callable[[int], tuple[Rows, Float]],
        cosines: Callable[[Rows], Float],
    ) -> None:
        self.lock = threading.Lock()
        self._e = e
        self._eligible = eligible
        self._find = nearest
        self._compute = cosines
        self._nearest: dict[int, tuple[Rows, Float]] = {}
        # NaN for those that are not known yet.
        self._cosines: Float = np.full(documents, np.nan, dtype=np.float32)

    def is_of(self, e: Float, eligible: Eligible | None) -> bool:
        """Whether it belongs to this query and filter."""
        if eligible is None or self._eligible is None:
            return eligible is self._eligible and np.array_equal(e, self._e)
        return np.array_equal(e, self._e) and np.array_equal(eligible, self._eligible)

    def nearest(self, depth: int) -> tuple[Rows, Float]:
        """Rows and cosines of the `depth` nearest documents, best first."""
        if depth not in self._nearest:
            rows, cosines = self._nearest[depth] = self._find(depth)
            # Those known from another search stay as they are, since they may round differently.
            new = np.isnan(self._cosines[rows])
            self._cosines[rows[new]] = cosines[new]
        return self._nearest[depth]

    def cosines(self, rows: Rows) -> Float:
        """Cosines of the query to some documents, in the order of `rows`."""
        new = rows[np.isnan(self._cosines[rows])]
        if len(new):
            self._cosines[new] = self._compute(new)
        return self._cosines[rows]


# How many times more the index is asked for each time that it has named too few.
_DEEPER = 4
# Documents per read when all are compared.
_SPAN = 32_768


@dataclass(frozen=True)
class SearchSizes:
    """The sizes at which a search proceeds differently; the defaults come from measurements.

    Attributes:
        few: If a filter leaves at most this many documents, each of them is compared,
        small_share: and also if it leaves at most this share of all documents.
        passing: The index must find at least this many eligible documents, or it is asked for more.
        nearest: See `saetui.core.scores.NEAREST`.
        strongest: See `saetui.core.scores.STRONGEST`.
        kept_bytes: Embeddings of filtered documents stay in memory if they take at most this.
        queries: How many queries are remembered.
    """

    few: int = 4_096
    small_share: float = 1 / 16
    passing: int = 100
    nearest: int = NEAREST
    strongest: int = STRONGEST
    kept_bytes: int = 48 << 20
    queries: int = 64


@dataclass(frozen=True)
class Ranking:
    """Documents, best first; equal scores in order of rows.

    Attributes:
        rows: int64 `(m,)`.
        scores: float32 `(m,)`, what they are ranked by.
    """

    rows: Rows
    scores: Float

    @classmethod
    def best(cls, rows: Rows, scores: Float, limit: int) -> "Ranking":
        """The `limit` best of some documents."""
        best = top(scores, limit)
        return cls(rows[best].astype(np.int64), scores[best])

    @classmethod
    def empty(cls) -> "Ranking":
        """No documents."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


class Ranker:
    """Ranks the documents of a bundle.

    Methods that find documents take `eligible`, which says what may be found: bool `(N,)`, or None
    for all. A filter never costs results: the index is asked for more until enough eligible
    documents are found, or all eligible ones are compared. With `exact` they compare with every
    document instead of asking the index.
    """

    def __init__(self, bundle: Bundle, sizes: SearchSizes) -> None:
        self._bundle = bundle
        self._sizes = sizes
        # Each step of steering repeats the query and the filter of the step before.
        self._neighbourhood: QueryNeighbourhood | None = None
        self._filtered: FilteredDocuments | None = None

    def nearest(
        self, vector: Float, limit: int, *, exact: bool, eligible: Eligible | None = None
    ) -> Ranking:
        """The documents of the highest cosine to a vector `(d,)` of any length; none to zeros."""
        if not len(self._bundle) or not vector.any():
            return Ranking.empty()
        if eligible is None:
            # The search has no filter now, so the vectors kept for the last one can go.
            self._filtered = None
        rows = None
        if not (exact or self._compares_all or self._few(eligible)):
            rows = self._candidates(vector, limit, eligible)
        if rows is None:
            return Ranking.best(*self._all_cosines(vector, eligible), limit)
        return Ranking.best(rows, self.cosines(vector, rows), limit)

    def best_by_sum(
        self,
        vector: Float,
        added: AddedScores,
        limit: int,
        *,
        exact: bool,
        eligible: Eligible | None = None,
    ) -> Ranking:
        """The documents of the highest cosine plus whatever else adds to their score.

        The filter is applied to `added` in place. If the vector `(d,)` is zero, only documents are
        found that something raises above the others.
        """
        if not len(self._bundle):
            return Ranking.empty()
        scores = added.scores
        if eligible is not None:
            scores[~eligible] = -np.inf
        if not vector.any():
            return Ranking.best(added.above, scores[added.above], limit)
        if exact or self._compares_all:
            rows, found = self._all_cosines(vector, eligible)
            found = found + scores[rows]
            possible = np.isfinite(found)
            return Ranking.best(rows[possible], found[possible], limit)
        around = self._around(vector, eligible)
        with around.lock:
            first_look = self._sizes.nearest, self._sizes.strongest
            return Ranking(
                *best_by_sum(added, limit, around.nearest, around.cosines, first_look=first_look)
            )

    @property
    def _compares_all(self) -> bool:
        """Whether every document is compared: the index is exact, or knows nothing of passages."""
        unaware = self._bundle.passages is not None and self._bundle.indexed_passages is None
        return self._bundle.index.exact or unaware

    def vectors_near(self, vector: Float, rows: Rows) -> NDArray[np.floating]:
        """What some documents are compared with a vector by: themselves, or their best passages."""
        passages = self._bundle.passages
        if passages is None or not vector.any():
            return self.vectors(rows)
        return passages.vectors[passages.best(vector, rows)[0]]

    def vectors(self, rows: Rows) -> NDArray[np.floating]:
        """Embeddings of some documents, `(m, d)`, in the order of `rows`."""
        return self._bundle.rows.take(rows)

    def cosines(self, vector: Float, rows: Rows) -> Float:
        """Cosines of a vector to some documents, in the order of `rows`."""
        passages = self._bundle.passages
        if passages is not None:
            return passages.best(vector, rows)[1]
        return cosines_in_blocks(vector, rows, self.vectors)

    def _few(self, eligible: Eligible | None) -> bool:
        """Whether so few documents are eligible that the index would look at nearly all others."""
        if eligible is None:
            return False
        few = max(self._sizes.few, self._sizes.small_share * len(self._bundle))
        return int(eligible.sum()) <= few

    def _candidates(self, vector: Float, limit: int, eligible: Eligible | None) -> Rows | None:
        """Eligible rows that the index names, ascending; None if it does not name enough."""
        index, passages = self._bundle.index, self._bundle.passages
        depth = index.parameters.depth(limit)
        while True:
            rows = index.search(unit(vector), depth)
            if not len(rows):
                return None
            rows = self._bundle.named(rows)
            passing = rows if eligible is None else rows[eligible[rows]]
            wanted = limit if eligible is None else max(limit, self._sizes.passing)
            if len(passing) >= wanted or (passages is None and eligible is None):
                return np.sort(passing)
            if depth >= index.parameters.documents // _DEEPER:
                return None
            depth *= _DEEPER

    def _all_cosines(self, vector: Float, eligible: Eligible | None) -> tuple[Rows, Float]:
        """Rows and cosines of all eligible documents."""
        passages = self._bundle.passages
        if passages is not None:
            found = passages.cosines(vector)
            rows = np.arange(len(found)) if eligible is None else np.flatnonzero(eligible)
            return rows, found[rows]
        if eligible is not None:
            filtered = self._filtered
            if filtered is None or not filtered.passes(eligible):
                filtered = self._filtered = FilteredDocuments(
                    eligible, self.vectors, self._sizes.kept_bytes
                )
            return filtered.rows, filtered.cosines(vector)
        vectors = self._bundle.embeddings
        parts = []
        for start in range(0, len(vectors), _SPAN):
            parts.append(cosines(vector, vectors[start : start + _SPAN]))
            if len(vectors) > _SPAN:
                forget_pages(vectors)
        return np.arange(len(vectors)), np.concatenate(parts)

    def _around(self, e: Float, eligible: Eligible | None) -> QueryNeighbourhood:
        """The neighbourhood of a query; the last one is kept."""
        latest = self._neighbourhood
        if latest is None or not latest.is_of(e, eligible):

            def nearest(depth: int) -> tuple[Rows, Float]:
                found = self.nearest(e, depth, exact=False, eligible=eligible)
                return found.rows, found.scores

            latest = QueryNeighbourhood(
                e, eligible, len(self._bundle), nearest, lambda rows: self.cosines(e, rows)
            )
            self._neighbourhood = latest
        return latest
