"""What a reader says is kept, whatever happens to the file."""

import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import InputError
from saetui.store.notes import NOTES, TRUE, UNTRUE, FeatureNotes, Kind, Notes

KINDS = st.sampled_from(["label", "bookmark", "note"])


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def said_of(notes: Notes, sae: str = "k4-n8") -> dict[int, FeatureNotes]:
    """What stands at the end of all entries about the features of one SAE."""
    found: dict[int, FeatureNotes] = {}
    for entry in notes.entries:
        if entry.sae == sae:
            before = found.get(entry.feature, FeatureNotes())
            found[entry.feature] = before.told(entry)
    return found


def keep(notes: Notes, feature: int, kind: Kind, text: str) -> None:
    notes.say("k4-n8", feature, kind, text)
    notes.write()


@given(st.lists(st.tuples(st.integers(0, 3), KINDS, st.text(max_size=8))))
def test_the_newest_entry_counts(said: list[tuple[int, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder)
        notes = Notes.of_bundle(bundle)
        for feature, kind, text in said:
            keep(notes, feature, kind, text)  # type: ignore[arg-type]
        again = Notes.of_bundle(bundle)
        assert again.unread == 0
        for feature, found in said_of(again).items():
            last = {kind: text for number, kind, text in said if number == feature}
            assert found.note == _stored(last.get("note", ""))
            assert found.label == _stored(last.get("label", ""))
            assert found.bookmark == bool(_stored(last.get("bookmark", "")))
        assert said_of(again, "another") == {}


def _stored(text: str) -> str:
    return text.strip().encode("utf-8", "replace").decode("utf-8")


def judge(notes: Notes, label: str, document: str, text: str) -> None:
    notes.say("k4-n8", 5, "judged", text, about=label, document=document)
    notes.write()


def test_the_newest_judgement_of_a_label_and_a_document_counts(tmp_path: Path) -> None:
    notes = Notes.of_bundle(tmp_path)
    judge(notes, "Jets", "a", TRUE)
    judge(notes, "Jets", "b", TRUE)
    judge(notes, "Jets", "b", UNTRUE)
    judge(notes, "Jets", "c", TRUE)
    judge(notes, "Jets", "c", "")
    judge(notes, "Plasma", "a", UNTRUE)
    said = said_of(Notes.of_bundle(tmp_path))[5]
    assert said.judged("Jets") == {"a": True, "b": False}
    assert said.judged("Plasma") == {"a": False}
    assert said.judged("Something else") == {}


def test_a_judgement_that_says_neither_is_left_in_the_file(tmp_path: Path) -> None:
    line = {"sae": "k4-n8", "feature": 5, "kind": "judged", "text": "perhaps", "about": "Jets"}
    (tmp_path / NOTES).write_text(json.dumps(line) + "\n", "utf-8")
    notes = Notes.of_bundle(tmp_path)
    assert (notes.unread, notes.entries) == (1, [])


def test_labels_are_rejected_and_accepted_again(tmp_path: Path) -> None:
    notes = Notes.of_bundle(tmp_path)
    for text in ("1", "2", "-1"):
        keep(notes, 5, "rejected", text)
    assert said_of(Notes.of_bundle(tmp_path))[5].rejected == {2}


def test_a_file_edited_by_hand_keeps_its_lines(tmp_path: Path) -> None:
    file = tmp_path / NOTES
    own = {"sae": "k4-n8", "feature": 3, "kind": "note", "text": "mine", "extra": 1}
    lines = [
        "no json",
        json.dumps(own),
        '{"kind":"note"}',
        '{"sae":"s","feature":1,"kind":"x"}',
        "",
    ]
    file.write_text("\n".join(lines) + '{"sae": "cut sho', "utf-8")
    before = file.read_text("utf-8")
    notes = Notes.of_bundle(tmp_path)
    assert (notes.unread, said_of(notes)[3].note) == (4, "mine")
    keep(notes, 4, "bookmark", "yes")
    assert file.read_text("utf-8").startswith(before + "\n")
    assert said_of(Notes.of_bundle(tmp_path))[4].bookmark


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_notes_on_a_bundle_that_cannot_be_written_are_kept_elsewhere(
    tmp_path: Path, data: Path
) -> None:
    bundle = tmp_path / "read-only.bundle"
    bundle.mkdir(mode=0o555)
    keep(Notes.of_bundle(bundle), 1, "note", "kept")
    assert not (bundle / NOTES).exists()
    assert said_of(Notes.of_bundle(bundle)) == {1: FeatureNotes(note="kept")}
    assert list(data.rglob("*.jsonl"))


def test_notes_made_elsewhere_are_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saetui.store.atomic.os.access", lambda *_: False)
    bundle = tmp_path / "some.bundle"
    bundle.mkdir()
    keep(Notes.of_bundle(bundle), 1, "label", "Elsewhere")
    assert not (bundle / NOTES).exists()
    monkeypatch.undo()
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path / "data"))
    notes = Notes.of_bundle(bundle)
    assert said_of(notes)[1].label == "Elsewhere"
    assert notes.path == bundle / NOTES


def test_what_cannot_be_written_is_written_once_with_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes.of_bundle(tmp_path)
    keep(notes, 1, "note", "first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("saetui.store.atomic.os.fsync", full)
    for text in ("second", "third"):
        with pytest.raises(InputError, match="No space left on device"):
            keep(notes, 2, "note", text)
    monkeypatch.undo()
    assert said_of(notes)[2].note == "third"
    assert [entry.text for entry in notes.unwritten] == ["second", "third"]
    notes.write()
    assert not notes.unwritten
    lines = (tmp_path / NOTES).read_text("utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["first", "second", "third"]


def test_threads_that_write_at_once_keep_the_order(tmp_path: Path) -> None:
    notes = Notes.of_bundle(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        for i in range(100):
            notes.say("k4-n8", i, "note", str(i))
            pool.submit(notes.write)
    lines = (tmp_path / NOTES).read_text("utf-8").splitlines()
    assert [json.loads(line)["feature"] for line in lines] == list(range(100))


def test_notes_of_two_programs_are_seen_by_both(tmp_path: Path) -> None:
    first, second = Notes.of_bundle(tmp_path), Notes.of_bundle(tmp_path)
    assert not first.changed_elsewhere
    keep(first, 1, "note", "of the first")
    assert not first.changed_elsewhere, "what it wrote itself is known to it"
    assert second.changed_elsewhere
    # Written although the other's was not read yet: both stay, and both are still to be read.
    keep(second, 2, "note", "of the second")
    second.say("k4-n8", 3, "note", "not on disk yet")
    assert first.changed_elsewhere and second.changed_elsewhere
    for notes in (first, second):
        notes.read_again()
        assert not notes.changed_elsewhere
        said = {feature: found.note for feature, found in said_of(notes).items()}
        assert said.pop(3, "") == ("not on disk yet" if notes is second else "")
        assert said == {1: "of the first", 2: "of the second"}
    second.write()
    assert len((tmp_path / NOTES).read_text("utf-8").splitlines()) == 3


def test_notes_that_cannot_be_read_again_leave_those_that_were_read(tmp_path: Path) -> None:
    notes = Notes.of_bundle(tmp_path)
    keep(notes, 1, "note", "one")
    (tmp_path / NOTES).unlink()
    (tmp_path / NOTES).mkdir()
    assert notes.changed_elsewhere
    with pytest.raises(InputError, match="cannot be read"):
        notes.read_again()
    assert said_of(notes)[1].note == "one"
    assert not notes.changed_elsewhere, "it would be said again and again"


@pytest.mark.parametrize("text", ["--5", "-", "5" * 5_000, "²", "1.5"])
def test_a_verdict_on_no_version_is_passed_over(tmp_path: Path, text: str) -> None:
    entry = {"sae": "k4-n8", "feature": 1, "kind": "rejected", "text": text}
    (tmp_path / NOTES).write_text(json.dumps(entry), "utf-8")
    notes = Notes.of_bundle(tmp_path)
    assert notes.unread == 1
    assert notes.entries == []


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NOTES)
    with pytest.raises(InputError, match=r"notes\.jsonl cannot be read"):
        Notes.of_bundle(tmp_path)


def test_notes_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saetui.store.notes._MOST_BYTES", 1_000)
    (tmp_path / NOTES).write_text("x" * 1_001)
    with pytest.raises(InputError, match=r"notes\.jsonl cannot be read: it has 1,001 bytes"):
        Notes.of_bundle(tmp_path)


def test_a_link_in_a_bundle_is_read_but_not_written(tmp_path: Path, data: Path) -> None:
    """A bundle from elsewhere could else have a line added to any file of the reader's."""
    bundle = tmp_path / "some.bundle"
    bundle.mkdir()
    own = tmp_path / "own"
    own.write_text(json.dumps({"sae": "k4-n8", "feature": 1, "kind": "label", "text": "Mine"}))
    before = own.read_bytes()
    (bundle / NOTES).symlink_to(own)
    notes = Notes.of_bundle(bundle)
    assert [entry.text for entry in notes.entries] == ["Mine"]
    keep(notes, 2, "note", "kept")
    assert own.read_bytes() == before
    kept = [entry.text for entry in Notes.of_bundle(bundle).entries]
    assert kept == ["Mine", "kept"]
