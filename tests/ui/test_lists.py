"""Documents go into lists of the reader's."""

from pathlib import Path

from bundles import make_bundle
from driver import drive, open_still
from textual.widgets import Input

from saetui.store.lists import read_lists
from saetui.tui.screens.document import DocumentScreen


async def test_a_document_goes_into_a_list_from_any_view(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "marked.bundle")
    async with drive(open_still(folder)) as driver:
        await driver.press("escape", "B")
        assert "Go to a document in a list first" in driver.messages()[0]
        await driver.ask("coral reef")
        await driver.press("shift+tab", "B")
        assert "Into which list?" in driver.text()
        await driver.press(*": for the review", "enter")
        first = driver.search.results.row.id
        assert read_lists(folder)["to-read"][first].note == "for the review"
        await driver.press("down", "enter")
        assert isinstance(driver.app.screen, DocumentScreen)
        await driver.press("B", "ctrl+u", *"later", "enter")
        assert isinstance(driver.app.screen, DocumentScreen)
        await driver.press("escape")
        assert {*read_lists(folder)} == {"to-read", "later"}
        await driver.press("ampersand", *"in:to-read", "enter")
        assert [result.id for result in driver.search.results.rows] == [first]
        await driver.press("shift+tab", "B", "ctrl+u", *"-to-read", "enter")
        assert "to-read" not in read_lists(folder)
        # A filter takes one word.
        await driver.press("B", "ctrl+u", *"next week: soon", "enter")
        (listed,) = read_lists(folder)["next-week"].values()
        assert listed.note == "soon"
        await driver.press("B", "ctrl+u", *"no=good: a thought", "enter")
        assert any("cannot be the name" in message for message in driver.messages())
        await driver.press("B")
        assert driver.app.screen.query_one(Input).value == "no=good: a thought"
