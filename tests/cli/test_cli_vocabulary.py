"""Labels from a vocabulary, as a user asks for them."""

import json
import shutil
from pathlib import Path

import pytest
from command_line import Run
from growing import GrowingCorpus

from saetui.pipeline.label_records import AUTOMATIC
from saetui.store.bundle import Bundle
from saetui.store.labels import read_labels
from saetui.store.layout import VOCABULARY

METHOD = "terms+embedding"


@pytest.fixture(scope="module")
def plain(corpus: GrowingCorpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from saetui.cli import main

    path = tmp_path_factory.mktemp("plain") / "my.bundle"
    assert main(["build", str(corpus.one), "-o", str(path), *corpus.words]) == 0
    return path


@pytest.fixture
def names(plain: Path, tmp_path: Path) -> Path:
    """Names that surely fit, in capitals: those of the features as they are."""
    path = tmp_path / "names.txt"
    labels = [label.upper() for label, method in labels_of(plain).values() if method == METHOD]
    assert labels
    path.write_text("\n".join(["# a field", *labels]) + "\n", encoding="utf-8")
    return path


def labels_of(path: Path) -> dict[int, tuple[str, str]]:
    bundle = Bundle(path)
    sae = bundle.sae()
    by_version = {
        (label.feature, label.version): label.method
        for label in read_labels(path / "saes" / sae.record.name / "features.sqlite")
    }
    found = {r.id: (r.label, by_version.get((r.id, r.version), "")) for r in sae.features}
    bundle.close()
    return found


def steps(run: Run, *words: str | Path) -> list[str]:
    return list(run(*map(str, words), "--json").json["steps"])


def test_train_names_features_anew_keeps_the_names_and_takes_them_back(
    corpus: GrowingCorpus, plain: Path, names: Path, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "my.bundle"
    shutil.copytree(plain, path)
    before = labels_of(path)
    made = steps(run, "train", path, "--vocabulary", names)
    assert made[:2] == ["vocabulary", "labels k4-n24"]
    assert "train k4-n24" not in made
    after = labels_of(path)
    given = [label for label, method in after.values() if method == "vocabulary"]
    assert given
    assert set(given) <= set(names.read_text("utf-8").splitlines())
    assert len(set(given)) == len(given)
    # The same names in another file make nothing anew, nor does building or training without.
    names.write_text("# again\n\n" + names.read_text("utf-8"), encoding="utf-8")
    assert steps(run, "train", path, "--vocabulary", names) == []
    assert steps(run, "build", corpus.one, "-o", path, *corpus.words) == []
    assert labels_of(path) == after
    # Documents that are added are labelled with the names that the bundle keeps.
    assert "labels k4-n24" in steps(run, "add", path, corpus.two, "--replace")
    assert (path / VOCABULARY).is_file()
    assert any(method == "vocabulary" for _, method in labels_of(path).values())
    assert run("check", str(path)).code == 0
    assert "labels k4-n24" in steps(run, "train", path, "--vocabulary", "none")
    assert not (path / VOCABULARY).exists()
    assert all(method != "vocabulary" for _, method in labels_of(path).values())
    assert before.keys() == after.keys()


def test_without_a_vocabulary_labels_are_made_from_what_they_were(
    plain: Path, names: Path, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "my.bundle"
    shutil.copytree(plain, path)
    run("train", str(path), "--vocabulary", str(names))
    run("train", str(path), "--vocabulary", "none")
    one, other = (json.loads((each / "build.json").read_text("utf-8")) for each in (plain, path))
    labels = "labels k4-n24"
    assert other["steps"][labels]["fingerprint"] == one["steps"][labels]["fingerprint"]
    assert labels_of(path) == labels_of(plain)


def test_a_label_that_reads_the_same_says_that_it_is_a_name_of_the_vocabulary(
    plain: Path, tmp_path: Path, run: Run
) -> None:
    path, same = tmp_path / "my.bundle", tmp_path / "same.txt"
    shutil.copytree(plain, path)
    before = labels_of(plain)
    words = {f: set(label.lower().split()) for f, (label, _) in before.items()}
    # No other feature may be called by it.
    feature, label = next(
        (f, label)
        for f, (label, method) in before.items()
        if method == METHOD and not any(words[f] & words[other] for other in words if other != f)
    )
    same.write_text(label, encoding="utf-8")
    run("train", str(path), "--vocabulary", str(same))
    assert labels_of(path) == {**before, feature: (label, "vocabulary")}
    run("train", str(path), "--vocabulary", "none")
    assert labels_of(path) == before


def test_build_reads_the_names_first(
    corpus: GrowingCorpus, names: Path, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "new.bundle"
    empty = tmp_path / "empty.txt"
    empty.write_text("# nothing\n", encoding="utf-8")
    asked = len(corpus.server.texts)
    failed = run(
        "build", str(corpus.one), "-o", str(path), *corpus.words, "--vocabulary", str(empty)
    )
    assert "holds no name that could be a label" in failed.err
    assert len(corpus.server.texts) == asked
    assert not list(path.glob("[!.]*"))
    run("build", str(corpus.one), "-o", str(path), *corpus.words, "--vocabulary", str(names))
    assert any(method == "vocabulary" for _, method in labels_of(path).values())


def test_a_vocabulary_that_is_damaged_is_said(
    plain: Path, names: Path, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "my.bundle"
    shutil.copytree(plain, path)
    run("train", str(path), "--vocabulary", str(names))
    (path / VOCABULARY).write_text('[["x", 3]]', encoding="utf-8")
    failed = run("train", str(path), "--sae", "k4-n12", "--epochs", "1")
    assert VOCABULARY in failed.err


def test_vectors_and_experiments_take_no_vocabulary(plain: Path, names: Path, run: Run) -> None:
    failed = run("train", str(plain), "--sweep", "--vocabulary", str(names))
    assert "names the features of a bundle" in failed.err


def test_labels_from_a_vocabulary_are_made_here() -> None:
    assert "vocabulary" in AUTOMATIC
