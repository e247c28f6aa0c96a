"""A corpus grows, as a user sees it: the same command again, `saetui add`, `saetui notes`."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import make_documents
from command_line import Run
from growing import GrowingCorpus, write

from saetui.core.changes import Change
from saetui.core.search_request import SearchRequest
from saetui.errors import BundleError
from saetui.session.saved.bookmarks import bookmark
from saetui.session.saved.presets import open_preset, read_preset, save_preset
from saetui.session.session import Session, open_session
from saetui.store.bundle import Bundle
from saetui.store.notes import NOTES

IMPORTED = {7: "Imported of 7", 9: "Imported of 9", 11: "Imported of 11"}


@pytest.fixture(scope="module")
def first(corpus: GrowingCorpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose owner has said things about its features, and saved searches."""
    from saetui.cli import main

    folder = tmp_path_factory.mktemp("first")
    path = folder / "my.bundle"
    assert main(["build", str(corpus.one), "-o", str(path), *corpus.words]) == 0
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerows([("feature", "label"), *IMPORTED.items()])
    assert main(["labels", "import", str(path), str(folder / "labels.csv")]) == 0
    session = open_session(path)
    session.note(0, "label", "Mine")
    session.note(1, "bookmark", "yes")
    session.note(2, "note", "look again")
    version = session.features[3].version
    if version:
        session.note(3, "rejected", str(version))
    steered = SearchRequest("", steering={0: Change("set", 0.5), 5: Change("set", 0.4)})
    bookmark(session, steered, session.search(steered))
    save_preset(folder / "mine.json", session, steered)
    session.close()
    return path


@pytest.fixture
def bundle(first: Path, tmp_path: Path) -> Path:
    shutil.copytree(first, tmp_path / "my.bundle")
    shutil.copy(first.parent / "mine.json", tmp_path / "mine.json")
    return tmp_path / "my.bundle"


def directions(path: Path) -> np.ndarray:
    return Bundle(path).sae().weights.directions


def what_is_said(path: Path) -> dict[int, tuple[str, bool, str]]:
    notes = open_session(path).features.notes
    return {f: (n.label, n.bookmark, n.note) for f, n in notes.items() if not n.rejected}


def test_the_same_command_with_a_grown_corpus(
    run: Run, corpus: GrowingCorpus, bundle: Path
) -> None:
    before, old = len(corpus.server.texts), directions(bundle)
    said = what_is_said(bundle)
    outcome = run("build", corpus.two, "-o", bundle, *corpus.words)
    assert outcome.code == 0, outcome.err
    assert len(corpus.embedded(before)) == 63
    line = "Documents: 60 new, 3 edited, 2 with other metadata, 3 removed. 63 texts were embedded."
    assert line in outcome.out
    assert "k4-n24 was not trained on 63 of the documents: on these its nMSE is" in outcome.out
    np.testing.assert_array_equal(directions(bundle), old)
    assert what_is_said(bundle) == said
    features = {f["id"]: f for f in run("features", bundle, "--limit", 0, "--json").json}
    assert features[0]["label"] == "Mine"
    assert all(features[f]["label"] == label for f, label in IMPORTED.items())
    assert run("check", bundle).code == 0
    again = run("build", corpus.two, "-o", bundle, *corpus.words, "--json").json
    assert again["steps"] == [] and again["changes"] is None


def test_trained_again_what_was_said_follows_or_is_listed(
    run: Run, corpus: GrowingCorpus, bundle: Path
) -> None:
    old = directions(bundle)
    outcome = run("build", corpus.two, "-o", bundle, *corpus.words, "--retrain")
    assert outcome.code == 0, outcome.err
    new = directions(bundle)
    assert not np.array_equal(old, new)
    found = run("notes", bundle, "--json").json
    assert "Of what was said about 4 features of earlier SAEs" in outcome.err
    followed = {each["former"]["feature"]: each for each in found["notes"]}
    gone = {each["feature"] for each in found["unmatched"] if "method" not in each}
    assert followed.keys() | gone == {0, 1, 2, 3} and not followed.keys() & gone
    for was, each in followed.items():
        cosine = float(old[was] @ new[each["feature"]])
        assert each["former"]["cosine"] == pytest.approx(cosine, abs=0.01)
        assert cosine == pytest.approx(float((old[was] @ new.T).max()), abs=0.01)
        shown = run("feature", bundle, each["feature"]).out
        assert f"Said of feature {was} of an earlier k4-n24" in shown
    if 0 in followed:
        assert run("feature", bundle, followed[0]["feature"], "--json").json["label"] == "Mine"
    placed = {
        each["label"]: each["id"]
        for each in run("features", bundle, "--limit", 0, "--json").json
        if each["label"] in IMPORTED.values()
    }
    kept = {each["label"] for each in found["unmatched"] if "method" in each}
    assert placed.keys() | kept == set(IMPORTED.values())
    for was, label in IMPORTED.items():
        if label in placed:
            assert old[was] @ new[placed[label]] > 0.5
    assert "3 labels that were not made here follow their features" in outcome.err
    listed = run("notes", bundle, "--unmatched")
    assert listed.code == 0
    assert all(f"k4-n24 {feature}" in listed.out for feature in gone)
    # A search names the features that it named, or says which it had to leave out.
    with_preset = read_preset(bundle.parent / "mine.json")
    for preset in (with_preset, read_preset(next((bundle / "searches").glob("*.json")))):
        opened = open_preset(preset, open_session(bundle))
        for was in (0, 5):
            (sentence,) = [s for s in opened.warnings if s.startswith(f"Feature {was} ('")]
            if "left out" not in sentence:
                number = int(sentence.split(" is now feature ")[1].split(" ")[0])
                assert number in opened.request.steering
                assert old[was] @ new[number] > 0.5
        assert len(opened.request.steering) <= 2


def test_notes_of_an_earlier_version_follow_too(
    run: Run, corpus: GrowingCorpus, bundle: Path
) -> None:
    name = "k4-n24"
    old = [
        {"sae": name, "feature": f, "kind": "label", "text": f"old {f}", "at": "2020-01-01"}
        for f in range(24)
    ]
    (bundle / NOTES).write_text("".join(json.dumps(each) + "\n" for each in old), "utf-8")
    preset = next((bundle / "searches").glob("*.json"))
    value = json.loads(preset.read_text("utf-8"))
    del value["of"], value["known"]
    preset.write_text(json.dumps(value), "utf-8")
    before = directions(bundle)
    assert run("build", corpus.two, "-o", bundle, *corpus.words, "--retrain").code == 0
    after = directions(bundle)
    found = run("notes", bundle, "--json").json
    for each in found["notes"]:
        was = int(each["label"].removeprefix("old "))
        assert before[was] @ after[each["feature"]] > 0.49
    said = [each["label"] for each in (*found["notes"], *found["unmatched"])]
    assert {f"old {f}" for f in range(24)} <= set(said)
    assert len(found["notes"]) > 8
    assert json.loads(preset.read_text("utf-8"))["of"]


def test_documents_are_added_without_the_old_file(
    run: Run, corpus: GrowingCorpus, bundle: Path, tmp_path: Path
) -> None:
    more = list(make_documents(300))[240:]
    write(tmp_path / "more.jsonl", more)
    before, old, said = len(corpus.server.texts), directions(bundle), what_is_said(bundle)
    outcome = run("add", bundle, tmp_path / "more.jsonl")
    assert outcome.code == 0, outcome.err
    assert "Documents: 60 new. 60 texts were embedded." in outcome.out
    assert len(corpus.embedded(before)) == 60
    assert what_is_said(bundle) == said
    np.testing.assert_array_equal(directions(bundle), old)
    assert run("check", bundle).code == 0
    assert len(Bundle(bundle)) == 300
    assert "Nothing to do" in run("add", bundle, tmp_path / "more.jsonl").out
    # The file that the bundle was built of no longer is all of it, and takes nothing away.
    again = run("build", corpus.one, "-o", bundle, *corpus.words, "--json").json
    assert again["documents"] == 300
    assert len(corpus.embedded(before)) == 60


def test_documents_are_replaced_only_if_asked(
    run: Run, bundle: Path, tmp_path: Path, corpus: GrowingCorpus
) -> None:
    found = list(make_documents(5))
    other = [replace(each, text=f"{each.text} Corrected.") for each in found[:2]]
    write(tmp_path / "other.jsonl", [*other, *found[2:]])
    before = Bundle(bundle).manifest
    refused = run("add", bundle, tmp_path / "other.jsonl")
    assert refused.code != 0
    assert "'doc-0', 'doc-1'" in refused.err and "--replace" in refused.err
    assert Bundle(bundle).manifest == before
    assert not (bundle / ".saetui-work").exists()
    assert run("add", bundle, tmp_path / "other.jsonl", "--replace").code == 0
    texts = [Bundle(bundle).documents.document(row).text for row in (0, 1, 2)]
    assert [text.endswith("Corrected.") for text in texts] == [True, True, False]


def test_documents_are_removed_by_id_and_by_file(run: Run, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "gone.txt").write_text("doc-3\ndoc-4\n", "utf-8")
    outcome = run("add", bundle, "--remove", "doc-7", "--remove", tmp_path / "gone.txt")
    assert outcome.code == 0, outcome.err
    assert "Documents: 3 removed. 0 texts were embedded." in outcome.out
    documents = Bundle(bundle).documents
    assert len(documents) == 237
    assert [documents.row_of(f"doc-{n}") for n in (3, 4, 7)] == [None] * 3
    assert run("check", bundle).code == 0
    unknown = run("add", bundle, "--remove", "doc-3")
    assert unknown.code != 0 and "no document 'doc-3'" in unknown.err


def test_nothing_to_add_is_one_sentence(run: Run, bundle: Path) -> None:
    outcome = run("add", bundle)
    assert outcome.code != 0
    assert "There is nothing to add." in outcome.err


@pytest.mark.parametrize("command", ["add", "train", "build", "label"])
def test_a_bundle_that_cannot_be_written_is_one_sentence(
    run: Run, bundle: Path, corpus: GrowingCorpus, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(bundle / ".lock"))

    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    labels = bundle.parent / "labels.csv"
    labels.write_text("feature,label\n1,x\n", "utf-8")
    words = {
        "add": ["add", bundle, corpus.two],
        "train": ["train", bundle, "--sae", "k2-n16"],
        "build": ["build", corpus.two, "-o", bundle, *corpus.words],
        "label": ["labels", "import", bundle, labels],
    }[command]
    outcome = run(*words)
    assert outcome.code != 0
    lines = outcome.err.strip().splitlines()
    assert any("cannot be written (Permission denied), so nothing was changed" in x for x in lines)
    assert "unexpected" not in outcome.err and "Traceback" not in outcome.err


def test_vectors_from_elsewhere_are_added(run: Run, tmp_path: Path) -> None:
    from corpora import write_corpus

    small = write_corpus(tmp_path / "one")
    path = tmp_path / "x.bundle"
    words = ["--embedder", f"precomputed:{small.vectors}", "--sae", "k4-n24", "--epochs", "3"]
    assert run("build", small.corpus, "-o", path, *words).code == 0
    more = write_corpus(tmp_path / "two", documents=200)
    lines, vectors = more.corpus.read_text("utf-8").splitlines()[160:], np.load(more.vectors)[160:]
    more.corpus.write_text("\n".join(lines) + "\n", "utf-8")
    refused = run("add", path, more.corpus)
    assert refused.code != 0 and "--vectors" in refused.err
    np.save(more.vectors, vectors[:, :16])
    narrow = run("add", path, more.corpus, "--vectors", more.vectors)
    assert narrow.code != 0 and "width 16" in narrow.err
    np.save(more.vectors, vectors)
    outcome = run("add", path, more.corpus, "--vectors", more.vectors)
    assert outcome.code == 0, outcome.err
    np.testing.assert_allclose(Bundle(path).embeddings[160:], vectors, atol=1e-3)
    assert run("check", path).code == 0


def test_what_else_lies_in_the_output_folder_stays(run: Run, tmp_path: Path) -> None:
    from corpora import write_corpus

    small, path = write_corpus(tmp_path / "one"), tmp_path / "x.bundle"
    own = {path / name / "diary.txt" for name in (".build", "build", "notes")}
    for file in own:
        file.parent.mkdir(parents=True)
        file.write_text("mine", "utf-8")
    words = ["--embedder", f"precomputed:{small.vectors}", "--sae", "k4-n24", "--epochs", "1"]
    assert run("build", small.corpus, "-o", path, *words).code == 0
    assert all(file.read_text("utf-8") == "mine" for file in own)


def test_an_embedder_of_queries_with_another_width_is_refused_before_anything_is_built(
    run: Run, tmp_path: Path
) -> None:
    from corpora import write_corpus

    small, path = write_corpus(tmp_path / "one"), tmp_path / "x.bundle"
    words = ["--embedder", f"precomputed:{small.vectors}", "--query-embedder", "minilm"]
    outcome = run("build", small.corpus, "-o", path, *words)
    assert outcome.code == 1
    assert "'minilm', makes vectors of width 384, but those of the documents have" in outcome.err
    assert not (path / "manifest.json").exists()


@pytest.mark.parametrize("loaded", [True, False])
def test_a_session_that_was_open_meanwhile_never_notes_another_feature(
    run: Run, corpus: GrowingCorpus, bundle: Path, loaded: bool
) -> None:
    session = open_session(bundle)
    _ = session.features
    old = directions(bundle)
    if loaded:
        _ = session.sae.weights, session.sae.postings, session.bundle.documents
    assert run("build", corpus.two, "-o", bundle, *corpus.words, "--retrain").code == 0
    # The app still shows the SAE that was replaced, and the reader goes on.
    session.note(4, "note", "of the old one")
    session.write_notes()
    if not loaded:
        with pytest.raises(BundleError, match="was changed by another command"):
            _ = session.sae.weights
    new = Session(Bundle(bundle))
    found = [f for f, n in new.features.notes.items() if n.note == "of the old one"]
    for feature in found:
        assert old[4] @ new.sae.weights.directions[feature] > 0.49
    listed = run("notes", bundle, "--json").json
    said = [each.get("note") for each in (*listed["notes"], *listed["unmatched"])]
    assert said.count("of the old one") == 1
    # Without its direction it cannot be found again, and is not.
    assert loaded or not found


def test_what_was_changed_meanwhile_is_not_mixed_up(
    run: Run, corpus: GrowingCorpus, bundle: Path
) -> None:
    session = open_session(bundle)
    codes = session.sae.codes
    assert run("build", corpus.two, "-o", bundle, *corpus.words).code == 0
    # What was open stays, and what the change has left alone can still be read.
    assert len(codes.indices) == 240
    _ = session.sae.weights
    for part in ("documents", "embeddings"):
        with pytest.raises(BundleError, match="Close it and open it again"):
            getattr(session.bundle, part)
    with pytest.raises(BundleError, match="was changed"):
        session.sae.history(0)
