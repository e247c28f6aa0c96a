"""What is in the corpus, in place of results while nothing is asked."""

from dataclasses import replace
from pathlib import Path

from driver import NARROW, WIDE, drive, open_still
from screens import picture
from syrupy.assertion import SnapshotAssertion

from saetui.glyphs import UNICODE
from saetui.session.questions.overview import overview
from saetui.session.session import Session
from saetui.tui.views.families import FamiliesView
from saetui.tui.widgets.landing import landing_rows


async def test_the_first_screen_says_what_is_in_the_corpus(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        text = driver.text()
        assert "60 documents, 2010-01" in text
        assert "Contents: 3 families" in text
        assert "Coral reefs" in text
        assert "categories" in text
        # It can be typed at once.
        await driver.type("coral reef")
        await driver.press("enter")
        assert driver.main.answer is not None
        assert "Contents" not in driver.text()
        assert "Results" in driver.text()


async def test_a_family_is_walked_from_there(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "tab", "down", "enter")
        assert driver.main._view == "families"
        row = driver.main.query_one(FamiliesView).forest.row
        assert row.family.id == driver.search.landing.contents.row.family
        await driver.press("q")
        assert driver.main._view == "search"
        assert driver.search.landing.facts.has_focus


async def test_a_query_to_try_is_asked(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("down", "down", "enter")
        assert driver.main.request.query == driver.search.landing.overview.queries[1]
        assert driver.main.answer is not None
        # Undo leads back to the first screen.
        await driver.press("u")
        assert "Contents: 3 families" in driver.text()
        assert driver.search.landing.facts.has_focus


async def test_another_session_has_its_own_first_screen(session: Session) -> None:
    async with drive(session) as driver:
        driver.search.landing.overview = None
        driver.main.session_ready(session)
        await driver.settle()
        assert driver.search.landing.display


def test_many_years_share_bars_where_the_pane_is_narrow(session: Session) -> None:
    years = [str(year) for year in range(1950, 2022)]
    sizes = tuple(range(1, len(years) + 1))
    found = replace(overview(session), periods=tuple(years), sizes=sizes)
    for width, bars in ((100, 72), (30, 18), (8, 1)):
        rows = landing_rows(found, UNICODE, width)
        (line,) = [row.text for row in rows if row.text.startswith("1950 ")]
        assert line.endswith(" 2021")
        assert len(line) == len("1950  2021") + bars


async def test_hostile_names_are_harmless(hostile_bundle: Path) -> None:
    async with drive(open_still(hostile_bundle)) as driver:
        assert "\x1b" not in driver.text()
        assert "Contents" in driver.text()


async def test_screen(session: Session, screens: SnapshotAssertion) -> None:
    async with drive(session, NARROW) as driver:
        await driver.press("escape")
        assert picture(driver.app) == screens(name="80x24")
        await driver.resize(WIDE)
        assert picture(driver.app) == screens(name="120x40")


async def test_queries_have_the_width_of_the_list(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        landing = driver.search.landing
        landing.show(replace(landing.overview, queries=("word " * 8 + "end",)))
        await driver.settle()
        assert "word end" in driver.text()
