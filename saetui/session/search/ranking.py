"""Rank documents by vectors, by codes, by words and by ranks, among those that are eligible."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.code_scores import added_scores, best_by_codes
from saetui.core.codec import Float
from saetui.core.search import cosines, distinct, top, unit
from saetui.session.search.document_masks import Eligible
from saetui.session.search.fts_query import fts_query
from saetui.session.search.neighbourhood import FilteredDocuments, QueryNeighbourhood
from saetui.store.arrays import forget_pages
from saetui.store.bundle import Bundle, StoredSae

CANDIDATES: Final = 300
"""Of how many documents by meaning and by words the ranks are fused."""

FUSION: Final = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher 2009)."""

# So many eligible documents, or a smaller share of all, are compared one by one.
_FEW = 4_096
_SMALL_SHARE = 16
_DEEPER = 4
# So many are looked for among eligible documents, for the same reason.
_PASSING = 100
_BLOCK = 4_096
# Rows of an exact search that are read together.
_SPAN = 32_768

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """Documents, best first; equal scores in order of rows.

    Attributes:
        rows: int64 `(m,)`.
        scores: float32 `(m,)`, what they are ranked by.
        by_words: Of each score the part that is due to words, float32 `(m,)`.
    """

    rows: Rows
    scores: Float
    by_words: Float

    @classmethod
    def of(cls, rows: Rows, scores: Float) -> "Ranking":
        """A ranking that words have no part in."""
        return cls(rows, scores, np.zeros_like(scores))

    @classmethod
    def empty(cls) -> "Ranking":
        """No documents."""
        return cls.of(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


class Ranker:
    """Ranks the documents of a bundle.

    In every method, `eligible` says which documents may be found, bool `(N,)`; None: all. What is
    said of a filter holds exactly: the search goes deeper until there are as many results as
    asked for, or no more.

    Args:
        bundle: Of the documents.
        sae: Whose codes `by_codes` goes by.
    """

    def __init__(self, bundle: Bundle, sae: StoredSae) -> None:
        self._bundle = bundle
        self._sae = sae
        self._latest: QueryNeighbourhood | None = None
        self._latest_only: FilteredDocuments | None = None

    def nearest(
        self, vector: Float, limit: int, *, exact: bool, eligible: Eligible | None = None
    ) -> Ranking:
        """The documents nearest to a vector `(d,)`; none for zeros, which point nowhere.

        Args:
            vector: Need not be of unit norm.
            limit: How many.
            exact: Whether to compare with every document rather than ask the index.
            eligible: See above.
        """
        count = len(self._bundle) if eligible is None else int(eligible.sum())
        if not count or not vector.any():
            return Ranking.empty()
        if eligible is None:
            self._latest_only = None
        # An index that finds few eligible documents among many looks at nearly all of them.
        few = eligible is not None and count <= max(_FEW, len(self._bundle) // _SMALL_SHARE)
        if not (exact or few or self._bundle.index.exact):
            rows = self._candidates(vector, limit, eligible)
            # The index names none where it cannot name enough; then all are compared.
            if len(rows):
                return self._best(vector, rows, limit)
        if eligible is not None:
            only = self._only(eligible)
            scores = only.cosines(vector)
            best = top(scores, limit)
            return Ranking.of(only.rows[best], scores[best])
        scores = self._all_cosines(vector)
        best = top(scores, limit)
        return Ranking.of(best.astype(np.int64), scores[best])

    def by_codes(
        self, e: Float, changes: Float, limit: int, *, exact: bool, eligible: Eligible | None = None
    ) -> Ranking:
        """The best documents by `cosine(e, x)` and the rewards of changed features.

        Args:
            e: The query's embedding `(d,)`. Without one (zeros), the documents that are rewarded.
            changes: `z' - z`, dense `(n,)`.
            limit: How many.
            exact: Whether to compare with every document rather than ask the index.
            eligible: See above.
        """
        if not len(self._bundle):
            return Ranking.empty()
        added = added_scores(self._sae.postings, changes, len(self._bundle))
        if eligible is not None:
            added[~eligible] = -np.inf
        if not e.any():
            rewarded = np.flatnonzero(added > 0)
            best = rewarded[top(added[rewarded], limit)]
            return Ranking.of(best.astype(np.int64), added[best])
        if exact or self._bundle.index.exact:
            scores = self._all_cosines(e) + added
            best = top(scores, min(limit, int(np.isfinite(added).sum())))
            return Ranking.of(best.astype(np.int64), scores[best])

        around = self._around(e, eligible)
        with around.lock:
            return Ranking.of(*best_by_codes(added, limit, around.nearest, around.cosines))

    def _around(self, e: Float, eligible: Eligible | None) -> QueryNeighbourhood:
        """What is known about the documents around a query; of the latest one it is kept."""
        latest = self._latest
        if latest is None or not latest.is_of(e, eligible):
            latest = self._latest = QueryNeighbourhood(self, e, eligible)
        return latest

    def by_words(self, text: str, limit: int, eligible: Eligible | None = None) -> Ranking:
        """The documents that a text's words match best by BM25."""
        expression = fts_query(text)
        if not expression:
            return Ranking.empty()
        depth = limit
        while True:
            found = self._bundle.documents.matching(expression, depth)
            passing = [pair for pair in found if eligible is None or eligible[pair[0]]][:limit]
            if len(passing) == limit or len(found) < depth:
                rows = np.array([row for row, _ in passing], dtype=np.int64)
                scores = np.array([score for _, score in passing], dtype=np.float32)
                return Ranking(rows, scores, scores)
            depth *= _DEEPER

    def _candidates(self, vector: Float, limit: int, eligible: Eligible | None) -> Rows:
        """Rows that the index names, ascending; all of them eligible; none if they are too few."""
        # What the index names is scored again from the vectors themselves.
        depth = self._bundle.index.parameters.depth(limit)
        while True:
            rows = self._bundle.index.search(unit(vector), depth)
            passing = rows if eligible is None else rows[eligible[rows]]
            if eligible is None or len(passing) >= max(limit, _PASSING):
                return np.sort(passing)
            if not len(rows) or depth >= len(self._bundle) // _DEEPER:
                return np.empty(0, dtype=np.int64)
            depth *= _DEEPER

    def _best(self, vector: Float, rows: Rows, limit: int) -> Ranking:
        scores = self.cosines(vector, rows)
        best = top(scores, limit)
        return Ranking.of(rows[best], scores[best])

    def _only(self, eligible: Eligible) -> FilteredDocuments:
        """Eligible documents; the latest ones are kept, since steering asks for them again."""
        latest = self._latest_only
        if latest is None or not latest.are(eligible):
            latest = self._latest_only = FilteredDocuments(self, eligible)
        return latest

    def vectors(self, rows: Rows) -> NDArray[np.floating]:
        """Embeddings of some documents, `(m, d)`, in their order."""
        return self._bundle.rows.take(rows)

    def cosines(self, vector: Float, rows: Rows) -> Float:
        """To some documents, in their order."""
        parts = [
            cosines(vector, self._bundle.rows.take(rows[start : start + _BLOCK]))
            for start in range(0, len(rows), _BLOCK)
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)

    def _all_cosines(self, vector: Float) -> Float:
        """To all documents, whose pages are let go of on the way."""
        vectors = self._bundle.embeddings
        parts = []
        for start in range(0, len(vectors), _SPAN):
            parts.append(cosines(vector, vectors[start : start + _SPAN]))
            if len(vectors) > _SPAN:
                forget_pages(vectors)
        return np.concatenate(parts)


def fused(meaning: Ranking, words: Ranking, limit: int) -> Ranking:
    """Two rankings as one: each gives a document `1 / (60 + its rank)`, and the sums are ranked."""
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
