"""What newcomers stumbled over in their first minutes."""

from pathlib import Path

import pytest
from bundles import make_bundle
from driver import NARROW, WIDE, drive, open_still

from saetui.session.session import Session
from saetui.tui.screens.document import DocumentScreen

QUERY = "black hole merger"


async def test_a_query_that_was_typed_and_not_asked_is_told_apart(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        line = driver.search.query_bar.query_line
        await driver.ask(QUERY)
        await driver.press("slash", "ctrl+u", *"coral", "escape")
        assert line.value == "coral", "what was typed stays"
        assert line.has_class("-unasked")
        assert "Not asked yet: / and enter ask it." in driver.messages()
        await driver.press("slash", "enter")
        assert driver.main.request.query == "coral"
        assert not line.has_class("-unasked")
        await driver.press("slash", "escape")
        assert not line.has_class("-unasked")


async def test_words_alone_say_why_no_feature_is_listed(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask(QUERY)
        await driver.press("W", "W")
        assert driver.main.request.retrieval == "lexical"
        assert "By words alone a query has no features: W" in driver.text()
        await driver.press("W")
        assert "By words alone" not in driver.text()


@pytest.mark.parametrize("key", ["left", "minus"])
async def test_at_the_end_of_the_scale_the_filter_is_named(session: Session, key: str) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask(QUERY)
        feature = driver.search.steering.row
        assert feature is not None
        await driver.press(key)
        assert not driver.messages()
        await driver.press(*[key] * 12)
        said = f"It goes no lower. To leave out all documents that have it: & without:{feature.id}"
        assert said in driver.messages()


async def test_a_document_begins_with_what_the_query_asked_for(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.ask(QUERY)
        asked = [row.id for row in driver.search.steering.rows]
        results = driver.search.results
        for place in range(len(results.rows)):
            features = session.document(results.rows[place].row).features
            about = next((each for each in asked if each in {f.id for f in features}), None)
            if about is not None and features[0].id != about:
                break
        else:
            raise AssertionError("every document begins with the query's feature anyway")
        results.cursor = place
        results.focus()
        await driver.press("enter")
        screen = driver.app.screen
        assert isinstance(screen, DocumentScreen)
        assert screen._feature == about
        assert f"underlined: {session.name(about)}" in driver.text()


async def test_where_the_feature_is_not_active_nothing_is_underlined(session: Session) -> None:
    async with drive(session, (200, 50)) as driver:
        await driver.ask(QUERY)
        feature = driver.search.steering.rows[0].id
        codes = session.sae.codes.indices
        lacking = next(r.row for r in driver.search.results.rows if feature not in codes[r.row])
        driver.search.reading.follow(lacking, feature)
        await driver.settle()
        assert f"{session.name(feature)} is not active in it" in driver.text()
        assert "underlined" not in driver.text()


async def test_a_feature_that_leaves_a_filtered_list_is_told_of(tmp_path: Path) -> None:
    async with drive(open_still(make_bundle(tmp_path / "own.bundle")), NARROW) as driver:
        await driver.press("2", "slash", *"f1>0.1", "enter")
        await driver.press("l", "ctrl+u", *"Sour water", "enter")
        assert "Sour water does not pass the filter any more." in driver.messages()
        await driver.press("u", "slash", "ctrl+u", "enter")
        driver.app.clear_notifications()
        await driver.press("l", "ctrl+u", *"Sour water", "enter")
        assert not driver.messages()
