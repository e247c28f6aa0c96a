"""Rank documents by a vector, or by the query and what changed features reward."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.code_scores import NEAREST, STRONGEST, added_scores, best_by_codes
from saetui.core.codec import Float
from saetui.core.search import cosines, distinct, top, unit
from saetui.session.search.document_masks import Eligible
from saetui.session.search.neighbourhood import (
    FilteredDocuments,
    QueryNeighbourhood,
    Rows,
    cosines_in_blocks,
)
from saetui.store.arrays import forget_pages
from saetui.store.bundle import Bundle, StoredSae

CANDIDATES: Final = 300
"""How many documents each of the two rankings contributes to a hybrid search."""

FUSION: Final = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher 2009)."""

# How many times more it is asked for each time.
_DEEPER = 4
# Documents per read when all are compared.
_SPAN = 32_768


@dataclass(frozen=True)
class SearchSizes:
    """Where a search changes its way; the defaults come from measurements.

    Attributes:
        few: If a filter leaves at most this many documents, each of them is compared,
        small_share: and also if it leaves at most this share of all documents.
        passing: The index must find at least this many eligible documents, or it is asked for more.
        nearest: See `saetui.core.code_scores.NEAREST`.
        strongest: See `saetui.core.code_scores.STRONGEST`.
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
        by_words: The part of each score that comes from the query's words, float32 `(m,)`.
    """

    rows: Rows
    scores: Float
    by_words: Float

    @classmethod
    def of(cls, rows: Rows, scores: Float) -> "Ranking":
        """A ranking in which words play no part."""
        return cls(rows, scores, np.zeros_like(scores))

    @classmethod
    def best(cls, rows: Rows, scores: Float, limit: int) -> "Ranking":
        """The `limit` best of some documents; words play no part."""
        best = top(scores, limit)
        return cls.of(rows[best].astype(np.int64), scores[best])

    @classmethod
    def empty(cls) -> "Ranking":
        """No documents."""
        return cls.of(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


class Ranker:
    """Ranks the documents of a bundle.

    Every method takes `eligible`, which says what documents may be found: bool `(N,)`, or None for
    all. A filter never costs results: the index is asked for more until enough eligible documents
    are found, or all eligible ones are compared.

    Args:
        bundle: Holds the documents.
        sae: Its codes decide what `by_codes` rewards.
        sizes: Where a search changes its way.
    """

    def __init__(self, bundle: Bundle, sae: StoredSae, sizes: SearchSizes) -> None:
        self._bundle = bundle
        self._sae = sae
        self._sizes = sizes
        # Each step of steering repeats the query and the filter of the step before.
        self._neighbourhood: QueryNeighbourhood | None = None
        self._filtered: FilteredDocuments | None = None

    def nearest(
        self, vector: Float, limit: int, *, exact: bool, eligible: Eligible | None = None
    ) -> Ranking:
        """The documents of the highest cosine to a vector `(d,)`; none if the vector is zero.

        Args:
            vector: Of any length.
            limit: How many.
            exact: Compare with every document instead of asking the index.
            eligible: See the class.
        """
        if not len(self._bundle) or not vector.any():
            return Ranking.empty()
        if eligible is None:
            # The search has no filter now, so the vectors kept for the last one can go.
            self._filtered = None
        rows = None
        if not (exact or self._bundle.index.exact or self._few(eligible)):
            rows = self._candidates(vector, limit, eligible)
        if rows is None:
            return Ranking.best(*self._all_cosines(vector, eligible), limit)
        return Ranking.best(rows, self.cosines(vector, rows), limit)

    def by_codes(
        self, e: Float, changes: Float, limit: int, *, exact: bool, eligible: Eligible | None = None
    ) -> Ranking:
        """The documents of the highest `cosine(e, x)` plus rewards of changed features.

        Args:
            e: The query's embedding `(d,)`. If it is zero, only rewarded documents are found.
            changes: `z' - z`, dense `(n,)`.
            limit: How many.
            exact: Compare with every document instead of asking the index.
            eligible: See the class.
        """
        if not len(self._bundle):
            return Ranking.empty()
        added = added_scores(self._sae.postings, changes, len(self._bundle))
        if eligible is not None:
            added[~eligible] = -np.inf
        if not e.any():
            rewarded = np.flatnonzero(added > 0)
            return Ranking.best(rewarded, added[rewarded], limit)
        if exact or self._bundle.index.exact:
            rows, scores = self._all_cosines(e, eligible)
            return Ranking.best(rows, scores + added[rows], limit)
        around = self._around(e, eligible)
        with around.lock:
            best = best_by_codes(
                added,
                limit,
                around.nearest,
                around.cosines,
                first_nearest=self._sizes.nearest,
                first_strongest=self._sizes.strongest,
            )
        return Ranking.of(*best)

    def vectors(self, rows: Rows) -> NDArray[np.floating]:
        """Embeddings of some documents, `(m, d)`, in the order of `rows`."""
        return self._bundle.rows.take(rows)

    def cosines(self, vector: Float, rows: Rows) -> Float:
        """Cosines of a vector to some documents, in the order of `rows`."""
        return cosines_in_blocks(vector, rows, self.vectors)

    def _few(self, eligible: Eligible | None) -> bool:
        """Whether so few documents are eligible that the index would look at nearly all others."""
        if eligible is None:
            return False
        few = max(self._sizes.few, self._sizes.small_share * len(self._bundle))
        return int(eligible.sum()) <= few

    def _candidates(self, vector: Float, limit: int, eligible: Eligible | None) -> Rows | None:
        """Rows that the index names, ascending, all eligible; None if it does not name enough."""
        depth = self._bundle.index.parameters.depth(limit)
        while True:
            rows = self._bundle.index.search(unit(vector), depth)
            if not len(rows):
                return None
            if eligible is None:
                return np.sort(rows)
            passing = rows[eligible[rows]]
            if len(passing) >= max(limit, self._sizes.passing):
                return np.sort(passing)
            if depth >= len(self._bundle) // _DEEPER:
                return None
            depth *= _DEEPER

    def _all_cosines(self, vector: Float, eligible: Eligible | None) -> tuple[Rows, Float]:
        """Rows and cosines of all eligible documents."""
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

            latest = QueryNeighbourhood(e, eligible, nearest, lambda rows: self.cosines(e, rows))
            self._neighbourhood = latest
        return latest


def fused(meaning: Ranking, words: Ranking, limit: int) -> Ranking:
    """Two rankings as one: each adds `1 / (60 + rank)` to a document's score."""
    rows = distinct(meaning.rows, words.rows)
    parts = []
    for ranking in (meaning, words):
        part = np.zeros(len(rows), dtype=np.float32)
        places = np.searchsorted(rows, ranking.rows)
        part[places] = 1 / (FUSION + 1 + np.arange(len(ranking.rows)))
        parts.append(part)
    scores = parts[0] + parts[1]
    best = top(scores, limit)
    return Ranking(rows[best], scores[best], parts[1][best])
