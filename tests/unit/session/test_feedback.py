"""Results become steering, and features are ranked by what they move."""

from dataclasses import replace

import pytest

from saetui.core.changes import MODES, Change, Mode, Steering, knob_of
from saetui.core.document_filter import DocumentFilter
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.saved.search_json import request_from_json, request_to_json
from saetui.session.saved.search_text import command_text, step_text
from saetui.session.session import Session
from saetui.session.steering import (
    effects,
    feedback,
    mode_for_feedback,
    steered_toward,
    with_changes,
)

QUERY = "black hole merger"


def _changed(session: Session, request: SearchRequest, changes: Steering) -> SearchRequest:
    z = session.searcher.queries.of(request).z
    steering = with_changes(request.steering, changes, lambda feature: float(z[feature]))
    return replace(request, steering=steering)


def test_a_result_becomes_changes_of_its_features(session: Session) -> None:
    codes = session.sae.codes
    active = codes.indices[7][codes.indices[7] >= 0].tolist()
    toward, away = (feedback(session, 7, sign, "codes", strength=0.4) for sign in (1, -1))
    assert list(toward) == list(away) == active
    assert toward[active[0]] == Change("add", 0.4)
    amounts = [change.amount for change in toward.values()]
    assert amounts == sorted(amounts, reverse=True)
    assert all(away[feature].amount == -toward[feature].amount for feature in active)
    assert list(feedback(session, 7, 1, features=1)) == active[:1]
    with pytest.raises(InputError, match="no document in row 900"):
        feedback(session, 900, 1)


def test_toward_a_document_brings_its_like(session: Session) -> None:
    coral = next(
        row
        for row in range(20)
        if "Coral reefs" in session.bundle.documents.document(row).metadata["categories"]
    )
    request = SearchRequest(QUERY, retrieval="semantic")
    steered = _changed(session, request, feedback(session, coral, 1, "codes", strength=1.0))

    def coral_results(asked: SearchRequest) -> int:
        return sum("coral" in result.title for result in session.search(asked).results)

    assert coral_results(steered) > coral_results(request)


def test_toward_and_away_again_is_as_before(session: Session) -> None:
    request = SearchRequest(QUERY, {2: Change("set", 0.5), 3: Change("scale", 2.0)})
    there = _changed(session, request, feedback(session, 7, 1))
    back = _changed(session, there, feedback(session, 7, -1))
    vector = {f.id: f.steered for f in session.search(back).features if f.steered}
    before = {f.id: f.steered for f in session.search(request).features if f.steered}
    assert vector == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("mode", ["both", "delta", "codes", "decode"])
def test_effects_are_what_a_step_does(session: Session, mode: Mode) -> None:
    request = SearchRequest(QUERY, {12: Change("add", 0.2)}, mode, exact=True)
    found = effects(session, request)
    now = session.search(request)
    assert {each.feature for each in found} == {feature.id for feature in now.features}
    rows = {result.row for result in now.results}
    z = {feature.id: feature.steered for feature in now.features}
    leap = knob_of(mode).leap
    for each in found:
        for step, replaced in ((leap, each.raised), (-leap, each.lowered)):
            change = Change("set", z[each.feature] + step)
            after = session.search(
                replace(request, steering={**request.steering, each.feature: change})
            )
            assert len(rows - {result.row for result in after.results}) == replaced
    replaced = [each.raised + each.lowered for each in found]
    assert replaced == sorted(replaced, reverse=True)


@pytest.mark.parametrize("mode", MODES)
def test_effects_keep_to_the_filter(session: Session, mode: Mode) -> None:
    wanted = DocumentFilter(having=(0,))
    found = effects(session, SearchRequest(QUERY, mode=mode, filter=wanted, limit=1_000))
    # All eligible documents are results, so that no step can replace one.
    assert {(each.raised, each.lowered) for each in found} == {(0, 0)}


def test_feedback_rewards_unless_something_is_steered_already() -> None:
    plain = SearchRequest("reef")
    assert mode_for_feedback(plain) == "codes"
    assert mode_for_feedback(replace(plain, steering={1: Change("add", 0.5)})) == "both"
    assert mode_for_feedback(replace(plain, mode="delta")) == "delta"


def test_what_the_query_has_is_not_asked_for_again(session: Session) -> None:
    codes = session.sae.codes
    active = codes.indices[7][codes.indices[7] >= 0].tolist()
    values = codes.values[7][: len(active)].tolist()
    first, second = active[:2]
    # The query has the document's first feature as much as the document has.
    found = feedback(session, 7, 1, "codes", strength=0.4, query={first: 2.0, second: 1e-9})
    assert first not in found
    assert found[second].amount == pytest.approx(0.4 * values[1] / values[0], abs=1e-5)


def test_toward_a_document_counts_its_words_until_they_are_taken_back(session: Session) -> None:
    coral = session.bundle.documents.document(7)
    request = SearchRequest(QUERY, why=True, limit=1_000)
    toward = steered_toward(session, request, 7)
    assert toward.liked == (7,)
    assert toward.mode == "codes"
    features = replace(toward, liked=())
    telling = session.searcher.terms.of_liked(7)
    without = {each.row: each for each in session.search(features).results}
    found = session.search(toward).results
    added = dict(zip(telling.rows.tolist(), telling.values.tolist(), strict=True))
    assert max(added, key=added.__getitem__) == 7, coral.title
    for each in found:
        gained = added.get(each.row, 0.0)
        assert each.score - without[each.row].score == pytest.approx(gained, abs=1e-5)
        assert each.why is not None
        assert without[each.row].why is not None
        assert each.why.words - without[each.row].why.words == pytest.approx(gained, abs=1e-5)
        assert each.why.total == pytest.approx(each.score, abs=1e-5)
    back = steered_toward(session, toward, 7, -1)
    assert back.liked == ()
    assert {change.amount for change in back.steering.values()} <= {0.0}
    # Away from a document that was not asked for is away from all of its features.
    away = steered_toward(session, request, 7, -1)
    assert len(away.steering) >= len(toward.steering)
    assert away.steering == feedback(session, 7, -1)
    # A search by meaning knows no words, and another query none of this document.
    assert session.search(replace(toward, retrieval="semantic")).results[0].why.words == 0
    assert toward.ask("coral").liked == toward.reset().liked == ()
    # The mode that feedback chose goes with it, unless pinned changes are meant in it.
    assert toward.ask("coral").mode == toward.reset().mode == "both"
    assert replace(toward, pinned=tuple(toward.steering)).ask("coral").mode == "codes"
    assert replace(toward, mode="delta").reset().mode == "delta"


def test_liked_documents_go_through_json_commands_and_steps(session: Session) -> None:
    request = steered_toward(session, SearchRequest(QUERY), 7)
    again, _ = request_from_json(session, request_to_json(session, request), "here")
    assert again == request
    assert session.search(again).results == session.search(request).results
    id_ = session.bundle.documents.id_of(7)
    assert f"--words-of {id_}" in command_text(session, request)
    said = step_text(session, SearchRequest(QUERY), request)
    assert f"words of {session.title(7)}" in said
    assert "no words of" in step_text(session, request, replace(request, liked=()))
    with pytest.raises(InputError, match="no document 'nothing'"):
        request_from_json(session, {"words_of": ["nothing"]}, "here")
    with pytest.raises(InputError, match="words_of is 3"):
        request_from_json(session, {"words_of": 3}, "here")
