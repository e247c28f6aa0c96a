"""The families view: the family under the cursor, how its members occur together, ways to go."""

from pathlib import Path

import pytest
from bundles import make_bundle
from driver import NARROW, WIDE, Driver, drive, open_still
from odd_bundles import rewrite
from textual.geometry import Offset

from saetui.core.families import Family
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.views.families import FamiliesView
from saetui.tui.views.features import FeaturesView
from saetui.tui.widgets.co_occurrence_block import CoOccurrenceBlock

DISCS, MERGERS, JETS = 1, 2, 3


def view(driver: Driver) -> FamiliesView:
    return driver.main.query_one(FamiliesView)


def block(driver: Driver) -> CoOccurrenceBlock:
    return view(driver).block


def at(driver: Driver) -> tuple[int, int]:
    row = view(driver).forest.row
    assert row is not None
    return row.family.id, row.feature


@pytest.fixture
def overlapping(tmp_path: Path) -> Session:
    """A fourth family, of mergers in the first one and three others."""
    folder = make_bundle(tmp_path / "overlapping.bundle")
    families = Bundle(folder).sae().families.families
    edges = ((MERGERS, 15, 0.5), (MERGERS, 16, 0.4), (MERGERS, 17, 0.3))
    fourth = Family(3, MERGERS, "Chirps", (MERGERS, 15, 16, 17), edges, 2)
    return open_still(rewrite(folder, families=[*families, fourth]))


async def test_a_root_stands_for_its_family(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "3", "down")
        text = driver.text()
        assert "F1 .80, Pearson .40, judged by words" in text
        assert "5 features, active on" in text
        assert "A parent and its child share" in text
        assert "Strongest documents" in text


async def test_documents_of_a_family_open(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "3", "down", "tab", "down", "enter")
        screen = driver.app.screen
        assert isinstance(screen, DocumentScreen)
        assert "language models" in screen.detail.document.title


async def test_the_block_reads_the_cell_under_the_cursor(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "3", "right", "down")
        assert at(driver) == (0, DISCS)
        # The cursor of the tree leads that of the block: the member, and the one above it.
        assert block(driver).place == (1, 0)
        await driver.press("c", "right", "right")
        assert block(driver).place == (1, 2)
        codes, postings = session.sae.codes, session.sae.counted
        rows = set(postings.documents(DISCS)[0]) & set(postings.documents(MERGERS)[0])
        rarer = min(postings.counts()[[DISCS, MERGERS]])
        assert len(codes.indices) == 60
        assert f"siblings: {len(rows)} on both, {len(rows) / rarer:.0%} of the rarer" in (
            driver.text()
        )
        await driver.press("up", "left", "left")
        assert block(driver).place == (0, 0)
        await driver.press("right")
        assert "parent and child: " in driver.text()
        await driver.press("down", "down", "enter")
        assert driver.main._view == "features"
        assert driver.main.query_one(FeaturesView).list.row.id == MERGERS


async def test_the_block_reads_the_cell_under_the_mouse(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "3")
        name, cell, _ = block(driver)._widths(block(driver).size.width)
        await driver.pilot.hover(block(driver), Offset(name + 2 + 3 * cell, 2))
        await driver.settle()
        assert block(driver).pointed == (2, 3)
        reading = driver.text()
        assert "Black hole mergers  " in reading
        assert "Relativistic jets  " in reading
        await driver.pilot.click(block(driver), Offset(name + 2 + 3 * cell, 2))
        await driver.pilot.hover(view(driver).forest)
        await driver.settle()
        assert (block(driver).pointed, block(driver).place) == (None, (2, 3))


async def test_where_room_is_short_the_block_comes_and_goes(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.press("escape", "3")
        assert "Co-occurrence" not in driver.text()
        await driver.press("c")
        assert driver.app.focused is block(driver)
        assert "Co-occurrence" in driver.text()
        assert "Strongest" not in driver.text()
        await driver.press("escape")
        assert driver.app.focused is view(driver).forest
        assert "Strongest" in driver.text()


async def test_where_room_is_there_the_block_stands_above(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "3")
        assert "Co-occurrence" in driver.text()
        await driver.press("c")
        assert driver.app.focused is block(driver)
        await driver.press("escape")
        assert "Co-occurrence" in driver.text()
        await driver.press("c", "c")
        assert driver.app.focused is view(driver).forest
        assert "Co-occurrence" not in driver.text()


async def test_a_feature_shows_in_each_of_its_families(overlapping: Session) -> None:
    async with drive(overlapping) as driver:
        await driver.press("escape", "3", "slash", *"merger", "enter")
        rows = [(row.family.id, row.feature) for row in view(driver).forest.rows]
        assert rows == [(0, 0), (0, MERGERS), (3, MERGERS)]
        await driver.press("down", "t")
        assert at(driver) == (3, MERGERS)
        await driver.press("t")
        assert at(driver) == (0, MERGERS)
        await driver.press("g", "t")
        assert "It is in no other family." in driver.text()


async def test_the_smallest_family_stands_for_a_feature(overlapping: Session) -> None:
    smallest = overlapping.sae.families.smallest_of(MERGERS)
    assert smallest is not None
    assert (smallest.id, smallest.label) == (3, "Chirps")
    async with drive(overlapping, (260, 50)) as driver:
        await driver.ask("black hole merger chirp")
        driver.search.steering.select(MERGERS)
        await driver.press("t")
        assert at(driver) == (3, MERGERS)
        await driver.press("2")
        driver.main.query_one(FeaturesView).go_to(MERGERS)
        await driver.rest()
        (row,) = [line for line in driver.lines() if f"{MERGERS} Black hole mergers" in line]
        assert "Chirps" in row
        await driver.press("1")
        driver.search.steering.select(MERGERS)
        await driver.press("right", "f")
        steered = driver.main.request.steering
        assert steered.keys() == set(smallest.members), "f steers the family that t goes to"


async def test_the_name_of_a_family_finds_it(overlapping: Session) -> None:
    async with drive(overlapping) as driver:
        await driver.press("escape", "3", "slash", *"chirps", "enter")
        assert (3, MERGERS) in [(row.family.id, row.feature) for row in view(driver).forest.rows]
        await driver.press("slash", *["backspace"] * 6, *"hirps")
        assert not view(driver).forest.rows


async def test_families_are_reached_from_everywhere(overlapping: Session) -> None:
    async with drive(overlapping) as driver:
        await driver.ask("black hole merger chirp")
        feature = driver.search.steering.row
        assert feature is not None
        await driver.press("t")
        assert at(driver)[1] == feature.id
        await driver.press("1", "shift+tab", "enter", "t")
        assert driver.app.screen is driver.main
        assert driver.main._view == "families"
        await driver.press("2")
        driver.main.query_one(FeaturesView).go_to(MERGERS)
        await driver.press("tab")
        detail = driver.main.query_one(FeaturesView).detail
        places = [i for i, row in enumerate(detail.rows) if row.kind == "family"]
        assert [detail.rows[i].text for i in places] == ["Black holes", "Chirps"]
        detail.cursor = places[0]
        await driver.press("enter")
        assert at(driver) == (0, MERGERS)


async def test_a_member_is_looked_at_in_the_features_view(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "3", "right", "down", "down", "F")
        assert driver.main._view == "features"
        assert driver.main.query_one(FeaturesView).list.row.id == MERGERS
