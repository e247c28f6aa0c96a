"""Help opens where one is, explains every word on the screen, and is searched by purpose."""

import re

import pytest
from driver import NARROW, Driver, drive

from saetui.core.changes import MODES
from saetui.session.questions import compare, relate, trends
from saetui.session.session import Session
from saetui.tui.commands import COMMANDS
from saetui.tui.glossary import COLUMNS, GLOSSARY
from saetui.tui.palette import finds
from saetui.tui.screens.help import HelpScreen, help_lines
from saetui.tui.widgets import feature_list
from saetui.tui.widgets.family_tree import FamilyTree
from saetui.tui.widgets.results import ResultList, UnsteeredResultList
from saetui.tui.widgets.splitting import SplitOutcomeList
from saetui.tui.widgets.steering import SteeringList
from saetui.tui.widgets.text_line import TextLine


def explained(*scopes: str) -> str:
    """Every word that help explains of some scopes, and of the glossary."""
    panes = [entries for scope in scopes for _, entries in COLUMNS[scope]]
    return " ".join(name for entries in [GLOSSARY, *panes] for name, _ in entries)


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("Search", ResultList.LEFT + UnsteeredResultList.LEFT),
        ("Search", SteeringList.RIGHT.replace("in query", "query")),
        ("Features", " ".join(each.name for each in feature_list.COLUMNS if each.name)),
        ("Families", FamilyTree.RIGHT),
        ("Splitting", SplitOutcomeList.LEFT + SplitOutcomeList.RIGHT),
        ("Search", " ".join(MODES)),
    ],
)
def test_every_column_is_explained(scope: str, names: str) -> None:
    known = set(re.findall(r"\S+", explained(scope).replace(",", " "))) | {"number"}
    assert set(names.split()) <= known


def test_every_figure_of_an_answer_is_explained() -> None:
    known = explained("Compare").replace(",", " ").split()
    for module in (compare, relate, trends):
        for name in dir(module):
            columns = getattr(module, name)
            if name.endswith("COLUMNS"):
                assert columns
                assert {word for each in columns for word in each.title.split()} <= set(known)


def test_words_of_the_field_are_in_the_glossary() -> None:
    text = " ".join(f"{name} {meaning}" for name, meaning in GLOSSARY)
    for word in ("codes", "bias", "cohesion", "stability", "Pearson", "R(C, F)", "k16-n768"):
        assert word in text


async def opened_from(driver: Driver, *keys: str) -> list[str]:
    await driver.press(*keys, "f1")
    assert isinstance(driver.app.screen, HelpScreen)
    # Left of the help the marks of the list behind it show.
    lines = [line.strip(" ?│") for line in driver.lines()]
    await driver.press("escape")
    return lines


async def test_help_begins_with_what_is_on_the_screen(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask("black hole")
        assert "Steering: the features of your query" in await opened_from(driver)
        lines = await opened_from(driver, "2")
        assert "concept         One; two; a word rather than a thing; mixed; rare;" in "\n".join(
            lines
        )
        assert any(line.startswith("into ") for line in await opened_from(driver, "4"))
        await driver.press("1", "shift+tab", "enter")
        assert any(line.startswith("underlined") for line in await opened_from(driver))


def test_keys_of_the_place_come_before_all_others() -> None:
    lines = [row.text for row in help_lines(76, here=["Results", "Search", "Everywhere"])]
    places = [lines.index(title) for title in ("Results", "Keys here: Results", "Words")]
    assert places == sorted(places)
    assert places[-1] < lines.index("Keys: Features")
    assert "Keys: Results" not in lines


async def test_help_is_searched(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.press("f1", "slash", *"boost")
        text = driver.text()
        assert "Strengthen it by a small step" in text
        assert "Pearson" not in text
        assert "Change the steering mode" not in text
        await driver.press("escape", "escape")
        assert driver.app.screen is driver.main
        await driver.press("f1", "slash", *"xyzzy")
        assert "Nothing here is about xyzzy." in driver.text()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("boost", "Strengthen it by a small step"),
        ("download", "Write the results to a file: JSON, CSV, BibTeX"),
        ("clipboard", "Copy the result, or the command that repeats the search"),
        ("history", "List every step, and go to one"),
        ("rename", "Write a label of your own; empty takes it back"),
        ("exit", "Quit from anywhere"),
        ("restrict documents", "Say which documents may be found"),
    ],
)
def test_commands_are_found_by_what_they_are_for(typed: str, meant: str) -> None:
    assert any(command.help == meant for scope in COMMANDS.values() for command in scope)
    assert finds(meant, typed)


async def test_palette_finds_commands_by_what_they_are_for(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.press("ctrl+p", *"boost")
        await driver.see("Stronger: Strengthen it by a small step")
        # Not by its letters.
        assert "By words" not in driver.text()


def test_synonyms_do_not_find_everything() -> None:
    helps = [command.help for scope in COMMANDS.values() for command in scope]
    for typed in ("boost", "exit", "download", "clipboard"):
        assert sum(finds(each, typed) for each in helps) <= len(helps) / 10


async def test_digits_work_where_nothing_is_typed(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        assert driver.app.focused is driver.search.query_bar.query_line
        for number, view in ((2, "features"), (3, "families"), (5, "compare")):
            await driver.press(str(number))
            assert driver.main._view == view
            # A filter may begin with a number.
            await driver.press("slash", "1")
            assert driver.main._view == view
            assert driver.main.query_one(f"#{view}").query_one(TextLine).value == "1"
            await driver.press("f2")
            assert driver.main._view == "search"
            driver.search.query_bar.query_line.focus()
            await driver.settle()


async def test_signs_work_where_nothing_is_typed_and_are_text_elsewhere(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.press("question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        await driver.press("escape")
        await driver.press("ampersand")
        assert driver.app.focused is driver.search.query_bar.filter_bar.line
        await driver.press("escape")
        driver.search.query_bar.query_line.focus()
        # A question may begin with any letter, so another key stands beside W.
        await driver.press("f8")
        assert driver.main.request.retrieval == "semantic"
        await driver.type("W")
        assert driver.search.query_bar.query_line.value == "W"
        await driver.press("backspace")
        await driver.type(" 3D & why?")
        assert driver.search.query_bar.query_line.value == " 3D & why?"
        await driver.press("enter")
        assert driver.main.request.query == "3D & why?"


async def test_digits_work_after_a_search_without_results(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.press("ampersand", *"after:2999", "enter")
        await driver.ask("black hole")
        assert "No document passes the filter." in driver.text()
        await driver.press("W")
        assert driver.main.request.retrieval != "hybrid"
        await driver.press("2")
        assert driver.main._view == "features"
