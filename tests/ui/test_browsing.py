"""Looking at features, families and documents, and going from one to another."""

from pathlib import Path

import pytest
from bundles import make_bundle
from driver import WIDE, Driver, drive, open_still
from odd_bundles import chain_of, rewrite

from saetui.core.changes import Change
from saetui.core.families import Families, Family, FamilyParameters
from saetui.errors import BundleDamaged
from saetui.session.session import Session
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.views.families import FamiliesView
from saetui.tui.views.features import FeaturesView
from saetui.tui.widgets.details import DetailList, TextPane
from saetui.tui.widgets.family_tree import CHUNK, MATCHES

QUERY = "black hole merger chirp"
BLACK_HOLES, ACCRETION, MERGERS, TIDAL = 0, 1, 2, 4


def features_view(driver: Driver) -> FeaturesView:
    return driver.main.query_one(FeaturesView)


def families_view(driver: Driver) -> FamiliesView:
    return driver.main.query_one(FamiliesView)


def listed(driver: Driver) -> list[int]:
    return [record.id for record in features_view(driver).list.rows]


def nodes(driver: Driver) -> list[tuple[int, int]]:
    """Feature and depth of every visible node."""
    return [(node.feature, node.depth) for node in families_view(driver).forest.rows]


# Features.


async def test_features_come_most_frequent_first(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2")
        documents = [session.features[i].documents for i in listed(driver)]
        assert documents == sorted(documents, reverse=True)
        assert len(documents) == 24


async def test_filter_narrows_as_one_types(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", "slash", "b")
        assert "5 of 24 by match" in driver.text()
        several = listed(driver)
        await driver.press("l", "e")
        assert listed(driver) == [11]
        assert set(listed(driver)) < set(several)
        assert "1 of 24 by match" in driver.text()
        await driver.press("enter")
        assert driver.app.focused is features_view(driver).list


async def test_filter_without_match_shows_no_details(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", "slash", *"zebra")
        assert listed(driver) == []
        assert not features_view(driver).detail.rows
        await driver.press("escape", "enter", "a", "t")
        assert driver.app.focused is features_view(driver).list
        assert not driver.main.request.steering


async def test_details_follow_the_cursor(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2")
        for _ in range(3):
            await driver.press("j")
            row = features_view(driver).list.row
            assert row is not None
            assert features_view(driver).detail.rows[0].text == row.name


async def test_enter_walks_into_details_and_on_to_a_feature(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "2", "enter")
        detail = features_view(driver).detail
        assert driver.app.focused is detail
        assert detail.row is not None
        assert detail.row.kind == "document"
        while detail.row.kind != "feature":
            await driver.press("down")
            assert detail.row is not None
        target = detail.row.target
        await driver.press("enter")
        row = features_view(driver).list.row
        assert row is not None
        assert row.id == target
        assert detail.rows[0].text == session.features[row.id].name


async def test_going_to_a_feature_clears_the_filter_that_hides_it(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.press("escape", "2", "slash", *"bleaching", "enter", "enter")
        detail = features_view(driver).detail
        while detail.row is None or detail.row.kind != "feature":
            await driver.press("down")
        target = detail.row.target
        await driver.press("enter")
        assert features_view(driver).filter_line.value == ""
        row = features_view(driver).list.row
        assert row is not None
        assert row.id == target


async def test_enter_on_an_example_opens_the_document(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", "enter", "enter")
        assert isinstance(driver.app.screen, DocumentScreen)
        await driver.press("escape")
        assert driver.app.screen is driver.main
        assert driver.app.focused is features_view(driver).detail


async def test_feature_is_steered_from_the_list(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", "a")
        assert driver.main.request.steering == {BLACK_HOLES: Change("add", 0.95)}
        assert driver.app.focused is driver.search.steering
        assert driver.search.results.rows


async def test_feature_under_the_details_cursor_is_steered(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", "enter")
        detail = features_view(driver).detail
        while detail.row is None or detail.row.kind != "feature":
            await driver.press("down")
        target = detail.row.target
        await driver.press("a")
        assert driver.main.request.steering == {target: Change("add", 0.95)}


async def test_feature_leads_to_its_family(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", "slash", *"tidal", "enter", "t")
        row = families_view(driver).forest.row
        assert row is not None
        assert (row.feature, row.depth) == (TIDAL, 2)
        assert "3 Families" in driver.text()


async def test_feature_of_the_query_opens(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("down", "enter")
        row = features_view(driver).list.row
        assert row is not None
        assert row.id == MERGERS
        await driver.press("q")
        assert driver.app.focused is driver.search.steering


async def test_half_pages_and_ends(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", "G")
        lines = features_view(driver).list
        assert lines.cursor == 23
        await driver.press("ctrl+u")
        half = lines.size.height // 2
        assert lines.cursor == 23 - half
        await driver.press("ctrl+d")
        assert lines.cursor == 23
        await driver.press("g", "k")
        assert lines.cursor == 0
        assert lines.scroll_offset.y == 0


async def test_layout_for_another_width_keeps_the_place(session: Session) -> None:
    async with drive(session, (60, 24)) as driver:
        await driver.press("escape", "2", "enter", "down", "down", "down")
        row = features_view(driver).detail.row
        for size in ((120, 40), (30, 12), (200, 50), (80, 24)):
            await driver.resize(size)
            assert features_view(driver).detail.row == row


# Families.


async def test_families_begin_closed(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "3")
        assert nodes(driver) == [(0, 0), (5, 0), (10, 0)]


async def test_nodes_open_and_close(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "3", "right")
        opened = [(0, 0), (1, 1), (2, 1), (3, 1), (5, 0), (10, 0)]
        assert nodes(driver) == opened
        await driver.press("down", "l")
        assert nodes(driver)[:3] == [(0, 0), (1, 1), (4, 2)]
        await driver.press("down", "left")
        forest = families_view(driver).forest
        assert forest.row is not None
        assert forest.row.feature == ACCRETION
        await driver.press("enter")
        assert nodes(driver) == opened
        await driver.press("h", "h")
        assert nodes(driver) == [(0, 0), (5, 0), (10, 0)]
        await driver.press("left")
        assert nodes(driver) == [(0, 0), (5, 0), (10, 0)]


async def test_enter_on_a_leaf_opens_the_feature(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "3", "right", "down", "down", "enter")
        row = features_view(driver).list.row
        assert row is not None
        assert row.id == MERGERS


async def test_filter_shows_the_way_to_what_matches(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "3", "slash", *"tidal")
        assert nodes(driver) == [(BLACK_HOLES, 0), (ACCRETION, 1), (TIDAL, 2)]
        await driver.press("enter", "left", "left")
        assert nodes(driver) == [(BLACK_HOLES, 0), (ACCRETION, 1), (TIDAL, 2)]
        await driver.press("G", "left")
        row = families_view(driver).forest.row
        assert row is not None
        assert row.feature == ACCRETION
        await driver.press("slash", *["backspace"] * 5)
        assert nodes(driver) == [(0, 0), (5, 0), (10, 0)]


async def test_family_is_steered(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "3", "down", "f")
        family = session.sae.families[1]
        assert driver.main.request.steering == dict.fromkeys(family.members, Change("add", 0.42))
        assert driver.search.steering.row is not None
        assert driver.search.steering.row.id == family.root


async def test_member_is_steered(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "3", "right", "down", "a")
        assert driver.main.request.steering == {ACCRETION: Change("add", 0.95)}


async def test_very_deep_family(tmp_path: Path) -> None:
    n = 2_000
    folder = make_bundle(tmp_path / "deep.bundle", n=n)
    async with drive(open_still(rewrite(folder, families=[chain_of(n)]))) as driver:
        await driver.press("escape", "3")
        families_view(driver).go_to(0, n - 1)
        await driver.settle()
        assert len(nodes(driver)) == n
        row = families_view(driver).forest.row
        assert row is not None
        assert row.depth == n - 1
        assert f"Feature {n - 1}" in driver.text()
        # Fifteen features have labels of other words.
        await driver.press("slash", *"feature")
        assert nodes(driver)[: 15 + MATCHES] == [(i, i) for i in range(15 + MATCHES)]
        await driver.press("enter", "G")
        assert f"{n - 15 - MATCHES:,} more" in driver.text()
        await driver.press("enter")
        assert len(nodes(driver)) == 15 + MATCHES + CHUNK + 1
        await driver.press("G", *["left"] * 3)
        assert families_view(driver).forest.row is not None


async def test_large_family_opens_in_chunks(tmp_path: Path) -> None:
    n = 300
    folder = make_bundle(tmp_path / "wide.bundle", n=n)
    edges = tuple((0, i, 0.5) for i in range(1, n))
    family = Family(0, 0, "Wide", tuple(range(n)), edges, 1)
    async with drive(open_still(rewrite(folder, families=[family]))) as driver:
        await driver.press("escape", "3", "right")
        assert nodes(driver) == [(0, 0), *((i, 1) for i in range(1, CHUNK + 1)), (0, 1)]
        await driver.press("G")
        assert f"{n - 1 - CHUNK} more" in driver.text()
        await driver.press("right")
        assert len(nodes(driver)) == 2 * CHUNK + 2
        row = families_view(driver).forest.row
        assert row is not None
        assert (row.feature, row.more) == (CHUNK + 1, 0)
        assert f"Number {CHUNK + 1}," in driver.text()
        families_view(driver).go_to(0, n - 1)
        await driver.settle()
        assert len(nodes(driver)) == n
        assert families_view(driver).forest.row.feature == n - 1


async def test_family_in_circles(session: Session) -> None:
    """Edges that lead back, twice to one member, and to a stray do no harm."""
    edges = ((0, 1, 0.5), (1, 2, 0.5), (2, 0, 0.5), (0, 2, 0.5), (2, 2, 0.5), (7, 8, 0.5))
    circle = Family(0, 0, "Circle", (0, 1, 2, 7, 8), edges, 1)
    # No bundle on disk opens with such a family.
    session.sae.families = Families(FamilyParameters(), (), (circle,), ())
    async with drive(session) as driver:
        await driver.press("escape", "3", "right", "down", "right", "down", "right")
        assert [feature for feature, _ in nodes(driver)] == [0, 1, 2]
        families_view(driver).go_to(0, 8)
        families_view(driver).go_to(5, 0)
        await driver.settle()
        assert [feature for feature, _ in nodes(driver)] == [0, 1, 2]


async def test_no_families(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "none.bundle")
    async with drive(open_still(rewrite(folder, families=[]))) as driver:
        await driver.press("escape", "3", "right", "left", "enter", "a", "f", "slash", *"coral")
        assert "No member of a family has these words." in driver.text()
        assert not driver.main.request.steering
        await driver.press("escape", "2", "t")
        assert "is in no family" in driver.text()


# Documents.


async def test_document_opens_and_closes(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "down", "enter")
        screen = driver.app.screen
        assert isinstance(screen, DocumentScreen)
        result = driver.search.results.rows[1]
        assert screen.detail.row == result.row
        assert result.title in driver.text()
        await driver.press("q")
        assert driver.app.screen is driver.main
        assert driver.app.focused is driver.search.results


async def test_from_neighbours_one_comes_back_to_where_one_was(session: Session) -> None:
    async with drive(session, size=(44, 14)) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "enter")
        screen = driver.app.screen
        assert isinstance(screen, DocumentScreen)
        text, related = (
            screen.query_one("#document-text", TextPane),
            screen.query_one("#related", DetailList),
        )
        way = []
        for up in range(3):
            text.scroll_to(y=up, animate=False)
            await driver.press("end", *["up"] * up)
            way.append((screen.detail.row, related.cursor, text.scroll_y))
            await driver.press("enter")
            assert screen.detail.row != way[-1][0]
            assert text.scroll_y == 0
        assert len({cursor for _, cursor, _ in way}) == len({y for _, _, y in way}) == 3
        for row, cursor, scroll in reversed(way):
            await driver.press("escape")
            assert driver.app.screen is screen
            assert (screen.detail.row, related.cursor, text.scroll_y) == (row, cursor, scroll)
        assert screen.detail.document.title[:20] in driver.text()
        await driver.press("escape")
        assert driver.app.screen is driver.main


async def test_every_document_is_left_for_a_view(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        for key, view in (
            ("3", "families"),
            ("2", "features"),
            ("1", "search"),
            ("slash", "search"),
        ):
            await driver.press("1", "shift+tab", "enter", "end", "enter", key)
            assert driver.app.screen is driver.main
            assert driver.main._view == view
            assert (driver.app.focused is driver.search.query_bar.query_line) == (key == "slash")


async def test_feature_of_a_document(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "enter", "end", "enter", "home", "enter")
        assert driver.app.screen is driver.main
        row = features_view(driver).list.row
        assert row is not None
        assert row.id == BLACK_HOLES


async def test_feature_of_a_document_is_steered(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "enter", "a")
        assert driver.app.screen is driver.main
        assert driver.main.request.steering == {BLACK_HOLES: Change("add", 0.95)}
        assert driver.app.focused is driver.search.steering


async def test_steering_a_neighbour_does_nothing(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "enter", "end", "a")
        assert isinstance(driver.app.screen, DocumentScreen)
        assert not driver.main.request.steering


async def test_keys_in_one_breath_leave_a_document_once(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab")
        driver.send("enter", "enter", "enter")
        await driver.settle()
        driver.send("escape", "escape", "q")
        await driver.settle()
        assert driver.app.return_value is None


async def test_text_scrolls(session: Session) -> None:
    async with drive(session, (40, 16)) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "enter", "shift+tab", "G")
        assert "categories" in driver.text()
        await driver.press("g")
        assert "Black hole mergers and black holes" in driver.text()
        await driver.press("j", "enter", "ctrl+d", "k", "ctrl+u")
        assert isinstance(driver.app.screen, DocumentScreen)


async def test_damaged_document_is_told(session: Session) -> None:
    def fail(row: int, limit: int = 10) -> object:
        raise BundleDamaged("documents.sqlite cannot be read \x1b[31m.")

    session.document = fail  # type: ignore[method-assign]
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "enter")
        assert driver.app.screen is driver.main
        assert "cannot be read" in driver.text()
        assert "\x1b" not in driver.text()


async def test_damaged_feature_is_told(session: Session) -> None:
    def fail(feature: int, limit: int = 10) -> object:
        raise BundleDamaged("codes.npy cannot be read.", "Copy it again.")

    session.feature = fail  # type: ignore[method-assign]
    async with drive(session) as driver:
        await driver.press("escape", "2", "down")
        assert "codes.npy cannot be read." in driver.text()
        assert "Copy it again." in driver.text()


async def test_one_document(tmp_path: Path) -> None:
    async with drive(open_still(make_bundle(tmp_path / "one.bundle", documents=1))) as driver:
        await driver.ask("black hole")
        assert len(driver.search.results.rows) == 1
        await driver.press("right", "shift+tab", "enter")
        assert isinstance(driver.app.screen, DocumentScreen)
        await driver.press("escape", "2", "enter", "3", "right")


async def test_no_documents(tmp_path: Path) -> None:
    async with drive(open_still(make_bundle(tmp_path / "no.bundle", documents=0))) as driver:
        assert "holds no documents" in driver.text()
        await driver.ask("black hole")
        await driver.press("right", "shift+tab", "enter")
        assert "holds no documents" in driver.text()
        await driver.press("2", "enter", "3", "right", "enter")


@pytest.mark.parametrize("view", ["2", "3"])
async def test_a_number_finds_the_feature_that_has_it(session: Session, view: str) -> None:
    async with drive(session) as driver:
        await driver.ask("coral reef")
        await driver.press(view, "slash", "1", "2")
        browser = driver.main.query_one(FeaturesView if view == "2" else FamiliesView)
        assert browser.filter_line.value == "12"
        assert driver.main.request.query == "coral reef"
