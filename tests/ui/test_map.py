"""The map: features as points, the cursor, what is lit, and how to go on."""

import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver import NARROW, WIDE, Driver, drive
from screens import picture
from syrupy.assertion import SnapshotAssertion

from saetui.core.feature_layout import Layout, laid_out
from saetui.paths import cache_dir
from saetui.session.questions import feature_map
from saetui.session.session import Session
from saetui.store.arrays import save_array
from saetui.tui.views.features import FeaturesView
from saetui.tui.views.map import MapView


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAETUI_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mapped(session: Session) -> Session:
    """A session whose map was laid out before, with each topic in a corner."""
    chance = np.random.default_rng(0)
    corners = np.array([[0.15, 0.8], [0.8, 0.85], [0.5, 0.15]])
    topics = np.arange(session.sae.record.n) % 3
    for topic, family in enumerate(session.sae.families.families[:3]):
        topics[list(family.members)] = topic
    places = corners[topics] + chance.uniform(-0.12, 0.12, (len(topics), 2))
    kept = cache_dir() / "maps" / f"{session.sae.of}.npy"
    kept.parent.mkdir(parents=True)
    save_array(kept, places.astype(np.float32))
    return session


def view(driver: Driver) -> MapView:
    return driver.main.query_one(MapView)


def braille(driver: Driver) -> str:
    return "".join(c for c in driver.text() if "\u2801" <= c <= "\u28ff")


async def test_the_map_shows_features_and_names(mapped: Session) -> None:
    async with drive(mapped, WIDE) as driver:
        await driver.press("escape", "6")
        assert "Map of 24 features" in driver.text()
        assert len(braille(driver)) > 10
        names = [family.label for family in mapped.sae.families]
        assert sum(name in driver.text() for name in names) >= 2
        # The cursor is on the most frequent feature, and what is known of it is below.
        most = max(mapped.features, key=lambda record: record.density)
        assert view(driver).canvas.cursor == most.id
        assert most.name in driver.text()
        assert f"{most.density:.2%} of documents" in driver.text()


async def test_the_cursor_moves_to_features_and_opens_them(mapped: Session) -> None:
    async with drive(mapped, WIDE) as driver:
        await driver.press("escape", "6")
        canvas = view(driver).canvas
        places = mapped_places(mapped)
        for key, axis, sign in (("right", 0, 1), ("left", 0, -1), ("k", 1, 1), ("j", 1, -1)):
            before = canvas.cursor
            await driver.press(key)
            moved = (places[canvas.cursor] - places[before])[axis] * sign
            assert moved > 0 or canvas.cursor == before
        opened = canvas.cursor
        await driver.press("enter")
        assert driver.main._view == "features"
        assert driver.main.query_one(FeaturesView).feature == opened
        await driver.press("6", "a")
        assert opened in driver.main.request.steering
        await driver.press("6")
        assert canvas.marks.changed == {opened: 1}
        assert "turned up" in driver.text()


def mapped_places(session: Session) -> Any:
    places = feature_map.known_places(session)
    assert places is not None
    return places


async def test_the_window_zooms_and_follows_the_cursor(mapped: Session) -> None:
    async with drive(mapped, NARROW) as driver:
        await driver.press("escape", "6", "plus", "plus", "plus")
        canvas = view(driver).canvas
        assert canvas.window.zoom == pytest.approx(1.5**3)
        assert "x3.4" in driver.text()
        seen = set()
        for key in ("L", "L", "J", "J", "H", "H", "H", "K", "K", "left", "left"):
            await driver.press(key)
            row = canvas.cells()[canvas.cursor]
            assert (row >= 0).all() and (row < canvas.size).all()
            seen.add(canvas.cursor)
        assert len(seen) > 3
        await driver.press("minus")
        assert canvas.window.zoom == pytest.approx(1.5**2)
        await driver.press("0")
        assert canvas.window.zoom == 1


async def test_words_light_features_and_the_cursor_goes_to_them(
    mapped: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saetui.tui.views.map._MOST_MEANT", 5)
    async with drive(mapped, WIDE) as driver:
        await driver.press("escape", "6", "slash", *"reef")
        found = [record.id for record in mapped.find_features("reef")]
        assert view(driver).canvas.marks.found == tuple(found)
        assert f"{len(found)} found" in driver.text()
        assert driver.text().count("★") >= 1
        await driver.press("enter")
        assert view(driver).canvas.cursor == found[0]
        await driver.press("n")
        assert view(driver).canvas.cursor == found[1]
        await driver.press("N", "N")
        assert view(driver).canvas.cursor == found[-1]
        await driver.press("escape")
        assert view(driver).canvas.marks.found == ()
        # By meaning every feature is found, and the nearest are lit.
        await driver.press("slash", *"~reefs")
        nearest = [record.id for record in mapped.find_features("~reefs")]
        assert view(driver).canvas.marks.found == tuple(nearest[:5])
        assert len(nearest) > 5
        await driver.press("escape", "slash", *"xyzzy")
        assert "No feature is found." in driver.text()


async def test_the_query_is_lit_and_a_filter_dims(mapped: Session) -> None:
    async with drive(mapped, WIDE) as driver:
        await driver.ask("coral reef ocean")
        await driver.press("ampersand", *"category:none", "enter", "escape", "6")
        marks = view(driver).canvas.marks
        answer = driver.main.answer
        assert answer is not None
        assert marks.asked[0] == answer.features[0].id
        assert "●" in driver.text()
        assert marks.away is not None and marks.away.all()
        assert "24 occur in no document of the filter" in driver.text()


async def test_a_bundle_of_before_is_laid_out_and_the_layout_kept(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "6")
        assert "Map of 24 features" in driver.text()
        *_, last = laid_out(session.sae.weights.directions)
        assert np.array_equal(mapped_places(session), last.places)
        shown = view(driver).canvas.shown
        assert shown is not None
        assert np.array_equal(shown.places, last.places)


async def test_laying_out_goes_on_beside_the_keys_and_is_stopped(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[bool] = []

    def endless(directions: Any) -> Iterator[Layout]:
        places = np.full((len(directions), 2), 0.25, dtype=np.float32)
        try:
            for done in count(1):
                yield Layout(done, 10 * done, places)
                time.sleep(0.005)
        finally:
            ended.append(True)

    monkeypatch.setattr(feature_map, "laid_out", endless)
    async with drive(session, WIDE) as driver:
        await driver.press("escape")
        driver.send("6")
        for _ in range(1_000):
            await driver.pilot.pause(0.01)
            if "Laying out 24 features: 10%" in driver.text():
                break
        # Keys have their effect meanwhile, and the map is seen as far as it is.
        assert len(braille(driver)) == 1
        driver.send("plus")
        await driver.pilot.pause(0.05)
        assert view(driver).canvas.window.zoom > 1
        assert not ended
        driver.send("escape")
        await driver.settle()
        assert ended == [True]
        assert "not laid out; enter goes on" in driver.text()
        assert feature_map.known_places(session) is None
        monkeypatch.setattr(feature_map, "laid_out", laid_out)
        await driver.press("enter")
        assert "Map of 24 features" in driver.text()


async def test_plain_terminals_have_a_map(mapped: Session) -> None:
    async with drive(mapped, NARROW, encoding="ascii") as driver:
        await driver.ask("coral reef ocean")
        await driver.press("escape", "6", "plus")
        text = driver.text()
        assert text.isascii()
        assert re.search(r"[.:+#]", text)
        assert "o" in text


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_pictures(mapped: Session, screens: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with drive(mapped, size) as driver:
        await driver.ask("coral reef ocean")
        await driver.press("right", "escape", "6")
        assert picture(driver.app) == screens(name="query_" + "x".join(map(str, size)))
        await driver.press("slash", *"reef", "enter", "plus", "plus")
        assert picture(driver.app) == screens(name="found_" + "x".join(map(str, size)))
