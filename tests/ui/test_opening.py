"""The app before its bundle is open, when it cannot be opened, and at the end."""

import asyncio
import gc
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from bundles import make_bundle
from driver import drive, open_still

from saetui.core.search_request import SearchRequest
from saetui.core.truth import TrueShare
from saetui.errors import BundleError, EmbedderError
from saetui.session.search.response import SearchResponse
from saetui.session.session import Session, open_session
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureQuality, FeatureRecord
from saetui.store.layout import FAMILIES, FEATURES
from saetui.tui import app as app_module
from saetui.tui.app import SaetuiApp, run, run_app
from saetui.tui.widgets.landing import welcome

QUERY = "black hole merger chirp"


class HeldOpener:
    """Opens a session when told to."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._go_on = threading.Event()

    def __call__(self, say: Callable[[str], None]) -> Session:
        self._go_on.wait()
        return self.session

    def go_on(self) -> None:
        self._go_on.set()


async def test_query_before_the_bundle_is_open_is_answered(session: Session) -> None:
    opener = HeldOpener(session)
    async with drive(opener, wait=False) as driver:
        driver.send(*QUERY, "enter")
        await driver.rest()
        assert driver.main.session is None
        assert driver.main.request.query == QUERY
        assert "answered when it is ready" in driver.text()
        opener.go_on()
        await driver.settle()
        answer = session.search(SearchRequest(query=QUERY, limit=50, why=True))
        assert tuple(driver.search.results.rows) == answer.results


async def test_the_collector_is_held_back_only_while_the_app_runs(session: Session) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    async with drive(session) as driver:
        await driver.rest()
        assert gc.get_freeze_count() > before[1]
        assert gc.get_threshold()[2] > before[0][2]
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before[0], 0)


async def test_every_key_before_the_bundle_is_open(session: Session) -> None:
    opener = HeldOpener(session)
    async with drive(opener, wait=False) as driver:
        driver.send("escape", *"aufeRxw0mnrdL", "space", "enter", "right", "left")
        await driver.rest()
        for view in "23":
            driver.send("escape", view, "slash", "x", "escape", *"staf", "right", "enter", "j")
            await driver.rest()
        assert "Opening" in driver.text()
        opener.go_on()
        await driver.settle()
        assert not driver.main.request.steering
        assert driver.main.session is session


async def test_opener_says_what_it_does(session: Session) -> None:
    go_on = threading.Event()

    def opener(say: Callable[[str], None]) -> Session:
        say("Unpacking \x1b[31mthe demo [bold].")
        go_on.wait()
        return session

    async with drive(opener, wait=False) as driver:
        await driver.see("the demo [bold].")
        assert "\x1b" not in driver.text()
        go_on.set()
        await driver.settle()


def break_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{", encoding="utf-8")


def break_features(folder: Path) -> None:
    _overwrite(next(folder.rglob(FEATURES)))


def break_families(folder: Path) -> None:
    _overwrite(next(folder.rglob(FAMILIES)))


def _overwrite(path: Path) -> None:
    path.write_bytes(b"?" * path.stat().st_size)


@pytest.mark.parametrize("damage", [break_manifest, break_features, break_families])
async def test_broken_bundle_ends_the_app(damage: Callable[[Path], None], tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "broken.bundle")
    damage(folder)
    async with drive(lambda say: open_session(folder), wait=False) as driver:
        await driver.settle()
    assert isinstance(driver.app.failure, BundleError)
    assert driver.app.return_code == 1


async def test_bundle_without_an_sae_of_that_name(bundle: Path) -> None:
    async with drive(lambda say: open_session(bundle, "k1-n1"), wait=False) as driver:
        await driver.settle()
    assert "k1-n1" in str(driver.app.failure)


async def test_without_embedder_everything_else_works(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(settings: object) -> object:
        raise EmbedderError("The model is not here.", "Fetch it.")

    monkeypatch.setattr("saetui.session.search.queries.load_embedder", fail)
    async with drive(Session(Bundle(bundle), clock=lambda: 0.0)) as driver:
        await driver.ask(QUERY)
        assert "The model is not here." in driver.text()
        assert "Fetch it." in driver.text()
        assert driver.main.answer is None
        await driver.press("right", "a", *"bleach", "enter")
        assert driver.features() == [11]
        assert "The model is not here." in driver.text()
        await driver.ask("")
        assert driver.search.results.rows
        assert "The model is not here." not in driver.text()
        shown = tuple(driver.search.results.rows)
        await driver.ask(QUERY)
        assert not driver.search.results.rows
        assert driver.features() == [11]
        await driver.press("u")
        assert tuple(driver.search.results.rows) == shown
        await driver.press("2", "enter", "enter", "escape", "3", "right")


async def test_leaving_goes_back_first(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "3", "2", "q")
        assert driver.main._view == "search"
        assert driver.app._exit is False
        await driver.press("q")
        assert driver.app._exit is True
        assert driver.app.return_code == 0


async def test_quitting_does_not_wait_for_a_search(session: Session) -> None:
    """What runs when the user leaves is left alone, and its answer reaches nobody."""
    started, go_on, done = threading.Event(), threading.Event(), threading.Event()
    search = session.search

    def held(request: SearchRequest, interrupted: object) -> SearchResponse:
        started.set()
        go_on.wait()
        try:
            return search(request)
        finally:
            done.set()

    session.search = held  # type: ignore[method-assign]
    async with drive(session) as driver:
        driver.search.query_bar.query_line.value = QUERY
        driver.send("enter")
        while not started.is_set():
            await driver.pilot.pause(0)
        driver.send("q")
        await driver.rest()
    assert driver.app.return_code == 0
    assert not driver.shown
    go_on.set()
    done.wait()


async def test_quitting_does_not_wait_for_opening(session: Session) -> None:
    opener = HeldOpener(session)
    async with drive(opener, wait=False) as driver:
        driver.send("ctrl+q")
        await driver.rest()
    assert driver.app.return_code == 0
    opener.go_on()


def test_answers_after_the_loop_raise_nothing(session: Session) -> None:
    """Nobody waits for a search when the user has quit."""
    started, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def held(request: SearchRequest, interrupted: object) -> None:
        started.set()
        go_on.wait()
        done.set()

    session.search = held  # type: ignore[assignment,method-assign]

    async def leave() -> None:
        async with drive(session) as driver:
            driver.search.query_bar.query_line.value = QUERY
            driver.send("enter")
            while not started.is_set():
                await driver.pilot.pause(0)

    asyncio.run(leave())
    assert not done.is_set()
    go_on.set()
    assert done.wait(60)


# Started from the command line.


def test_session_is_closed_at_the_end(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    def opener(say: Callable[[str], None]) -> Session:
        session = open_still(bundle)
        close = session.close
        session.close = lambda: (closed.append(True), close())  # type: ignore[assignment,method-assign,return-value]
        return session

    def leave_when_open(app: SaetuiApp, *, mouse: bool) -> None:
        async def steps() -> None:
            async with app.run_test() as pilot:
                while app.main.session is None:
                    await pilot.pause(0)
                await pilot.press("escape", "q")

        asyncio.run(steps())

    monkeypatch.setattr(SaetuiApp, "run", leave_when_open)
    run_app(opener, "synthetic")
    assert closed == [True]


def test_failure_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait_for_the_end(app: SaetuiApp, *, mouse: bool) -> None:
        async def steps() -> None:
            async with app.run_test() as pilot:
                while app.failure is None:
                    await pilot.pause(0)

        asyncio.run(steps())

    monkeypatch.setattr(SaetuiApp, "run", wait_for_the_end)
    with pytest.raises(BundleError):
        run(tmp_path / "absent.bundle")


def test_crash_is_no_success(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SaetuiApp, "run", lambda app, *, mouse: None)
    monkeypatch.setattr(SaetuiApp, "return_code", 1)
    with pytest.raises(SystemExit, match="1"):
        run(bundle)


def test_terminal_without_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    class Latin:
        encoding = "iso-8859-1"

    monkeypatch.setattr(sys, "__stderr__", Latin())
    monkeypatch.setattr(sys, "__stdout__", Latin())
    assert app_module.terminal_encoding() == "iso-8859-1"
    app = SaetuiApp(lambda say: open_still(Path()), "name", app_module.terminal_encoding())
    assert app.glyphs.ellipsis == "~"
    monkeypatch.setattr(sys, "__stderr__", None)
    monkeypatch.setattr(sys, "__stdout__", None)
    assert app_module.terminal_encoding() == "ascii"


class Offered(list):
    """A bundle with one document."""

    def __init__(self, corpus):
        super().__init__([0])
        self.manifest = SimpleNamespace(corpus=corpus)


def test_a_newcomer_is_offered_single_subjects_that_are_well_recognised():
    def feature(number, label, documents, word, share):
        true = None if share is None else TrueShare(share, 0, 1)
        quality = FeatureQuality(word)
        return FeatureRecord(number, label, (), documents, 0.1, 0.2, 0.3, quality, true=true)

    features = [
        feature(0, "Approach", 900, "word", 1.0),
        feature(1, "Chairs and tables", 800, "one", 1.0),
        feature(2, "Nodes", 700, "one", 0.5),
        feature(3, "Dark matter", 600, "one", 0.95),
        feature(4, "", 1_000, "one", None),
        feature(5, "Dwarf galaxies", 650, "one", 0.8),
    ]

    def offered(**corpus: object) -> list[str]:
        bundle = Offered(corpus)
        paragraphs = welcome(SimpleNamespace(bundle=bundle, features=features))
        return [each.strip() for each in paragraphs if each.startswith("  ")]

    assert offered() == ["Dwarf galaxies", "Dark matter"]
    # What comes with a corpus is better than what can be guessed.
    queries = ["Why is the sky dark?", "\x1b[31mred", "three", "four"]
    assert offered(queries=queries) == ["Why is the sky dark?", "␛[31mred", "three"]
