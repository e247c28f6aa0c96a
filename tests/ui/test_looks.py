"""Screens that only some see: odd bundles, other colours, fewer characters."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from bundles import make_bundle
from driver import NARROW, WIDE, Driver, drive, open_still
from odd_bundles import rewrite
from screens import picture
from syrupy.assertion import SnapshotAssertion

from saetui.errors import MissingDependency
from saetui.session.session import Session
from saetui.store.bundle import Bundle


async def both_sizes(driver: Driver, screens: SnapshotAssertion) -> None:
    assert picture(driver.app) == screens(name="80x24")
    await driver.resize(WIDE)
    assert picture(driver.app) == screens(name="120x40")


async def steer(driver: Driver) -> None:
    """A screen with every colour: up, down, off."""
    await driver.ask("black hole merger chirp")
    await driver.press("L", "down", "0", "down", "left", "down")


async def test_opening(session: Session, screens: SnapshotAssertion) -> None:
    go_on = threading.Event()

    def opener(say: Callable[[str], None]) -> Session:
        say("Reading the corpus.")
        go_on.wait()
        return session

    async with drive(opener, NARROW, wait=False) as driver:
        await driver.see("Reading the corpus.")
        await both_sizes(driver, screens)
        go_on.set()
        await driver.settle()


async def test_early_query(session: Session, screens: SnapshotAssertion) -> None:
    go_on = threading.Event()

    def opener(say: Callable[[str], None]) -> Session:
        go_on.wait()
        return session

    async with drive(opener, NARROW, wait=False) as driver:
        driver.send(*"coral", "enter")
        await driver.see("is answered when")
        await both_sizes(driver, screens)
        go_on.set()
        await driver.settle()


@pytest.fixture
def no_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(settings: object) -> object:
        raise MissingDependency("example", "The embedder 'example'", "example")

    monkeypatch.setattr("saetui.session.search.queries.load_embedder", fail)


@pytest.mark.usefixtures("no_embedder")
async def test_no_embedder(bundle: Path, screens: SnapshotAssertion) -> None:
    async with drive(Session(Bundle(bundle), clock=lambda: 0.0), NARROW) as driver:
        await driver.ask("coral")
        await both_sizes(driver, screens)


@pytest.mark.usefixtures("no_embedder")
async def test_no_embedder_for_a_meaning(bundle: Path, screens: SnapshotAssertion) -> None:
    async with drive(Session(Bundle(bundle), clock=lambda: 0.0), NARROW) as driver:
        await driver.press("escape", "2", "slash", *"~exploding stars")
        await both_sizes(driver, screens)


async def remark(driver: Driver) -> None:
    """A features view with every mark: bookmark, own label, rejected label, note."""
    await driver.press("escape", "2", "b", "N", *"see Rees 1988", "enter")
    await driver.press("down", "D", "down", "l", *", large ones", "enter", "up", "up")


async def test_remarks(tmp_path: Path, screens: SnapshotAssertion) -> None:
    async with drive(open_still(make_bundle(tmp_path / "own.bundle")), NARROW) as driver:
        await remark(driver)
        await both_sizes(driver, screens)
        await driver.resize((200, 50))
        assert picture(driver.app) == screens(name="200x50")


async def test_remarks_in_ascii_without_color(
    tmp_path: Path, screens: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = open_still(make_bundle(tmp_path / "own.bundle"))
    async with drive(session, NARROW, encoding="ascii") as driver:
        await remark(driver)
        assert picture(driver.app) == screens(name="80x24")


async def test_label_dialog(tmp_path: Path, screens: SnapshotAssertion) -> None:
    async with drive(open_still(make_bundle(tmp_path / "own.bundle")), NARROW) as driver:
        await driver.press("escape", "2", "l")
        assert picture(driver.app) == screens(name="80x24")


async def test_no_families(tmp_path: Path, screens: SnapshotAssertion) -> None:
    session = open_still(rewrite(make_bundle(tmp_path / "none.bundle"), families=[]))
    async with drive(session, NARROW) as driver:
        await driver.press("escape", "3")
        await both_sizes(driver, screens)


async def test_no_documents(tmp_path: Path, screens: SnapshotAssertion) -> None:
    session = open_still(make_bundle(tmp_path / "empty.bundle", documents=0))
    async with drive(session, NARROW) as driver:
        await driver.ask("coral")
        await both_sizes(driver, screens)


async def test_one_document(tmp_path: Path, screens: SnapshotAssertion) -> None:
    session = open_still(make_bundle(tmp_path / "one.bundle", documents=1))
    async with drive(session, NARROW) as driver:
        await driver.ask("black hole horizon")
        await both_sizes(driver, screens)


async def test_hostile(hostile_bundle: Path, screens: SnapshotAssertion) -> None:
    async with drive(open_still(hostile_bundle), NARROW) as driver:
        await driver.ask("black hole \x1b[31mmerger \u202echirp")
        await both_sizes(driver, screens)


async def test_hostile_document(hostile_bundle: Path, screens: SnapshotAssertion) -> None:
    async with drive(open_still(hostile_bundle), NARROW) as driver:
        await driver.ask("black hole merger chirp")
        await driver.press("shift+tab", "down", "enter")
        await both_sizes(driver, screens)


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "ansi-light"])
async def test_theme(theme: str, session: Session, screens: SnapshotAssertion) -> None:
    async with drive(session, NARROW, theme=theme) as driver:
        await steer(driver)
        assert picture(driver.app) == screens(name="80x24")


@pytest.mark.parametrize("theme", ["textual-dark", "ansi-dark"])
async def test_no_color(
    theme: str, session: Session, screens: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with drive(session, NARROW, theme=theme) as driver:
        await steer(driver)
        assert picture(driver.app) == screens(name="80x24")


async def test_ascii(session: Session, screens: SnapshotAssertion) -> None:
    async with drive(session, NARROW, encoding="ascii") as driver:
        await steer(driver)
        assert picture(driver.app) == screens(name="80x24")


async def test_ascii_details(session: Session, screens: SnapshotAssertion) -> None:
    async with drive(session, NARROW, encoding="ascii") as driver:
        await driver.press("escape", "3", "right", "f1")
        assert picture(driver.app) == screens(name="80x24")
        await driver.press("escape", "tab")
        assert picture(driver.app) == screens(name="without-help")


async def test_block_in_ascii_without_color(
    session: Session, screens: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with drive(session, NARROW, encoding="ascii") as driver:
        await driver.press("escape", "3", "c", "down", "right", "right")
        assert picture(driver.app) == screens(name="80x24")


async def test_the_terminals_cursor_stands_on_the_row(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.ask("black hole merger chirp")

        def here() -> str:
            x, y = driver.app.cursor_position
            return driver.lines()[y][x:]

        assert driver.search.steering.row is not None
        for _ in range(3):
            assert driver.search.steering.row.name[:10] in here()
            await driver.press("down")
        await driver.press("shift+tab", "end")
        assert driver.search.results.cursor > 3
        assert f" {driver.search.results.cursor + 1} " in here()
        await driver.resize(NARROW)
        assert f" {driver.search.results.cursor + 1} " in here()


async def test_a_wide_screen_has_no_empty_half(
    session: Session, screens: SnapshotAssertion
) -> None:
    async with drive(session, (200, 50)) as driver:
        await steer(driver)
        view = driver.search
        titles, features, text = view.results, view.steering, view.reading
        assert titles.region.bottom >= text.region.bottom - 1
        assert features.region.x == text.region.x > titles.region.right - 2
        assert features.region.bottom <= text.region.y
        assert picture(driver.app) == screens(name="200x50")
        lines = [line.ljust(200) for line in driver.lines()]
        halves = [
            [line[:100] for line in lines],
            [line[100:] for line in lines],
            lines[:25],
            lines[25:],
        ]
        for half in halves:
            assert sum(bool(line.strip()) for line in half) > len(half) / 2
        await driver.press("v")
        assert features.region.bottom >= titles.region.bottom - 1
        await driver.press("v", "c")
        assert view.before.region.y == titles.region.y
        assert features.region.y > titles.region.bottom - 1
