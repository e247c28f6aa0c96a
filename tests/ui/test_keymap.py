"""Keys that the user has set are the app's keys, and what is wrong with them is said."""

import tomllib
from pathlib import Path

import pytest
from driver import WIDE, Driver, drive

from saetui.errors import InputError
from saetui.session.session import Session
from saetui.tui.commands import COMMANDS, command_id, key_of
from saetui.tui.keymap import keys_file, keys_text, read_keymap, use_own_keys
from saetui.tui.palette import palette_commands
from saetui.tui.screens.help import HelpScreen
from saetui.tui.widgets.details import TextPane


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAETUI_CONFIG", str(tmp_path / "config"))


def write(text: str) -> Path:
    path = keys_file()
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_every_command_has_a_name_of_its_own() -> None:
    names = [command_id(scope, each) for scope, listed in COMMANDS.items() for each in listed]
    assert len(names) == len(set(names))


def test_the_file_that_is_written_has_every_key_and_changes_none() -> None:
    text = keys_text()
    assert read_keymap(write(text)).commands == COMMANDS
    lines = text.splitlines()
    taken = [line[2:] if line.startswith("# ") and " = " in line else line for line in lines]
    start = taken.index("[query-line]")
    tables = tomllib.loads("\n".join(taken[start:]))
    given = {f"{table}.{name}" for table, entries in tables.items() for name in entries}
    known = {command_id(scope, each) for scope, listed in COMMANDS.items() for each in listed}
    assert given == known
    # Taking away every # changes nothing either.
    keymap = read_keymap(write("\n".join(taken[start:])))
    assert keymap.commands == COMMANDS
    assert keymap.remarks == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[search]\n\nundoo = "u"', "Line 3 of FILE cannot be used: there is no command"),
        ('[find]\nundo = "u"', "Line 2 of FILE cannot be used: there is no command 'find.undo'"),
        ('\nundo = "u"', "Line 2 of FILE cannot be used: a key must stand below a heading"),
        ('[search]\nundo = "ctl+u"', "Line 2 of FILE cannot be used: there is no key 'ctl+u'"),
        (
            "[search]\nundo = 3",
            'Line 2 of FILE cannot be used: keys must read like "u"',
        ),
        ('[search]\nundo = ""', "Line 2 of FILE cannot be used: keys must"),
        ('[query-line]\nleave = "x"', "Line 2 of FILE cannot be used: 'x' is a letter where one"),
        ("[search]\nundo = u", "FILE is not TOML: Invalid value (at line 2, column 8)"),
        ("[search]\n\ufffe", "FILE is not TOML"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, said: str) -> None:
    path = write(text)
    with pytest.raises(InputError) as caught:
        read_keymap(path)
    assert str(caught.value).startswith(said.replace("FILE", str(path)))


async def use(driver: Driver, text: str) -> None:
    write(text)
    use_own_keys(driver.app)
    await driver.rest()


async def test_keys_that_are_set_work_and_are_shown(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await use(driver, '[steering]\nmuch-stronger = "9 alt+right"\noff = "f7"\n')
        await driver.ask("black hole")
        assert " f7 Off" in driver.lines()[-1]
        first = driver.features()[0]
        await driver.press("L")
        assert not driver.main.request.steering
        await driver.press("9")
        assert driver.main.request.steering[first].amount == 0.75
        await driver.press("f7")
        assert driver.main.request.steering[first].amount == 0.0
        await driver.press("question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        pages = driver.app.screen.query_one(TextPane).rows
        assert any(row.text.startswith("9 alt+right ") for row in pages)
        await driver.press("escape")
        found = [each.help for each in palette_commands(driver.app, driver.main)]
        assert "9 alt+right  in: Steering" in found
        assert key_of(driver.app, "steering.off") == "f7"


async def test_keys_can_change_places(session: Session) -> None:
    async with drive(session) as driver:
        await use(driver, '[search]\nundo = "R"\nreset-all = "u"\n')
        assert driver.app.remarks == []
        await driver.ask("black hole")
        await driver.press("L", "down", "L", "R")
        assert len(driver.main.request.steering) == 1
        await driver.press("u")
        assert not driver.main.request.steering


async def test_a_key_with_two_meanings_is_told_of(session: Session) -> None:
    async with drive(session) as driver:
        await use(driver, '[search]\nundo = "R"\nmode = "j"\n')
        assert "R does Undo in Search, no longer Reset all." in driver.app.remarks
        assert "j does Down in Lists, which hides Mode of Search." in driver.app.remarks
        assert len(driver.app.remarks) == 2
        await driver.ask("black hole")
        await driver.press("L", "R")
        assert not driver.main.request.steering


async def test_with_a_mistake_the_usual_keys_stay(session: Session) -> None:
    async with drive(session) as driver:
        await use(driver, '[search]\nundo = "R"\n[steering]\nweeker = "w"\n')
        path = keys_file()
        assert driver.app.remarks[0].startswith(f"Line 4 of {path} cannot be used")
        assert driver.app.remarks[0].endswith("The usual keys are in use.")
        assert driver.app.commands is COMMANDS
        await driver.ask("black hole")
        await driver.press("L", "u")
        assert not driver.main.request.steering
        driver.app.on_ready()
        await driver.rest()
        assert driver.messages() == driver.app.remarks
