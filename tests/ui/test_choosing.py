"""Choosing features: by words, meaning and figures as one types, and by the order of a column."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder
from driver import NARROW, WIDE, Driver, drive

from saetui.errors import EmbedderError, MissingDependency
from saetui.session.questions.feature_figures import over_time, relation
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureRecord
from saetui.tui.views.features import FeaturesView
from saetui.tui.widgets.feature_list import (
    COLUMNS,
    DENSITY,
    FAMILY,
    PEARSON,
    QUALITY,
    TRUE,
    FilterText,
    columns_for,
    hint,
)
from saetui.tui.widgets.lines import Heading

MERGERS, BLEACHING = 2, 11


def view(driver: Driver) -> FeaturesView:
    return driver.main.query_one(FeaturesView)


def listed(driver: Driver) -> list[FeatureRecord]:
    return list(view(driver).list.rows)


def ids(driver: Driver) -> list[int]:
    return [record.id for record in listed(driver)]


def heading(driver: Driver) -> str:
    return driver.lines()[2]


async def to_filter(driver: Driver, text: str) -> None:
    await driver.press("escape", "2", "slash", *text)


# Order.


async def test_features_sort_by_each_column(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "2")
        assert "by density" in heading(driver)
        for column in (*COLUMNS[3:], *COLUMNS[:3]):
            await driver.press("greater_than_sign")
            assert f"by {column.name}" in heading(driver)
            assert (driver.app.glyphs.falling in heading(driver)) == column.descending
            assert (driver.app.glyphs.rising in heading(driver)) != column.descending
        await driver.press("less_than_sign")
        labels = [record.label for record in listed(driver)]
        assert labels == [*sorted(filter(None, labels), key=str.casefold), *[""] * 9]
        await driver.press("less_than_sign")
        assert ids(driver) == list(range(24))


async def test_features_sort_by_how_they_go_with_a_field(session: Session) -> None:
    async with drive(session, (200, 50)) as driver:
        await driver.press("escape", "2", "r", *"published", "enter")
        found = relation(session, "published")
        assert f"published{driver.app.glyphs.falling}" in heading(driver)
        known = [each for each in ids(driver) if not np.isnan(found.values[each])]
        assert found.values[known].tolist() == sorted(found.values[known], reverse=True)
        assert f" {found.text(known[0])} " in driver.lines()[3]
        await driver.press("equals_sign")
        upward = sorted(known, key=lambda each: (found.values[each], each))
        assert ids(driver)[: len(known)] == upward
        await driver.press("r", "ctrl+u", *"moons", "enter")
        assert "called 'moons'" in driver.text()
        await driver.press("r", "ctrl+u", "enter")
        assert "published" not in heading(driver)


async def test_features_show_their_share_over_time(session: Session) -> None:
    async with drive(session, (200, 50)) as driver:
        await driver.press("escape", "2")
        found = over_time(session)
        assert found is not None
        line = driver.app.glyphs.sparkline(found.shares[ids(driver)[0]].tolist())
        assert "over time" in heading(driver)
        assert line in driver.lines()[3]
        assert f"share, {found.first} to {found.last}" in driver.text()


async def test_order_is_reversed_with_the_unknown_still_last(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", "greater_than_sign")
        known = [_true(record) for record in listed(driver)][:15]
        assert known == sorted(known, reverse=True)
        await driver.press("equals_sign")
        scores = [_true(record) for record in listed(driver)]
        assert scores == [*reversed(known), *[None] * 9]
        assert f"true{driver.app.glyphs.rising}" in heading(driver)


async def test_quality_and_family_are_orders_too(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", *["greater_than_sign"] * 2)
        words = [record.quality.word for record in listed(driver)]
        assert words == sorted(words, key=["one", "rare", "dead"].index)
        await driver.press(*["greater_than_sign"] * 5)
        assert "by family" in heading(driver)
        smallest = map(session.sae.families.smallest_of, ids(driver))
        names = [family.label if family else "~" for family in smallest]
        assert names == sorted(names)
        assert "Black holes" in driver.lines()[3][-16:]


@pytest.mark.parametrize(
    ("size", "names"),
    [
        (NARROW, ("true", "concept", "density", "#")),
        ((200, 50), ("true", "concept", "max", "Pearson", "density", "#")),
    ],
)
async def test_what_one_clicks_is_sorted_by(
    session: Session, size: tuple[int, int], names: tuple[str, ...]
) -> None:
    async with drive(session, size) as driver:
        await driver.press("escape", "2")
        line = view(driver).heading
        for name in names:
            await driver.pilot.click(line, offset=(heading(driver).rindex(name), 0))
            await driver.settle()
            order = view(driver).order
            assert order.column is not None
            assert order.name == {"#": "number"}.get(name, name)
            await driver.pilot.click(line, offset=(heading(driver).rindex(name), 0))
            await driver.settle()
            assert view(driver).order.descending != order.descending
        await driver.pilot.click(line, offset=(heading(driver).index("Features"), 0))
        await driver.settle()
        assert view(driver).order.name == "label"


async def test_a_click_on_the_heading_of_details_sorts_nothing(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2")
        order = view(driver).order
        await driver.pilot.click(view(driver).query(Heading).last(), offset=(2, 0))
        await driver.settle()
        assert view(driver).order == order


@pytest.mark.parametrize("width", [20, 40, 59, 79, 99, 199])
def test_trust_stays_beside_the_label_in_any_width(width: int) -> None:
    for order in (DENSITY, FAMILY, PEARSON, None):
        shown = [column for column, _ in columns_for(width, order)]
        assert TRUE in shown
        assert (QUALITY in shown) == (width >= 40)
        assert order is None or order in shown
    if width >= 59:
        room = width - 8 - sum(cells for _, cells in columns_for(width, DENSITY))
        assert room >= 24


async def test_headings_stand_above_their_columns(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2")
        for width in (60, 80, 200, 300):
            await driver.resize((width, 40))
            lines = view(driver).list
            first = driver.lines()[3]
            left, right = lines.heading(lines.line_width)
            end = heading(driver).index("true") + 4
            assert first[end - 3 : end] == "all"
            assert first[heading(driver).index("concept") :].startswith("one")
            assert len(left) + len(right) < lines.line_width


def _true(record: FeatureRecord) -> float | None:
    return None if record.true is None else record.true.value


# Filter.


async def test_the_empty_filter_says_what_it_understands(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2")
        assert "words  ~a meaning  true>0.8" in driver.lines()[1]
        assert "  true>0.8  density<0.01  quality:mixed  family:any" in driver.lines()[1]
    for width in range(20, 200):
        assert len(hint(width)) <= width


async def test_figures_and_facts_filter(session: Session) -> None:
    async with drive(session) as driver:
        await to_filter(driver, "f1>0.8")
        assert ids(driver)
        assert all(record.f1 is not None and record.f1 > 0.8 for record in listed(driver))
        assert "by density" in heading(driver)
        await driver.type(" jet")
        assert [record.label for record in listed(driver)] == ["Relativistic jets"]
        assert "by match" in heading(driver)


async def test_half_a_condition_does_not_empty_the_list(session: Session) -> None:
    async with drive(session) as driver:
        await to_filter(driver, "black f1>")
        assert ids(driver)
        await driver.type("0.92")
        assert [record.id for record in listed(driver)] == [0]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("", ""),
        ("f1>", ""),
        ("black  quality:", "black"),
        ("max<=", ""),
        ("zebra>", "zebra>"),
        ("f1>0", "f1>0"),
    ],
)
def test_a_condition_without_its_value_is_left_out(typed: str, text: str) -> None:
    assert FilterText.of(typed).text == text


async def test_meaning_lists_the_nearest_first(session: Session) -> None:
    async with drive(session) as driver:
        await to_filter(driver, "~merger chirp binary")
        assert ids(driver)[0] == MERGERS
        assert "by match" in heading(driver)
        await driver.press("enter", *["greater_than_sign"] * 3)
        assert "by density" in heading(driver)
        documents = [record.documents for record in listed(driver)]
        assert documents == sorted(documents, reverse=True)


async def test_nothing_found_says_how_to_ask(session: Session) -> None:
    async with drive(session) as driver:
        await to_filter(driver, "zebra")
        assert "No feature is like that." in driver.text()
        assert "quality:one" in driver.text()
        await driver.press("escape", "escape")
        assert len(ids(driver)) == 24


class SlowEmbedder(HashEmbedder):
    """Waits before it embeds what begins with `slow`."""

    go_on = threading.Event()

    def embed_query(self, text: str):
        if text.startswith("slow"):
            self.go_on.wait()
        return super().embed_query(text)


async def test_a_meaning_that_was_overtaken_never_arrives(bundle: Path) -> None:
    SlowEmbedder.go_on.clear()
    session = Session(Bundle(bundle), embedder=SlowEmbedder(), clock=lambda: 0.0)
    async with drive(session) as driver:
        await driver.press("escape", "2", "slash")
        view(driver).filter_line.value = "~slow"
        await driver.see("Looking for that meaning")
        assert len(ids(driver)) == 24
        view(driver).filter_line.value = "bleaching"
        await driver.see("1 of 24 by match")
        SlowEmbedder.go_on.set()
        await driver.settle()
        assert ids(driver) == [BLEACHING]


async def test_without_an_embedder_the_list_stays(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(settings: object) -> object:
        raise MissingDependency("example", "The embedder 'example'", "example")

    monkeypatch.setattr("saetui.session.search.queries.load_embedder", fail)
    async with drive(Session(Bundle(bundle), clock=lambda: 0.0)) as driver:
        await to_filter(driver, "~stars")
        assert "example" in driver.lines()[2]
        assert len(ids(driver)) == 24
        assert "24 by density" in driver.text()
        await driver.press(*["backspace"] * 6)
        assert "example" not in driver.text()


async def test_a_long_complaint_is_cut_and_harmless(session: Session) -> None:
    def fail(text: str) -> Sequence[FeatureRecord]:
        raise EmbedderError("\x1b[31mno " * 200)

    async with drive(session) as driver:
        await driver.press("escape", "2", "slash")
        session.find_features = fail  # type: ignore[method-assign,assignment]
        view(driver).filter_line.value = "~stars"
        await driver.settle()
        assert driver.app.glyphs.ellipsis in driver.lines()[4]
        assert "\x1b" not in driver.text()
        for width in (120, 30, 80):
            await driver.resize((width, 24))
        assert view(driver).list.size.height > 2


# From search and from documents.


async def test_the_query_leads_to_features_like_it(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask("merger chirp binary")
        await driver.press("F")
        assert driver.main._view == "features"
        assert view(driver).filter_line.value == "~merger chirp binary"
        assert ids(driver)[0] == MERGERS


async def test_no_query_leads_nowhere(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "F")
        assert driver.main._view == "search"
        assert "no query yet" in driver.text()


async def test_a_document_leads_to_its_features(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask("merger chirp binary")
        await driver.press("shift+tab", "enter")
        row = driver.search.results.rows[0].row
        await driver.press("F")
        expected = [feature.id for feature in session.document(row).features]
        assert driver.app.screen is driver.main
        assert ids(driver) == expected
        assert f"Document doc-{row}, {len(expected)} of 24" in heading(driver)
        await driver.press("slash", *"zebra")
        assert ids(driver) == []
        await driver.press("escape", "escape")
        assert len(ids(driver)) == 24
        assert "Document" not in heading(driver)


async def test_going_to_another_feature_lists_all_again(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask("merger chirp binary")
        await driver.press("shift+tab", "enter", "F")
        absent = next(i for i in range(24) if i not in ids(driver))
        view(driver).go_to(absent)
        await driver.settle()
        assert len(ids(driver)) == 24
        row = view(driver).list.row
        assert row is not None
        assert row.id == absent


async def test_keys_before_the_bundle_is_open_do_no_harm(session: Session) -> None:
    go_on = threading.Event()

    def opener(say: object) -> Session:
        go_on.wait()
        return session

    async with drive(opener, wait=False) as driver:
        driver.send("escape", "2", "less_than_sign", "equals_sign", "b", "l", "N", "A", "D", "u")
        driver.send("F", "slash", *"~bl", "escape", "escape")
        await driver.rest()
        go_on.set()
        await driver.settle()
        assert len(ids(driver)) == 24
