"""What a person said stays with the feature that it was said about, whatever becomes of the SAE."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import make_bundle

from saetui.core.matches import Anchor
from saetui.store import saes
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle
from saetui.store.followed import describe, notes_on, sign_notes
from saetui.store.former_features import anchor_from_json, anchor_to_json
from saetui.store.layout import sae_folder
from saetui.store.manifest import FileRecord, read_manifest, write_manifest
from saetui.store.notes import NOTES, FormerFeature, Notes

SAE = "k3-n24"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("made") / "x.bundle", documents=200)


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path / "data"))
    shutil.copytree(made, tmp_path / "x.bundle")
    return tmp_path / "x.bundle"


def name_of(folder: Path) -> str:
    return read_manifest(folder).saes[0].name


def renumber(folder: Path, order: np.ndarray, on: str = "", drop: int | None = None) -> None:
    """Put another SAE in the place of the first: the same features in another order.

    Args:
        folder: Of the bundle.
        order: `order[new]` is the old number.
        on: The day that the manifest says it was done.
        drop: A new feature that gets another direction.
    """
    name = name_of(folder)
    place = sae_folder(folder, name)
    weights = saes.load_weights(place)
    directions = weights.directions[order].copy()
    if drop is not None:
        directions[drop] = -directions[drop]
    changed = replace(
        weights,
        encoder=weights.encoder[order],
        encoder_bias=weights.encoder_bias[order],
        directions=directions,
    )
    saes.save_weights(place, changed, {})
    manifest = read_manifest(folder)
    new = np.argsort(order)
    record = manifest.saes[0]
    codes = saes.load_codes(place, manifest.documents, record.n, record.slots)
    indices = np.where(codes.indices >= 0, new[codes.indices], -1).astype(np.int32)
    np.save(place / saes.CODES[0], indices)
    postings = saes.load_postings(place, record.n)
    parts = [postings.documents(int(old)) for old in order]
    np.save(place / saes.POSTINGS[0], np.cumsum([0, *(len(p[0]) for p in parts)]))
    np.save(place / saes.POSTINGS[1], np.concatenate([p[0] for p in parts]))
    np.save(place / saes.POSTINGS[2], np.concatenate([p[1] for p in parts]))
    files = {
        path: FileRecord((folder / path).stat().st_size, sha256_of(folder / path))
        for path in manifest.files
    }
    metrics = {**record.metrics, **({"replaced_on": on} if on else {})}
    first = replace(record, metrics=metrics)
    write_manifest(folder, replace(manifest, files=files, saes=(first, *manifest.saes[1:])))


@pytest.fixture
def order(folder: Path) -> np.ndarray:
    n = read_manifest(folder).saes[0].n
    return np.random.default_rng(0).permutation(n)


def say(folder: Path, feature: int, kind: str, text: str, about: str = "") -> None:
    bundle, book = Bundle(folder), Notes.of_bundle(folder)
    sae = bundle.sae()
    book.say(sae.record.name, feature, kind, text, of=sae.of, about=about)  # type: ignore[arg-type]
    book.write(describe(bundle))
    bundle.close()


def active(folder: Path, count: int) -> list[int]:
    return np.flatnonzero(Bundle(folder).sae().postings.counts() > 5)[:count].tolist()


def test_notes_follow_their_features(folder: Path, order: np.ndarray) -> None:
    labelled, marked, noted, judged = active(folder, 4)
    say(folder, labelled, "label", "Mine")
    say(folder, marked, "bookmark", "yes")
    say(folder, noted, "note", "Look again")
    label = Bundle(folder).sae().features[judged].label
    say(folder, judged, "rejected", "1", about=label)
    before = (folder / NOTES).read_bytes()
    renumber(folder, order)
    bundle = Bundle(folder)
    found = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
    now = {int(old): new for new, old in enumerate(order)}
    assert found.notes[now[labelled]].label == "Mine"
    assert found.notes[now[marked]].bookmark
    assert found.notes[now[noted]].note == "Look again"
    former = found.notes[now[labelled]].former
    assert former is not None
    assert (former.sae, former.feature) == (bundle.sae().record.name, labelled)
    assert former.cosine == pytest.approx(1, abs=1e-3)
    # The verdict was on words; the feature that has its place bears others or the same.
    texts = {each.version: each.text for each in bundle.sae().labels(now[judged])}
    assert found.notes.get(now[judged]) is not None
    assert found.notes[now[judged]].rejected == {v for v, text in texts.items() if text == label}
    assert not found.unmatched
    assert set(found.notes) == {now[each] for each in (labelled, marked, noted, judged)}
    assert (folder / NOTES).read_bytes() == before


def test_judgements_follow_their_feature_with_the_label_that_was_judged(
    folder: Path, order: np.ndarray
) -> None:
    (feature,) = active(folder, 1)
    bundle, book = Bundle(folder), Notes.of_bundle(folder)
    sae = bundle.sae()
    for document, text in (("doc-1", "true"), ("doc-2", "untrue")):
        book.say(
            sae.record.name, feature, "judged", text, of=sae.of, about="Jets", document=document
        )
    book.write(describe(bundle))
    renumber(folder, order)
    bundle = Bundle(folder)
    found = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
    now = int(np.flatnonzero(order == feature)[0])
    assert set(found.notes) == {now}
    assert found.notes[now].judged("Jets") == {"doc-1": True, "doc-2": False}
    # Said again of the feature of today, it is one judgement.
    book = Notes.of_bundle(folder)
    former = found.notes[now].former
    assert former is not None
    name, of = bundle.sae().record.name, bundle.sae().of
    book.say(name, now, "followed", former.as_text(), of=of)
    book.say(name, now, "judged", "", of=of, about="Jets", document="doc-2")
    book.write(describe(bundle))
    again = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
    assert again.notes[now].judged("Jets") == {"doc-1": True}


def test_what_matches_nothing_stays_and_is_listed(folder: Path, order: np.ndarray) -> None:
    gone, other = active(folder, 2)
    say(folder, gone, "note", "precious")
    say(folder, other, "label", "Mine")
    now = {int(old): new for new, old in enumerate(order)}
    renumber(folder, order, drop=now[gone])
    bundle = Bundle(folder)
    found = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
    assert set(found.notes) == {now[other]}
    (unmatched,) = found.unmatched
    assert unmatched.thread.notes.note == "precious"
    assert unmatched.nearest is not None and (unmatched.nearest.cosine or 0) < 0.7
    # When the feature comes back, so does the note.
    renumber(folder, np.arange(len(order)), drop=now[gone])
    back = notes_on(Bundle(folder), Bundle(folder).sae(), Notes.of_bundle(folder))
    assert back.notes[now[gone]].note == "precious"


def test_what_is_said_next_counts_for_the_feature_of_today(folder: Path, order: np.ndarray) -> None:
    (feature,) = active(folder, 1)
    say(folder, feature, "label", "First")
    say(folder, feature, "bookmark", "yes")
    renumber(folder, order)
    bundle = Bundle(folder)
    from saetui.session.session import Session

    session = Session(bundle)
    new = int(np.flatnonzero(order == feature)[0])
    assert session.features[new].label == "First"
    session.note(new, "label", "Second")
    session.note(new, "note", "more")
    session.close()
    for _ in range(2):
        bundle = Bundle(folder)
        found = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
        (where,) = found.notes
        said = found.notes[where]
        assert (said.label, said.note, said.bookmark) == ("Second", "more", True)
        assert said.former is not None and said.former.feature in (feature, new)
        # Once more, so that what was said of the second SAE follows into a third.
        renumber(folder, order[::-1].copy())


def test_notes_of_an_earlier_version_are_signed_while_their_sae_is_there(
    folder: Path, order: np.ndarray
) -> None:
    feature, judged = active(folder, 2)
    name = name_of(folder)
    old = [
        {"sae": name, "feature": feature, "kind": "label", "text": "Mine", "at": "2020-01-01"},
        {"sae": name, "feature": judged, "kind": "rejected", "text": "1", "at": "2020-01-02"},
    ]
    lines = "".join(json.dumps(each) + "\n" for each in old)
    (folder / NOTES).write_text(lines, "utf-8")
    bundle = Bundle(folder)
    found = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
    assert found.notes[feature].label == "Mine"
    assert found.notes[judged].rejected == {1}
    sign_notes(bundle, Notes.of_bundle(folder))
    signed = (folder / NOTES).read_text("utf-8")
    assert signed.startswith(lines)
    assert notes_on(bundle, bundle.sae(), Notes.of_bundle(folder)).notes[feature].label == "Mine"
    # Signed once is enough.
    sign_notes(bundle, Notes.of_bundle(folder))
    assert (folder / NOTES).read_text("utf-8") == signed
    label = bundle.sae().features[judged].label
    renumber(folder, order, on="2026-01-01")
    bundle = Bundle(folder)
    found = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
    now = {int(before): new for new, before in enumerate(order)}
    assert found.notes[now[feature]].label == "Mine"
    same = {each.version for each in bundle.sae().labels(now[judged]) if each.text == label}
    assert found.notes[now[judged]].rejected == same
    assert not found.unmatched


def test_an_unsigned_note_never_names_a_feature_of_a_later_sae(
    folder: Path, order: np.ndarray
) -> None:
    (feature,) = active(folder, 1)
    name = name_of(folder)
    old = {"sae": name, "feature": feature, "kind": "label", "text": "Mine", "at": "2020-01-01"}
    later = {**old, "kind": "note", "text": "of today", "at": "2027-01-01T00:00:00+00:00"}
    (folder / NOTES).write_text(f"{json.dumps(old)}\n{json.dumps(later)}\n", "utf-8")
    renumber(folder, order, on="2026-01-01")
    bundle = Bundle(folder)
    found = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
    assert found.notes[feature].label == ""
    assert found.notes[feature].note == "of today"
    (unmatched,) = found.unmatched
    assert unmatched.thread.notes.label == "Mine"


def test_notes_in_the_readers_own_folder_follow_too(
    folder: Path, order: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bundle cannot be written by its reader, and its owner replaces the SAE.
    with monkeypatch.context() as patch:
        patch.setattr("saetui.store.atomic.os.access", lambda *_: False)
        (feature,) = active(folder, 1)
        say(folder, feature, "label", "Mine")
        assert not (folder / NOTES).exists()
        renumber(folder, order)
        bundle = Bundle(folder)
        found = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
    (where,) = found.notes
    assert order[where] == feature
    assert found.notes[where].label == "Mine"


def test_notes_on_an_sae_that_is_gone_go_to_the_first(folder: Path) -> None:
    (feature,) = active(folder, 1)
    say(folder, feature, "label", "Mine")
    lines = [json.loads(line) for line in (folder / NOTES).read_text("utf-8").splitlines()]
    for line in lines:
        line |= {"sae": "k9-n99", "of": "0123456789abcdef"}
    (folder / NOTES).write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    bundle = Bundle(folder)
    found = notes_on(bundle, bundle.sae(), Notes.of_bundle(folder))
    assert found.notes[feature].label == "Mine"
    assert found.notes[feature].former == FormerFeature(
        "k9-n99",
        "0123456789abcdef",
        feature,
        found.notes[feature].former.cosine,  # type: ignore[union-attr]
    )


def test_directions_are_kept_well_enough() -> None:
    random = np.random.default_rng(0)
    for width in (8, 384, 4_096):
        direction = random.standard_normal(width).astype(np.float32)
        direction /= np.linalg.norm(direction)
        written = anchor_to_json(Anchor(direction, ("a", "b")))
        again = anchor_from_json(json.loads(json.dumps(written)))
        assert again.direction is not None
        assert again.direction @ direction > 0.999
        assert again.documents == ("a", "b")


@pytest.mark.parametrize("text", [None, 3, "", "###", "AAAA", ["x"]])
def test_what_is_no_direction_is_not_known(text: object) -> None:
    assert anchor_from_json({"direction": text, "documents": 3}).says_nothing
