"""Each key of each screen, twice in one go: the app goes on, and nothing is closed that was not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from bundles import add_larger_sae, make_bundle
from driver import NARROW, WIDE, Driver, drive, open_still
from textual.command import CommandPalette
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from saetui.session.session import Session
from saetui.tui.commands import COMMANDS
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.screens.main import MainScreen
from saetui.tui.widgets.text_line import TextLine

Go = Callable[[Driver], Awaitable[None]]

# What ends the app is another test's.
_LEAVING = {"ctrl+q", "q"}


async def home(driver: Driver) -> None:
    """The search view with its results, whatever was open."""
    while isinstance(driver.app.screen, ModalScreen | DocumentScreen):
        driver.app.screen.dismiss()
        await driver.settle()
    if driver.main._view != "search":
        driver.main.action_view("search")
        await driver.settle()


async def focused(driver: Driver, widget: Widget) -> None:
    widget.focus()
    await driver.rest()


async def steering(driver: Driver) -> None:
    await focused(driver, driver.search.steering)


async def results(driver: Driver) -> None:
    await focused(driver, driver.search.results)


async def query_line(driver: Driver) -> None:
    await focused(driver, driver.search.query_bar.query_line)


def pressed(*keys: str) -> Go:
    async def go(driver: Driver) -> None:
        driver.search.steering.focus()
        await driver.press(*keys)

    return go


async def block(driver: Driver) -> None:
    await pressed("3")(driver)
    families = driver.main._families_view
    if not families.block.display:
        await driver.press("c")
    await focused(driver, families.block)


async def document(driver: Driver) -> None:
    driver.search.results.focus()
    await driver.press("enter")


# Each screen with the way there and the scopes whose keys work on it. Keys that work everywhere
# reach the main screen from all of its views, so they are pressed in one of these.
SCREENS: dict[str, tuple[Go, tuple[str, ...]]] = {
    "query line": (query_line, ("Query line",)),
    "steering": (steering, ("Steering", "Search", "Lists", "Everywhere")),
    "results": (results, ("Results", "Lists")),
    "features": (pressed("2"), ("Features", "Lists")),
    "filter of features": (pressed("2", "slash"), ("Query line",)),
    "details of a feature": (pressed("2", "tab"), ("Lists",)),
    "families": (pressed("3"), ("Family tree", "Families", "Lists")),
    "co-occurrence": (block, ("Co-occurrence", "Families")),
    "splitting": (pressed("4"), ("Splitting", "Lists")),
    "document": (document, ("Document", "Lists", "Everywhere")),
}
DIALOGS: dict[str, tuple[Go, tuple[str, ...]]] = {
    "add": (pressed("a"), ("enter", "escape", "down", "up", "x", "tab")),
    "save": (pressed("s"), ("enter", "escape", "x")),
    "export": (pressed("x"), ("enter", "escape", "x")),
    "open": (pressed("o"), ("enter", "escape", "down", "x")),
    "steps": (pressed("h"), ("enter", "escape", "h", "down")),
    "filter": (pressed("ampersand"), ("enter", "escape")),
    "help": (pressed("question_mark"), ("escape", "question_mark", "f1", "down", "end")),
    "label": (pressed("2", "l"), ("enter", "escape", "x")),
    "note": (pressed("2", "N"), ("enter", "escape", "x")),
    "palette": (pressed("ctrl+p"), ("enter", "escape", "down", "up", "x", "ctrl+p", "tab")),
}


@pytest.fixture(scope="module")
def two_saes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return add_larger_sae(make_bundle(tmp_path_factory.mktemp("bundles") / "two.bundle"))


@pytest.fixture
async def driver(
    two_saes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Driver]:
    # Presets and exports go to the folder that one is in.
    monkeypatch.chdir(tmp_path)
    session = open_still(two_saes)
    async with drive(session, WIDE) as driver:
        await driver.ask("black hole merger")
        yield driver
    session.close()


def place(driver: Driver) -> tuple[object, ...]:
    """Where the keys that are pressed now go."""
    return driver.app.screen, driver.main._view, driver.app.focused


def keys_of(scopes: tuple[str, ...]) -> list[str]:
    keys = [key for scope in scopes for each in COMMANDS[scope] for key in each.keys.split(",")]
    return [key for key in dict.fromkeys(keys) if key not in _LEAVING]


def assert_alive(driver: Driver, key: str) -> None:
    assert driver.app.is_running, key
    assert driver.app._exception is None, key
    assert driver.app.screen_stack[0] is driver.main, key
    dialogs = [each for each in driver.app.screen_stack if isinstance(each, ModalScreen)]
    assert len(dialogs) <= 1, (key, driver.app.screen_stack)
    assert len(set(driver.app.screen_stack)) == len(driver.app.screen_stack), key


@pytest.mark.parametrize("screen", SCREENS)
async def test_each_key_twice(driver: Driver, screen: str) -> None:
    go, scopes = SCREENS[screen]
    here: tuple[object, ...] = ()
    for key in keys_of(scopes):
        if place(driver) != here:
            await home(driver)
            await go(driver)
            here = place(driver)
        driver.send(key, key)
        await driver.settle()
        assert_alive(driver, key)


async def test_each_key_of_each_dialog_twice(driver: Driver) -> None:
    for dialog, (go, keys) in DIALOGS.items():
        for key in keys:
            await go(driver)
            assert isinstance(driver.app.screen, ModalScreen) or dialog == "filter", (dialog, key)
            driver.send(key, key)
            await driver.settle()
            assert_alive(driver, f"{key} in {dialog}")
            await home(driver)


async def test_a_dialog_that_is_closed_twice_closes_nothing_else(driver: Driver) -> None:
    await document(driver)
    await driver.press("ctrl+p")
    driver.send("escape", "escape")
    await driver.settle()
    assert isinstance(driver.app.screen, DocumentScreen | MainScreen)
    await home(driver)
    await document(driver)
    driver.send("escape", "escape", "escape")
    await driver.settle()
    assert isinstance(driver.app.screen, MainScreen)
    assert_alive(driver, "escape")


async def test_a_command_that_is_chosen_twice_is_carried_out_once(driver: Driver) -> None:
    """`ctrl+p` and enter twice closed the screen below the palette, and with it the app."""
    for times in (2, 3, 8):
        await pressed("ctrl+p")(driver)
        assert isinstance(driver.app.screen, CommandPalette)
        await driver.type("Weaken it by a small")
        before = len(driver.search.control.history.past)
        driver.send("down", *["enter"] * times)
        await driver.settle()
        assert isinstance(driver.app.screen, MainScreen)
        assert len(driver.search.control.history.past) == before + 1
        assert_alive(driver, "enter")
    await driver.press("ctrl+p")
    await driver.type("Choose other colours")
    driver.send("down", "enter", "enter", "enter")
    await driver.settle()
    assert isinstance(driver.app.screen, CommandPalette)
    driver.send("down", "enter", "enter", "enter")
    await driver.settle()
    assert isinstance(driver.app.screen, MainScreen)


async def test_two_dialogs_do_not_open_at_once(driver: Driver) -> None:
    for keys in (("a", "a"), ("a", "h"), ("s", "x"), ("o", "a"), ("question_mark", "a")):
        driver.search.steering.focus()
        driver.send(*keys)
        await driver.settle()
        assert_alive(driver, " ".join(keys))
        assert isinstance(driver.app.screen, ModalScreen)
        await home(driver)


@pytest.mark.parametrize("keys", [("q", "q"), ("ctrl+q", "ctrl+q"), ("q", "enter", "q")])
async def test_leaving_twice_ends_well(two_saes: Path, keys: tuple[str, ...]) -> None:
    session = open_still(two_saes)
    async with drive(session, WIDE) as driver:
        await driver.ask("black hole merger")
        await driver.press("tab") if isinstance(driver.app.focused, Input) else None
        driver.search.steering.focus()
        driver.send(*keys)
        await driver.pilot.pause()
    assert driver.app._exception is None
    assert driver.app.return_code in (None, 0)
    session.close()


async def test_a_view_that_is_asked_for_right_after_leaving_a_line_keeps_the_focus(
    session: Session,
) -> None:
    async with drive(session) as driver:
        for view, scope in (("2", "features"), ("1", "search"), ("3", "families")):
            driver.main.query_one(f"#{driver.main._view}").query_one(TextLine).focus()
            await driver.settle()
            driver.send("down", view)
            await driver.settle()
            assert driver.main._view == scope
            assert driver.main.focused is driver.main.start_of(scope)


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_keys_work_on_when_the_list_that_has_the_focus_is_hidden(
    session: Session, size: tuple[int, int]
) -> None:
    async with drive(session, size) as driver:
        view = driver.search
        await driver.ask("black hole merger chirp")
        assert driver.main.focused is view.steering
        await driver.press("v")
        assert driver.main.focused is view.results
        await driver.press("down", "v")
        assert view.results.cursor == 1
        assert view.steering.region.height
        await driver.press("c")
        view.before.focus()
        await driver.settle()
        await driver.press("c")
        assert not view.before.region.height
        assert driver.main.focused is view.steering
