"""Foreign text is shown, never obeyed, and never breaks the columns."""

import time
from pathlib import Path
from unicodedata import category

import pytest
from driver import NARROW, WIDE, Driver, drive, open_still
from hypothesis import given
from hypothesis import strategies as st
from odd_bundles import HOSTILE, HUGE, MARKUP
from rich.cells import cell_len
from textual import events
from textual.geometry import Region

from saetui.glyphs import ASCII, UNICODE
from saetui.session.session import Session
from saetui.tui.messages import OpenDocument
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.screens.main import MainScreen
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import fit, signed, wrap
from saetui.tui.widgets.reading import document_lines

DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_harmless(text: str) -> bool:
    """Whether a terminal would draw all of a text and obey nothing of it."""
    return not DIRECTIONS & set(text) and not any(
        category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text
    )


foreign = st.text(
    st.one_of(
        st.characters(codec=None),
        st.sampled_from("".join(HOSTILE)),
        st.sampled_from("ab  \t\n\x1b\u0300\u200d\u202e漢👩[]"),
    ),
    max_size=200,
)


@given(foreign, st.integers(0, 60), st.sampled_from(["…", "~", ""]))
def test_fitted_text_has_exactly_its_width(text: str, width: int, ellipsis: str) -> None:
    fitted = fit(text, max(width, cell_len(ellipsis)), ellipsis)
    assert cell_len(fitted) == max(width, cell_len(ellipsis))
    assert is_harmless(fitted)


@given(foreign, st.integers(2, 60))
def test_wrapped_text_stays_within_its_width(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert all(is_harmless(line) for line in lines)


@given(st.text("abcdef ,.-", max_size=300), st.integers(2, 60))
def test_wrapped_text_is_whole(text: str, width: int) -> None:
    assert "".join(wrap(text, width)).replace(" ", "") == text.replace(" ", "")


def test_words_are_not_broken_without_need() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("unbreakable word", 6) == ["unbrea", "kable", "word"]
    assert wrap("漢字かな", 5) == ["漢字", "かな"]
    assert wrap("a\n\nb\tc", 20) == ["a", "", "b   c"]
    assert wrap("", 10) == [""]


def test_a_cut_says_so() -> None:
    assert fit("a long title", 8, "…") == "a long…"[:7] + " "
    assert fit("短い題名です", 7, "…") == "短い題…"
    assert fit("short", 8, "…") == "short   "


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.25, "+.25"), (-0.05, "-.05"), (1.0, "+1.00"), (-0.001, "+.00"), (0.999, "+1.00")],
)
def test_signed_numbers_are_short(value: float, text: str) -> None:
    assert signed(value) == text


def test_long_words_and_texts_are_wrapped_at_once() -> None:
    started = time.process_time()
    assert len(wrap(HUGE, 80)) > 1_000
    # Work that grew with the square of the length would take minutes.
    assert time.process_time() - started < 20


@given(st.floats(-1, 3), st.integers(1, 20))
def test_bars_have_exactly_their_width(value: float, width: int) -> None:
    for glyphs in (UNICODE, ASCII):
        assert len(glyphs.bar(value, width)) == width


def test_bars_show_a_small_step() -> None:
    for width in (5, 10):
        bars = [UNICODE.bar(step * 0.05, width) for step in range(21)]
        assert len(set(bars)) == 21
    assert len({ASCII.bar(step * 0.05, 10) for step in range(21)}) == 21


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 6))
def test_histograms_show_every_count(counts: list[int], rows: int) -> None:
    for glyphs in (UNICODE, ASCII):
        lines = glyphs.histogram(counts, rows)
        assert [len(line) for line in lines] == [len(counts)] * rows
        assert [character != " " for character in lines[-1]] == [count > 0 for count in counts]


# In the app.


def assert_harmless(driver: Driver) -> None:
    """Every line fills the screen exactly, and none holds what a terminal obeys."""
    for strip in driver.app.screen._compositor.render_strips():
        assert strip.cell_length == cell_len(strip.text) == driver.app.size.width
        assert is_harmless(strip.text), strip.text


def assert_columns(lines: LineList[object], width: int) -> None:
    """Every row of a list is as wide as the list."""
    for index, row in enumerate(lines.rows):
        pieces = lines.line(row, index, width)
        assert cell_len("".join(text for text, _ in pieces)) == width, row


async def test_hostile_search(hostile_bundle: Path) -> None:
    async with drive(open_still(hostile_bundle), name=HOSTILE[0]) as driver:
        assert_harmless(driver)
        await driver.ask("black hole " + " ".join(HOSTILE))
        assert len(driver.search.results.rows) > 10
        for key in ("right", "m", "0", "n", "space", "f", "shift+tab", "G", "x", "e"):
            await driver.press(key)
            assert_harmless(driver)
        for size in (WIDE, (200, 50), (45, 10)):
            await driver.resize(size)
            assert_harmless(driver)
        for width in (30, 41, 60, 79, 200):
            assert_columns(driver.search.results, width)
            assert_columns(driver.search.steering, width)
        assert driver.app.return_value is None


async def test_hostile_features_and_families(hostile_bundle: Path) -> None:
    async with drive(open_still(hostile_bundle)) as driver:
        await driver.press("escape", "2")
        for _ in range(12):
            await driver.press("j")
            assert_harmless(driver)
        await driver.resize(WIDE)
        for _ in range(12):
            await driver.press("j")
            assert_harmless(driver)
        await driver.press("t")
        assert_harmless(driver)
        await driver.press("3", "right", "down", "right", "down", "f")
        assert_harmless(driver)
        await driver.press("a", "x")
        assert_harmless(driver)
        await driver.press("escape", "ctrl+p", "a")
        assert_harmless(driver)


async def test_hostile_documents(hostile_bundle: Path) -> None:
    async with drive(open_still(hostile_bundle), WIDE) as driver:
        session = driver.session
        for row in range(1, 10):
            driver.main._documents._show(OpenDocument(row), session.document(row))
            await driver.settle()
            assert isinstance(driver.app.screen, DocumentScreen)
            assert_harmless(driver)
            await driver.press("shift+tab", "end", "tab", "end")
            assert_harmless(driver)
            await driver.press("escape")


async def test_markup_is_text(hostile_bundle: Path) -> None:
    async with drive(open_still(hostile_bundle), (200, 50)) as driver:
        await driver.ask("black hole")
        assert MARKUP in driver.text()
        rows = [i for i, line in enumerate(driver.lines()) if "quit[/]" in line]
        column = driver.lines()[rows[0]].index("quit[/]")
        await driver.pilot.click(offset=(column, rows[0]))
        await driver.settle()
        assert driver.main.is_attached


async def test_two_megabytes_open_quickly(hostile_bundle: Path) -> None:
    async with drive(open_still(hostile_bundle)) as driver:
        assert len(HUGE) == 2_000_005
        started = time.process_time()
        driver.main._documents._show(OpenDocument(0), driver.session.document(0))
        await driver.settle()
        assert time.process_time() - started < 10
        assert isinstance(driver.app.screen, DocumentScreen)
        await driver.press("shift+tab", "end")
        assert "Cut here: the document has 2,000,005 characters." in driver.text()
        assert_harmless(driver)


def test_untitled_documents_begin_with_their_text(hostile_bundle: Path) -> None:
    session = open_still(hostile_bundle)
    document = session.document(8).document
    assert document.title == ""
    assert document_lines(document, 60)[0].text.startswith(document.text[:20])
    session.close()


async def test_pasted_text_is_harmless(session: Session) -> None:
    async with drive(session) as driver:
        for text in HOSTILE:
            driver.search.query_bar.query_line.value = ""
            driver.search.query_bar.query_line.post_message(events.Paste(text))
            await driver.settle()
            assert_harmless(driver)
        driver.search.query_bar.query_line.value = "x" * 1_000_000
        await driver.press("enter")
        assert len(driver.main.request.query) == 2_000


async def test_tiny_and_odd_terminals(session: Session) -> None:
    async with drive(session, (1, 1)) as driver:
        await driver.ask("black hole merger")
        for size in ((1, 1), (2, 3), (10, 5), (19, 7), (500, 3)):
            await driver.resize(size)
            for key in ("1", "right", "2", "enter", "3", "right", "f1", "escape"):
                await driver.press(key)
            await driver.resize(NARROW)
            assert "Black holes" in driver.text()
        assert isinstance(driver.app.screen, MainScreen)


async def test_parts_of_lines_are_drawn(session: Session) -> None:
    """What lies over a list leaves a part of its lines to be drawn."""
    async with drive(session) as driver:
        await driver.ask("black hole merger")
        for widget in (driver.search.results, driver.search.why, driver.main._status):
            whole = widget.render_lines(Region(0, 0, 80, 1))[0]
            part = widget.render_lines(Region(10, 0, 20, 1))[0]
            assert part.text == whole.text[10:30]


async def test_narrow_character_set(hostile_bundle: Path) -> None:
    async with drive(open_still(hostile_bundle), WIDE, encoding="iso-8859-1") as driver:
        await driver.ask("black hole")
        for key in ("right", "2", "f1", "escape", "3", "right", "ctrl+p"):
            await driver.press(key)
            for line in driver.lines():
                line.encode("iso-8859-1")
        assert cell_len(driver.lines()[0]) <= WIDE[0]
