"""The pictures in the README show the demo as it is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import WIDE, Driver, drive
from screens import SNAPSHOTS, picture
from syrupy.assertion import SnapshotAssertion

from saetui.pipeline.demo import prepare_demo
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.tui.screens.dialogs import PairScreen

README = Path(__file__).parents[2] / "README.md"
SMALL = (110, 32)
QUESTION = "do word embeddings carry gender bias"


@pytest.fixture
def demo() -> Iterator[Session]:
    # A clock that stands still keeps times off the picture.
    session = Session(Bundle(prepare_demo(lambda sentence: None)), clock=lambda: 0.0)
    yield session
    session.close()


async def test_a_steered_search_of_the_demo(demo: Session, screens: SnapshotAssertion) -> None:
    async with drive(demo, WIDE, name="demo") as driver:
        await driver.ask(QUESTION)
        await driver.press("H", "down", "down", "L")
        assert driver.search.results.rows
        assert picture(driver.app) == screens


async def test_a_map_of_the_demo(demo: Session, screens: SnapshotAssertion) -> None:
    # The map is a file of the demo: laid out elsewhere, it would differ by roundings.
    assert demo.sae.map is not None
    async with drive(demo, WIDE, name="demo") as driver:
        await driver.ask(QUESTION)
        await driver.press("escape", "6", "n")
        assert picture(driver.app) == screens


async def test_two_features_of_the_demo(demo: Session, screens: SnapshotAssertion) -> None:
    async with drive(demo, SMALL, name="demo") as driver:
        await driver.press("escape", "2", "slash", *"machine translation", "enter")
        await driver.press("v", *"alignment", "enter")
        assert isinstance(driver.app.screen, PairScreen)
        assert picture(driver.app) == screens


async def test_the_first_screen_of_the_demo(demo: Session, screens: SnapshotAssertion) -> None:
    async with drive(demo, SMALL, name="demo") as driver:
        assert "What is in here" in driver.text()
        assert picture(driver.app) == screens


async def test_a_question_about_the_demo(demo: Session, screens: SnapshotAssertion) -> None:
    await answered(demo, "over years", screens)


async def test_a_comparison_of_the_demo(demo: Session, screens: SnapshotAssertion) -> None:
    await answered(demo, "after:2015 vs before:2010", screens)


async def test_a_relation_of_the_demo(demo: Session, screens: SnapshotAssertion) -> None:
    await answered(demo, "to published", screens)


async def test_topics_of_the_demo(demo: Session, screens: SnapshotAssertion) -> None:
    await answered(demo, "topics 24", screens)


async def answered(demo: Session, question: str, screens: SnapshotAssertion) -> None:
    """Ask a question about the whole corpus in view 5."""
    async with drive(demo, SMALL, name="demo") as driver:
        await driver.press("escape", "5", "slash", *question, "enter")
        assert len(driver.main._compare_view.list.rows) >= 20
        assert picture(driver.app) == screens


async def test_a_list_of_the_demo(demo: Session, screens: SnapshotAssertion) -> None:
    async with drive(demo, SMALL, name="demo") as driver:
        await driver.ask(QUESTION)
        await mark(driver, "to-read: the method")
        await driver.press("down", "down")
        await mark(driver, "to-read")
        await driver.press("ampersand", *"in:to-read", "enter")
        assert len(driver.search.results.rows) == 2
        driver.app.clear_notifications()
        await driver.settle()
        assert picture(driver.app) == screens


async def mark(driver: Driver, entry: str) -> None:
    """Put the document under the cursor of the results into a list."""
    driver.search.results.focus()
    await driver.press("B", "ctrl+u", *entry, "enter")


def test_the_readme_shows_every_picture() -> None:
    shown = re.findall(r"\]\((snapshots/\S+\.svg)\)", README.read_text("utf-8"))
    kept = (SNAPSHOTS / Path(__file__).stem).glob("*.svg")
    assert sorted(shown) == sorted(str(each.relative_to(README.parent)) for each in kept)
