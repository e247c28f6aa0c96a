"""Steering by keys: what is shown is the answer to what the keys spell."""

import math
import random
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from driver import WIDE, Driver, drive

from saetui.core.changes import DEFAULT_MODE, MODES, Change, knob_of
from saetui.core.search_request import SearchRequest
from saetui.errors import BundleDamaged
from saetui.session.search.response import SearchResponse
from saetui.session.session import Session
from saetui.session.steering import features_meant
from saetui.tui.screens.add_feature import AddFeatureScreen
from saetui.tui.screens.steps import History
from saetui.tui.widgets.results import WhyLines

QUERY = "black hole merger chirp"
# Features of the synthetic bundle; the query activates the first two.
BLACK_HOLES, MERGERS, BLEACHING, REEF_FISH = 0, 2, 11, 12


def expected(driver: Driver) -> SearchResponse:
    """What the session answers to the request that the screen shows."""
    return driver.session.search(driver.main.request)


def assert_shown(driver: Driver) -> None:
    """The lists hold the answer to the present state."""
    answer = expected(driver)
    assert tuple(driver.search.results.rows) == answer.results
    on = {*answer.request.on}
    on_first = sorted(answer.features, key=lambda feature: feature.id not in on)
    assert list(driver.search.steering.rows) == on_first


async def test_empty_query_shows_how_to_begin(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("enter")
        assert driver.main.answer is None
        assert not driver.search.results.rows
        assert "Type a question" in driver.text()


async def test_query_is_answered(session: Session) -> None:
    async with drive(session) as driver:
        await driver.type(QUERY)
        await driver.press("enter")
        assert driver.main.request.query == QUERY
        assert_shown(driver)
        assert driver.features()[:2] == [BLACK_HOLES, MERGERS]
        assert driver.app.focused is driver.search.steering


async def test_emptied_query_empties_the_lists(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.ask("")
        assert driver.main.answer is None
        assert not driver.search.results.rows
        assert not driver.search.steering.rows


async def test_features_alone_are_a_query(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "a", *"bleaching", "enter")
        assert driver.features() == [BLEACHING]
        assert driver.main.request.query == ""
        assert_shown(driver)
        assert {row.baseline_rank for row in driver.search.results.rows} == {None}
        assert "NEW" not in driver.text()


CHANGES: list[tuple[list[str], Change | None]] = [
    (["right"], Change("add", 0.4)),
    (["left"], Change("add", -0.4)),
    (["L"], Change("add", 0.75)),
    (["H"], Change("add", -0.75)),
    (["0"], Change("set", 0.0)),
    (["m"], Change("set", 1.0)),
    (["n"], Change("scale", -1.0)),
    (["n", "n"], None),
    (["right", "left"], Change("add", 0.0)),
    (["m", "n"], Change("set", -1.0)),
    (["right", "r"], None),
    (["right", "d"], None),
]


async def test_keys_change_the_feature(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("down")
        for keys, change in CHANGES:
            await driver.press(*keys)
            assert driver.main.request.steering.get(MERGERS) == change, keys
            assert_shown(driver)
            await driver.press("R")


async def test_opposite_of_a_strengthened_feature(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("L")
        strong = driver.search.steering.rows[0].steered
        await driver.press("n")
        assert driver.search.steering.rows[0].steered == pytest.approx(-strong, abs=1e-6)
        await driver.press("n")
        assert driver.search.steering.rows[0].steered == pytest.approx(strong, abs=1e-6)
        assert_shown(driver)


async def test_solo_keeps_one_feature(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("down", "space")
        kept = [row.id for row in driver.search.steering.rows if row.steered]
        assert kept == [MERGERS]
        assert_shown(driver)
        await driver.press("space")
        assert driver.main.request.solo is None
        assert_shown(driver)


async def test_another_query_starts_without_changes(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("right", "space", "down", "M")
        steered = driver.main.request
        await driver.ask("coral bleaching")
        assert not driver.main.request.steered
        assert_shown(driver)
        assert "Steered:" not in driver.text()
        await driver.press("u")
        assert driver.main.request == replace(steered, query="coral bleaching")
        assert "Steered: only Black holes" in driver.text()
        await driver.press("u")
        assert driver.main.request == steered
        assert_shown(driver)


async def test_pinned_changes_go_along(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("L", "p", "down", "L")
        assert driver.lines()[2].startswith(" Steered: Black holes +.75 pinned, Black hole mergers")
        await driver.ask("coral bleaching")
        assert driver.main.request.steering == {BLACK_HOLES: Change("add", 0.75)}
        assert driver.features()[0] == BLACK_HOLES, "what is on stands first"
        assert driver.lines()[2].startswith(" Steered: Black holes +.75 pinned ")
        assert_shown(driver)
        await driver.press("shift+tab", "l")
        assert driver.main.request.steering == {BLACK_HOLES: Change("add", 0.75)}
        await driver.press("tab", "g", "p")
        await driver.ask(QUERY)
        assert not driver.main.request.on


async def test_what_is_on_stands_first_and_in_a_line(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        before = driver.features()
        last = before[-1]
        await driver.press("G", "0")
        assert driver.features() == [last, *before[:-1]]
        assert driver.search.steering.row is not None
        assert driver.search.steering.row.id == last, "the cursor follows"
        name = driver.session.name(last)
        assert driver.lines()[2].startswith(f" Steered: {name} off ")
        await driver.press("down", "M")
        assert f"{driver.session.name(before[0])} muted, {name} off" in driver.lines()[2]
        await driver.press("W", "W")
        assert "By words alone these wait" in driver.lines()[2]
        await driver.press("u", "u", "u", "u")
        assert driver.features() == before
        assert "Steered:" not in driver.text()


async def test_steps_of_both_stop_where_they_do_no_more(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        while driver.main.request.mode != "both":
            await driver.press("e")
        await driver.press(*["right"] * 12)
        assert driver.main.request.steering == {BLACK_HOLES: Change("add", 1.0)}
        await driver.press(*["H"] * 9)
        assert driver.main.request.steering == {BLACK_HOLES: Change("add", -1.0)}


async def test_trust_in_each_label_stands_beside_it(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        (line,) = [line for line in driver.lines() if line.startswith("   Black holes ")]
        true = driver.session.features[BLACK_HOLES].true
        assert true is not None
        assert f" {round(10 * true.value)}/10 ".replace(" 10/10", " all") in line


async def test_undo_and_redo(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        states = [driver.main.request]
        for key in ("right", "0", "e", "space", "L"):
            await driver.press(key)
            states.append(driver.main.request)
        for state in states[-2::-1]:
            await driver.press("u")
            assert driver.main.request == state
            assert_shown(driver)
        for state in states[1:]:
            await driver.press("ctrl+r")
            assert driver.main.request == state
        assert_shown(driver)
        await driver.press("ctrl+r")
        assert driver.main.request == states[-1]


async def test_undo_brings_the_query_back(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.ask("coral")
        await driver.press("u")
        assert driver.search.query_bar.query_line.value == QUERY
        assert_shown(driver)
        await driver.press("u", "u")
        assert driver.main.request.query == ""
        assert driver.main.answer is None


async def test_reset_all(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        plain = tuple(driver.search.results.rows)
        await driver.press("L", "down", "0", "space", "R")
        assert not driver.main.request.steering
        assert driver.main.request.solo is None
        assert tuple(driver.search.results.rows) == plain


async def test_mode_and_exact(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        start = MODES.index(driver.main.request.mode)
        for mode in (*MODES[start + 1 :], *MODES[: start + 1]):
            await driver.press("e")
            assert driver.main.request.mode == mode
            assert_shown(driver)
            assert (f"mode {mode}" in driver.lines()[0]) == (mode != DEFAULT_MODE)
        await driver.press("E")
        assert driver.main.answer is not None
        assert driver.main.answer.exact
        assert_shown(driver)
        assert "Results, exact" in driver.text()
        await driver.press("e", "E")
        assert driver.main.request.mode == MODES[start + 1]
        assert not driver.main.answer.exact


async def test_why_can_be_hidden(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        # The largest feature is named, however narrow the screen.
        assert "Why #1:  Black holes +" in driver.text()
        await driver.press("shift+tab", "down")
        assert "Why #2" in driver.text()
        await driver.press("w")
        assert "Why" not in driver.text()
        await driver.press("w")
        assert "Why #2" in driver.text()


async def test_why_adds_up_to_the_score(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        why = driver.app.screen.query_one(WhyLines)
        assert driver.main.answer is not None
        for width in (60, 70, 80, 100, 160):
            for result in driver.main.answer.results[:5]:
                why.explain(result, {})
                (line,) = ("".join(text for text, _ in line) for line in why.lines(width))
                shown = sum(map(float, re.findall(r"[+-]\d*\.\d\d", line)))
                # Each figure is rounded.
                assert shown == pytest.approx(result.score, abs=0.005 * line.count("."))


async def test_added_feature_is_under_the_cursor(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("a", *"bleach")
        assert isinstance(driver.app.screen, AddFeatureScreen)
        await driver.press("enter")
        assert driver.main.request.steering == {BLEACHING: Change("add", 0.95)}
        assert driver.search.steering.row is not None
        assert driver.search.steering.row.id == BLEACHING
        assert driver.app.focused is driver.search.steering
        # The first step is strong; from there it takes three to require the feature.
        for amount in (0.97, 0.982, 0.9892, 1.0):
            await driver.press("right")
            (change,) = driver.main.request.steering.values()
            assert change.amount == pytest.approx(amount)
        assert_shown(driver)


async def test_added_feature_at_nothing_stays(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("a", *"bleach", "enter", "r")
        assert BLEACHING in driver.features()
        await driver.press("d")
        assert BLEACHING not in driver.features()
        assert_shown(driver)


async def test_words_that_no_label_has_add_what_they_mean(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("a", *"zebra bleaching")
        await driver.settle()
        nearest = [record.id for record in features_meant(session, "zebra bleaching")]
        screen = driver.app.screen
        assert isinstance(screen, AddFeatureScreen)
        assert [record.id for record in screen._list.rows] == nearest
        await driver.press("enter")
        assert list(driver.main.request.steering) == nearest[:1]


async def test_labels_with_the_words_come_before_what_they_mean(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "a", *"bleach")
        await driver.settle()
        screen = driver.app.screen
        assert isinstance(screen, AddFeatureScreen)
        listed = [record.id for record in screen._list.rows]
        called = session.features.lookup.named("bleach")
        assert called
        assert listed[: len(called)] == called
        assert len(listed) == len({*listed})


async def test_what_adding_would_replace_is_what_it_replaces(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("right", "a", *"reef")
        await driver.settle()
        screen = driver.app.screen
        assert isinstance(screen, AddFeatureScreen)
        request = replace(driver.main.request, limit=10)
        before = {result.row for result in session.search(request).results}
        said = screen._list.replaces
        assert said is not None
        assert {record.id for record in screen._list.rows[:5]} <= {*said}
        for feature, count in said.items():
            added = request.change(feature, Change("add", knob_of("both").added))
            after = {result.row for result in session.search(added).results}
            assert count == len(before - after), feature
        assert max(said.values()) > min(said.values())
        assert f"{said[screen._list.rows[0].id]} of 10" in driver.text()


async def test_adding_can_be_cancelled(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("a", *"bleach")
        assert isinstance(driver.app.screen, AddFeatureScreen)
        await driver.press("escape")
        assert driver.app.screen is driver.main
        assert not driver.main.request.steering


async def test_adding_what_is_there_only_goes_to_it(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("a", *"bleach", "enter", "L")
        state = driver.main.request
        await driver.press("g", "a", *"bleach", "enter")
        assert driver.main.request == state
        assert driver.search.steering.row is not None
        assert driver.search.steering.row.id == BLEACHING


async def test_family_gets_the_same_change(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("f")
        assert "Change the feature first" in driver.text()
        assert not driver.main.request.steering
        await driver.press("0", "f")
        family = driver.session.sae.families.of_feature(BLACK_HOLES)[0]
        assert driver.main.request.steering == dict.fromkeys(family.members, Change("set", 0.0))
        assert_shown(driver)
        await driver.press("u")
        assert driver.main.request.steering == {BLACK_HOLES: Change("set", 0.0)}


async def test_feature_without_family(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "a", *"22", "enter", "f")
        assert "Feature 22 is in no family" in driver.text()


async def test_keys_without_features_do_nothing(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape")
        for key in ("right", "L", "0", "m", "n", "space", "r", "d", "f", "R", "u", "ctrl+r"):
            await driver.press(key)
        assert not driver.main.request.steering
        assert driver.main.request.solo is None
        assert "Type a question" in driver.text()


# A held key.


class Gate:
    """Lets searches through one at a time, so that keys overtake them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._passes = threading.Semaphore(0)
        self._search = session.search
        self.searched: list[SearchRequest] = []
        # Whether the coming searches fail, in turn.
        self.fails: list[bool] = []
        session.search = self.search  # type: ignore[method-assign]

    def search(
        self, request: SearchRequest, interrupted: Callable[[], bool] = lambda: False
    ) -> SearchResponse:
        fails = self.fails.pop(0) if self.fails else False
        self._passes.acquire()
        self.searched.append(request)
        if fails:
            raise BundleDamaged("embeddings.npy cannot be read.")
        return self._search(request, interrupted)

    def let(self, searches: int = 1) -> None:
        self._passes.release(searches)

    def open(self) -> None:
        """Search without waiting from now on."""
        self.session.search = self._search  # type: ignore[method-assign]
        self.let(1_000)


@pytest.fixture
def gate(session: Session) -> Iterator[Gate]:
    gate = Gate(session)
    yield gate
    gate.open()


def stepped(change: float, size: float) -> float:
    """A change after a step: each leaves documents without the feature an equal part of the rest.

    What is left is counted as a power of e; below e to the -5 nothing is left. On the way to the
    opposite there is a stop at no change.
    """
    power = sum(
        math.copysign(5.0 if abs(part) >= 1 else -math.log(1 - abs(part)), part)
        for part in (change, size)
    )
    if power * change < 0:
        return 0.0
    return math.copysign(1 if abs(power) >= 5 else 1 - math.exp(-abs(power)), power)


@dataclass(frozen=True)
class Row:
    """A feature as a reader keeps count of it; `change` is `add`, `set`, `opposite`, or none."""

    place: int
    activation: float
    strength: float
    change: str = ""

    def pressed(self, key: str) -> "Row":
        opposite = self.change == "opposite"
        match key:
            case "right" | "left" | "L" | "H":
                size = (0.75 if key.isupper() else 0.4) * (1 if key in ("right", "L") else -1)
                kind = "add" if self.change in ("", "add") else "set"
                change = stepped(self.strength - self.activation, size)
                return replace(self, strength=self.activation + change, change=kind)
            case "0" | "m":
                return replace(self, strength=float(key == "m"), change="set")
            case "n":
                kind = "" if opposite else "set" if self.change else "opposite"
                return replace(self, strength=-self.strength, change=kind)
            case "r":
                return replace(self, strength=self.activation, change="")
        return self


def spelled(keys: list[str], activations: list[float]) -> list[float]:
    """Strengths after the keys, as a reader would count: rows that are changed stand first."""
    start = [Row(place, value, value) for place, value in enumerate(activations)]
    states, present, cursor = [start], 0, 0
    for key in keys:
        rows = states[present]
        here = rows[cursor].place
        match key:
            case "down" | "up":
                here = rows[max(0, min(len(rows) - 1, cursor + (1 if key == "down" else -1)))].place
            case "u":
                present = max(0, present - 1)
            case "ctrl+r":
                present = min(len(states) - 1, present + 1)
            case _:
                after = [row.pressed(key) if row.place == here else row for row in rows]
                after.sort(key=lambda row: (not row.change, row.place))
                if {*after} != {*rows}:
                    states, present = [*states[: present + 1], after], present + 1
        cursor = [row.place for row in states[present]].index(here)
    return [row.strength for row in states[present]]


@pytest.mark.parametrize("seed", range(2))
async def test_burst_ends_where_the_keys_lead(seed: int, session: Session, gate: Gate) -> None:
    chance = random.Random(seed)
    keys = chance.choices(["right", "left", "L", "H", "0", "m", "n", "r", "down", "up"], k=200)
    async with drive(session) as driver:
        gate.let()
        await driver.ask(QUERY)
        first = len(driver.shown)
        activations = [row.activation for row in driver.search.steering.rows]
        for key in keys:
            driver.send(key)
            if chance.random() < 0.1:
                gate.let()
                await driver.rest()
        gate.open()
        await driver.settle()
        ends = [row.steered for row in driver.search.steering.rows]
        assert ends == pytest.approx(spelled(keys, activations), abs=1e-5)
        assert_shown(driver)
        assert len(gate.searched) < len(keys) / 2
        # Answers came in the order in which they were asked for, and the newest came last.
        shown = [answer.request.steering for answer in driver.shown[first:]]
        history = driver.main.search.history
        spelled_out = iter(state.steering for state in (*history.past, history.present))
        assert all(any(steering == known for known in spelled_out) for steering in shown)
        assert shown[-1] == driver.main.request.steering


@pytest.mark.parametrize("seed", range(2))
async def test_keys_in_one_breath_keep_their_order(seed: int, session: Session) -> None:
    chance = random.Random(seed)
    keys = chance.choices(["right", "L", "0", "r", "u", "u", "ctrl+r", "down", "up"], k=200)
    async with drive(session) as driver:
        await driver.ask(QUERY)
        activations = [row.activation for row in driver.search.steering.rows]
        driver.main.search.history = History(driver.main.request)
        driver.send(*keys)
        await driver.settle()
        ends = [row.steered for row in driver.search.steering.rows]
        assert ends == pytest.approx(spelled(keys, activations), abs=1e-4)
        assert_shown(driver)


async def test_overtaken_answers_are_not_shown(session: Session, gate: Gate) -> None:
    async with drive(session) as driver:
        gate.let()
        await driver.ask(QUERY)
        shown = len(driver.shown)
        driver.send("right")
        await driver.rest()
        driver.send(*["right"] * 199)
        await driver.rest()
        # The first is being searched for, and 199 wait behind it.
        gate.let()
        gate.let()
        await driver.settle()
        assert len(gate.searched) == 3
        assert len(driver.shown) == shown + 1
        assert driver.shown[-1].request.steering == {BLACK_HOLES: Change("add", 1.0)}
        gate.open()
        assert_shown(driver)


async def test_a_first_step_moves_no_line_of_a_tall_screen(session: Session) -> None:
    """Else the whole screen is laid out and drawn again, which takes longer than the search."""
    async with drive(session, WIDE) as driver:
        await driver.ask(QUERY)
        assert driver.lines()[2].startswith(" Nothing is steered")
        layouts: list[object] = []
        driver.app.screen.screen_layout_refresh_signal.subscribe(driver.search, layouts.append)
        await driver.press("right")
        assert driver.lines()[2].startswith(" Steered: Black holes +.40 ")
        await driver.press("left")
        assert driver.lines()[2].startswith(" Nothing is steered")
        assert not layouts


async def test_late_answer_leaves_features_ahead(session: Session, gate: Gate) -> None:
    async with drive(session) as driver:
        gate.let()
        await driver.ask(QUERY)
        driver.send("right")
        # The search is held up, yet the bar follows.
        await driver.see("+.40")
        assert driver.main.request.steering != driver.shown[-1].request.steering
        gate.let()
        await driver.settle()
        gate.open()
        assert_shown(driver)


async def test_keys_after_a_removal_are_meant_for_the_next_row(
    session: Session, gate: Gate
) -> None:
    async with drive(session) as driver:
        gate.let(3)
        await driver.ask(QUERY)
        await driver.press("a", *"bleach", "enter", "a", *"fish", "enter", "up")
        driver.send("d", "right")
        await driver.rest()
        assert BLEACHING not in driver.features()
        assert driver.main.request.steering == {REEF_FISH: Change("add", 0.97)}
        gate.open()
        await driver.settle()
        assert_shown(driver)


async def test_dropped_search_is_not_shown(session: Session, gate: Gate) -> None:
    async with drive(session) as driver:
        driver.search.query_bar.query_line.value = QUERY
        driver.send("enter")
        await driver.rest()
        driver.search.query_bar.query_line.value = ""
        driver.search.query_bar.query_line.focus()
        driver.send("enter")
        await driver.rest()
        gate.let()
        await driver.settle()
        assert driver.main.request.query == ""
        assert not driver.shown
        assert not driver.search.results.rows


async def test_overtaken_failure_is_not_told(session: Session, gate: Gate) -> None:
    async with drive(session) as driver:
        gate.let()
        await driver.ask(QUERY)
        gate.fails = [True]
        driver.send("right")
        await driver.rest()
        driver.send("right")
        await driver.rest()
        gate.open()
        await driver.settle()
        assert len(gate.searched) == 2
        assert "cannot be read" not in driver.text()
        assert_shown(driver)


async def test_failure_replaces_what_was_shown(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("right")
        search = session.search

        def fail(request: SearchRequest, interrupted: object) -> SearchResponse:
            raise BundleDamaged("embeddings.npy cannot be read.", "Copy the bundle again.")

        session.search = fail  # type: ignore[method-assign]
        await driver.press("right")
        assert not driver.search.results.rows
        assert "embeddings.npy cannot be read." in driver.text()
        assert "Why" not in driver.text()
        assert driver.features() == [BLACK_HOLES]
        session.search = search  # type: ignore[method-assign]
        await driver.press("u")
        assert_shown(driver)


async def test_what_only_near_documents_have_is_steered_like_all_others(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask("black hole")
        listed = driver.features()
        place, feature = next(
            (place, each)
            for place, each in enumerate(driver.search.steering.rows)
            if not each.activation
        )
        assert not feature.added
        row = next(line for line in driver.lines() if f"? {feature.name}" in line)
        assert f" {feature.near} near " in row
        await driver.press(*["down"] * place, "L")
        assert_shown(driver)
        assert driver.main.request.steering[feature.id].amount == knob_of("both").leap
        assert f" {feature.near} near " not in "\n".join(
            line for line in driver.lines() if feature.name in line
        )
        # It stays in the list because of the documents, so nothing is left of the change.
        await driver.press("r")
        assert_shown(driver)
        assert not driver.main.request.on
        assert driver.features() == listed
