"""Every way to ask, what changed, and searches as files: from the keyboard."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from bundles import HashEmbedder, make_bundle
from driver import NARROW, WIDE, Driver, drive, open_still

from saetui.core.changes import Change
from saetui.core.document_filter import EVERYTHING, DocumentFilter
from saetui.core.documents import Document
from saetui.core.search_request import SearchRequest
from saetui.session.saved.bookmarks import bookmarks
from saetui.session.saved.presets import open_preset, read_preset
from saetui.session.saved.search_json import search_to_json
from saetui.session.session import Session
from saetui.session.steering import effects, steered_toward
from saetui.store.bundle import Bundle
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.screens.open_preset import OpenPresetScreen
from saetui.tui.screens.steps import StepsScreen
from saetui.tui.widgets.lines import signed
from saetui.tui.widgets.status import VIEWS
from saetui.tui.widgets.text_line import TextLine

QUERY = "black hole merger chirp"
BLACK_HOLES, MERGERS, CORAL = 0, 2, 10


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files without a folder go here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What went to the terminal's clipboard."""
    found: list[str] = []
    monkeypatch.setattr(
        "textual.app.App.copy_to_clipboard", lambda app, text: found.append(text), raising=True
    )
    return found


def assert_shown(driver: Driver) -> None:
    """The lists hold the answer to the present state."""
    answer = driver.session.search(driver.main.request)
    assert tuple(driver.search.results.rows) == answer.results
    assert {row.id for row in driver.search.steering.rows} == {f.id for f in answer.features}


# Ways to ask.


async def test_more_like_a_result_and_less_of_a_feature(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("L", "shift+tab", "down", "l")
        row = driver.shown[-2].results[1].row
        state = driver.main.request
        assert (state.query, state.like, dict(state.steering)) == ("", row, {})
        assert_shown(driver)
        assert f"More like: {driver.session.bundle.documents.headings([row])[row][1][:20]}" in (
            driver.text()
        )
        await driver.press("tab", "e", *["H"] * 4)
        assert_shown(driver)
        assert driver.main.answer is not None
        assert driver.main.answer.dropped
        assert " replaced " in driver.text()
        await driver.press("slash", "enter")
        assert driver.main.request.like is None
        assert driver.main.answer is not None, "the changed feature alone is a query"


async def test_more_like_an_opened_document_and_feedback_from_it(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "enter")
        assert isinstance(driver.app.screen, DocumentScreen)
        row = driver.app.screen.detail.row
        await driver.press("plus")
        assert driver.app.screen is driver.main
        asked = SearchRequest(QUERY, limit=driver.main.request.limit, why=True)
        assert driver.main.request == steered_toward(driver.session, asked, row)
        assert_shown(driver)
        await driver.press("shift+tab", "enter", "l")
        assert driver.main.request.like is not None
        assert_shown(driver)


async def test_feedback_adds_up_and_can_be_taken_back(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("shift+tab", "plus")
        first = driver.shown[0].results[0].row
        plain = SearchRequest(QUERY, limit=driver.main.request.limit, why=True)
        toward = steered_toward(driver.session, plain, first)
        assert driver.main.request == toward
        assert toward.liked == (first,)
        assert "words of 1 document" in driver.text()
        await driver.press("g")
        again = driver.search.results.row
        assert again is not None
        await driver.press("minus")
        assert driver.main.request == steered_toward(driver.session, toward, again.row, -1)
        assert_shown(driver)
        await driver.press("u", "u")
        assert driver.main.request == plain
        assert "words of" not in driver.text()


async def test_a_filter_holds_and_is_seen(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("ampersand", *'before:2015 has:"Black hole mergers"', "enter")
        wanted = DocumentFilter(until="2014", having=(MERGERS,))
        assert driver.main.request.filter == wanted
        assert_shown(driver)
        answer = driver.main.answer
        assert answer is not None
        text = driver.text()
        assert f"{answer.eligible} of 60 documents" in text
        assert 'before:2015 has:"Black hole mergers"' in text
        await driver.press("right")
        assert_shown(driver)
        # Escape takes back what is typed, not what holds.
        await driver.press("ampersand", *" x", "escape")
        assert 'mergers" x' not in driver.text()
        assert driver.main.request.filter == wanted
        await driver.press("ampersand", *" nonsense", "enter")
        # What is wrong stays until the next key, without the count of another filter beside it.
        assert "'nonsense' is not" in driver.text()
        assert "of 60 documents" not in driver.text()
        assert not driver.messages()
        assert driver.main.request.filter == wanted
        await driver.press("x")
        assert "'nonsense' is not" not in driver.text()
        assert "of 60 documents" not in driver.text()
        await driver.press("escape")
        assert f"{answer.eligible} of 60 documents" in driver.text()
        await driver.press("u", "u")
        assert driver.main.request.filter == EVERYTHING
        assert "before:2015" not in driver.text()


async def test_a_filter_that_nothing_passes(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("ampersand", *"after:2300", "enter")
        assert "No document passes the filter." in driver.text()
        await driver.press("ampersand", *" colour:red", "enter")
        # What is wrong stands below the filter; what was found before stays.
        assert "No document has a field called 'colour'." in driver.text()
        assert "No document passes the filter." in driver.text()
        assert driver.search.query_bar.filter_bar.line.value == "after:2300 colour:red"
        assert driver.main.request.filter == DocumentFilter(after="2300")
        await driver.press("escape", "u")
        assert_shown(driver)


async def test_by_words_and_by_both(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("L", "W")
        assert driver.main.request.retrieval == "semantic"
        assert "Results by meaning" in driver.text()
        assert_shown(driver)
        await driver.press("W")
        assert driver.main.request.retrieval == "lexical"
        assert "Results by words" in driver.text()
        assert "by words" in driver.lines()[0]
        answer = driver.main.answer
        assert answer is not None
        assert answer.request.steering == {BLACK_HOLES: Change("add", 0.75)}, "the change waits"
        plain = driver.session.search(replace(answer.request, steering={}))
        assert answer.results == plain.results
        await driver.press("W")
        assert driver.main.request.retrieval == "hybrid"
        assert "Results by" not in driver.text()
        assert_shown(driver)
        assert driver.main.request.steering == {BLACK_HOLES: Change("add", 0.75)}


async def test_a_feature_added_to_words_alone_searches_by_both(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("W", "W", "a", *"bleach", "enter")
        assert driver.main.request.retrieval == "hybrid"
        assert_shown(driver)


# What changed.


async def test_mute_and_back(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("L", "M")
        assert driver.main.request.muted == (BLACK_HOLES,)
        assert driver.search.steering.rows[0].steered == 0
        assert " M " in driver.text()
        assert_shown(driver)
        await driver.press("M")
        assert not driver.main.request.muted
        assert driver.main.request.steering == {BLACK_HOLES: Change("add", 0.75)}
        await driver.press("M", "R")
        assert not driver.main.request.muted


async def test_effects_are_shown_and_sorted_by(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        request = driver.main.request
        moved = {
            each.feature: (each.raised + each.lowered) / 2
            for each in effects(driver.session, request.__class__(QUERY, limit=10))
        }
        assert driver.search.steering._effects == moved
        top = max(moved.values())
        assert f"{round(top)} of 10" in driver.text()
        await driver.press("down")
        here = driver.search.steering.row
        await driver.press("i")
        shown = [moved[row.id] for row in driver.search.steering.rows]
        assert shown == sorted(shown, reverse=True)
        assert driver.search.steering.row == here
        assert "by effect" in driver.text()
        order = driver.features()
        await driver.press("L")
        assert driver.features() == order, "rows stay where they are while one steers"
        await driver.press("i")
        changed = driver.main.request.on
        others = [f.id for f in driver.shown[-1].features if f.id not in changed]
        assert driver.features() == [*changed, *others]


async def test_before_and_after(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask(QUERY)
        plain = [result.row for result in driver.search.results.rows]
        await driver.press("c", "a", *"bleach", "enter", "L")
        before = driver.search.before.rows
        assert [each.row for each in before] == plain
        now = {result.row: result.rank for result in driver.search.results.rows}
        assert [each.now for each in before] == [now.get(row) for row in plain]
        text = driver.text()
        assert "Before" in text
        assert "% of these stay" in text
        answer = driver.main.answer
        assert answer is not None
        assert answer.overlap == pytest.approx(sum(row in now for row in plain) / len(plain))
        driver.search.before.focus()
        await driver.press("enter")
        assert isinstance(driver.app.screen, DocumentScreen)
        assert driver.app.screen.detail.row == plain[0]
        await driver.press("escape", "c")
        assert "% of these stay" not in driver.text()


async def test_one_can_jump_to_any_step(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("L", "e", "0", "u", "h")
        assert isinstance(driver.app.screen, StepsScreen)
        text = driver.text()
        assert "ask: black hole merger chirp" in text
        assert "Black holes +0.75" in text
        assert "mode codes" in text
        assert ", undone" in text
        await driver.press("g", "down", "enter")
        assert driver.main.request.query == QUERY
        assert not driver.main.request.steering
        assert_shown(driver)
        await driver.press("ctrl+r", "ctrl+r", "ctrl+r")
        assert driver.main.request.steering == {BLACK_HOLES: Change("set", 0.0)}
        await driver.press("h", "escape")
        assert driver.app.screen is driver.main


# Files.


async def test_fifty_steps_are_saved_and_replayed(
    session: Session, bundle: Path, folder: Path
) -> None:
    keys = [
        "L", "down", "right", "H", "M", "e", "W", "W", "right", "E", "space", "left", "e", "M",
        "n", "up", "0", "u", "m", "W", "E", "r", "L", "f", "R", "e", "e", "L", "space", "H",
    ]  # fmt: skip
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press(*keys, *keys, "shift+tab", "plus", "l", "minus")
        await driver.press("ampersand", *"after:2011", "enter", *["right", "L", "e"] * 3)
        control = driver.main.search
        steps = control.steps()
        assert len(steps) >= 50
        # What the app showed is what the session answers to the recorded steps.
        shown = {id(answer.request): answer for answer in driver.shown}
        assert len(shown) >= 50
        await driver.press("s", *["backspace"] * 80, *"fifty.json", "enter")
        assert "steps in" in driver.text()
        state = driver.main.request
        answers = [
            search_to_json(
                session,
                # Of equal requests, that with the changes in the same order.
                next(
                    a
                    for a in reversed(driver.shown)
                    if a.request == step and [*a.request.steering] == [*step.steering]
                ),
            )
            for step in steps
        ]
    # In another process the same would be read from the same file.
    again = Session(Bundle(bundle), embedder=HashEmbedder())
    opened = open_preset(read_preset(folder / "fifty.json"), again)
    assert list(opened.steps) == steps
    assert opened.warnings == ()
    for step, answer in zip(opened.steps, answers, strict=True):
        assert search_to_json(again, again.search(step)) == answer
    again.close()
    # And the app goes on from it.
    async with drive(session) as driver:
        await driver.press("escape", "o", *"fifty", "enter")
        assert driver.main.request == state
        assert driver.main.search.steps() == steps
        assert_shown(driver)
        await driver.press("u")
        assert driver.main.request == steps[-2]


async def test_a_preset_that_finds_something_else_says_so(session: Session, folder: Path) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("s", "enter")
        (path,) = folder.glob("*.json")
        assert path.name == "black-hole-merger-chirp.json"
        await driver.press("s", "ctrl+u", *"plain", "enter")
        (folder / "plain.json").unlink()
        # The message that it was saved names the file, too.
        driver.app.clear_notifications()
        value = json.loads(path.read_text("utf-8"))
        value["results"][0] = "doc-none"
        path.write_text(json.dumps(value))
        await driver.press("R", "o")
        assert isinstance(driver.app.screen, OpenPresetScreen)
        assert "black-hole-merger-chirp.json" in driver.text()
        await driver.type("erger")
        assert "black-hole-merger-chirp.json" not in driver.text()
        await driver.press(*["backspace"] * 5, *"chi")
        assert "black-hole-merger-chirp.json" in driver.text()
        await driver.press("enter")
        await driver.ask("coral")
        await driver.press("o", "enter")
        assert driver.main.request.query == QUERY
        assert "1 of 50 results are others" in driver.text()


async def test_files_that_are_there_are_kept(session: Session, folder: Path) -> None:
    (folder / "mine.json").write_text('{"of": "another program"}')
    (folder / "mine.csv").write_text("kept")
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("s", *["backspace"] * 40, *"mine.json", "enter")
        assert "is there already" in driver.text()
        await driver.press("x", *["backspace"] * 40, *"mine.csv", "enter")
        await driver.press("o", *"mine.json", "enter")
        assert "is not a preset" in driver.text()
        await driver.press("o", "escape", "s", "escape", "x", "escape")
        # There is no user of this name, so it is a file's.
        await driver.press("s", *["backspace"] * 40, *"~nobody-here.json", "enter")
        await driver.press("o", *"~nowhere-else.json", "enter", "escape")
        assert driver.app.unexpected is None
    assert (folder / "~nobody-here.json").exists()
    assert (folder / "mine.csv").read_text() == "kept"
    assert "another program" in (folder / "mine.json").read_text()


async def test_results_are_exported_and_bookmarked(session: Session, folder: Path) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("L", "x", "enter")
        assert "Wrote 50 of 50 results to" in driver.text()
        (path,) = folder.glob("*.csv")
        assert len(path.read_text("utf-8").splitlines()) == 51
        await driver.press("b")
        (marked,) = bookmarks(session.bundle.path)
        assert marked.preset.results == tuple(each.id for each in driver.search.results.rows)
        marked.path.unlink()


async def test_a_bookmark_is_removed_where_it_is_listed(session: Session, folder: Path) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("b", "s", "ctrl+u", *"file", "enter", "o", *"file", "ctrl+d", "ctrl+d")
        assert "file.json is a file, no bookmark" in driver.messages()[-1]
        await driver.press("ctrl+u", *"black")
        (marked,) = bookmarks(session.bundle.path)
        await driver.press("ctrl+d", "up")
        assert "ctrl+d once more removes the bookmark" in driver.messages()[-1]
        assert bookmarks(session.bundle.path) == [marked]
        await driver.press("ctrl+d")
        assert bookmarks(session.bundle.path) == []
        driver.app.clear_notifications()
        await driver.settle()
        assert "No bookmark and no preset here is called so." in driver.text()
        await driver.press("ctrl+u")
        assert "file.json" in driver.text()
    assert (folder / "file.json").exists()


async def test_tab_changes_the_format_of_an_export(session: Session, folder: Path) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("x")
        assert "tab: .csv, .json with all that is known, .bib of papers on arXiv" in driver.text()
        line = driver.app.screen.query_one(TextLine)
        endings = []
        for _ in range(4):
            endings.append(Path(line.value).suffix)
            await driver.press("tab")
        assert endings == [".csv", ".json", ".bib", ".csv"]
        await driver.press("enter")
        (path,) = folder.glob("*.json")
        assert json.loads(path.read_text("utf-8"))["results"]
        # A name without an ending is one of the first format.
        await driver.press("x", "ctrl+u", *"found", "enter")
    assert (folder / "found.csv").exists()


# What steering does, in words.


async def test_the_pane_that_keys_are_for_is_marked(session: Session) -> None:
    async with drive(session) as driver:
        await driver.ask(QUERY)
        for pane, key in (("Steering", "shift+tab"), ("Results", "escape")):
            (marked,) = (line for line in driver.lines() if line.startswith("»"))
            assert pane in marked
            await driver.press(key)


async def test_why_says_that_a_document_lacks_what_is_raised(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.ask(QUERY)
        assert "lacks" not in driver.text()
        driver.main.search.add((CORAL,))
        await driver.settle()
        term = dict(driver.search.results.rows[0].why.features)[CORAL]  # type: ignore[union-attr]
        assert term < 0
        assert f"lacks {session.name(CORAL)} {signed(term)}" in driver.text()
        await driver.press("r")
        assert "lacks" not in driver.text()


async def test_it_is_said_if_no_document_about_the_query_has_what_is_raised(
    session: Session,
) -> None:
    said = f"No document about the query has {session.name(CORAL)}."
    async with drive(session) as driver:
        await driver.ask(QUERY)
        driver.main.search.add((CORAL,))
        await driver.settle()
        assert said not in driver.text(), "some of the bundle's 60 documents have it"
        await driver.press("ampersand", *f"without:{CORAL}", "enter")
        assert said in driver.text()
        await driver.press("r")
        assert said not in driver.text()


async def test_results_are_never_nearer_than_wholly_near(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.ask(QUERY)
        await driver.press("L")
        request, answer = driver.main.request, driver.main.answer
        assert answer is not None
        for kept, shown in ((0.984, "98%"), (1.013, "100%")):
            driver.main.search._show_answer(request, replace(answer, kept=kept))
            await driver.settle()
            assert f"nearness {shown} " in driver.lines()[0]


async def test_what_is_copied(
    session: Session, copied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    async with drive(session) as driver:
        await driver.press("escape", "y")
        assert "There are no results yet" in driver.text()
        await driver.ask(QUERY)
        await driver.press("L", "y")
        assert copied[-1].startswith("saetui search ")
        assert "Sent to the" in driver.text()
        assert "--steer 0=+0.75" in copied[-1]
        await driver.press("shift+tab", "y")
        row = driver.search.results.row
        assert row is not None
        assert copied[-1].splitlines()[:2] == [row.title, row.id]
        copied.clear()
        await driver.press("enter", "Y")
        assert copied[-1].splitlines()[:2] == [row.title, row.id]


@pytest.mark.parametrize("deaf", ["TERM=linux", "TERM_PROGRAM=Apple_Terminal"])
async def test_where_the_terminal_has_no_clipboard_a_file_is_written(
    session: Session, copied: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, deaf: str
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv(*deaf.split("="))
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path))
    async with drive(session) as driver:
        await driver.ask(QUERY)
        await driver.press("y")
        assert copied == []
        assert "Written to" in driver.text()
        assert (tmp_path / "copied.txt").read_text("utf-8").startswith("saetui search ")


async def test_without_an_answer_nothing_is_written(session: Session, folder: Path) -> None:
    async with drive(session) as driver:
        await driver.press("escape")
        for key in ("s", "x", "b", "y", "c", "i", "c"):
            await driver.press(key)
        assert driver.app.screen is driver.main
        await driver.press("h")
        assert "Nothing has been done yet." in driver.text()
    assert not list(folder.iterdir())


# Repeated texts.


async def test_a_key_lists_each_of_the_documents_that_say_the_same(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", remarks=9)
    with closing(Session(Bundle(bundle), embedder=HashEmbedder())) as session:
        async with drive(session) as driver:
            await driver.ask("merger to report")
            assert "x 9  No merger to report." in driver.text()
            await driver.press("z")
            assert "unfolded" in driver.text()
            assert len([r for r in driver.search.results.rows if r.row >= 51]) == 9
            await driver.press("u")
            assert "x 9  No merger to report." in driver.text()


async def test_names_of_views_are_whole_beside_the_figures(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask(QUERY)
        await driver.press("right")
        top = driver.lines()[0]
        assert all(name in top for name in ("Features", "Families", "Splitting", "Compare", "Map"))
        assert "nearness" in top
        # Of the figures the time goes first, then the mode.
        last = VIEWS[-1][1]
        names = top.index(last) + len(f"{last} ")
        for room, figures in ((29, "mode both  nearness 100%"), (17, "nearness 100%")):
            await driver.resize((names + room, 24))
            assert driver.lines()[0].split(last)[1].strip() == figures
        await driver.resize((120, 40))
        assert " ms" in driver.lines()[0]


async def test_nothing_has_moved_before_anything_is_steered(session: Session) -> None:
    async with drive(session, WIDE) as driver:
        await driver.ask(QUERY)
        assert "moved" not in driver.text()
        await driver.press("right")
        assert "moved" in driver.text()


@pytest.mark.parametrize(("size", "share"), [((120, 40), 0.6), ((200, 50), 0.6)])
async def test_titles_get_three_fifths(
    session: Session, size: tuple[int, int], share: float
) -> None:
    async with drive(session, size) as driver:
        await driver.ask(QUERY)
        assert driver.search.results.size.width >= share * size[0]
        names = [feature.name for feature in driver.search.steering.rows]
        assert all(name in driver.text() for name in names)


async def test_passages_of_a_paper_are_one_row_that_unfolds(tmp_path: Path) -> None:
    def as_passage(row: int, document: Document) -> Document:
        facts = {**document.metadata, "paper": f"Paper {row // 5}"}
        return replace(document, title=f"Section {row % 5}", metadata=facts)

    path = make_bundle(tmp_path / "passages", changed=as_passage)
    async with drive(open_still(path), WIDE) as driver:
        await driver.ask(QUERY)
        shown = driver.search.results.rows
        assert len(shown) == len({result.paper for result in shown}) == 12
        assert f"{shown[0].paper} " in driver.text()
        assert f" +{shown[0].more} " in driver.text()
        assert "Section" not in driver.text()
        await driver.press("z")
        assert len(driver.search.results.rows) == 50
        assert "Section" in driver.text()
        assert "more year" not in driver.text()
