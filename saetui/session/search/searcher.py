"""Answer search requests: from the request to ranked, compared and explained documents."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import DEFAULT_MODE
from saetui.core.code_scores import rewards
from saetui.core.codec import Float
from saetui.core.explain import Explanation, explain, explain_codes
from saetui.core.search import cosines, single, unit
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.search.document_masks import DocumentMasks, Eligible
from saetui.session.search.queries import Baseline, Queries, Query
from saetui.session.search.ranking import CANDIDATES, Ranker, Ranking, SearchSizes, fused
from saetui.session.search.response import Dropped, QueryFeature, Result, SearchResponse
from saetui.session.search.steered_query import SteeredQuery, steer_query
from saetui.session.search.word_search import best_by_words
from saetui.store.bundle import Bundle, StoredSae

BASELINE_DEPTH = 100


class Searcher:
    """Answers searches of an open bundle.

    Args:
        bundle: The open bundle.
        sae: The SAE to steer by.
        queries: Turns requests into queries.
        name: Returns what a feature is called now.
        sizes: Where a search changes its way.
        clock: Returns seconds, for `SearchResponse.milliseconds`.

    Attributes:
        masks: Which documents a filter lets through.
        ranker: Ranks documents.
    """

    def __init__(
        self,
        bundle: Bundle,
        sae: StoredSae,
        queries: Queries,
        name: Callable[[int], str],
        *,
        sizes: SearchSizes,
        clock: Callable[[], float],
    ) -> None:
        self.bundle = bundle
        self.sae = sae
        self.queries = queries
        self._name = name
        self._clock = clock
        self.masks = DocumentMasks(bundle, sae)
        self.ranker = Ranker(bundle, sae, sizes)

    def search(
        self, request: SearchRequest, interrupted: Callable[[], bool] = lambda: False
    ) -> SearchResponse:
        """See `Session.search`."""
        asked, request = request, request.effective
        _check(request)
        query = self.queries.of(request)
        started = self._clock()
        eligible = self.masks.eligible(request.filter, request.like)
        steered = steer_query(self.sae.weights, query, request, interrupted)
        ranking = self._ranked(request, steered, eligible, request.limit)
        baseline = self._baseline(request, query, eligible)
        rows = ranking.rows.tolist()
        shown = set(rows)
        before = [row for row, rank in baseline.ranks.items() if rank <= request.limit]
        missing = [row for row in before if row not in shown]
        headings = self.bundle.documents.headings([*rows, *missing])
        why = self._why(request, steered, ranking) if request.why else [None] * len(rows)
        results = tuple(
            Result(
                i + 1,
                baseline.ranks.get(row),
                float(ranking.scores[i]),
                row,
                *headings[row],
                why[i],
            )
            for i, row in enumerate(rows)
        )
        return SearchResponse(
            request=asked,
            results=results,
            features=self._features(query.z, steered.code, request.steering),
            dropped=tuple(Dropped(baseline.ranks[row], row, *headings[row][:2]) for row in missing),
            drift=float(unit(query.e) @ unit(steered.vector)) if query.e.any() else None,
            exact=request.exact,
            milliseconds=(self._clock() - started) * 1000,
            kept=self._kept(query, ranking.rows, baseline),
            overlap=1 - len(missing) / len(before) if before else None,
            recall=self._recall(request, steered, eligible, ranking),
            code_error=steered.code_error,
            eligible=len(self.bundle) if eligible is None else int(eligible.sum()),
        )

    def _ranked(
        self,
        request: SearchRequest,
        steered: SteeredQuery,
        eligible: Eligible | None,
        limit: int,
    ) -> Ranking:
        if request.retrieval == "lexical":
            return self._by_words(request, steered.query, eligible, limit)
        if request.retrieval == "hybrid":
            depth = max(limit, CANDIDATES)
            meaning = self._by_meaning(request, steered, eligible, depth)
            words = self._by_words(request, steered.query, eligible, depth)
            return fused(meaning, words, limit)
        return self._by_meaning(request, steered, eligible, limit)

    def _by_meaning(
        self,
        request: SearchRequest,
        steered: SteeredQuery,
        eligible: Eligible | None,
        limit: int,
    ) -> Ranking:
        exact = request.exact
        if request.mode == "codes":
            e, changes = steered.query.e, steered.changes
            return self.ranker.by_codes(e, changes, limit, exact=exact, eligible=eligible)
        return self.ranker.nearest(steered.vector, limit, exact=exact, eligible=eligible)

    def _by_words(
        self, request: SearchRequest, query: Query, eligible: Eligible | None, limit: int
    ) -> Ranking:
        """Remembered, since no steering changes it."""
        known = query.by_words.get((request.filter, limit))
        if known is None:
            known = best_by_words(self.bundle.documents, query.words, limit, eligible)
            query.by_words[request.filter, limit] = known
        return known

    def _baseline(
        self, request: SearchRequest, query: Query, eligible: Eligible | None
    ) -> Baseline:
        """What is found without steering, as deep as the results go; none without a query."""
        if not request.has_start:
            return Baseline({}, np.empty(0, dtype=np.float32))
        depth = max(request.limit, BASELINE_DEPTH)
        # A deeper search asks the index for more, and may rank differently.
        manner = (request.retrieval, request.exact, request.filter, depth)
        known = query.baselines.get(manner)
        if known is None:
            plain = replace(request, steering={}, mode=DEFAULT_MODE, solo=None, muted=())
            found = self._ranked(plain, SteeredQuery(query, query.z, query.e), eligible, depth)
            ranks = {row: rank for rank, row in enumerate(found.rows.tolist(), start=1)}
            known = Baseline(ranks, cosines(query.e, self._vectors(found.rows)))
            query.baselines[manner] = known
        return known

    def _kept(self, query: Query, rows: NDArray[np.int64], baseline: Baseline) -> float | None:
        """How near the results are to the query, as a share of what they are without steering."""
        before = baseline.cosines[: len(rows)]
        if not len(before) or not before.mean() > 0:
            return None
        return float(cosines(query.e, self._vectors(rows)).mean() / before.mean())

    def _recall(
        self,
        request: SearchRequest,
        steered: SteeredQuery,
        eligible: Eligible | None,
        exact: Ranking,
    ) -> float | None:
        """The share of exact results that the index finds, too."""
        if not request.exact or request.retrieval == "lexical" or not len(exact.rows):
            return None
        by_index = replace(request, exact=False)
        found = self._ranked(by_index, steered, eligible, len(exact.rows))
        return float(np.isin(exact.rows, found.rows).mean())

    def _why(
        self, request: SearchRequest, steered: SteeredQuery, ranking: Ranking
    ) -> list[Explanation]:
        # Ranks are no sums over features.
        if request.retrieval != "semantic":
            return [
                Explanation((), 0.0, float(score - words), float(words))
                for score, words in zip(ranking.scores, ranking.by_words, strict=True)
            ]
        weights, query = self.sae.weights, steered.query
        vectors = self._vectors(ranking.rows)
        if request.mode == "codes":
            reward = rewards(self.sae.postings, steered.changes, ranking.rows)
            return explain_codes(weights, query.z, query.e, vectors, reward)
        return explain(weights, steered.code, steered.vector, vectors)

    def _features(
        self, z: Float, steered: Float, steering: Mapping[int, object]
    ) -> tuple[QueryFeature, ...]:
        active = np.flatnonzero(z)
        own = active[np.lexsort((active, -z[active]))].tolist()
        added = [feature for feature in steering if z[feature] == 0]
        return tuple(
            QueryFeature(i, self._name(i), float(z[i]), float(steered[i])) for i in [*own, *added]
        )

    def _vectors(self, rows: NDArray[np.int64]) -> Float:
        return single(self.bundle.rows.take(rows))


def _check(request: SearchRequest) -> None:
    """Raise InputError if a request asks for nothing."""
    if not request.has_start and (not request.steering or request.retrieval != "semantic"):
        raise InputError("There is nothing to search for.", "Type a query or add a feature.")
