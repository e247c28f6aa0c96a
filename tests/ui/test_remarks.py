"""What the reader says about features: labels, verdicts, bookmarks, notes; and taking it back."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import make_bundle
from driver import WIDE, Driver, drive, open_still
from odd_bundles import ESCAPES
from test_choosing import heading, ids, listed, view

from saetui.errors import InputError
from saetui.session.details import FeatureDetail
from saetui.session.session import Session
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle
from saetui.store.labels import LabelRecord, ScoreRecord, add_labels
from saetui.store.layout import FEATURES, sae_folder
from saetui.store.manifest import FileRecord, write_manifest
from saetui.store.notes import NOTES
from saetui.tui.messages import OpenDocument
from saetui.tui.screens.dialogs import EditTextScreen
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.views.families import FamiliesView
from saetui.tui.widgets.details import DetailList, DetailRow

BLACK_HOLES = 0
NEWER = "Singular objects"


def with_newer_label(folder: Path) -> Path:
    """A bundle whose feature 0 has a second, worse label."""
    from dataclasses import replace

    make_bundle(folder)
    bundle = Bundle(folder)
    path = sae_folder(folder, bundle.sae().record.name) / FEATURES
    label = LabelRecord(BLACK_HOLES, NEWER, (), "llm", "model-7", "2", "2025-01-31")
    score = ScoreRecord(BLACK_HOLES, 0, "model-8", "top", 18, (0.61, 0.4, 0.7), (0.5, -0.1, 0.6))
    add_labels(path, [label], [score])
    known = path.relative_to(folder).as_posix()
    files = {**bundle.manifest.files, known: FileRecord(path.stat().st_size, sha256_of(path))}
    manifest = replace(bundle.manifest, files=files)
    bundle.close()
    write_manifest(folder, manifest)
    return folder


@pytest.fixture(scope="module")
def two_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_newer_label(tmp_path_factory.mktemp("remarks") / "two.bundle")


@pytest.fixture
def folder(two_labels: Path, tmp_path: Path) -> Path:
    """A bundle of one's own to write notes into."""
    return Path(shutil.copytree(two_labels, tmp_path / "own.bundle"))


@pytest.fixture
def own(folder: Path) -> Iterator[Session]:
    session = open_still(folder)
    yield session
    session.close()


def label_of(driver: Driver, feature: int = BLACK_HOLES) -> str:
    return next(record.label for record in listed(driver) if record.id == feature)


def details(driver: Driver) -> list[str]:
    return [row.text for row in view(driver).detail.rows]


def history(driver: Driver) -> list[tuple[str, str]]:
    """Text and state of each label in the details."""
    rows = view(driver).detail.rows
    return [(row.text, row.value.split()[0]) for row in rows if row.kind == "label"]


async def to_label(driver: Driver, version: int) -> None:
    """Put the cursor of the details on a label."""
    await driver.press("tab")
    rows = view(driver).detail.rows
    wanted = next(i for i, row in enumerate(rows) if (row.kind, row.target) == ("label", version))
    view(driver).detail.cursor = wanted
    await driver.settle()


# Labels.


async def test_own_label_is_shown_at_once_everywhere(own: Session) -> None:
    async with drive(own, WIDE) as driver:
        await driver.ask("black hole")
        await driver.press("3", "right", "2")
        await driver.press("l")
        assert isinstance(driver.app.screen, EditTextScreen)
        assert NEWER in driver.text()
        await driver.press(*["backspace"] * len(NEWER), *"Holes in space", "enter")
        assert label_of(driver) == "Holes in space"
        assert details(driver)[0] == "Holes in space"
        assert any("Your own label" in line for line in details(driver))
        assert "Holes in space" in driver.lines()[3]
        assert " own " in driver.lines()[3]
        await driver.press("1")
        assert "Holes in space" in driver.text()
        await driver.press("3")
        assert "Holes in space" in str(driver.main.query_one(FamiliesView).detail.rows)
        await driver.press("2", "slash", *"holes in")
        assert ids(driver) == [BLACK_HOLES]


async def test_empty_label_gives_the_found_one_back(own: Session, folder: Path) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "l", *" x", "enter")
        assert label_of(driver) == f"{NEWER} x"
        await driver.press("l", *["backspace"] * 20, "enter")
        assert label_of(driver) == NEWER
        assert listed(driver)[0].f1 == 0.61
    assert len((folder / NOTES).read_text().splitlines()) == 2


async def test_escape_writes_nothing(own: Session, folder: Path) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "l", *"abc", "escape", "N", *"abc", "escape")
        assert label_of(driver) == NEWER
    assert not (folder / NOTES).exists()


async def test_accepting_makes_a_label_ones_own(own: Session) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "A")
        assert own.features.notes[BLACK_HOLES].label == NEWER
        assert ("own" in driver.lines()[3], label_of(driver)) == (True, NEWER)
        # The scores of the label that reads the same still say how far to trust it.
        assert any("judged by model-8" in line for line in details(driver))
        await driver.press("A")
        assert own.features.notes[BLACK_HOLES].label == ""
        assert "taken back" in driver.text()


async def test_rejecting_shows_the_label_before(own: Session) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "D")
        assert (label_of(driver), listed(driver)[0].f1) == ("Black holes", 0.94)
        assert history(driver) == [(NEWER, "rejected"), ("Black holes", "shown")]
        await driver.press("D")
        assert label_of(driver) == ""
        assert "Feature 0" in driver.lines()[3]
        await driver.press("D", "A")
        assert "no label to reject" in driver.text()
        assert "no label to accept" in driver.text()


async def test_rejecting_ones_own_label_takes_it_back(own: Session) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "l", *"!", "enter", "D")
        assert label_of(driver) == NEWER
        assert not own.features.notes[BLACK_HOLES].rejected


async def test_a_rejected_label_is_taken_back_in_the_history(own: Session) -> None:
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2", "D")
        await to_label(driver, 2)
        await driver.press("D")
        assert label_of(driver) == NEWER
        row = view(driver).detail.row
        assert isinstance(row, DetailRow)
        assert (row.kind, row.target) == ("label", 2)


async def test_an_older_label_is_accepted_in_the_history(own: Session) -> None:
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2")
        await to_label(driver, 1)
        await driver.press("enter", "A")
        assert label_of(driver) == "Black holes"
        assert history(driver)[0] == ("Black holes", "shown")
        await driver.press("A")
        assert label_of(driver) == NEWER


async def test_history_tells_origin_and_scores(own: Session) -> None:
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2")
        await to_label(driver, 2)
        text = driver.text()
        assert "llm, model-7, prompt 2, 2025-01-31, judged b" in text
        assert any("terms, 2024-08-01, judged by words" in line for line in details(driver))
        labels = [row for row in view(driver).detail.rows if row.kind == "label"]
        rows = {row.text: row.note.split() for row in labels}
        assert rows[NEWER] == [".61", "-", "-"]
        assert rows["Black holes"] == [".94", ".89", ".84"]
        assert any(line.startswith("strongest, random") for line in details(driver))
        assert any(
            ".61 [.40, .70]" in line and ".50 [-.10, .60]" in line for line in details(driver)
        )


async def test_scores_name_judge_protocol_and_interval(own: Session) -> None:
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2", "down")
        lines = details(driver)
        start = lines.index("Scores with 95% interval, judged by words")
        names = [line[:20].strip() for line in lines[start + 2 : start + 5]]
        assert names == ["strongest, random", "tenths, random", "tenths, near misses"]
        assert ".74 [.64, .79]" in lines[start + 2]
        assert lines[start + 2].endswith(" 20")
        assert any(line.startswith("Near misses") for line in lines)


async def test_near_misses_open(own: Session) -> None:
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2", "down", "tab")
        lines = details(driver)
        start = next(i for i, line in enumerate(lines) if line.startswith("Near misses"))
        row = view(driver).detail.rows[start + 1]
        active = {example.row for example in own.feature(ids(driver)[1]).top}
        assert row.kind == "document"
        assert row.target not in active


# Judgements.


def said_of(driver: Driver) -> list[tuple[str, str]]:
    """Documents in the details that the reader judged, with what was said."""
    rows = view(driver).detail.rows
    return list({(row.text, row.note): None for row in rows if row.kind == "document" and row.note})


async def test_a_label_is_judged_on_the_documents_of_its_feature(
    own: Session, folder: Path
) -> None:
    first, second = own.feature(BLACK_HOLES).top[:2]
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2", "tab", "enter")
        assert f"Is the label true of it? {NEWER} (y yes, n no)" in driver.text()
        await driver.press("y")
        assert f"You said yes: {NEWER}" in driver.text()
        await driver.press("escape", "down", "enter", "n")
        assert f"You said no: {NEWER}" in driver.text()
        await driver.press("escape")
        assert "True of 1 of 2 that you read" in details(driver)
        assert said_of(driver) == [(first.title, "yes"), (second.title, "no")]
    again = open_still(folder)
    assert again.features.notes_on(BLACK_HOLES).judged(NEWER) == {first.id: True, second.id: False}
    again.close()


async def test_a_judgement_is_changed_taken_back_and_undone(own: Session) -> None:
    document = own.feature(BLACK_HOLES).top[0].id

    def judged() -> bool | None:
        return own.features.notes_on(BLACK_HOLES).judged(NEWER).get(document)

    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2", "tab", "enter", "y", "n")
        assert judged() is False
        await driver.press("n")
        assert judged() is None
        assert "Is the label true of it?" in driver.text()
        await driver.press("u")
        assert judged() is False
        assert "You said no" in driver.text()
        await driver.press("u")
        assert judged() is True
        # The features view takes back what was said of a document, too.
        await driver.press("escape", "u")
        assert judged() is None
        assert any("Judgement of feature 0 undone" in text for text in driver.messages())


async def test_a_judgement_counts_for_the_label_that_was_judged(own: Session) -> None:
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2", "tab", "enter", "y", "escape", "shift+tab")
        assert "True of 1 of 1 that you read" in details(driver)
        await driver.press("D")
        assert label_of(driver) == "Black holes"
        assert not any("that you read" in line for line in details(driver))
        assert said_of(driver) == []
        await driver.press("tab", "enter", "n", "escape", "u", "shift+tab", "u")
        assert label_of(driver) == NEWER
        assert "True of 1 of 1 that you read" in details(driver)


async def test_in_a_document_from_results_the_feature_of_the_list_is_judged(own: Session) -> None:
    async with drive(own, WIDE) as driver:
        await driver.ask("black hole")
        await driver.press("shift+tab", "enter")
        screen = driver.app.screen
        assert isinstance(screen, DocumentScreen)
        document = screen.detail.document.id
        for answer in ("y", "n"):
            row = screen.query_one("#related", DetailList).row
            assert row is not None
            assert row.target is not None
            label = own.features[row.target].label
            assert f"Is the label true of it? {label}" in driver.text()
            await driver.press(answer)
            assert own.features.notes_on(row.target).judged(label) == {document: answer == "y"}
            assert f"You said {'yes' if answer == 'y' else 'no'}: {label}" in driver.text()
            await driver.press("down")


async def test_the_feature_that_led_to_a_document_is_judged_until_another_is_chosen(
    own: Session,
) -> None:
    row = next(row for row in range(60) if len(own.document(row).features) > 0)
    listed = [each.id for each in own.document(row).features]
    led = next(each for each in range(15) if each not in listed)
    async with drive(own, WIDE) as driver:
        driver.main.post_message(OpenDocument(row, led))
        await driver.settle()
        for feature, key in ((led, "down"), (listed[1], "up"), (led, "tab")):
            label = own.features[feature].label
            assert f"Is the label true of it? {label}" in driver.text()
            await driver.press("y")
            assert list(own.features.notes_on(feature).judged(label).values()) == [True]
            await driver.press("u", key)


async def test_without_a_feature_it_is_said_how_to_judge(own: Session, folder: Path) -> None:
    async with drive(own, WIDE) as driver:
        await driver.ask("black hole")
        await driver.press("shift+tab", "enter", "G")
        assert "Is the label true" not in driver.text()
        await driver.press("y")
        assert driver.messages() == ["Choose a feature in the list first: y and n judge its label."]
    assert not (folder / NOTES).exists()


async def test_a_feature_without_a_label_cannot_be_judged(own: Session, folder: Path) -> None:
    own.note(BLACK_HOLES, "rejected", "1")
    own.note(BLACK_HOLES, "rejected", "2")
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2", "tab", "enter")
        assert "The feature has no label to judge." in driver.text()
        await driver.press("y")
        assert any("has no label to judge" in text for text in driver.messages())
    assert not own.features.notes_on(BLACK_HOLES).judgements


# Bookmarks and notes.


async def test_bookmark_is_marked_and_found(own: Session) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "down", "b")
        star = driver.app.glyphs.bookmark
        assert [line[0] for line in driver.lines()[3:6]] == [" ", star, " "]
        marked = ids(driver)[1]
        await driver.press("slash", *"bookmark:any", "enter")
        assert ids(driver) == [marked]
        await driver.press("escape")
        row = view(driver).list.row
        assert row is not None
        assert row.id == marked
        await driver.press("b")
        assert star not in driver.text()


async def test_note_is_shown_and_removed(own: Session) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "N", *"see Rees 1988", "enter")
        assert any("Your note: see Rees 1988" in line for line in details(driver))
        await driver.press("slash", *"note:rees")
        assert ids(driver) == [BLACK_HOLES]
        await driver.press("enter", "N", *["backspace"] * 13, "enter")
        assert not any("Your note" in line for line in details(driver))
        assert ids(driver) == []


async def test_a_feature_that_leaves_the_list_takes_no_other_along(own: Session) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "slash", *"bookmark:none", "enter", "down")
        gone = ids(driver)[1]
        await driver.press("b")
        assert gone not in ids(driver)
        assert len(ids(driver)) == 23
        assert view(driver).list.row is not None


async def test_everything_is_taken_back_step_by_step(own: Session) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "b", "N", *"n", "enter", "D", "D", "l", *"x", "enter")
        said = own.features.notes[BLACK_HOLES]
        assert (said.bookmark, said.note, said.label) == (True, "n", "x")
        assert said.rejected == {1, 2}
        await driver.press("down", *"uuuuu")
        said = own.features.notes[BLACK_HOLES]
        assert (said.bookmark, said.note, said.label) == (False, "", "")
        assert not said.rejected
        assert label_of(driver) == NEWER
        await driver.press("u")
        assert "nothing to undo" in driver.text()


async def test_what_was_said_is_there_the_next_time(own: Session, folder: Path) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "l", *" too", "enter", "b")
    again = open_still(folder)
    async with drive(again) as driver:
        await driver.press("escape", "2")
        assert driver.lines()[3].startswith(driver.app.glyphs.bookmark)
        assert label_of(driver) == f"{NEWER} too"
    again.close()


async def test_order_and_place_are_kept(own: Session) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "greater_than_sign", "down", "down", "down")
        before = ids(driver)
        await driver.press("b")
        assert ids(driver) == before
        assert view(driver).list.cursor == 3
        assert "by true" in heading(driver)


# Trouble.


def _full(*_: object) -> None:
    raise OSError(28, "\x1b[31mNo space left on device")


async def test_notes_that_cannot_be_written_are_told_and_kept(
    own: Session, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saetui.store.atomic.os.fsync", _full)
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2", "b")
        (message,) = driver.messages()
        assert "cannot be written" in message
        assert "\x1b" not in driver.text()
        await driver.press("l", *"x", "enter")
        assert label_of(driver).endswith("x")
        monkeypatch.undo()
        await driver.press("u")
    said = [json.loads(line) for line in (folder / NOTES).read_text("utf-8").splitlines()]
    assert [each["kind"] for each in said] == ["bookmark", "label", "label"]
    assert own.features.notes[BLACK_HOLES].bookmark


async def test_what_never_reached_the_disk_is_handed_over_at_the_end(
    own: Session, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saetui.store.atomic.os.fsync", _full)
    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2", "b", "N", *"odd", "enter")
    with pytest.raises(InputError) as failure:
        own.close()
    *_, bookmark, note = failure.value.hint.split("\n")
    assert (json.loads(bookmark)["text"], json.loads(note)["text"]) == ("yes", "odd")
    assert not (folder / NOTES).read_text("utf-8")


async def test_a_slow_disk_holds_up_no_key(own: Session, folder: Path) -> None:
    ready, write = threading.Event(), own.write_notes

    def slow() -> None:
        ready.wait(20)
        write()

    own.write_notes = slow  # type: ignore[method-assign]
    async with drive(own) as driver:
        await driver.press("escape", "2")
        for key in ("b", "j", "b"):
            driver.send(key)
            await driver.rest()
        assert len(own.features.notes) == 2
        assert not (folder / NOTES).exists()
        ready.set()
        await driver.settle()
    assert len((folder / NOTES).read_text("utf-8").splitlines()) == 2


async def test_details_follow_the_cursor_however_late_they_are(own: Session) -> None:
    ready, look = threading.Event(), own.feature

    def slow(feature: int, limit: int = 10) -> FeatureDetail:
        ready.wait(20)
        return look(feature, limit)

    async with drive(own, WIDE) as driver:
        await driver.press("escape", "2")
        own.feature = slow  # type: ignore[method-assign]
        for key in ("j", "b", "j", "b"):
            driver.send(key)
            await driver.rest()
        ready.set()
        await driver.settle()
        row = view(driver).list.row
        assert row is not None
        assert details(driver)[0] == row.name


async def test_hostile_labels_and_notes_are_shown_not_obeyed(own: Session) -> None:
    own.note(BLACK_HOLES, "label", f"{ESCAPES} [red]x[/]")
    own.note(BLACK_HOLES, "note", f"{ESCAPES} [@click=app.quit]y")
    async with drive(own) as driver:
        await driver.press("escape", "2")
        for keys in (("l",), ("escape", "N"), ("escape", "tab"), ("1", "2", "A"), ("u",)):
            await driver.press(*keys)
            assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in driver.text() if c != "\n")
            if keys == ("l",):
                assert "[red]x" in driver.text()
                assert "[@click=app.quit]y" in driver.text()


async def test_no_features_match_and_nothing_is_said(own: Session, folder: Path) -> None:
    async with drive(own) as driver:
        await driver.press("escape", "2", "slash", *"zebra", "enter", "b", "l", "N", "A", "D")
        assert driver.app.screen is driver.main
    assert not (folder / NOTES).exists()
