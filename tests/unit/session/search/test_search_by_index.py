"""Every way to rank finds, on every kind of index, what comparing all documents finds.

The bundles are small, but their indexes are really used: an index names 40 of 1,200 documents, and
a filter that passes more than 50 does not have all of them compared. Where the index is exact or
is not asked, results must be those of the naive search. Where it is asked, scores and order must
be those of the naive search, no document that it names may be passed over for a worse one, and
together the results must hold most of the true ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, get_args

import numpy as np
import pytest
from bundles import CANDIDATES, INDEXED, HashEmbedder, make_indexed_bundle
from hypothesis import given
from hypothesis import strategies as st
from naive_search import NaiveSearch, Scores, best

from saetui import Change, DocumentFilter, SearchRequest, Session, effects
from saetui.core.changes import BY_DOCUMENTS, MODES, Mode, knob_of
from saetui.core.document_filter import Retrieval
from saetui.session.search.ranking import SearchSizes
from saetui.store.bundle import Bundle
from saetui.store.index.parameters import Kind

QUERIES = ("black hole merger", "reef fish school", "attention language model token")
LIMITS = (1, 10, 60)
SIZES = SearchSizes(few=50, small_share=0, passing=30, nearest=20, strongest=15)
# Scores are in single precision, and those by codes are sums.
TOLERANCE = 3e-6
# The share of the true results that are found, over all requests of a test.
LEAST_RECALL = {"exact": 1.0, "graph": 0.95, "milvus": 0.95, "projected": 0.8}

WAYS: tuple[tuple[Retrieval, bool], ...] = (
    ("hybrid", False),
    ("hybrid", True),
    ("semantic", False),
    ("semantic", True),
)
FILTERS = {
    "all": DocumentFilter(),
    "most": DocumentFilter(lacking=(2,)),
    "many": DocumentFilter(categories=("Coral reefs",)),
    "few": DocumentFilter(categories=("Coral reefs",), until="2010"),
}
STEERINGS = {
    "none": {},
    "both ways": {2: Change("add", 0.4), 7: Change("add", -0.3), 12: Change("set", 0.2)},
    "raised": {12: Change("add", 0.9)},
    "lowered": {0: Change("scale", -1.0), 2: Change("add", -0.8)},
}


@dataclass
class Indexed:
    """A bundle with an index of some kind, and what is to be found in it.

    Attributes:
        asked: How often the index was asked since this was last set to 0.
    """

    kind: Kind
    bundle: Bundle
    naive: NaiveSearch
    asked: int = 0

    def session(self) -> Session:
        """A new one, which remembers nothing of earlier searches."""
        return Session(self.bundle, embedder=HashEmbedder(), sizes=SIZES)

    def asks(self, request: SearchRequest) -> bool:
        """Whether a request should be answered with the help of the index."""
        vector, _ = self.naive.parts(request)
        if vector is None or not vector.any() or request.exact or self.kind == "exact":
            return False
        return int(self.naive.passing(request).sum()) > SIZES.few

    def named(self, vector: Scores, limit: int) -> list[int]:
        """Rows that the index names for so many results; a projection names twice as many."""
        depth = max(CANDIDATES, limit * (2 if self.kind == "projected" else 1))
        unit = vector / np.linalg.norm(vector)
        rows: list[int] = self.bundle.index.search(unit.astype(np.float32), depth).tolist()
        return rows


def kinds() -> list[Any]:
    """All kinds that can be built here; `test_milvus` says what is missing for the last one."""
    installed = find_spec("pymilvus") and find_spec("milvus_lite")
    # Warnings of the libraries below the client.
    milvus = pytest.param(
        "milvus", marks=[pytest.mark.milvus, pytest.mark.filterwarnings("ignore")]
    )
    return [
        kind if kind != "milvus" else milvus
        for kind in get_args(Kind)
        if kind != "milvus" or installed
    ]


@pytest.fixture(scope="module", params=kinds())
def indexed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Indexed]:
    kind = request.param
    folder = make_indexed_bundle(tmp_path_factory.mktemp("indexed") / f"{kind}.bundle", kind)
    bundle = Bundle(folder)
    found = Indexed(kind, bundle, NaiveSearch(bundle))
    for query in QUERIES:
        code = found.session().searcher.queries.of(SearchRequest(query)).z
        found.naive.codes[query] = code.astype(np.float64)
    search = type(bundle.index).search

    def counted(index: Any, *arguments: Any) -> Any:
        found.asked += 1
        return search(index, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(bundle.index), "search", counted)
        yield found
    bundle.close()


def test_the_index_is_of_its_kind_and_names_a_part(indexed: Indexed) -> None:
    index = indexed.bundle.index
    assert index.parameters.kind == indexed.kind
    assert index.exact == (indexed.kind == "exact")
    shares = []
    for query in QUERIES:
        vector = HashEmbedder().embed_query(query)
        found = index.search(vector, CANDIDATES)
        assert len(set(found.tolist())) == CANDIDATES
        true = best(indexed.naive.cosines(vector.astype(np.float64)), CANDIDATES)
        shares.append(len(set(found.tolist()) & set(true)) / CANDIDATES)
    assert np.mean(shares) >= LEAST_RECALL[indexed.kind] - 0.2
    if indexed.kind == "projected":
        assert np.mean(shares) < 1, "what a projection names should differ from the truth"


def check(indexed: Indexed, request: SearchRequest, session: Session) -> tuple[int, int]:
    """Search, hold what was found against what should be, and count hits and true results."""
    # What a query is made of may be learnt from the index; what it finds is another matter.
    session.searcher.queries.of(request)
    indexed.asked = 0
    found = session.search(request)
    asked = indexed.asked > 0
    rows = [result.row for result in found.results]
    naive = indexed.naive
    scores = naive.scores(request)
    true = best(scores, request.limit)
    assert found.eligible == int(naive.passing(request).sum())
    assert [result.rank for result in found.results] == list(range(1, len(rows) + 1))
    assert len(rows) == len(true)
    np.testing.assert_allclose([r.score for r in found.results], scores[rows], atol=TOLERANCE)
    if not indexed.asks(request):
        assert rows == true
        assert not asked or request.exact
        return len(true), len(true)
    assert asked
    assert rows == best(scores, request.limit, rows)
    vector, added = naive.parts(request)
    assert vector is not None
    summed = bool(added.any())
    above = (added > naive.others(request)) & (scores > -np.inf)
    depth = max(request.limit, SIZES.nearest) if summed else request.limit
    cosines = np.where(scores > -np.inf, naive.cosines(vector), -np.inf)
    known = {*best(cosines, depth, indexed.named(vector, depth))}
    if summed:
        # Of documents to which equally much is added, any may be among the strongest.
        strongest = np.sort(np.where(above, added, -np.inf))[-SIZES.strongest]
        known |= {*np.flatnonzero(above & (added > strongest + TOLERANCE)).tolist()}
    least = best(scores, request.limit, known)
    assert (scores[rows[: len(least)]] >= scores[least] - TOLERANCE).all()
    return len({*rows} & {*true}), len(true)


def check_all(indexed: Indexed, requests: list[SearchRequest], session: Session) -> None:
    hits, true = np.sum([check(indexed, request, session) for request in requests], axis=0)
    assert hits >= LEAST_RECALL[indexed.kind] * true


@pytest.mark.parametrize("filter_", FILTERS)
@pytest.mark.parametrize("steering", STEERINGS)
@pytest.mark.parametrize("mode", MODES)
def test_a_query_finds_what_is_best(
    indexed: Indexed, mode: Mode, steering: str, filter_: str
) -> None:
    # Each query with one limit; over steerings and filters each meets all three.
    session = indexed.session()
    shift = list(STEERINGS).index(steering) + list(FILTERS).index(filter_)
    for retrieval, exact in WAYS:
        check_all(
            indexed,
            [
                SearchRequest(
                    query,
                    STEERINGS[steering],
                    mode,
                    limit=LIMITS[(place + shift) % len(LIMITS)],
                    exact=exact,
                    retrieval=retrieval,
                    filter=FILTERS[filter_],
                )
                for place, query in enumerate(QUERIES)
            ],
            session,
        )


@pytest.mark.parametrize("filter_", FILTERS)
@pytest.mark.parametrize("steering", ["none", "both ways"])
@pytest.mark.parametrize("mode", MODES)
def test_a_document_finds_what_is_best(
    indexed: Indexed, mode: Mode, steering: str, filter_: str
) -> None:
    # Row 19 has a twin, which must be found first when nothing is steered and no filter is set.
    requests = [
        SearchRequest(
            like=row, steering=STEERINGS[steering], mode=mode, limit=10, filter=FILTERS[filter_]
        )
        for row in (0, 19, 602, 1199)
    ]
    check_all(indexed, requests, indexed.session())
    if (mode, steering, filter_) in (("codes", "none", "all"), ("delta", "none", "all")):
        found = indexed.session().search(requests[1])
        assert found.results[0].row == 18
        assert found.results[0].score == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("filter_", FILTERS)
@pytest.mark.parametrize("steering", ["both ways", "raised"])
@pytest.mark.parametrize("mode", MODES)
def test_features_alone_find_what_is_best(
    indexed: Indexed, mode: Mode, steering: str, filter_: str
) -> None:
    requests = [
        SearchRequest(steering=STEERINGS[steering], mode=mode, limit=limit, filter=FILTERS[filter_])
        for limit in LIMITS
    ]
    check_all(indexed, requests, indexed.session())
    for request in requests:
        found = indexed.session().search(request)
        assert {result.baseline_rank for result in found.results} <= {None}
        assert found.drift is None


changes = st.builds(
    Change, st.sampled_from(["add", "set", "scale"]), st.floats(-2, 2, width=16).filter(bool)
)
asked = st.builds(
    SearchRequest,
    retrieval=st.sampled_from(["hybrid", "semantic"]),
    query=st.sampled_from(QUERIES),
    steering=st.dictionaries(st.integers(0, 22), changes, max_size=4),
    mode=st.sampled_from(MODES),
    limit=st.integers(1, 80),
    muted=st.lists(st.integers(0, 22), max_size=2).map(tuple),
    solo=st.none() | st.integers(0, 22),
    exact=st.booleans(),
    filter=st.builds(
        DocumentFilter,
        until=st.sampled_from(["", "2010", "2015-06"]),
        categories=st.sampled_from([(), ("Coral reefs",), ("Black holes", "Language models")]),
        having=st.sampled_from([(), (0,), (10, 12)]),
        lacking=st.sampled_from([(), (2,)]),
    ),
)


@given(asked)
def test_whatever_is_asked_finds_what_is_best(indexed: Indexed, request: SearchRequest) -> None:
    check(indexed, request, indexed.session())


@pytest.mark.parametrize("filter_", FILTERS)
@pytest.mark.parametrize("mode", MODES)
def test_each_result_says_where_it_stood_before(indexed: Indexed, mode: Mode, filter_: str) -> None:
    plain = SearchRequest(QUERIES[0], limit=100, filter=FILTERS[filter_])
    before = [result.row for result in indexed.session().search(plain).results]
    if not indexed.asks(plain):
        assert before == best(indexed.naive.scores(plain), 100)
    ranks = {row: rank for rank, row in enumerate(before, start=1)}
    steering = {12: Change("add", 0.9), 5: Change("add", 0.6), 1: Change("add", -0.6)}
    found = indexed.session().search(replace(plain, steering=steering, mode=mode, limit=10))
    rows = [result.row for result in found.results]
    assert rows != before[:10]
    assert [result.baseline_rank for result in found.results] == [ranks.get(row) for row in rows]
    gone = [row for row in before[:10] if row not in rows]
    assert [(each.row, each.baseline_rank) for each in found.dropped] == [
        (row, ranks[row]) for row in gone
    ]
    assert gone
    e = indexed.naive.embedded(QUERIES[0])
    kept = indexed.naive.cosines(e)[rows].mean() / indexed.naive.cosines(e)[before[:10]].mean()
    assert found.kept == pytest.approx(kept, abs=1e-5)
    assert found.overlap == pytest.approx(1 - len(gone) / 10)


@pytest.mark.parametrize("mode", MODES)
def test_an_exact_search_says_what_the_index_would_have_found(indexed: Indexed, mode: Mode) -> None:
    said = []
    for query in QUERIES:
        request = SearchRequest(
            query, STEERINGS["both ways"], mode, limit=20, exact=True, retrieval="semantic"
        )
        exact = indexed.session().search(request)
        by_index = indexed.session().search(replace(request, exact=False))
        true = best(indexed.naive.scores(request), 20)
        hits = {result.row for result in by_index.results} & {*true}
        assert exact.recall == pytest.approx(len(hits) / 20)
        assert by_index.recall is None
        said.append(exact.recall)
    if indexed.kind == "exact":
        assert min(said) == 1
    # Where scores are sums, more is looked at than what the index names.
    if indexed.kind == "projected" and mode not in BY_DOCUMENTS:
        assert min(said) < 1, "a projection that finds everything proves nothing"


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_has_the_features_of_its_text_and_of_what_is_near(
    indexed: Indexed, query: str
) -> None:
    found, expected = indexed.naive.codes[query], indexed.naive.query_code(query)
    if indexed.kind == "exact":
        np.testing.assert_allclose(found, expected, atol=1e-5)
    else:
        strongest = np.argsort(-expected)[:2]
        np.testing.assert_allclose(found[strongest], expected[strongest], atol=0.1)


# By words alone.


@pytest.mark.parametrize("filter_", FILTERS)
@pytest.mark.parametrize("query", QUERIES)
def test_words_find_what_bm25_says(indexed: Indexed, query: str, filter_: str) -> None:
    request = SearchRequest(query, retrieval="lexical", filter=FILTERS[filter_])
    scores = indexed.naive.bm25(query, request)
    for limit in LIMITS:
        found = indexed.session().search(replace(request, limit=limit))
        rows = [result.row for result in found.results]
        assert len(rows) == min(limit, np.count_nonzero(scores > -np.inf))
        np.testing.assert_allclose([r.score for r in found.results], scores[rows], rtol=1e-5)
        true = best(scores, limit)
        np.testing.assert_allclose(scores[rows], scores[true], rtol=1e-6)
        assert [result.baseline_rank for result in found.results] == list(range(1, len(rows) + 1))


# What stands beside a document and a feature.


def test_neighbours_of_a_document_are_the_nearest_others(indexed: Indexed) -> None:
    session = indexed.session()
    hits = 0
    rows = range(0, INDEXED, 50)
    for row in rows:
        scores = indexed.naive.x @ indexed.naive.document(row)
        scores[row] = -np.inf
        found = session.document(row, limit=10).neighbours
        neighbours = [each.row for each in found]
        assert len(set(neighbours)) == 10
        assert row not in neighbours
        np.testing.assert_allclose(
            [each.activation for each in found], scores[neighbours], atol=1e-3
        )
        hits += len({*neighbours} & {*best(scores, 10)})
        assert neighbours == best(scores, 10, neighbours)
    assert hits >= LEAST_RECALL[indexed.kind] * 10 * len(rows)


def test_near_misses_of_a_feature_are_the_nearest_that_lack_it(indexed: Indexed) -> None:
    session, naive = indexed.session(), indexed.naive
    hits = 0
    for feature in (1, 6, 11):
        lacking = np.flatnonzero(naive.z[:, feature] == 0).tolist()
        scores = naive.cosines(naive.weights.directions[feature].astype(np.float64))
        found = session.feature(feature, limit=10).near_misses
        rows = [each.row for each in found]
        assert rows == best(scores, 10, rows)
        assert {*rows} <= {*lacking}
        np.testing.assert_allclose(
            [each.activation for each in found], scores[rows], atol=TOLERANCE
        )
        hits += len({*rows} & {*best(scores, 10, lacking)})
    # About the nearest will do, and the index names but 40 of which most have the feature.
    assert hits == 30 if indexed.kind == "exact" else hits >= 10


@pytest.mark.parametrize("filter_", ["all", "many", "few"])
@pytest.mark.parametrize("mode", ["both", "codes", "delta", "decode"])
def test_the_effect_of_a_step_is_what_a_search_after_it_finds(
    indexed: Indexed, mode: Mode, filter_: str
) -> None:
    request = SearchRequest(
        QUERIES[0], {12: Change("add", 0.2)}, mode, exact=True, filter=FILTERS[filter_]
    )
    session = indexed.session()
    now = {result.row for result in session.search(request).results}
    z = {feature.id: feature.steered for feature in session.search(request).features}
    found = effects(session, request)
    assert {each.feature for each in found} == z.keys()
    for each in found:
        for sign, replaced in ((1, each.raised), (-1, each.lowered)):
            change = Change("set", z[each.feature] + sign * knob_of(mode).leap)
            steering = {**request.steering, each.feature: change}
            after = session.search(replace(request, steering=steering)).results
            assert len(now - {result.row for result in after}) == replaced
