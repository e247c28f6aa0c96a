"""Documents of the same text are one result, unless each is asked for."""

import pytest
from bundles import HashEmbedder, make_bundle

from saetui.core.changes import MODES, Change, Mode
from saetui.core.document_filter import RETRIEVALS, DocumentFilter, Retrieval
from saetui.core.search_request import SearchRequest
from saetui.session.saved.search_json import request_from_json, request_to_json
from saetui.session.saved.search_text import command_text, step_text
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.store.index.parameters import Kind

REMARKS = 9
QUERY = "merger to report"


@pytest.fixture(scope="module", params=["exact", "graph"])
def session(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Session:
    kind: Kind = request.param
    folder = make_bundle(tmp_path_factory.mktemp("bundle"), remarks=REMARKS, index=kind)
    return Session(Bundle(folder), embedder=HashEmbedder())


@pytest.mark.parametrize("retrieval", RETRIEVALS)
@pytest.mark.parametrize("mode", MODES)
def test_a_repeated_text_is_one_result_in_every_kind_of_search(
    session: Session, retrieval: Retrieval, mode: Mode
) -> None:
    request = SearchRequest(QUERY, {2: Change("add", 0.2)}, mode, retrieval=retrieval, limit=20)
    found = session.search(request).results
    first = 60 - REMARKS
    assert [(r.row, r.repeats) for r in found if r.row >= first] == [(first, REMARKS)]
    assert all(r.repeats == 1 for r in found if r.row < first)
    each = session.search(SearchRequest(**{**vars(request), "unfolded": True})).results
    assert {r.row for r in each if r.row >= first} == set(range(first, 60))
    assert all(r.repeats == 1 for r in each)
    # Folding takes nothing away but repeats.
    others = [r.row for r in each if r.row < first]
    assert [r.row for r in found if r.row < first][: len(others)] == others


def test_a_filter_decides_what_a_result_stands_for(session: Session) -> None:
    first = 60 - REMARKS
    late = [row for row in range(first, 60) if 10 + row % 10 >= 15]
    found = session.search(SearchRequest(QUERY, filter=DocumentFilter(after="2015"))).results
    assert [(r.row, r.repeats) for r in found if r.row >= first] == [(late[0], len(late))]


def test_what_is_like_a_repeated_text_is_not_that_text_again_and_again(session: Session) -> None:
    first = 60 - REMARKS
    answer = session.search(SearchRequest(like=first))
    assert (answer.results[0].row, answer.results[0].repeats) == (first + 1, REMARKS - 1)
    assert answer.eligible == 59
    assert all(r.row < first for r in answer.results[1:])


def test_unfolding_is_part_of_the_request(session: Session) -> None:
    request = SearchRequest(QUERY, unfolded=True)
    value = request_to_json(session, request)
    assert value["unfolded"] is True
    assert request_from_json(session, value, "it") == (request, {})
    assert "unfolded" not in request_to_json(session, SearchRequest(QUERY))
    assert "--unfold" in command_text(session, request)
    assert step_text(session, SearchRequest(QUERY), request) == "list repeated texts and passages"
