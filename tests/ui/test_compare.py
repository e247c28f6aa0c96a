"""The compare view: questions about the corpus, and how to go on from an answer."""

import csv
from pathlib import Path

import pytest
from driver import NARROW, WIDE, Driver, drive, open_still
from screens import picture
from syrupy.assertion import SnapshotAssertion

from saetui.core.document_filter import DocumentFilter
from saetui.session.session import Session
from saetui.tui.screens.dialogs import PairScreen
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.views.compare import CompareView
from saetui.tui.views.features import FeaturesView

BLACK_HOLES = 0


def view(driver: Driver) -> CompareView:
    return driver.main.query_one(CompareView)


async def put(driver: Driver, question: str) -> None:
    """Ask a question in the compare view."""
    await driver.press("escape", "5", "slash", "ctrl+u", *question, "enter")


async def test_two_groups_are_compared(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "5")
        assert "What sets two groups of documents apart" in driver.text()
        await put(driver, 'category:"Black holes" vs category:"Coral reefs"')
        rows = view(driver).list.rows
        assert rows[0].id in session.sae.families[0].members
        assert rows[-1].id in session.sae.families[2].members
        text = driver.text()
        assert "A: 20 documents; B: 20." in text
        assert "share of A: " in text
        assert 'A: category:"Black holes"' in text
        await driver.press("equals_sign")
        assert view(driver).list.row == rows[-1]
        await driver.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        ratios = [row.figures["ratio"] for row in view(driver).list.rows]
        assert ratios == sorted(ratios, reverse=True)


async def test_families_are_counted_on_demand(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await put(driver, 'category:"Coral reefs"')
        await driver.press("f")
        assert view(driver).list.rows[0].name == "Coral reefs"
        assert len(view(driver).list.rows) == 3
        await driver.press("enter")
        assert driver.main._view == "families"
        await driver.press("5", "f")
        assert len(view(driver).list.rows) > 3


async def test_what_is_special_about_results_is_one_key(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "C")
        assert driver.main._view == "search"
        assert "There are no results yet" in driver.messages()[0]
        await driver.ask("coral reef ocean")
        await driver.press("ampersand", *"after:2012", "enter", "C")
        assert driver.main._view == "compare"
        assert view(driver).filter_line.value == "results vs rest within after:2012"
        # The small corpus has fewer than 100 documents, so that all of them are results.
        assert "has no document of its own" in driver.text()


async def test_results_before_and_after_steering(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await put(driver, "results vs unsteered")
        assert "There is no search" in driver.text()
        await driver.press("q")
        await driver.ask("black hole")
        await put(driver, "results vs category:none")
        assert "No document is in the group 'category:none'." in driver.text()


async def test_everything_leads_on(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await put(driver, 'category:"Black holes"')
        await driver.press("enter")
        assert driver.main._view == "features"
        await driver.press("q")
        assert driver.main._view == "compare"
        assert view(driver).list.has_focus
        await driver.press("t")
        assert driver.main._view == "families"
        # Only where a row led is there a way back: digits begin anew.
        await driver.press("5", "q")
        assert driver.main._view == "search"
        assert driver.app.focused is not driver.search.query_bar.query_line
        await driver.press("5", "a")
        assert driver.main._view == "search"
        assert BLACK_HOLES in driver.main.request.steering
        await driver.press("5", "ampersand")
        assert driver.main.request.filter == DocumentFilter(having=(BLACK_HOLES,))
        await driver.press("5", "F")
        assert driver.main._view == "features"
        listed = [record.id for record in driver.main.query_one(FeaturesView).list.rows]
        assert listed == [row.id for row in view(driver).list.rows]
        await driver.press("5", "tab", "down", "enter")
        assert isinstance(driver.app.screen, DocumentScreen)


async def test_an_answer_is_exported(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"
    async with drive(session) as driver:
        await driver.press("escape", "5", "x")
        assert "There is no answer yet" in driver.text()
        await put(driver, "after:2015")
        await driver.press("equals_sign", "x", "ctrl+u", *str(path), "enter")
        assert any("Wrote" in message for message in driver.messages())
        with path.open(encoding="utf-8") as file:
            written = list(csv.DictReader(file))
        assert [int(row["feature"]) for row in written] == [
            row.id for row in view(driver).list.rows
        ]
        await driver.press("x", "ctrl+u", *str(tmp_path / "answer.doc"), "enter")
        assert any("which format" in message for message in driver.messages())


async def test_trends_and_fields(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await put(driver, "over years")
        assert "Share of the documents" in driver.text()
        assert "2019" in driver.text()
        await put(driver, "to categories")
        assert view(driver).list.row.figures["most"] in (
            "Black holes",
            "Coral reefs",
            "Language models",
        )
        assert "Predicted on other documents by 5, 10, 20 features" in " ".join(
            view(driver).remarks._text.split()
        )
        await put(driver, "over weeks")
        assert "'weeks' is not a period." in driver.text()
        await put(driver, "to moons")
        assert "No document has a field called 'moons'." in driver.text()


async def test_topics_lead_to_their_features(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await put(driver, "topics 3")
        assert "60 documents, each in the topic" in driver.text()
        assert sum(row.figures["documents"] for row in view(driver).list.rows) == 60
        leads = view(driver)._answer.leads[view(driver).list.row.id]
        await driver.press("enter")
        assert driver.main._view == "features"
        listed = [record.id for record in driver.main.query_one(FeaturesView).list.rows]
        assert listed == list(leads)
        await driver.press("5", "a")
        assert {*leads} == {*driver.main.request.steering}


async def test_an_own_label_is_shown_in_the_answer(session: Session) -> None:
    async with drive(session) as driver:
        await put(driver, 'category:"Black holes"')
        session.note(BLACK_HOLES, "label", "Dark stars")
        view(driver).refresh_labels()
        await driver.settle()
        assert "Dark stars" in driver.text()
        session.note(BLACK_HOLES, "label", "")


async def test_two_features_are_shown_side_by_side(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2")
        driver.main.query_one(FeaturesView).go_to(BLACK_HOLES)
        await driver.press("v", *"jets")
        assert "Compare with Black holes" in driver.text()
        await driver.press("enter")
        assert isinstance(driver.app.screen, PairScreen)
        text = driver.text()
        assert "Two features" in text
        assert "times as often as by chance" in " ".join(text.split())
        await driver.press("escape", "v", "enter")
        assert "is the same twice" in driver.text()
        await driver.press("v", *"jets", "enter", "down", "enter")
        assert driver.main._view == "features"
        assert driver.main.query_one(FeaturesView).list.row.name == "Relativistic jets"


async def test_hostile_names_are_harmless(hostile_bundle: Path) -> None:
    async with drive(open_still(hostile_bundle)) as driver:
        await put(driver, "after:2012")
        assert "\x1b" not in driver.text()


async def test_screen(session: Session, screens: SnapshotAssertion) -> None:
    async with drive(session, NARROW) as driver:
        await driver.press("escape", "5")
        assert picture(driver.app) == screens(name="empty-80x24")
        await put(driver, 'category:"Black holes" vs category:"Coral reefs"')
        assert picture(driver.app) == screens(name="groups-80x24")
        await driver.resize(WIDE)
        assert picture(driver.app) == screens(name="groups-120x40")
        await put(driver, "over years")
        assert picture(driver.app) == screens(name="trends-120x40")


async def test_screen_in_ascii_without_color(
    session: Session, screens: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with drive(session, NARROW, encoding="ascii") as driver:
        await put(driver, "over years")
        assert picture(driver.app) == screens(name="80x24")
