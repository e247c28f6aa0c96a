"""A search and its history, as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.changes import DEFAULT_MODE, MODES, Change
from saetui.core.search_request import SearchRequest
from saetui.tui.screens.steps import History

features = st.integers(0, 3)
activations = st.floats(0, 1, allow_nan=False)
steps = st.integers(-20, 20).map(lambda count: count * 0.05)


def strength(state: SearchRequest, feature: int, activation: float) -> float:
    change = state.steering.get(feature)
    return activation if change is None else change.apply(activation)


edits = st.one_of(
    st.tuples(st.just("nudge"), features, steps),
    st.tuples(st.just("set"), features, st.sampled_from([0.0, 1.0])),
    st.tuples(st.just("negate"), features, st.just(0.0)),
    st.tuples(st.just("solo"), features, st.just(0.0)),
)


def edited(state: SearchRequest, edit: tuple[str, int, float], activation: float) -> SearchRequest:
    kind, feature, amount = edit
    match kind:
        case "nudge":
            return state.nudge(feature, amount, activation)
        case "set":
            return state.change(feature, Change("set", amount))
        case "negate":
            return state.negate(feature, activation)
        case _:
            return state.toggle_solo(feature)


@given(st.lists(edits, max_size=8), features, steps, activations)
def test_a_nudge_moves_by_its_step(
    before: list[tuple[str, int, float]], feature: int, step: float, activation: float
) -> None:
    state = SearchRequest("query", mode="codes")
    for edit in before:
        state = edited(state, edit, activation)
    after = state.nudge(feature, step, activation)
    moved = strength(after, feature, activation) - strength(state, feature, activation)
    assert abs(moved - step) < 1e-5


@given(st.lists(edits, max_size=8), features, activations)
def test_negating_gives_the_opposite_and_back(
    before: list[tuple[str, int, float]], feature: int, activation: float
) -> None:
    state = SearchRequest("query")
    for edit in before:
        state = edited(state, edit, activation)
    value = strength(state, feature, activation)
    once = state.negate(feature, activation)
    assert abs(strength(once, feature, activation) + value) < 1e-5
    twice = once.negate(feature, activation)
    assert abs(strength(twice, feature, activation) - value) < 1e-5


def test_there_and_back_is_exact() -> None:
    state = SearchRequest("query")
    for _ in range(7):
        state = state.nudge(1, 0.05, 0.3)
    for _ in range(7):
        state = state.nudge(1, -0.05, 0.3)
    assert state.steering == {1: Change("add", 0.0)}


def test_a_fixed_strength_moves_from_there() -> None:
    asked = SearchRequest(mode="codes")
    state = asked.change(2, Change("set", 1.0)).nudge(2, -0.25, 0.1)
    assert state.steering == {2: Change("set", 0.75)}
    state = asked.change(2, Change("scale", -1.0)).nudge(2, 0.05, 0.4)
    assert state.steering == {2: Change("set", -0.35)}


def test_only_pinned_changes_go_along_to_another_query() -> None:
    state = SearchRequest("one").nudge(1, 0.05, 0.3).nudge(2, 0.1, 0.3).toggle_solo(1)
    state = state.toggle_muted(2).toggle_muted(3)
    assert state.on == (1, 2, 3)
    assert state.ask("two") == SearchRequest("two")
    kept = state.toggle_pinned(2).ask("two")
    assert kept == SearchRequest("two", {2: Change("add", 0.1)}, muted=(2,), pinned=(2,))
    assert state.toggle_pinned(2).toggle_pinned(1).more_like(7).solo == 1
    assert kept.toggle_pinned(2).pinned == ()
    assert kept.leave(2) == SearchRequest("two")
    assert kept.reset() == SearchRequest("two")


def test_changes_stay_with_features_alone() -> None:
    alone = SearchRequest().nudge(1, 0.05, 0.0)
    assert alone.ask("one").steering == alone.steering
    assert alone.ask("one").ask("").steering == alone.steering
    assert not alone.more_like(7).ask("one").steering


@given(st.lists(steps, max_size=8), activations)
def test_a_nudge_of_both_goes_no_further_than_it_has_an_effect(
    made: list[float], activation: float
) -> None:
    state = SearchRequest("query", mode="both")
    for step in made:
        before = strength(state, 1, activation) - activation
        state = state.nudge(1, step, activation)
        change = strength(state, 1, activation) - activation
        assert -1 <= change <= 1
        assert change >= before - 1e-5 if step > 0 else change <= before + 1e-5


def test_each_step_of_both_leaves_an_equal_part_of_documents_without_the_feature() -> None:
    state = SearchRequest("query", mode="both")
    for step in range(1, 10):
        state = state.nudge(1, 0.4, 0.2)
        change = strength(state, 1, 0.2) - 0.2
        assert 1 - change == pytest.approx(0.6**step, abs=1e-5)
    assert state.nudge(1, 0.4, 0.2).steering == {1: Change("add", 1.0)}


def test_solo_is_of_one_feature() -> None:
    state = SearchRequest("one").toggle_solo(1)
    assert state.toggle_solo(1).solo is None
    assert state.toggle_solo(2).solo == 2


def test_modes_go_around() -> None:
    state = SearchRequest()
    seen = []
    for _ in MODES:
        seen.append(state.mode)
        state = state.next_mode()
    assert set(seen) == set(MODES)
    assert seen[0] == DEFAULT_MODE
    assert state == SearchRequest()


def test_an_edit_leaves_the_state_before_alone() -> None:
    state = SearchRequest("query").nudge(1, 0.05, 0.3)
    state.nudge(1, 0.05, 0.3)
    state.change(1, None)
    state.reset()
    assert state.steering == {1: Change("add", 0.05)}


@given(st.lists(edits, max_size=20), st.integers(0, 25))
def test_undo_goes_back_over_what_changed(made: list[tuple[str, int, float]], count: int) -> None:
    history = History(SearchRequest())
    states = [history.present]
    for edit in made:
        history = history.record(edited(history.present, edit, 0.5))
        if history.present != states[-1]:
            states.append(history.present)
    undone = history
    for _ in range(count):
        undone = undone.undo()
    assert undone.present == states[max(0, len(states) - 1 - count)]
    for _ in range(count):
        undone = undone.redo()
    assert undone == history


def test_a_new_edit_forgets_what_was_undone() -> None:
    history = (
        History(SearchRequest()).record(SearchRequest("one")).record(SearchRequest("two")).undo()
    )
    history = history.record(SearchRequest("three"))
    assert history.redo() == history
    assert history.undo().present == SearchRequest("one")
