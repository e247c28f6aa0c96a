"""Steered search: what it finds, how ranks compare, and what it says when it cannot."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.changes import MODES, Change, Mode
from saetui.core.scores import cosines, top
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.search.ranking import SearchSizes
from saetui.session.search.response import SearchResponse
from saetui.session.session import Session, open_session
from saetui.store.bundle import Bundle

QUERIES = ["black hole merger", "attention in language models", "bleaching of reef", "we measure"]
MERGERS = 2


def by_meaning(*args: Any, **kwargs: Any) -> SearchRequest:
    """A search by meaning alone, whose results can be told from vectors."""
    return SearchRequest(*args, **{"retrieval": "semantic", **kwargs})


def rows(response: SearchResponse) -> list[int]:
    return [result.row for result in response.results]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("limit", [1, 10, 50, 100, 150, 400, 900, 5_000])
@pytest.mark.parametrize("query", QUERIES)
def test_an_unsteered_search_is_the_plain_one(
    session: Session, query: str, limit: int, exact: bool
) -> None:
    response = session.search(by_meaning(query, limit=limit, exact=exact))
    vector = HashEmbedder().embed_query(query)
    scores = cosines(vector, session.bundle.embeddings)
    assert len(response.results) == min(limit, 900)
    assert [result.rank for result in response.results] == list(range(1, min(limit, 900) + 1))
    assert all(result.rank == result.baseline_rank for result in response.results)
    assert response.dropped == ()
    assert response.drift == pytest.approx(1, abs=1e-6)
    assert response.exact == exact
    if exact:
        assert rows(response) == top(scores, limit).tolist()
    else:
        found = set(rows(response)) & set(top(scores, limit).tolist())
        assert len(found) >= 0.98 * len(response.results)
        assert rows(response) == sorted(rows(response), key=lambda row: (-scores[row], row))
    for result in response.results:
        assert result.score == scores[result.row]
        assert result.id == f"doc-{result.row}"


@pytest.mark.parametrize("exact", [False, True])
def test_ranks_are_compared_with_the_unsteered_search(session: Session, exact: bool) -> None:
    plain = session.search(by_meaning(QUERIES[0], limit=100, exact=exact))
    baseline = {result.row: result.rank for result in plain.results}
    steering = {MERGERS: Change("add", 0.5), 5: Change("add", 0.4)}
    request = by_meaning(QUERIES[0], steering, "delta", limit=20, exact=exact)
    response = session.search(request)
    assert rows(response) != rows(plain)[:20]
    for result in response.results:
        assert result.baseline_rank == baseline.get(result.row)
    missing = [row for row in rows(plain)[:20] if row not in rows(response)]
    assert missing
    assert [gone.row for gone in response.dropped] == missing
    assert [gone.baseline_rank for gone in response.dropped] == [baseline[row] for row in missing]
    assert [gone.id for gone in response.dropped] == [f"doc-{row}" for row in missing]
    assert response.drift is not None
    assert response.drift < 0.99


def test_results_from_beyond_the_baseline_are_new(session: Session) -> None:
    away = {i: Change("add", 1.0) for i in (10, 11)}
    response = session.search(by_meaning("black hole merger", away, limit=5))
    assert [result.baseline_rank for result in response.results] == [None] * 5
    assert len(response.dropped) == 5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("query", ["", "black hole merger"])
def test_terms_add_up_to_the_score(session: Session, mode: Mode, query: str) -> None:
    steering = {MERGERS: Change("add", 0.5), 7: Change("set", -0.25)}
    response = session.search(by_meaning(query, steering, mode, limit=30, why=True))
    assert len(response.results) == 30
    for result in response.results:
        assert result.why is not None
        assert result.why.total == pytest.approx(result.score, abs=1e-5)


def test_reasons_are_given_when_asked_for_only(session: Session) -> None:
    response = session.search(by_meaning(QUERIES[0]))
    assert [result.why for result in response.results] == [None] * 10


def test_a_search_by_features_alone_has_nothing_to_compare_with(session: Session) -> None:
    response = session.search(by_meaning("", {MERGERS: Change("set", 1.0)}, "delta", exact=True))
    directions = session.sae.weights.directions
    expected = top(cosines(directions[MERGERS], session.bundle.embeddings), 10)
    assert rows(response) == expected.tolist()
    assert [result.baseline_rank for result in response.results] == [None] * 10
    assert response.drift is None
    assert response.dropped == ()
    (feature,) = response.features
    assert (feature.id, feature.activation, feature.steered) == (MERGERS, 0, 1)


@pytest.mark.parametrize("exact", [False, True])
def test_features_that_were_turned_off_point_nowhere(session: Session, exact: bool) -> None:
    response = session.search(by_meaning("  ", {MERGERS: Change("add", 0.0)}, exact=exact))
    assert response.results == response.dropped == ()
    assert [feature.id for feature in response.features] == [MERGERS]


def test_features_are_listed_strongest_first_then_those_added(session: Session) -> None:
    plain = session.search(by_meaning(QUERIES[0]))
    own = [feature.id for feature in plain.features]
    activations = [feature.activation for feature in plain.features]
    assert own
    assert activations == sorted(activations, reverse=True)
    assert all(feature.steered == feature.activation for feature in plain.features)
    added = [i for i in (14, 9, 23) if i not in own]
    steering = {i: Change("add", 0.25) for i in added} | {own[0]: Change("scale", -1.0)}
    steered = session.search(by_meaning(QUERIES[0], steering))
    assert [feature.id for feature in steered.features] == own + added
    assert steered.features[0].steered == -activations[0]
    assert [feature.steered for feature in steered.features[len(own) :]] == [0.25] * len(added)
    assert steered.features[0].name == session.features[own[0]].name


def test_solo_keeps_one_feature(session: Session) -> None:
    plain = session.search(by_meaning(QUERIES[0]))
    kept = plain.features[0].id
    response = session.search(by_meaning(QUERIES[0], {9: Change("add", 1.0)}, solo=kept))
    assert [feature.id for feature in response.features if feature.steered] == [kept]


@pytest.mark.parametrize("feature", [-1, 24, 10**6])
def test_unknown_features_are_refused(session: Session, feature: int) -> None:
    for request in (
        by_meaning("reef", {feature: Change("add", 0.5)}),
        by_meaning("reef", solo=feature),
    ):
        with pytest.raises(InputError, match=f"no feature {feature}: this SAE has 24"):
            session.search(request)


@pytest.mark.parametrize("query", ["", "   ", "\n"])
def test_nothing_to_search_for_is_refused(session: Session, query: str) -> None:
    with pytest.raises(InputError, match="nothing to search for"):
        session.search(by_meaning(query))


def test_an_embedder_of_another_width_is_refused(bundle_folder: Path) -> None:
    session = Session(Bundle(bundle_folder), embedder=HashEmbedder(dimensions=31))
    with pytest.raises(InputError, match="width 31, but the bundle's have width 32"):
        session.search(by_meaning("reef"))
    # Whatever needs no query works all the same.
    assert session.search(by_meaning("", {3: Change("add", 1.0)})).results
    assert session.feature(3).top
    session.close()


def test_an_unknown_sae_is_refused(bundle_folder: Path) -> None:
    with pytest.raises(InputError, match="has no SAE named k1-n1"):
        open_session(bundle_folder, "k1-n1")
    session = open_session(bundle_folder, "k4-n24")
    assert session.sae.record.name == "k4-n24"
    session.close()


class CountingEmbedder(HashEmbedder):
    """Notes what it was asked to embed."""

    def embed_query(self, text: str) -> np.ndarray:
        _asked.append(text)
        return super().embed_query(text)


_asked: list[str] = []


@pytest.fixture
def asked() -> list[str]:
    _asked.clear()
    return _asked


def test_a_query_is_embedded_once_however_it_is_steered(
    bundle_folder: Path, asked: list[str]
) -> None:
    session = Session(Bundle(bundle_folder), embedder=CountingEmbedder())
    for amount, mode, exact in itertools.product((0.0, 0.5), MODES, (False, True)):
        steering = {MERGERS: Change("add", amount)}
        session.search(by_meaning("reef fish", steering, mode, exact=exact))
    assert asked == ["reef fish"]
    session.close()


def test_only_the_latest_queries_are_remembered(bundle_folder: Path, asked: list[str]) -> None:
    sizes = SearchSizes(queries=3)
    session = Session(Bundle(bundle_folder), embedder=CountingEmbedder(), sizes=sizes)
    for query in ("a", "b", "c", "a", "d", "a", "b"):
        session.search(by_meaning(query, limit=1))
        assert session.searcher.queries._kept.cache_info().currsize <= 3
    # "a" was used again and stayed; "b" had to make room for "d".
    assert asked == ["a", "b", "c", "d", "b"]
    session.close()


def test_a_query_asked_both_ways_compares_with_its_own_way(session: Session) -> None:
    for exact in (True, False, True, False):
        response = session.search(by_meaning("reef", limit=300, exact=exact))
        assert all(result.rank == result.baseline_rank for result in response.results)


def test_the_clock_stands_while_the_query_is_embedded(bundle_folder: Path) -> None:
    ticks = itertools.count()
    session = Session(Bundle(bundle_folder), embedder=HashEmbedder(), clock=lambda: next(ticks))
    assert session.search(by_meaning("reef")).milliseconds == 1_000
    session.close()


steerings = st.dictionaries(
    st.integers(0, 23),
    st.builds(Change, st.sampled_from(["add", "set", "scale"]), st.floats(-2, 2, width=32)),
    max_size=4,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = make_bundle(
        tmp_path_factory.mktemp("bundles") / "small.bundle", documents=40, index="graph"
    )
    return Session(Bundle(folder), embedder=HashEmbedder())


requests = st.builds(
    SearchRequest,
    query=st.sampled_from(["", *QUERIES]),
    steering=steerings,
    mode=st.sampled_from(MODES),
    solo=st.none() | st.integers(0, 23),
    limit=st.integers(1, 60),
    why=st.just(True),
    exact=st.just(True),
).filter(lambda request: request.query or request.steering)


@given(requests)
def test_any_search_is_whole(small: Session, request: SearchRequest) -> None:
    limit = request.limit
    exact = small.search(request)
    indexed = small.search(replace(request, exact=False))
    # With fewer documents than candidates, the index leaves none out.
    assert rows(exact) == rows(indexed)
    assert exact.results == indexed.results
    assert exact.features == indexed.features
    # Features alone find what shows them and nothing else; `both` may require that of all.
    few = request.mode == "both" or (request.mode == "codes" and not request.query)
    assert len(exact.results) in (range(min(limit, 40) + 1) if few else (0, min(limit, 40)))
    scores = [result.score for result in exact.results]
    assert scores == sorted(scores, reverse=True)
    plain = {result.row for result in exact.results if (result.baseline_rank or 41) <= limit}
    gone = {each.row for each in exact.dropped}
    assert not plain & gone
    if request.query:
        assert len(plain) + len(gone) == min(limit, 40)
        assert exact.drift is not None
        assert -1.001 <= exact.drift <= 1.001
    for result in exact.results:
        assert result.why is not None
        assert result.why.total == pytest.approx(result.score, abs=1e-5)


def test_threads_find_what_one_thread_finds(bundle_folder: Path) -> None:
    requests = [
        by_meaning(
            f"{query} {number}",
            {number % 24: Change("add", 0.3)} if number % 3 else {},
            mode=MODES[number % len(MODES)],
            limit=(5, 50, 500)[number % 3],
            exact=number % 5 == 0,
        )
        for query in QUERIES
        for number in range(40)
    ]

    def answers(workers: int) -> list[SearchResponse]:
        # Two threads each ask for the same, and more queries are asked than are remembered.
        session = Session(Bundle(bundle_folder), embedder=HashEmbedder())
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(session.search, [r for r in requests for _ in range(2)]))
        session.close()
        return [replace(response, milliseconds=0) for response in found]

    assert answers(8) == answers(1)


@pytest.mark.parametrize("documents", [0, 1, 2])
def test_hardly_any_documents_are_enough(tmp_path: Path, documents: int) -> None:
    folder = make_bundle(tmp_path / "tiny.bundle", documents=documents)
    session = Session(Bundle(folder), embedder=HashEmbedder())
    session.warm()
    for exact in (False, True):
        steering = {MERGERS: Change("add", 0.5)}
        response = session.search(by_meaning("black hole", steering, why=True, exact=exact))
        assert len(response.results) == documents
        assert {result.baseline_rank for result in response.results} == set(range(1, documents + 1))
        assert response.features
    session.close()


def test_an_index_in_islands_is_made_up_for(tmp_path: Path) -> None:
    class Clusters(HashEmbedder):
        """Embeds the nth of many texts beside the other texts of n modulo 40."""

        def embed_documents(self, texts: list[str], progress: object = None) -> np.ndarray:
            random = np.random.default_rng(0)
            centres = random.standard_normal((40, self.dimensions))
            vectors = centres[np.arange(len(texts)) % 40]
            vectors = vectors + 1e-3 * random.standard_normal(vectors.shape)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            return vectors.astype(np.float32)

    folder = make_bundle(tmp_path / "a.bundle", documents=3_000, embedder=Clusters(), index="graph")
    session = Session(Bundle(folder), embedder=HashEmbedder())
    vector = HashEmbedder().embed_query("reef")
    assert len(session.bundle.index.search(vector, 3_000)) == 0
    response = session.search(by_meaning("reef", limit=3_000))
    assert len(set(rows(response))) == 3_000
    session.close()
