"""The picture at the top of the README shows the demo as it is."""

from pathlib import Path

from driver import WIDE, drive
from screens import picture
from syrupy.assertion import SnapshotAssertion

from saetui.pipeline.demo import prepare_demo
from saetui.session.session import Session
from saetui.store.bundle import Bundle

README = Path(__file__).parents[2] / "README.md"


async def test_a_steered_search_of_the_demo(screens: SnapshotAssertion) -> None:
    demo = prepare_demo(lambda sentence: None)
    # A clock that stands still keeps times off the picture.
    session = Session(Bundle(demo), clock=lambda: 0.0)
    async with drive(session, WIDE, name="demo") as driver:
        await driver.ask("do word embeddings carry gender bias")
        await driver.press("H", "down", "L")
        assert driver.search.results.rows
        assert picture(driver.app) == screens
    session.close()


def test_the_readme_shows_it() -> None:
    shown = "snapshots/test_readme_picture/test_a_steered_search_of_the_demo.svg"
    assert f"]({shown})" in README.read_text("utf-8")
    assert (README.parent / shown).is_file()
