"""Every screen state looks as its picture in `snapshots/`, at two sizes and in several themes."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from driver import NARROW, WIDE, Driver, drive
from screens import picture
from syrupy.assertion import SnapshotAssertion

from saetui.session.session import Session
from saetui.tui.views.features import FeaturesView

State = Callable[[Driver], Awaitable[None]]
QUERY = "black hole merger chirp"


async def empty_search(driver: Driver) -> None:
    """Before the first query."""


async def results(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("shift+tab", "down")


async def steered_up(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("down", "L", "right")


async def steered_down(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("H", "left")


async def steered_off(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("down", "0")


async def steered_negated(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("n")


async def steered_beyond(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("m", "L", "down", "n", *["H"] * 4)


async def steered_added(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("a", *"bleach", "enter")


async def steered_solo(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("down", "space")


async def decode_mode(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("e", "e", "e", "down", "L")


async def exact_without_why(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("E", "w")


async def compared(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("c", "a", *"bleach", "enter", "L")


async def filtered(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("W", "W", "E", "ampersand", *'before:2015 has:"Black holes"', "enter")


async def filter_empty(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("ampersand")


async def words_alone(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("W")


async def more_like(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("shift+tab", "l", "tab", "H", "down", "M")


async def by_effect(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("i")


async def feedback_given(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("shift+tab", "down", "plus")


async def steps(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("L", "e", "down", "0", "u", "h")


async def open_preset(driver: Driver) -> None:
    await driver.press("escape", "o")


async def save_preset(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("s")


async def features_alone(driver: Driver) -> None:
    await driver.press("escape", "a", *"coral", "enter")


async def document(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("shift+tab", "enter")


async def document_text(driver: Driver) -> None:
    await document(driver)
    await driver.press("shift+tab")


async def document_of_feature(driver: Driver) -> None:
    await driver.press("escape", "2", "tab", "enter")


async def features(driver: Driver) -> None:
    await driver.press("escape", "2")


async def features_sorted(driver: Driver) -> None:
    await driver.press("escape", "2", "greater_than_sign", "down")


async def features_filtered(driver: Driver) -> None:
    await driver.press("escape", "2", "slash", *"bl")


async def features_without_match(driver: Driver) -> None:
    await driver.press("escape", "2", "slash", *"zebra")


async def feature_details(driver: Driver) -> None:
    await driver.press("escape", "2", "down", "enter", "down")


async def feature_filter_empty(driver: Driver) -> None:
    await driver.press("escape", "2", "slash")


async def features_by_meaning(driver: Driver) -> None:
    await driver.press("escape", "2", "slash", *"~merger chirp f1>0.8", "enter")


async def features_of_document(driver: Driver) -> None:
    await document(driver)
    await driver.press("F")


async def feature_scores(driver: Driver) -> None:
    await driver.press("escape", "2", "down", "tab")
    lines = driver.main.query_one(FeaturesView).detail
    lines.cursor = next(i for i, row in enumerate(lines.rows) if row.kind == "label")
    await driver.settle()


async def feature_never_active(driver: Driver) -> None:
    await driver.press("escape", "2", "G")


async def families(driver: Driver) -> None:
    await driver.press("escape", "3")


async def families_open(driver: Driver) -> None:
    await driver.press("escape", "3", "right", "down", "right", "down")


async def families_filtered(driver: Driver) -> None:
    await driver.press("escape", "3", "slash", *"attention", "enter")


async def families_without_match(driver: Driver) -> None:
    await driver.press("escape", "3", "slash", *"zebra")


async def families_block(driver: Driver) -> None:
    await driver.press("escape", "3", "down", "c", "down", "right")


async def add_dialog(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("a", *"reef", "down")


async def in_no_family(driver: Driver) -> None:
    await driver.press("escape", "2", "less_than_sign", "less_than_sign", "G", "t")


async def help_screen(driver: Driver) -> None:
    await driver.press("f1")


async def help_words(driver: Driver) -> None:
    await driver.press("f1", "slash", *"document", "enter")


async def palette(driver: Driver) -> None:
    await driver.ask(QUERY)
    await driver.press("ctrl+p", *"solo")
    await driver.see("Keep only this feature")


STATES: tuple[State, ...] = (
    empty_search,
    results,
    steered_up,
    steered_down,
    steered_off,
    steered_negated,
    steered_beyond,
    steered_added,
    steered_solo,
    decode_mode,
    exact_without_why,
    compared,
    filtered,
    filter_empty,
    words_alone,
    more_like,
    by_effect,
    feedback_given,
    steps,
    open_preset,
    save_preset,
    features_alone,
    document,
    document_text,
    document_of_feature,
    features,
    features_sorted,
    features_filtered,
    features_without_match,
    feature_details,
    feature_filter_empty,
    features_by_meaning,
    features_of_document,
    feature_scores,
    feature_never_active,
    families,
    families_open,
    families_filtered,
    families_without_match,
    families_block,
    add_dialog,
    in_no_family,
    help_screen,
    help_words,
    palette,
)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dialogs about files show what lies in the folder that one works in."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_screen(state: State, session: Session, screens: SnapshotAssertion) -> None:
    async with drive(session, NARROW) as driver:
        await state(driver)
        # What is drawn ahead of a late answer is drawn over before the picture is taken.
        await driver.pilot.pause(0.1)
        await driver.settle()
        assert picture(driver.app) == screens(name="80x24")
        await driver.resize(WIDE)
        assert picture(driver.app) == screens(name="120x40")
