"""Passages of a paper are one result, unless each is asked for."""

from dataclasses import replace

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle

from saetui.core.changes import MODES, Change, Mode
from saetui.core.documents import Document
from saetui.core.search_request import SearchRequest
from saetui.session.saved.search_json import search_to_json
from saetui.session.session import Session
from saetui.session.steering import effects
from saetui.store.bundle import Bundle

QUERY = "black hole merger"
PASSAGES = 5


def as_passage(row: int, document: Document) -> Document:
    """The last ten documents are of no paper."""
    if row >= 50:
        return document
    paper = f"Paper {row // PASSAGES}"
    return replace(document, metadata={**document.metadata, "paper": paper})


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = make_bundle(tmp_path_factory.mktemp("passages"), changed=as_passage)
    return Session(Bundle(folder), embedder=HashEmbedder())


def paper_of(row: int) -> object:
    return row // PASSAGES if row < 50 else f"document {row}"


@pytest.mark.parametrize("mode", MODES)
def test_each_paper_is_found_once_by_its_best_passage(session: Session, mode: Mode) -> None:
    request = SearchRequest(QUERY, {2: Change("add", 0.2)}, mode, limit=12)
    found = session.search(request).results
    each = session.search(replace(request, unfolded=True, limit=60)).results
    best = list(dict.fromkeys(paper_of(r.row) for r in each))
    leading = [next(r.row for r in each if paper_of(r.row) == paper) for paper in best]
    assert [r.row for r in found] == leading[:12]
    assert [r.rank for r in found] == list(range(1, 13))
    assert [r.paper for r in found if r.row < 50] == [
        f"Paper {r.row // 5}" for r in found if r.row < 50
    ]
    assert all(r.paper == "" and r.more == 0 for r in found if r.row >= 50)
    among = each[: 4 * 12]
    for result in found:
        assert result.more == sum(paper_of(r.row) == paper_of(result.row) for r in among) - 1


def test_as_many_papers_are_found_as_are_wanted(session: Session) -> None:
    found = session.search(SearchRequest(QUERY, limit=20)).results
    # Ten papers and ten documents of none: four times twenty would not have to reach them all.
    assert len({paper_of(r.row) for r in found}) == len(found) == 20
    assert len(session.search(SearchRequest(QUERY, limit=3)).results) == 3


def test_ranks_before_steering_are_those_of_papers(session: Session) -> None:
    plain = session.search(SearchRequest(QUERY, limit=10)).results
    ranks = {paper_of(r.row): r.rank for r in plain}
    steered = session.search(SearchRequest(QUERY, {4: Change("add", 0.9)}, limit=10))
    for result in steered.results:
        known = ranks.get(paper_of(result.row))
        assert result.baseline_rank == known or (
            known is None and result.baseline_rank not in range(1, 11)
        )
    now = {paper_of(r.row) for r in steered.results}
    assert {paper_of(r.row) for r in steered.dropped} == set(ranks) - now
    assert steered.dropped
    assert steered.overlap == pytest.approx(1 - len(steered.dropped) / 10)
    assert all(gone.paper == f"Paper {gone.row // 5}" for gone in steered.dropped if gone.row < 50)


def test_json_says_which_paper_it_is(session: Session) -> None:
    first = search_to_json(session, session.search(SearchRequest(QUERY, limit=3)))["results"]
    papers = [each for each in first if each["row"] < 50]
    assert papers
    assert all(each["paper"].startswith("Paper ") and each["more"] >= 0 for each in papers)


def test_effects_count_papers(session: Session) -> None:
    request = SearchRequest(QUERY, limit=10)
    before = {paper_of(r.row) for r in session.search(request).results}
    for effect in effects(session, request)[:3]:
        step = SearchRequest(QUERY, {effect.feature: Change("add", 0.5)}, limit=10)
        after = {paper_of(r.row) for r in session.search(step).results}
        assert effect.raised == len(before - after)


def test_a_corpus_without_papers_has_none(
    session: Session, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = make_bundle(tmp_path_factory.mktemp("plain"), documents=12)
    assert Bundle(folder).documents.papers is None
    papers = session.bundle.documents.papers
    assert papers is not None
    assert np.array_equal(papers.first, [*np.arange(50) // 5 * 5, *range(50, 60)])


def test_a_document_shows_the_other_passages_of_its_paper_apart(session: Session) -> None:
    detail = session.document(7)
    assert [each.row for each in detail.passages] == [5, 6, 8, 9]
    assert not {each.row for each in detail.neighbours} & {5, 6, 7, 8, 9}
    assert len(detail.neighbours) == len(session.document(55).neighbours)
    assert session.document(55).passages == ()
    vectors = session.bundle.embeddings.astype(np.float32)
    assert detail.passages[0].activation == pytest.approx(vectors[7] @ vectors[5], abs=1e-3)
