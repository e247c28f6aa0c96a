"""What keys do: the state that they spell is the state that is shown."""

import random
import threading
from pathlib import Path

import pytest
from driver import WIDE, drive, open_still

from saetui.core.changes import Change
from saetui.errors import EmbedderError
from saetui.session.requests import SearchRequest, SearchResponse
from saetui.session.session import Session
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.state import SearchState

QUERY = "black hole merger chirp"


def spelled(state: SearchState) -> SearchRequest:
    """The search that a state stands for."""
    return SearchRequest(
        query=state.query,
        steering=state.steering,
        mode=state.mode,
        solo=state.solo,
        limit=50,
        why=True,
    )


def rows(answer: SearchResponse) -> list[int]:
    return [result.row for result in answer.results]


async def test_results_are_those_of_the_session_for_the_state_spelled(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        for key in ("L", "L", "down", "0", "down", "n", "m", "r", "space", "space", "e", "H"):
            await driver.press(key)
            answer = driver.main.answer
            assert answer is not None
            assert answer.request.steering == driver.main.state.steering
            expected = session.search(spelled(driver.main.state))
            assert rows(answer) == rows(expected)
            assert [r.row for r in driver.search.results.rows] == rows(expected)


async def test_each_key_changes_the_feature_under_the_cursor(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        first, second = driver.features()[:2]
        await driver.press("right")
        assert driver.main.state.steering == {first: Change("add", 0.05)}
        await driver.press("L", "left", "H")
        assert driver.main.state.steering == {first: Change("add", 0.0)}
        await driver.press("down", "0")
        assert driver.main.state.steering[second] == Change("set", 0.0)
        await driver.press("m")
        assert driver.main.state.steering[second] == Change("set", 1.0)
        await driver.press("r")
        assert second not in driver.main.state.steering
        await driver.press("space")
        assert driver.main.state.solo == second
        await driver.press("R")
        assert driver.main.state == SearchState(query=QUERY)


async def test_undo_and_redo_walk_the_same_states(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        states = [driver.main.state]
        for key in ("right", "L", "down", "0", "e", "n"):
            await driver.press(key)
            if driver.main.state != states[-1]:
                states.append(driver.main.state)
        for state in reversed(states[:-1]):
            await driver.press("u")
            assert driver.main.state == state
        for state in states[1:]:
            await driver.press("ctrl+r")
            assert driver.main.state == state
        answer = driver.main.answer
        assert answer is not None
        assert rows(answer) == rows(session.search(spelled(states[-1])))


async def test_a_burst_of_keys_ends_in_the_state_that_they_spell(session: Session) -> None:
    chance = random.Random(0)
    keys = [chance.choice(("right", "left", "L", "H", "up", "down", "n", "u")) for _ in range(200)]
    async with drive(session) as slow:
        await slow.ask(QUERY)
        for key in keys:
            await slow.press(key)
        wanted = slow.main.state
    async with drive(session) as driver:
        await driver.ask(QUERY)
        driver.send(*keys)
        await driver.settle()
        assert driver.main.state == wanted
        answer = driver.main.answer
        assert answer is not None
        assert answer.request.steering == wanted.steering
        assert rows(answer) == rows(session.search(spelled(wanted)))
        assert driver.shown[-1] is answer


async def test_an_answer_that_was_overtaken_is_never_shown(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, go_on = threading.Event(), threading.Event()
    search = session.search

    def slow(request: SearchRequest) -> SearchResponse:
        if request.steering and not go_on.is_set():
            held.set()
            go_on.wait()
        return search(request)

    async with drive(session) as driver:
        await driver.ask(QUERY)
        shown = len(driver.shown)
        monkeypatch.setattr(session, "search", slow)
        driver.send("right")
        while not held.is_set():
            await driver.pilot.pause(0)
        driver.send("right", "right")
        await driver.pilot.pause(0)
        go_on.set()
        await driver.settle()
        assert [answer.request.steering for answer in driver.shown[shown:]] == [
            driver.main.state.steering
        ]


async def test_a_query_submitted_before_the_bundle_is_open_is_answered(bundle: Path) -> None:
    go_on = threading.Event()

    def opener(say: object) -> Session:
        go_on.wait()
        return open_still(bundle)

    async with drive(opener, wait=False) as driver:
        driver.send(*QUERY, "enter")
        await driver.see("is answered when")
        assert driver.main.answer is None
        go_on.set()
        await driver.settle()
        answer = driver.main.answer
        assert answer is not None
        assert answer.request.query == QUERY
        driver.session.close()


async def test_an_embedder_that_cannot_be_loaded_leaves_the_rest_usable(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_still(bundle)

    class Broken:
        name, dimensions = "broken", session.bundle.manifest.dimensions

        def embed_query(self, text: str) -> None:
            raise EmbedderError("The weights are not here.", "Install them.")

    session._embedder = Broken()  # type: ignore[assignment]
    async with drive(session, WIDE) as driver:
        await driver.ask("coral")
        assert "The weights are not here." in driver.text()
        await driver.press("2", "a")
        assert driver.main.state.steering
        driver.search.query_line.value = ""
        await driver.ask("")
        answer = driver.main.answer
        assert answer is not None
        assert answer.results
    session.close()


async def test_a_feature_is_added_by_words_of_its_label(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("a")
        await driver.type("bleaching")
        await driver.press("enter")
        (feature,) = driver.main.state.steering
        assert session.features[feature].label == "Bleaching"
        row = driver.search.steering.row
        assert row is not None
        assert row.id == feature
        assert driver.search.steering.has_focus


async def test_a_document_opens_and_leads_back(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        driver.search.results.focus()
        await driver.press("down", "enter")
        assert isinstance(driver.app.screen, DocumentScreen)
        assert driver.app.screen.detail.row == rows(driver.shown[-1])[1]
        await driver.press("escape")
        assert driver.app.screen is driver.main


async def test_features_filter_as_one_types(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "2", "slash")
        await driver.type("reef")
        assert "Coral reefs" in driver.text()
        assert "Machine translation" not in driver.text()
        await driver.press("enter", "t")
        assert "Families" in driver.text()


async def test_a_bundle_that_cannot_be_opened_ends_the_app_with_the_reason(
    tmp_path: Path,
) -> None:
    from saetui.session.session import open_session

    async with drive(lambda say: open_session(tmp_path / "none.bundle"), wait=False) as driver:
        for _ in range(1000):
            if driver.app.failure is not None:
                break
            await driver.pilot.pause(0)
        assert "There is no bundle" in str(driver.app.failure)
