"""Every command of the table works where it is bound, and can be found."""

from driver import NARROW, Driver, drive
from textual import actions
from textual.dom import DOMNode

from saetui.session.session import Session
from saetui.tui.commands import COMMANDS
from saetui.tui.palette import palette_commands
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.screens.help import HelpScreen, help_lines
from saetui.tui.widgets.status import KeyLine


async def nodes_of(driver: Driver) -> dict[str, DOMNode]:
    """Where each scope of the table is bound."""
    nodes = {scope: node for scope, (_, node) in driver.main.targets().items()}
    await driver.ask("black hole")
    await driver.press("shift+tab", "enter")
    assert isinstance(driver.app.screen, DocumentScreen)
    nodes["Document"] = driver.app.screen
    return nodes


async def test_every_command_has_its_action(session: Session) -> None:
    async with drive(session) as driver:
        nodes = await nodes_of(driver)
        assert nodes.keys() == COMMANDS.keys()
        for scope, commands in COMMANDS.items():
            for command in commands:
                namespace, name, _ = actions.parse(command.action)
                target = driver.app if namespace == "app" else nodes[scope]
                assert hasattr(target, f"action_{name}"), (scope, command.title)


async def test_every_command_is_bound(session: Session) -> None:
    async with drive(session) as driver:
        nodes = await nodes_of(driver)
        for scope, commands in COMMANDS.items():
            for command in commands:
                for key in command.keys.split(","):
                    bound = nodes[scope]._bindings.get_bindings_for_key(key)
                    assert command.action in [binding.action for binding in bound], (scope, key)


def test_no_scope_binds_a_key_twice() -> None:
    for scope, commands in COMMANDS.items():
        keys = [key for command in commands for key in command.keys.split(",")]
        assert len(keys) == len(set(keys)), scope


def test_help_names_every_key() -> None:
    text = "\n".join(row.text for row in help_lines(76))
    for commands in COMMANDS.values():
        for command in commands:
            assert command.shown in text
            assert command.help in text


async def test_help_opens_everywhere_and_closes(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("f1")
        assert isinstance(driver.app.screen, HelpScreen)
        for key in ("escape", "q", "question_mark", "f1"):
            await driver.press(key)
            assert driver.app.screen is driver.main
            await driver.press("f1", "down", "end", "ctrl+u", "home", "f1")
            assert driver.app.screen is driver.main
            await driver.press("f1")
        await driver.press("escape")
        await driver.ask("black hole")
        await driver.press("shift+tab", "enter", "question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        await driver.press("escape")
        assert isinstance(driver.app.screen, DocumentScreen)


async def test_palette_has_every_command_of_the_main_screen(session: Session) -> None:
    async with drive(session) as driver:
        titles = {title for title, *_ in palette_commands(driver.app, driver.main)}
        here = {
            f"{command.title}: {command.help}"
            for scope, commands in COMMANDS.items()
            for command in commands
            if scope != "Document"
        }
        assert here <= titles
        document = {f"{command.title}: {command.help}" for command in COMMANDS["Document"]}
        assert not (document - here) & titles


async def test_palette_of_other_screens(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask("black hole")
        await driver.press("shift+tab", "enter")
        titles = [title for title, *_ in palette_commands(driver.app, driver.app.screen)]
        assert "Steer: Add the feature to the query" in titles
        assert "Help: Explain columns, words and every key" in titles
        await driver.press("f1")
        assert not list(palette_commands(driver.app, driver.app.screen))


async def test_palette_goes_where_the_command_is(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask("black hole merger")
        await driver.press("2", "ctrl+p", *"turn the feature off")
        await driver.see("Off: Turn the feature off")
        await driver.press("enter")
        await driver.see("nearness ")
        assert driver.main._view == "search"
        assert 0 in driver.main.request.steering
        await driver.press("ctrl+p", *"column to the left")
        await driver.see("Sort left: Sort by the column to the left")
        await driver.press("enter")
        await driver.see("by label")
        assert driver.main._view == "features"


# The line of keys.


def hints(driver: Driver) -> str:
    return driver.lines()[-1]


async def test_key_line_follows_the_focus(session: Session) -> None:
    async with drive(session) as driver:
        assert hints(driver).startswith(" enter Search  escape To the list")
        assert "/ Find" not in hints(driver)
        assert "f1 Help" in hints(driver)
        await driver.ask("black hole")
        assert hints(driver).startswith(" left right Strength  0 Off  a Add")
        await driver.press("shift+tab")
        assert "Strength" not in hints(driver)
        assert "enter Open" in hints(driver)
        await driver.press("3")
        assert hints(driver).startswith(" left right Fold")


async def test_key_line_names_whole_keys_only(session: Session) -> None:
    known = " ".join(
        f"{command.shown} {command.hint}" for commands in COMMANDS.values() for command in commands
    ).split()
    async with drive(session) as driver:
        await driver.ask("black hole")
        for width in (200, 80, 40, 20, 8, 1):
            await driver.resize((width, 24))
            words = hints(driver).split()
            assert set(words) <= set(known)
            assert ("Help" in words) == (width >= 8)


async def test_clicking_a_key_presses_it(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask("black hole")
        line = driver.main.query_one(KeyLine)
        for text, key in (("right", "+.05"), ("0", "off")):
            await driver.pilot.click(line, offset=(hints(driver).index(f"{text} "), 0))
            await driver.settle()
            assert key in driver.text()
        await driver.pilot.click(line, offset=(hints(driver).index("Help"), 0))
        await driver.settle()
        assert isinstance(driver.app.screen, HelpScreen)


async def test_clicking_views_rows_and_nothing(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask("black hole")
        await driver.pilot.click(offset=(5, 5))
        await driver.settle()
        assert driver.search.results.cursor == 2
        await driver.pilot.click(offset=(5, 5))
        await driver.settle()
        assert isinstance(driver.app.screen, DocumentScreen)
        await driver.pilot.click(offset=(5, 5))
        await driver.press("escape")
        await driver.pilot.click(offset=(driver.lines()[0].index("Fami"), 0))
        await driver.settle()
        assert driver.main._view == "families"
        await driver.pilot.click(offset=(70, 0))
        await driver.pilot.click(offset=(5, 10))
        await driver.settle()
        assert driver.main._view == "families"
