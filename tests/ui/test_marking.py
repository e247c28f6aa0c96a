"""Several results are marked, and keys are about these alone."""

import csv
from pathlib import Path

import pytest
from bundles import make_bundle
from driver import NARROW, Driver, drive, open_still
from screens import picture
from syrupy.assertion import SnapshotAssertion

from saetui.session.session import Session
from saetui.store.lists import read_lists
from saetui.tui.views.compare import CompareView


async def marked(driver: Driver) -> list[str]:
    """Search, and mark the first and the third result."""
    await driver.ask("coral reef")
    await driver.press("shift+tab", " ", "down", " ")
    results = driver.search.results
    assert [result.rank for result in results.marked] == [1, 3]
    return [result.id for result in results.marked]


async def test_only_marked_results_are_written(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with drive(session) as driver:
        ids = await marked(driver)
        assert "2 marked" in driver.text()
        await driver.press("x")
        assert "Export the 2 marked results" in driver.text()
        await driver.press("ctrl+u", *"two.csv", "enter")
        with (tmp_path / "two.csv").open(encoding="utf-8", newline="") as file:
            assert [row["id"] for row in csv.DictReader(file)] == ids
        # The first again: only the third is marked. Then all, then none.
        await driver.press("g", " ", "x", "ctrl+u", *"one.csv", "enter")
        with (tmp_path / "one.csv").open(encoding="utf-8", newline="") as file:
            assert [row["id"] for row in csv.DictReader(file)] == ids[1:]
        await driver.press("asterisk", "asterisk")
        assert len(driver.search.results.marked) == len(driver.search.results.rows)
        await driver.press("asterisk")
        assert not driver.search.results.marked
        assert "Results" in driver.text()


async def test_marked_results_go_into_a_list_at_once(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "marked.bundle")
    async with drive(open_still(folder)) as driver:
        ids = await marked(driver)
        await driver.press("B")
        assert "Into which list? for 2 documents" in driver.text()
        await driver.press(*": both", "enter")
        assert "2 documents are in to-read" in driver.messages()[0]
        listed = read_lists(folder)["to-read"]
        assert [*listed] == ids
        assert [each.note for each in listed.values()] == ["both", "both"]
        await driver.press("B", "ctrl+u", *"-to-read", "enter")
        assert "to-read" not in read_lists(folder)


async def test_marked_results_are_copied_together(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setattr(
        "textual.app.App.copy_to_clipboard", lambda app, text: copied.append(text), raising=True
    )
    async with drive(session) as driver:
        await marked(driver)
        titles = [result.title for result in driver.search.results.marked]
        await driver.press("y")
        (text,) = copied
        assert all(title in text for title in titles)


async def test_marked_results_are_compared_and_steered_toward(session: Session) -> None:
    async with drive(session) as driver:
        ids = await marked(driver)
        results = driver.search.results
        rows = [result.row for result in results.marked]
        await driver.press("C")
        view = driver.main.query_one(CompareView)
        assert view.filter_line.value == "marked vs rest"
        assert "A: 2 documents; B: 58." in driver.text()
        await driver.press("1")
        results.focus()
        await driver.press("plus")
        assert driver.main.request.liked == tuple(rows)
        assert driver.main.request.steering
        # One step for all of them.
        await driver.press("u")
        assert driver.main.request.liked == ()
        await driver.press("ctrl+r")
        # Documents stay marked while the ranking changes, until something else is asked.
        assert {result.id for result in results.marked} <= {*ids}
        await driver.ask("language model")
        assert not results.marked


async def test_screen(session: Session, screens: SnapshotAssertion) -> None:
    async with drive(session, NARROW) as driver:
        await marked(driver)
        assert picture(driver.app) == screens(name="80x24")
