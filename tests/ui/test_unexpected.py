"""An error that nobody foresaw: one sentence, a report, and nothing that was typed is lost."""

import json
from pathlib import Path

import pytest
from bundles import make_bundle
from driver import Driver, drive, open_still
from textual.pilot import Pilot

from saetui.errors import BundleDamaged, InputError, SaetuiError
from saetui.session.saved.presets import open_preset, read_preset
from saetui.session.session import Session
from saetui.tui import app as app_module
from saetui.tui.app import SaetuiApp, run_app
from saetui.tui.recovery import stopped_by
from saetui.tui.screens.main import MainScreen


@pytest.fixture
def own_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path / "data"))
    return make_bundle(tmp_path / "own.bundle")


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Have the key 3 fail, whatever it is for."""

    def fail(self: MainScreen, name: str) -> None:
        raise error

    monkeypatch.setattr(MainScreen, "action_view", fail)


async def test_the_search_what_was_typed_and_a_report_are_kept(
    own_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_still(own_bundle)
    async with drive(session) as driver:
        await driver.ask("black hole merger")
        await driver.press("right", "right")
        steered = driver.search.control.request
        driver.search.query_bar.query_line.focus()
        driver.search.query_bar.query_line.value = "half a qu"
        await driver.settle()
        error = RuntimeError("bad news")
        driver.app._handle_exception(error)
        assert driver.app.unexpected is error
        driver.app._handle_exception(ValueError("what comes of it"))
        assert driver.app.unexpected is error, "the first error is the one to tell of"
        driver.app._exception = None
    stopped = stopped_by(error, driver.main, driver.app.typed)
    assert isinstance(stopped, SaetuiError)
    assert stopped.message == "The app was stopped by an error of its own (RuntimeError)."
    assert "Typed, and not kept: half a qu" in stopped.hint
    assert stopped.__cause__ is error
    (report,) = (tmp_path / "data/reports").iterdir()
    assert str(report) in stopped.hint
    assert "RuntimeError: bad news" in report.read_text(encoding="utf-8")
    (preset,) = (tmp_path / "data/recovered").iterdir()
    assert str(preset) in stopped.hint
    opened = open_preset(read_preset(preset), session)
    assert opened.request == steered
    assert len(opened.history) >= 2
    session.close()


@pytest.mark.parametrize(
    "error", [BundleDamaged("index.hnsw is gone."), MemoryError(), OSError(12, "no memory")]
)
async def test_what_has_a_sentence_of_its_own_keeps_it(
    own_bundle: Path, tmp_path: Path, error: Exception
) -> None:
    session = open_still(own_bundle)
    async with drive(session) as driver:
        assert stopped_by(error, driver.main, driver.app.typed) is error
    assert not (tmp_path / "data/reports").exists()
    session.close()


async def test_an_error_of_a_worker_is_that_error(
    own_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_still(own_bundle)

    async def fail() -> None:
        raise KeyError("in the background")

    driver: Driver | None = None
    with pytest.raises(Exception, match="in the background"):
        async with drive(session) as driver:
            driver.main.run_worker(fail(), name="odd")
            await driver.pilot.pause(0.2)
    assert driver is not None
    assert isinstance(driver.app.unexpected, KeyError)
    session.close()


def test_the_app_ends_with_the_sentence_and_notes_are_written(
    own_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_still(own_bundle)

    async def press(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, SaetuiApp)
        while app.main.session is None:
            await pilot.pause(0.01)
        session.note(3, "note", "must not be lost")
        app.main.call_later(app.main.action_view, "families")

    failing(monkeypatch, RuntimeError("bad news"))

    def run(self: SaetuiApp, *, mouse: bool) -> None:
        super(SaetuiApp, self).run(headless=True, auto_pilot=press, mouse=mouse)

    monkeypatch.setattr(SaetuiApp, "run", run)
    with pytest.raises(SaetuiError, match=r"an error of its own \(RuntimeError\)") as raised:
        run_app(lambda say: session, "own")
    assert "The report is in" in raised.value.hint
    assert "must not be lost" in (own_bundle / "notes.jsonl").read_text(encoding="utf-8")


def test_notes_that_cannot_be_written_stand_beside_it() -> None:
    class Stuck(Session):
        def __init__(self) -> None:
            pass

        def close(self) -> None:
            raise InputError("notes.jsonl cannot be written.", json.dumps({"text": "lost?"}))

    stopped = SaetuiError("The app was stopped.", "The report is there.")
    app_module._close(Stuck(), stopped)
    assert stopped.hint.startswith("The report is there.\nnotes.jsonl cannot be written.")
    assert "lost?" in stopped.hint
    with pytest.raises(InputError):
        app_module._close(Stuck(), None)
