"""The splitting view: what recurs, splits, is novel or lost, and how to go on from there."""

from pathlib import Path

import pytest
from bundles import SECOND, add_larger_sae, make_bundle
from driver import NARROW, WIDE, Driver, drive, open_still
from odd_bundles import rewrite
from screens import picture
from syrupy.assertion import SnapshotAssertion

from saetui.core.changes import Change
from saetui.session.session import Session
from saetui.tui.views.features import FeaturesView
from saetui.tui.views.splitting import SplittingView

BLACK_HOLES, DISCS, MERGERS, THICK_DISCS, METHODS = 0, 1, 2, 15, 16
FIRST = "k4-n24"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with two SAEs."""
    return add_larger_sae(make_bundle(tmp_path_factory.mktemp("bundles") / "two.bundle"))


@pytest.fixture
def both(two: Path) -> Session:
    return open_still(two)


def view(driver: Driver) -> SplittingView:
    return driver.main.query_one(SplittingView)


def listed(driver: Driver) -> list[tuple[str, int]]:
    return [(outcome.sae, outcome.feature) for outcome in view(driver).lines.rows]


async def test_what_splits_is_shown_first(both: Session) -> None:
    async with drive(both, WIDE) as driver:
        await driver.press("escape", "4")
        assert listed(driver) == [(FIRST, DISCS)]
        text = driver.text()
        assert f"{FIRST} to {SECOND}" in text
        assert f"Splits into 2 in {SECOND}" in text
        assert "Thin discs" in text
        assert "Thick discs" in text
        # Beside it stands what its family has below it.
        assert "Black holes, 5 features" in text
        assert "Tidal disruption" in text


async def test_lists_have_counts_and_change(both: Session) -> None:
    async with drive(both) as driver:
        await driver.press("escape", "4")
        assert "all 18  split 1  recurrent 13  novel 2  lost 4" in driver.text()
        await driver.press("greater_than_sign")
        assert len(listed(driver)) == 13
        await driver.press("greater_than_sign")
        assert listed(driver) == [(SECOND, METHODS), (SECOND, MERGERS)]
        await driver.press("less_than_sign", "less_than_sign", "less_than_sign")
        assert listed(driver) == [
            *((FIRST, i) for i in range(15)),
            (FIRST, 17),
            (FIRST, 18),
            (FIRST, 22),
        ]
        line = driver.lines()[2]
        await driver.pilot.click(offset=(line.index("novel") + 1, 2))
        await driver.settle()
        assert (SECOND, METHODS) in listed(driver)


async def test_the_filter_goes_by_labels(both: Session) -> None:
    async with drive(both) as driver:
        await driver.press("escape", "4", "greater_than_sign", "slash", *"reef", "enter")
        assert listed(driver) == [(FIRST, 12), (FIRST, 10)]
        await driver.press("slash", *["backspace"] * 4, *"eef")
        assert not listed(driver)
        await driver.press(*"zebra")
        assert "No feature of this kind has these words." in driver.text()


async def test_a_feature_of_the_sae_in_use_opens(both: Session) -> None:
    async with drive(both) as driver:
        await driver.press("escape", "4", "enter")
        assert driver.main._view == "features"
        assert driver.main.query_one(FeaturesView).list.row.id == DISCS
        await driver.press("4", "t")
        assert driver.main._view == "families"
        await driver.press("4", "a")
        assert driver.main.request.steering == {DISCS: Change("add", 0.95)}


async def test_another_sae_is_used_on_demand(both: Session) -> None:
    async with drive(both, WIDE) as driver:
        await driver.ask("black hole merger chirp")
        await driver.press("L", "4", "tab", "enter")
        assert driver.main._view == "splitting"
        assert f"Thin discs is a feature of {SECOND}." in driver.text()
        await driver.press("a", "t")
        assert driver.main._view == "splitting"
        await driver.press("down", "S")
        assert driver.session.sae.record.name == SECOND
        assert driver.main._view == "features"
        assert driver.main.query_one(FeaturesView).list.row.id == THICK_DISCS
        assert SECOND in driver.lines()[0]
        # The query stays, its changes go: they were of other features.
        assert driver.main.request.query == "black hole merger chirp"
        assert not driver.main.request.steering
        await driver.press("m")
        assert driver.main._view == "splitting"
        assert f"Nearest in {FIRST}" in driver.text()
        await driver.press("3")
        assert "Thin discs" in driver.text()


async def test_a_feature_leads_to_its_likes(both: Session) -> None:
    async with drive(both) as driver:
        await driver.press("escape", "2")
        driver.main.query_one(FeaturesView).go_to(MERGERS)
        await driver.press("m")
        assert view(driver).lines.row.feature == MERGERS
        assert f"Lost in {SECOND}; nearest" in driver.text()
        await driver.ask("black hole")
        await driver.press("shift+tab", "enter", "m")
        assert driver.main._view == "splitting"


async def test_notes_outlast_a_change_of_the_sae(two: Path, tmp_path: Path) -> None:
    folder = add_larger_sae(make_bundle(tmp_path / "noted.bundle"))
    async with drive(open_still(folder)) as driver:
        await driver.press("escape", "2", "b", "4", "tab", "S")
        assert driver.session.sae.record.name == SECOND
        await driver.press("b")
    again = open_still(folder)
    assert again.features.notes[BLACK_HOLES].bookmark
    assert any(said.bookmark for said in again.features_of(SECOND).notes.values())
    again.close()


async def test_with_two_saes_there_is_one_pair(both: Session) -> None:
    async with drive(both) as driver:
        await driver.press("escape", "4", "p")
        assert "There are no other two SAEs to compare." in driver.text()


async def test_one_sae_is_explained(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "4")
        text = driver.text()
        assert f"This bundle has one SAE, {FIRST}." in text
        assert "saetui train" in text
        assert "--sae k8-n48" in text
        await driver.press("enter", "p", "S", "a", "t", "greater_than_sign", "slash", *"x", "enter")
        await driver.press("2", "m")
        assert driver.main._view == "splitting"


async def test_matches_that_are_missing_are_told(two: Path, tmp_path: Path) -> None:
    folder = add_larger_sae(make_bundle(tmp_path / "unmatched.bundle"))
    for path in folder.rglob("*.npz"):
        path.unlink()
    rewritten = rewrite(folder, forget=("matches/",))
    async with drive(open_still(rewritten)) as driver:
        await driver.press("escape", "4")
        assert "have not been matched" in driver.text()


async def test_screen(both: Session, screens: SnapshotAssertion) -> None:
    async with drive(both, NARROW) as driver:
        await driver.press("escape", "4")
        assert picture(driver.app) == screens(name="split-80x24")
        await driver.resize(WIDE)
        assert picture(driver.app) == screens(name="split-120x40")
        await driver.resize(NARROW)
        await driver.press("greater_than_sign", "greater_than_sign", "enter")
        assert picture(driver.app) == screens(name="novel-80x24")
        await driver.resize(WIDE)
        assert picture(driver.app) == screens(name="novel-120x40")


async def test_screen_of_one_sae(session: Session, screens: SnapshotAssertion) -> None:
    async with drive(session, NARROW) as driver:
        await driver.press("escape", "4")
        assert picture(driver.app) == screens(name="80x24")
        await driver.resize(WIDE)
        assert picture(driver.app) == screens(name="120x40")


async def test_screen_in_ascii_without_color(
    both: Session, screens: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with drive(both, NARROW, encoding="ascii") as driver:
        await driver.press("escape", "4", "greater_than_sign")
        assert picture(driver.app) == screens(name="80x24")


async def test_the_heading_says_what_is_listed_where_it_finds_room(both: Session) -> None:
    async with drive(both, (200, 50)) as driver:
        await driver.press("escape", "4")
        assert f"One in {FIRST}, several in {SECOND}" in driver.text()
