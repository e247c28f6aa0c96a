"""Every way to ask: by documents, by filters that hold exactly, by words, by both."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from saetui.core.changes import MODES, Change, Mode
from saetui.core.document_filter import DocumentFilter
from saetui.core.documents import Document
from saetui.core.scores import cosines, top
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.search.document_terms import fts_parts, fts_query
from saetui.session.search.ranking import SearchSizes
from saetui.session.search.response import SearchResponse
from saetui.session.session import Session
from saetui.session.steering import effects
from saetui.store.arrays import StoredRows
from saetui.store.bundle import Bundle
from saetui.store.document_tables import Facts

QUERY = "black hole merger"
STEERING = {2: Change("add", 0.4), 7: Change("add", -0.3), 12: Change("set", 0.2)}


@pytest.fixture(scope="module")
def whole(bundle_folder: Path) -> Iterator[Session]:
    """One session for all examples of a property, in which filters are used with the index."""
    sizes = SearchSizes(few=0, small_share=0, passing=1)
    session = Session(Bundle(bundle_folder), embedder=HashEmbedder(), sizes=sizes)
    yield session
    session.close()


def by_meaning(*args: Any, **kwargs: Any) -> SearchRequest:
    """A search by meaning alone, whose results can be told from vectors."""
    return SearchRequest(*args, **{"retrieval": "semantic", **kwargs})


def rows(response: SearchResponse) -> list[int]:
    return [result.row for result in response.results]


# Codes.


def test_codes_reward_what_documents_activate(session: Session) -> None:
    plain = session.search(by_meaning(QUERY, limit=30, exact=True))
    raised = session.search(
        by_meaning(QUERY, {12: Change("add", 0.6)}, "codes", limit=30, exact=True)
    )
    having = set(session.sae.postings.documents(12)[0].tolist())
    assert len(having & set(rows(raised))) > len(having & set(rows(plain)))
    postings = session.sae.postings
    found, values = postings.documents(12)
    e = HashEmbedder().embed_query(QUERY)
    expected = cosines(e, session.bundle.embeddings)
    expected[found] += np.float32(0.6) * values / values[0]
    assert rows(raised) == top(expected, 30).tolist()


def test_optimise_says_how_well_the_code_agrees(session: Session) -> None:
    found = session.search(by_meaning(QUERY, STEERING, "optimise"))
    assert found.code_error is not None
    before, after = found.code_error
    assert 0 <= after <= before
    assert session.search(by_meaning(QUERY, STEERING)).code_error is None


@pytest.mark.parametrize("mode", MODES)
def test_steering_a_family_is_steering_its_members(session: Session, mode: Mode) -> None:
    from saetui.session.search.request_text import parse_steering

    family = parse_steering(["family:coral reefs=+0.2"], session.features.lookup, int)
    members = parse_steering([f"{member}=+0.2" for member in family], session.features.lookup, int)
    found, expected = (
        session.search(by_meaning(QUERY, steering, mode)) for steering in (family, members)
    )
    assert len(family) == 5
    assert replace(found, milliseconds=0) == replace(expected, milliseconds=0)


@pytest.mark.parametrize("mode", MODES)
def test_muting_all_that_was_added_takes_it_back(session: Session, mode: Mode) -> None:
    own = {feature.id for feature in session.search(by_meaning(QUERY)).features}
    added = next(i for i in (14, 9, 23) if i not in own)
    request = by_meaning(QUERY, {added: Change("add", 1.0)}, mode)
    muted = session.search(replace(request, muted=(added,)))
    assert rows(muted) == rows(session.search(by_meaning(QUERY, mode=mode)))
    assert rows(muted) != rows(session.search(request))
    assert muted.features[-1].steered == 0


def test_what_is_kept_of_the_query(session: Session) -> None:
    assert session.search(by_meaning(QUERY)).kept == pytest.approx(1)
    some, much = (
        session.search(by_meaning(QUERY, {12: Change("add", amount)})).kept for amount in (0.3, 3.0)
    )
    assert some is not None
    assert much is not None
    assert much < some <= 1.0001
    assert session.search(by_meaning("", {12: Change("add", 1.0)})).kept is None


@pytest.mark.parametrize("mode", MODES)
def test_exact_searches_tell_the_recall_of_the_index(session: Session, mode: Mode) -> None:
    found = session.search(by_meaning(QUERY, STEERING, mode, exact=True))
    assert found.recall is not None
    assert 0.9 <= found.recall <= 1
    assert session.search(by_meaning(QUERY, STEERING, mode)).recall is None


# Documents.


def test_more_like_a_document_leaves_it_out(session: Session) -> None:
    found = session.search(by_meaning(like=5, limit=20, exact=True))
    scores = cosines(
        np.asarray(session.bundle.embeddings[5], np.float32), session.bundle.embeddings
    )
    assert rows(found) == [row for row in top(scores, 21).tolist() if row != 5][:20]
    assert [result.baseline_rank for result in found.results] == list(range(1, 21))
    assert found.drift == pytest.approx(1, abs=1e-6)
    codes = session.sae.codes
    active = codes.indices[5][codes.indices[5] >= 0].tolist()
    assert [feature.id for feature in found.features] == active
    off = session.search(
        by_meaning(like=5, steering={active[0]: Change("add", -0.5)}, mode="delta")
    )
    assert 5 not in rows(off)
    assert off.drift is not None
    assert off.drift < 1


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (by_meaning("reef", like=3), "not from both"),
        (by_meaning(like=900), "no document in row 900"),
        (by_meaning(retrieval="lexical"), "nothing to search for"),
        (by_meaning("", STEERING, retrieval="lexical"), "nothing to search for"),
        (by_meaning("reef", filter=DocumentFilter(after="May")), "'May' is not a date"),
        (by_meaning("reef", filter=DocumentFilter(having=(24,))), "no feature 24"),
        (by_meaning("reef", filter=DocumentFilter(where=(("x", "1"),))), "a field called 'x'"),
    ],
)
def test_what_cannot_be_is_said(session: Session, request_: SearchRequest, message: str) -> None:
    with pytest.raises(InputError, match=message):
        session.search(request_)


@pytest.mark.parametrize("kind", ["steering", "muted", "solo"])
def test_changes_wait_while_words_alone_count(session: Session, kind: str) -> None:
    first = session.search(by_meaning(QUERY)).features[0].id
    plain = by_meaning(QUERY, retrieval="lexical", why=True)
    asked = replace(plain, **{kind: {"steering": STEERING, "muted": (first,), "solo": first}[kind]})
    found, unchanged = session.search(asked), session.search(plain)
    assert (found.results, found.features) == (unchanged.results, unchanged.features)
    assert found.request == asked, "the changes are kept"
    assert effects(session, asked) == []
    by_both = session.search(replace(asked, retrieval="hybrid"))
    assert any(each.steered != each.activation for each in by_both.features)


# Filters.

filters = st.builds(
    DocumentFilter,
    after=st.sampled_from(["", "2012", "2015-03", "2015-03-02"]),
    until=st.sampled_from(["", "2013", "2016-07"]),
    categories=st.sampled_from([(), ("Black holes",), ("coral reefs", "Language models")]),
    where=st.sampled_from([(), (("categories", "black HOLES"),)]),
    having=st.sampled_from([(), (0,), (2,), (2, 0)]),
    lacking=st.sampled_from([(), (0,), (7, 12)]),
)


@lru_cache
def documents(session: Session) -> list[Document]:
    return list(session.bundle.documents)


def passes(session: Session, row: int, wanted: DocumentFilter) -> bool:
    document = documents(session)[row]
    active = set(session.sae.codes.indices[row].tolist())
    categories = {name.casefold() for name in document.metadata["categories"]}
    first, last = document.published + "-01", document.published + "-31"
    return (
        (not wanted.after or first >= wanted.after + "-01-01"[len(wanted.after) - 4 :])
        and (not wanted.until or last <= wanted.until + "-12-31"[len(wanted.until) - 4 :])
        and (not wanted.categories or bool(categories & {c.casefold() for c in wanted.categories}))
        and all(value.casefold() in categories for _, value in wanted.where)
        and set(wanted.having) <= active
        and not set(wanted.lacking) & active
    )


requests = st.builds(
    SearchRequest,
    query=st.just(QUERY),
    mode=st.sampled_from(MODES),
    exact=st.booleans(),
    retrieval=st.sampled_from(["semantic", "hybrid", "lexical"]),
    limit=st.sampled_from([1, 10, 300]),
    filter=filters,
)


@given(requests)
def test_filters_hold_exactly(whole: Session, request: SearchRequest) -> None:
    if request.retrieval != "lexical":
        request = replace(request, steering=STEERING)
    found = whole.search(request)
    eligible = [row for row in range(len(whole.bundle)) if passes(whole, row, request.filter)]
    assert found.eligible == len(eligible)
    assert set(rows(found)) <= set(eligible)
    assert {gone.row for gone in found.dropped} <= set(eligible)
    if request.retrieval != "lexical":
        assert len(found.results) == min(request.limit, len(eligible))


def test_filters_are_worked_out_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    original = Facts.rows

    def counted(facts: Facts, field: str, value: str) -> list[int]:
        read.append(value)
        return original(facts, field, value)

    monkeypatch.setattr(Facts, "rows", counted)
    wanted = DocumentFilter(categories=("Coral reefs",), lacking=(13,))
    for amount in (0.1, 0.2, 0.3):
        session.search(by_meaning(QUERY, {12: Change("add", amount)}, filter=wanted))
    assert read == ["coral reefs"]


@pytest.mark.parametrize(("kept", "reads"), [(1 << 20, 1), (0, 3)])
def test_documents_of_a_filter_are_read_once_if_they_are_few(
    bundle_folder: Path, monkeypatch: pytest.MonkeyPatch, kept: int, reads: int
) -> None:
    sizes = SearchSizes(kept_bytes=kept)
    session = Session(Bundle(bundle_folder), embedder=HashEmbedder(), sizes=sizes)
    read = []
    original = StoredRows.take

    def counted(stored: StoredRows, wanted: NDArray[np.integer]) -> NDArray[Any]:
        read.append(len(wanted))
        return original(stored, wanted)

    monkeypatch.setattr(StoredRows, "take", counted)
    wanted = by_meaning(QUERY, filter=DocumentFilter(categories=("Coral reefs",)))
    eligible = session.searcher.masks.eligible(wanted.filter, wanted.like)
    assert eligible is not None
    ranker, width = session.searcher.ranker, session.bundle.manifest.dimensions
    vectors = np.random.default_rng(0).standard_normal((3, width)).astype(np.float32)
    every = [ranker.nearest(vector, len(eligible), exact=True).rows.tolist() for vector in vectors]
    for vector, rows_ in zip(vectors, every, strict=True):
        found = ranker.nearest(vector, 5, exact=False, eligible=eligible)
        assert found.rows.tolist() == [row for row in rows_ if eligible[row]][:5]
    assert read.count(int(eligible.sum())) == reads


# Words.


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("black holes", '"black" OR "holes"'),
        ('"black holes" of mass', '"black holes" OR "mass"'),
        ("the of", '"the" OR "of"'),
        ('NEAR(a b) AND x* -y "', '"NEAR(a" OR "b)" OR "x*" OR "-y"'),
        ('a "b" c"d', None),
        ('!? * -- ""', ""),
        ("", ""),
    ],
)
def test_text_becomes_a_safe_expression(
    session: Session, text: str, expression: str | None
) -> None:
    found = fts_query(fts_parts(text))
    if expression is not None:
        assert found.replace('"AND" OR ', "") == expression
    if found:
        session.bundle.documents.matching(found)


@given(st.text(max_size=40))
def test_no_text_breaks_a_search_by_words(whole: Session, text: str) -> None:
    if text.strip():
        whole.search(by_meaning(text, retrieval="lexical", limit=5))


def test_words_find_documents_without_an_embedder(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = make_bundle(tmp_path_factory.mktemp("words") / "a.bundle", documents=120)
    session = Session(Bundle(folder))
    found = session.search(by_meaning("bleaching", retrieval="lexical", why=True))
    assert found.results
    for result in found.results:
        text = session.bundle.documents.document(result.row).embedding_text
        assert "bleaching" in text.casefold()
        assert result.rank == result.baseline_rank
        assert result.why is not None
        assert result.why.total == pytest.approx(result.score, abs=1e-5)
    scores = [result.score for result in found.results]
    assert scores == sorted(scores, reverse=True)
    assert (found.drift, found.kept, found.features) == (None, None, ())
    session.close()


def bm25(session: Session, text: str) -> NDArray[np.float32]:
    """BM25 of every document for the words of a text, 0 for those that have none of them."""
    found = session.search(by_meaning(text, limit=900, retrieval="lexical"))
    scores = np.zeros(900, dtype=np.float32)
    for result in found.results:
        scores[result.row] = result.score
    return scores


@pytest.mark.parametrize("steering", [{}, STEERING])
@pytest.mark.parametrize("mode", MODES)
def test_words_add_to_what_meaning_finds(
    session: Session, mode: Mode, steering: dict[int, Change]
) -> None:
    request = SearchRequest(QUERY, steering, mode, limit=900, exact=True, why=True)
    meaning = session.search(replace(request, retrieval="semantic"))
    scores = {result.row: result.score for result in meaning.results}
    # The three words of the query are short of a long query, so each unit adds 0.7 / 28.
    words = 0.025 * bm25(session, QUERY)
    expected = {row: score + words[row] for row, score in scores.items()}
    found = session.search(request)
    best = sorted(expected, key=lambda row: (-round(expected[row], 6), row))
    assert len(found.results) == len(best)
    for result in found.results:
        assert result.score == pytest.approx(expected[result.row], abs=1e-5)
        assert result.why is not None
        assert result.why.total == pytest.approx(result.score, abs=1e-5)
        assert result.why.words == pytest.approx(words[result.row], abs=1e-5)
    assert [result.score for result in found.results] == sorted(
        (result.score for result in found.results), reverse=True
    )
    if not steering and mode in ("both", "codes", "delta"):
        assert all(result.rank == result.baseline_rank for result in found.results)


def test_a_long_query_does_not_drown_its_meaning(session: Session) -> None:
    words = session.searcher.terms.matches
    long = " ".join(document.text for document in session.bundle.documents.some(range(40)))
    assert words(long).idf > 28
    assert 0.1 < words(long).term.values.max() < 0.9


def test_more_of_a_feature_means_query_and_feature(session: Session) -> None:
    feature, (active, _) = 12, session.sae.postings.documents(12)
    required = session.search(
        SearchRequest(QUERY, {feature: Change("add", 1.0)}, "both", limit=900)
    )
    record = session.features[feature]
    words = f"{record.label} {' '.join(record.terms)}"
    showing = {*active.tolist(), *np.flatnonzero(bm25(session, words)).tolist()}
    assert {*rows(required)} == showing
    preferred = session.search(
        SearchRequest(QUERY, {feature: Change("add", 0.5)}, "both", limit=900)
    )
    assert len(preferred.results) == 900
    lowered = session.search(
        SearchRequest(QUERY, {feature: Change("add", -1.0)}, "both", limit=900)
    )
    assert int(active[0]) not in rows(lowered)[:10]
    assert rows(lowered) != rows(session.search(SearchRequest(QUERY, limit=900)))


@pytest.mark.parametrize("mode", ["both", "codes"])
@pytest.mark.parametrize("how", ["set", "muted"])
def test_a_feature_that_is_off_adds_nothing(session: Session, mode: Mode, how: str) -> None:
    own = session.search(SearchRequest(QUERY)).features[0].id
    request = SearchRequest(QUERY, mode=mode, why=True)
    off = {"steering": {own: Change("set", 0.0)}} if how == "set" else {"muted": (own,)}
    found = session.search(replace(request, **off))
    assert rows(found) != rows(session.search(request))
    for result in found.results:
        assert result.why is not None
        assert own not in dict(result.why.features)
        assert result.why.total == pytest.approx(result.score, abs=1e-5)


def test_a_document_can_be_asked_for_by_its_words(session: Session) -> None:
    found = session.search(by_meaning(like=4, retrieval="lexical"))
    assert 4 not in rows(found)
    assert found.results
