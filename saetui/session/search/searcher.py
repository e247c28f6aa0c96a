"""Answer search requests: from the request to ranked, compared and explained documents."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import BY_DOCUMENTS, DEFAULT_MODE
from saetui.core.codec import Float
from saetui.core.scores import AddedScores, Explanation, cosines, explain, explain_sum, single, unit
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.search.document_masks import DocumentMasks, Eligible
from saetui.session.search.document_terms import DocumentTerms
from saetui.session.search.queries import Baseline, Queries, Query, SteeredQuery, steer_query
from saetui.session.search.query_encoder import QueryEncoder
from saetui.session.search.ranking import Ranker, Ranking, SearchSizes
from saetui.session.search.response import (
    Dropped,
    Excerpt,
    QueryFeature,
    Result,
    SearchResponse,
    excerpt,
)
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureRecord
from saetui.store.stored_sae import StoredSae

BASELINE_DEPTH = 100
# How many passages are looked for, for each paper that is wanted; if they are of too few papers,
# as many times more.
_PASSAGES = 4
# From this degree on a document is said to have a feature although it does not count for it.
_SHOWS = 0.5
# How many characters of a passage stand for a missing title.
_OPENING = 200


class Searcher:
    """Answers searches of an open bundle.

    `embed` computes the embedding of a text, and `record` returns what is known of a feature now.

    Attributes:
        masks: Which documents a filter lets through.
        ranker: Ranks documents.
        terms: What words and changed features add to scores.
        encoder: Says which features a query has.
        queries: Turns requests into queries.
    """

    def __init__(
        self,
        bundle: Bundle,
        sae: StoredSae,
        embed: Callable[[str], Float],
        record: Callable[[int], FeatureRecord],
        *,
        sizes: SearchSizes,
        clock: Callable[[], float],
    ) -> None:
        self.bundle = bundle
        self.sae = sae
        self._record = record
        self._clock = clock
        self.masks = DocumentMasks(bundle, sae)
        self.ranker = Ranker(bundle, sizes)
        self.terms = DocumentTerms(bundle, sae, record)
        self.encoder = QueryEncoder(bundle, sae, self.nearest)
        self.queries = Queries(bundle, sae, embed, self.encoder.encoded, sizes.queries)

    def search(
        self, request: SearchRequest, interrupted: Callable[[], bool] = lambda: False
    ) -> SearchResponse:
        """See `Session.search`."""
        asked, request = request, request.effective
        _check(request)
        query = self.queries.of(request)
        started = self._clock()
        passing = self.masks.eligible(request.filter, request.like)
        eligible = passing if request.unfolded else self.masks.folded(request.filter, request.like)
        steered = steer_query(self.sae.weights, query, request, interrupted)
        ranking, more = self._found(request, steered, eligible, request.limit)
        baseline = self._baseline(request, query, eligible)
        rows = ranking.rows.tolist()
        keys = self._keys(request, rows)
        shown = set(keys)
        before = baseline.rows[: request.limit]
        gone = zip(before, self._keys(request, before), strict=True)
        missing = {row: baseline.ranks[key] for row, key in gone if key not in shown}
        headings = self.bundle.documents.headings([*rows, *missing])
        repeats = self.bundle.documents.repeats.counts(ranking.rows, passing)
        why = self._why(request, steered, ranking) if request.why else [None] * len(rows)
        passages = self._passages(request, steered.vector, ranking.rows)
        papers = self._papers([*rows, *missing])
        for row, (_, found, has_title) in zip(rows, passages, strict=True):
            if found.text and not has_title:
                # What was found says more than the document's first words.
                number, _, published = headings[row]
                headings[row] = number, found.text[:_OPENING], published
        results = tuple(
            Result(
                i + 1,
                baseline.ranks.get(keys[i]),
                float(ranking.scores[i]),
                row,
                *headings[row],
                why[i],
                1 if request.unfolded else repeats[i],
                passages[i][0],
                papers.get(row, ""),
                more[i],
                passages[i][1].text,
                passages[i][1].start,
            )
            for i, row in enumerate(rows)
        )
        return SearchResponse(
            request=asked,
            results=results,
            features=self._features(query, steered.code, request.on),
            told=0 if query.relevance is None else query.relevance.told,
            dropped=tuple(
                Dropped(rank, row, *headings[row][:2], papers.get(row, ""))
                for row, rank in missing.items()
            ),
            drift=float(unit(query.e) @ unit(steered.vector)) if query.e.any() else None,
            exact=request.exact,
            milliseconds=(self._clock() - started) * 1000,
            kept=self._kept(query, ranking.rows, baseline),
            overlap=1 - len(missing) / len(before) if before else None,
            recall=self._recall(request, steered, eligible, ranking),
            code_error=steered.code_error,
            eligible=len(self.bundle) if passing is None else int(passing.sum()),
            lacking=self._lacking(steered, [*rows, *baseline.rows]) if query.e.any() else (),
        )

    def _ranked(
        self,
        request: SearchRequest,
        steered: SteeredQuery,
        eligible: Eligible | None,
        limit: int,
    ) -> Ranking:
        if request.retrieval == "lexical":
            return self.terms.matches(steered.query.words).best(limit, eligible)
        terms = [*self.terms.of_features(request, steered).values()]
        words = self.terms.of_query(request)
        if words is not None:
            terms.append(words)
        exact, vector = request.exact, steered.vector
        if not terms:
            return self.ranker.nearest(vector, limit, exact=exact, eligible=eligible)
        added = AddedScores.of(terms, len(self.bundle))
        return self.ranker.best_by_sum(vector, added, limit, exact=exact, eligible=eligible)

    def _found(
        self,
        request: SearchRequest,
        steered: SteeredQuery,
        eligible: Eligible | None,
        limit: int,
    ) -> tuple[Ranking, list[int]]:
        """The best documents, of each paper one; how many further ones of it were found."""
        papers = None if request.unfolded else self.bundle.documents.papers
        if papers is None:
            found = self._ranked(request, steered, eligible, limit)
            return found, [0] * len(found.rows)
        depth = limit
        while True:
            depth *= _PASSAGES
            found = self._ranked(request, steered, eligible, depth)
            places, more = papers.best(found.rows, limit)
            if len(places) == limit or len(found.rows) < depth:
                return Ranking(found.rows[places], found.scores[places]), more

    def _keys(self, request: SearchRequest, rows: list[int]) -> list[int]:
        """For each document what a rank belongs to: itself, or its paper."""
        papers = None if request.unfolded else self.bundle.documents.papers
        return rows if papers is None else papers.keys(rows)

    def _papers(self, rows: list[int]) -> dict[int, str]:
        """Titles of the papers that some documents are passages of."""
        papers = self.bundle.documents.papers
        if papers is None:
            return {}
        found = self.bundle.documents.metadata_of(rows)
        return {row: str(metadata.get(papers.field, "")) for row, metadata in found}

    def nearest(self, text: str, e: Float, limit: int) -> Ranking:
        """The documents nearest to a text by meaning and words, whatever filter is set."""
        added = AddedScores.of([self.terms.of_words(text)], len(self.bundle))
        return self.ranker.best_by_sum(e, added, limit, exact=False)

    def _baseline(
        self, request: SearchRequest, query: Query, eligible: Eligible | None
    ) -> Baseline:
        """What is found without steering, as deep as the results go; none without a query."""
        if not request.has_start:
            return Baseline({}, [], np.empty(0, dtype=np.float32))
        depth = max(request.limit, BASELINE_DEPTH)
        # A deeper search asks the index for more, and may rank differently.
        manner = (request.retrieval, request.exact, request.filter, request.unfolded, depth)
        known = query.baselines.get(manner)
        if known is None:
            plain = replace(request.reset(), mode=DEFAULT_MODE)
            found, _ = self._found(plain, SteeredQuery(query, query.z, query.e), eligible, depth)
            rows = found.rows.tolist()
            ranks = {key: rank for rank, key in enumerate(self._keys(request, rows), start=1)}
            known = Baseline(ranks, rows, cosines(query.e, self._vectors(found.rows)))
            query.baselines[manner] = known
        return known

    def _kept(self, query: Query, rows: NDArray[np.int64], baseline: Baseline) -> float | None:
        """How near the results are to the query, as a share of what they are without steering."""
        before = baseline.cosines[: len(rows)]
        if not len(before) or not before.mean() > 0:
            return None
        return float(cosines(query.e, self._vectors(rows)).mean() / before.mean())

    def _lacking(self, steered: SteeredQuery, about: list[int]) -> tuple[int, ...]:
        """Raised features that none of some documents has."""
        raised = np.flatnonzero(steered.changes > 0).tolist()
        rows = np.array(about, dtype=np.int64)
        return tuple(i for i in raised if not self._has(i, rows).any())

    def _has(self, feature: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each of some documents counts for a feature, or shows it by its words."""
        shown = self.terms.shown(feature)
        showing = shown.rows[shown.degrees >= _SHOWS]
        return np.isin(rows, self.sae.counted.documents(feature)[0]) | np.isin(rows, showing)

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
        found, _ = self._found(by_index, steered, eligible, len(exact.rows))
        return float(np.isin(exact.rows, found.rows).mean())

    def _why(
        self, request: SearchRequest, steered: SteeredQuery, ranking: Ranking
    ) -> list[Explanation]:
        if request.retrieval == "lexical":
            return [Explanation((), 0.0, 0.0, float(score)) for score in ranking.scores]
        weights, rows = self.sae.weights, ranking.rows
        vectors = single(self.ranker.vectors_near(steered.vector, rows))
        if request.mode in BY_DOCUMENTS:
            terms = self.terms.of_features(request, steered)
            added = {feature: term.of(rows) for feature, term in terms.items()}
            found = explain_sum(weights, steered.kept, steered.vector, vectors, added)
            absent = {i: ~self._has(i, rows) for i in terms if steered.changes[i] > 0}
            for place, each in enumerate(found):
                costs = (feature for feature, term in each.features if term < 0)
                lacks = tuple(i for i in costs if i in absent and absent[i][place])
                found[place] = replace(each, lacks=lacks)
        else:
            found = explain(weights, steered.code, steered.vector, vectors)
        words = self.terms.of_query(request)
        if words is None:
            return found
        return [
            replace(each, words=float(word))
            for each, word in zip(found, words.of(rows), strict=True)
        ]

    def _features(
        self, query: Query, steered: Float, on: Iterable[int]
    ) -> tuple[QueryFeature, ...]:
        z, asked = query.z, query.relevance
        if asked is None:
            active = np.flatnonzero(z)
            listed = active[np.lexsort((active, -z[active]))].tolist()
        else:
            listed = asked.first(z)

        def shown(i: int) -> QueryFeature:
            return QueryFeature(i, self._record(i).name, float(z[i]), float(steered[i]))

        own = {i: shown(i) for i in listed}
        if asked is not None:
            own = {
                i: replace(each, sure=asked.sure(i), near=int(asked.near[i]))
                for i, each in own.items()
            }
        return (*own.values(), *(shown(i) for i in on if i not in own))

    def _passages(
        self, request: SearchRequest, vector: Float, rows: NDArray[np.int64]
    ) -> list[tuple[str, Excerpt, bool]]:
        """Of each document the passage nearest to a vector, its excerpt, whether it has a title.

        Both are empty where documents were not embedded by passages.
        """
        passages = self.bundle.passages
        if passages is None:
            return [("", Excerpt("", 0), True)] * len(rows)
        documents = self.bundle.documents.some(rows.tolist())
        if request.retrieval == "lexical" or not vector.any():
            return [("", excerpt(each.text, request.query), bool(each.title)) for each in documents]
        spans = passages.spans[passages.best(vector, rows)[0]].tolist()
        return [
            (
                document.text[start:stop].strip(),
                excerpt(document.text, request.query, start, stop),
                bool(document.title),
            )
            for document, (_, start, stop) in zip(documents, spans, strict=True)
        ]

    def _vectors(self, rows: NDArray[np.int64]) -> Float:
        return single(self.bundle.rows.take(rows))


def _check(request: SearchRequest) -> None:
    """Raise InputError if a request asks for nothing."""
    if not request.has_start and (not request.steering or request.retrieval == "lexical"):
        raise InputError("There is nothing to search for.", "Type a query or add a feature.")
