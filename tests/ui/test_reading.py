"""What carries a feature is marked where a document is read, and beside the results."""

from dataclasses import replace
from pathlib import Path

from bundles import HashEmbedder, make_bundle
from driver import NARROW, drive
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.documents import Document
from saetui.session.evidence import EvidenceFinder
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.tui.messages import OpenDocument
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.views.features import FeaturesView
from saetui.tui.widgets.details import TextPane
from saetui.tui.widgets.lines import wrap
from saetui.tui.widgets.reading import MARK, marked_lines

QUERY = "black hole merger chirp"
WIDEST = (160, 40)

words = st.lists(st.text("ab\u4e00", min_size=1, max_size=12), max_size=8).map(" ".join)


def marked_text(pane: TextPane) -> str:
    """The words that are marked, in order."""
    pieces = [piece for row in pane.rows for piece in row.pieces]
    return " ".join(" ".join(text for text, style in pieces if style == MARK).split())


def carrying(session: Session, row: int, feature: int) -> str:
    document = session.bundle.documents.document(row)
    found = EvidenceFinder(session).of(row, feature)
    spans = sorted((not each.in_title, each.start, each.end) for each in found.marked)
    texts = [(document.text if body else document.title)[start:end] for body, start, end in spans]
    return " ".join(" ".join(texts).split())


@given(words, st.integers(4, 20), st.integers(0, 30), st.integers(0, 30))
def test_marked_text_is_broken_as_other_text(text: str, width: int, start: int, end: int) -> None:
    start, end = sorted((start, end))
    lines = marked_lines(text, [(start, end)], width)
    assert ["".join(part for part, _ in line) for line in lines] == wrap(text, width)
    marked = "".join(part for line in lines for part, style in line if style == MARK).split()
    places = [i for i in range(len(text)) if (i == 0 or text[i - 1] == " ") and text[i] != " "]
    begun = [text[i:].split(maxsplit=1)[0] for i in places if start <= i < end]
    assert "".join(marked) == "".join(begun)


async def test_sentences_of_the_feature_under_the_cursor_are_marked(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "enter")
        await driver.settle()
        screen = driver.app.screen
        assert isinstance(screen, DocumentScreen)
        row = screen.detail.row
        seen = set()
        for feature in [each.id for each in screen.detail.features][:3]:
            said = carrying(session, row, feature)
            assert marked_text(screen._text) == said
            if said:
                assert f"underlined: {session.name(feature)}" in driver.text()
            seen.add(said)
            await driver.press("down")
            await driver.settle()
        assert len(seen) > 1


async def test_the_reading_pane_follows_both_cursors(session: Session) -> None:
    async with drive(session, WIDEST) as driver:
        await driver.ask(QUERY)
        await driver.settle()
        pane, view = driver.search.reading, driver.search
        for keys in (["up"], ["down"], ["shift+tab", "down", "down"]):
            await driver.press(*keys)
            await driver.settle()
            result, feature = view.results.row, view.steering.row
            assert result is not None
            assert feature is not None
            assert pane._document is not None
            assert pane._document[0] == result.row
            assert marked_text(pane._text) == carrying(session, result.row, feature.id)
            assert f"id: {result.id}" in driver.text()
        await driver.press("v")
        assert not pane.display
        assert view.steering.display


async def test_a_key_shows_the_document_where_there_is_no_room_for_it(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask(QUERY)
        assert not driver.search.reading.display
        await driver.press("shift+tab", "v")
        await driver.settle()
        result = driver.search.results.row
        assert result is not None
        assert "Reading; underlined:" in driver.text()
        await driver.press("down")
        await driver.settle()
        assert driver.search.reading._document is not None
        assert driver.search.results.row is not None
        assert driver.search.reading._document[0] == driver.search.results.row.row
        await driver.press("v")
        assert "Steering" in driver.text()
        assert not driver.search.reading.display


async def test_a_hidden_pane_reads_nothing(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "down", "down")
        await driver.settle()
        assert driver.search.reading._document is None


async def test_an_example_of_a_feature_says_what_carries_it(session: Session) -> None:
    async with drive(session) as driver:
        await driver.press("escape", "2", "tab", "down")
        view = driver.main.query_one(FeaturesView)
        while view.detail.row is not None and view.detail.row.kind != "document":
            await driver.press("down")
        row = view.detail.row
        assert row is not None
        assert row.target is not None
        await driver.see("Where it is in the text: ")
        assert view.feature is not None
        found = EvidenceFinder(session).of(row.target, view.feature)
        document = session.bundle.documents.document(row.target)
        first = found.marked[0]
        text = document.title if first.in_title else document.text
        said = " ".join(driver.text().split())
        assert (
            text[first.start : first.end].split()[0]
            in said.partition("Where it is in the text: ")[2]
        )
        await driver.press("tab")


async def test_reading_begins_at_the_passage_that_was_found(tmp_path: Path) -> None:
    def long(row: int, document: Document) -> Document:
        return replace(document, text=f"{'word ' * 900}The zeppelin left. {'more ' * 900}")

    bundle = make_bundle(tmp_path / "long.bundle", documents=12, changed=long)
    session = Session(Bundle(bundle), embedder=HashEmbedder())
    at = 5 * 900
    async with drive(session, WIDEST) as driver:
        await driver.ask("zeppelin")
        pane = driver.search.reading
        for place, seen in ((at, True), (0, False), (at, True)):
            pane.follow(3, None, place)
            await driver.settle()
            assert ("zeppelin left" in driver.text()) is seen
        driver.search.post_message(OpenDocument(3, at=at))
        await driver.settle()
        screen = driver.app.screen
        assert isinstance(screen, DocumentScreen)
        assert "zeppelin left" in driver.text()
        assert "word word" in driver.text()
    session.close()
