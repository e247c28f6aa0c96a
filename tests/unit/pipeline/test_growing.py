"""A bundle grows with its corpus: what is known stays, and only what is new is made."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from corpora import write_corpus
from growing import EDITED, REMOVED, GrowingCorpus, write
from test_build import Stopped, StopsAfter, contents

from saetui.core.codec import Codes, build_postings, encode_in_blocks
from saetui.core.families import Family, FamilyParameters
from saetui.embed import EmbedderSettings
from saetui.errors import InputError
from saetui.pipeline.build import bring_up_to_date, build_bundle
from saetui.pipeline.finishing import BuildOutcome
from saetui.pipeline.label_records import store_labels
from saetui.progress import Silent
from saetui.store import saes
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle
from saetui.store.documents import DocumentStore, write_documents
from saetui.store.features import FeatureRecord
from saetui.store.former_features import read_unmatched
from saetui.store.labels import LabelRecord
from saetui.store.swap import WORK
from saetui.train.size import SaeSize


@pytest.fixture(scope="module")
def first(corpus: GrowingCorpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the first state, in which a person has labelled two features."""
    path = tmp_path_factory.mktemp("first") / "my.bundle"
    build_bundle(str(corpus.one), path, corpus.options(), Silent())
    labels = [LabelRecord(f, f"Given to {f}", (), "imported") for f in (0, 5)]
    store_labels(path, "k4-n24", labels, ())
    bring_up_to_date(path, Silent())
    return path


@pytest.fixture
def bundle(first: Path, tmp_path: Path) -> Path:
    shutil.copytree(first, tmp_path / "my.bundle")
    return tmp_path / "my.bundle"


@pytest.fixture(scope="module")
def grown(
    corpus: GrowingCorpus, first: Path, tmp_path_factory: pytest.TempPathFactory
) -> BuildOutcome:
    path = tmp_path_factory.mktemp("grown") / "my.bundle"
    shutil.copytree(first, path)
    return build_bundle(str(corpus.two), path, corpus.options(), Silent())


class StopsAt(Silent):
    """Progress that ends the build when a task begins."""

    def __init__(self, task: str) -> None:
        self.task = task

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        if task == self.task:
            raise Stopped


def damage(path: Path) -> list[str]:
    return [finding.problem for finding in check_bundle(path) if not finding.ok]


def files(path: Path) -> dict[str, bytes]:
    return {
        name: data
        for name, data in contents(path).items()
        if not name.startswith(WORK) and name != ".lock"
    }


def test_only_new_and_edited_texts_are_embedded(corpus: GrowingCorpus, bundle: Path) -> None:
    before = len(corpus.server.texts)
    outcome = build_bundle(str(corpus.two), bundle, corpus.options(), Silent())
    embedded = corpus.embedded(before)
    assert len(embedded) == len(set(embedded)) == 60 + len(EDITED)
    assert damage(bundle) == []
    assert "train k4-n24" not in outcome.steps
    again = build_bundle(str(corpus.two), bundle, corpus.options(), Silent())
    assert again.steps == ()
    assert len(corpus.embedded(before)) == len(embedded)


def test_every_document_has_its_own_text_vector_and_codes(
    corpus: GrowingCorpus, grown: BuildOutcome
) -> None:
    bundle = Bundle(grown.path)
    documents = list(bundle.documents)
    assert {each.id: each for each in documents} == corpus.documents
    vectors = np.array([corpus.server.vector(d.embedding_text, 32) for d in documents])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(bundle.embeddings, vectors, atol=1e-3)
    sae = bundle.sae()
    blocks = list(encode_in_blocks(sae.weights, bundle.embeddings, 64))
    codes = Codes(
        *(np.concatenate([getattr(b, name) for b in blocks]) for name in ("indices", "values")),
        24,
    )
    np.testing.assert_allclose(sae.codes.values, codes.values, atol=1e-4)
    postings = build_postings(codes)
    assert np.array_equal(sae.postings.counts(), postings.counts())
    assert [f.active for f in sae.features] == postings.counts().tolist()
    assert [f.documents for f in sae.features] == sae.counted.counts().tolist()
    assert all(f.true is not None for f in sae.features if f.active)


def test_words_and_facts_are_found_as_in_a_new_bundle(
    corpus: GrowingCorpus, grown: BuildOutcome, tmp_path: Path
) -> None:
    documents = list(Bundle(grown.path).documents)
    write_documents(tmp_path / "new.sqlite", documents)
    ours, theirs = Bundle(grown.path).documents, DocumentStore(tmp_path / "new.sqlite")
    for words in ("disruption", "word more", "coral AND reef", "part"):
        (rows, scores), (wanted, as_new) = ours.matching(words), theirs.matching(words)
        assert len(rows)
        assert rows.tolist() == wanted.tolist()
        np.testing.assert_allclose(scores, as_new, rtol=1e-6)
    assert ours.facts is not None and theirs.facts is not None
    assert ours.facts.fields() == theirs.facts.fields()
    for field in theirs.facts.fields():
        values = list(theirs.facts.values(field))
        assert list(ours.facts.values(field)) == values
        for value in values:
            assert list(ours.facts.rows(field, value)) == list(theirs.facts.rows(field, value))


def test_the_sae_stays_and_so_do_labels(first: Path, grown: BuildOutcome) -> None:
    old, new = Bundle(first).sae(), Bundle(grown.path).sae()
    np.testing.assert_array_equal(old.weights.directions, new.weights.directions)
    for feature in (0, 5):
        assert new.features[feature].label == f"Given to {feature}"
    kept = 0
    for feature in range(24):
        before, after = old.labels(feature), new.labels(feature)
        assert after[: len(before)] == before
        kept += after == before
    # Labels are made anew where documents are others; with a fifth more that is seldom so.
    assert kept > 12


def test_the_build_says_how_well_the_sae_fits(grown: BuildOutcome) -> None:
    metrics = grown.manifest.saes[0].metrics
    fit = metrics["fit"]
    assert fit["new_documents"] == 60 + len(EDITED)
    assert fit["nmse_held_out"] == metrics["held_out"]["nmse"]
    assert 0 < fit["nmse_new"] < 2
    bundle = Bundle(grown.path)
    unseen = saes.load_unseen(bundle.sae().folder, len(bundle))
    sae, x = bundle.sae(), np.asarray(bundle.embeddings[unseen], dtype=np.float32)
    z = np.zeros((len(unseen), 24), dtype=np.float32)
    for row, (indices, values) in enumerate(
        zip(sae.codes.indices[unseen], sae.codes.values[unseen], strict=True)
    ):
        z[row, indices[indices >= 0]] = values[indices >= 0]
    errors = np.square(x - z @ sae.weights.directions - sae.weights.bias).sum()
    mean = np.asarray(bundle.embeddings, dtype=np.float32).mean(axis=0)
    assert fit["nmse_new"] == pytest.approx(errors / np.square(x - mean).sum(), rel=1e-3)
    texts = {bundle.documents.document(int(row)).embedding_text for row in unseen}
    first_texts = 240 - len(REMOVED) - len(EDITED)
    assert len(texts) == len(unseen)
    assert len(bundle) - len(unseen) == first_texts


def test_documents_of_another_kind_are_worth_a_training(
    corpus: GrowingCorpus, bundle: Path, tmp_path: Path
) -> None:
    strange = [
        replace(each, id=f"strange-{n}", text=f"zebra{n % 7} quilt{n % 5} lantern{n % 3}", title="")
        for n, each in enumerate(list(corpus.documents.values())[:40])
    ]
    path = tmp_path / "strange.jsonl"
    write(path, [*corpus.documents.values(), *strange])
    outcome = build_bundle(str(path), bundle, corpus.options(), Silent())
    fit = outcome.manifest.saes[0].metrics["fit"]
    assert fit["worth_retraining"] is True


def test_retraining_gives_another_sae_on_all_documents(corpus: GrowingCorpus, bundle: Path) -> None:
    build_bundle(str(corpus.two), bundle, corpus.options(), Silent())
    weights = Bundle(bundle).sae().weights.directions
    outcome = build_bundle(str(corpus.two), bundle, corpus.options(retrain=True), Silent())
    assert "train k4-n24" in outcome.steps
    assert damage(bundle) == []
    sae = Bundle(bundle).sae()
    assert not np.array_equal(sae.weights.directions, weights)
    assert "fit" not in sae.record.metrics
    assert not (sae.folder / saes.UNSEEN).exists()
    # What a person called a feature goes with it, or is kept aside; nothing is lost.
    placed = [f.label for f in sae.features if f.label.startswith("Given to")]
    kept = [each.label.text for each in read_unmatched(sae.folder)]
    assert sorted([*placed, *kept]) == ["Given to 0", "Given to 5"]
    assert build_bundle(str(corpus.two), bundle, corpus.options(), Silent()).steps == ()


@pytest.mark.parametrize("retrain", [False, True])
def test_a_stopped_build_leaves_the_old_bundle_and_goes_on(
    corpus: GrowingCorpus, first: Path, tmp_path: Path, retrain: bool
) -> None:
    options = corpus.options(retrain=retrain)
    whole = tmp_path / "whole" / "my.bundle"
    shutil.copytree(first, whole)
    build_bundle(str(corpus.two), whole, options, Silent())
    before = files(first)
    for events in (1, 90, 250, 299, 302, 340, 380, 420, 500):
        path = tmp_path / str(events) / "my.bundle"
        shutil.copytree(first, path)
        try:
            build_bundle(str(corpus.two), path, options, StopsAfter(events))
        except Stopped:
            assert files(path) == before
            assert damage(path) == []
        build_bundle(str(corpus.two), path, options, Silent())
        assert files(path) == files(whole)


def test_a_killed_process_leaves_the_old_bundle_or_the_new_one(
    corpus: GrowingCorpus, first: Path, grown: BuildOutcome, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    environment["OPENAI_API_KEY"] = "key"
    before, after = files(first), files(grown.path)
    moments = random.Random(1)
    for number in range(3):
        path = tmp_path / str(number) / "my.bundle"
        shutil.copytree(first, path)
        command = [sys.executable, "-m", "saetui", "build", str(corpus.two), "-o", str(path)]
        process = subprocess.Popen(
            [*command, *corpus.words],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not (path / WORK).exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert damage(path) == []
        found = files(path)
        assert found in (before, after)
        build_bundle(str(corpus.two), path, corpus.options(), Silent())
        assert files(path) == after


def test_labels_that_come_in_between_are_not_lost(corpus: GrowingCorpus, bundle: Path) -> None:
    with pytest.raises(Stopped):
        build_bundle(str(corpus.two), bundle, corpus.options(), StopsAt("Counting co-occurrence"))
    assert (bundle / WORK / "next" / "saes" / "k4-n24" / "features.sqlite").exists()
    store_labels(bundle, "k4-n24", [LabelRecord(7, "Mine", (), "imported")], ())
    before = len(corpus.server.texts)
    build_bundle(str(corpus.two), bundle, corpus.options(), Silent())
    assert Bundle(bundle).sae().features[7].label == "Mine"
    # What takes long is not done again for it.
    assert corpus.embedded(before) == []
    assert damage(bundle) == []


def test_an_sae_that_was_not_asked_for_is_brought_up_to_date(
    corpus: GrowingCorpus, bundle: Path
) -> None:
    two = corpus.options(saes=(SaeSize(n=16, k=4),))
    build_bundle(str(corpus.one), bundle, two, Silent())
    build_bundle(str(corpus.two), bundle, two, Silent())
    assert [sae.name for sae in Bundle(bundle).manifest.saes] == ["k4-n16", "k4-n24"]
    assert Bundle(bundle).sae("k4-n24").features[5].label == "Given to 5"
    assert damage(bundle) == []


def test_without_a_size_the_sae_of_the_bundle_stays(corpus: GrowingCorpus, bundle: Path) -> None:
    options = corpus.options(saes=())
    outcome = build_bundle(str(corpus.two), bundle, options, Silent())
    assert [sae.name for sae in outcome.manifest.saes] == ["k4-n24"]
    assert "train k4-n24" not in outcome.steps


def test_metadata_alone_moves_nothing(corpus: GrowingCorpus, bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "described.jsonl"
    documents = [replace(d, metadata={"seen": "yes"}) for d in Bundle(bundle).documents]
    write(path, documents)
    outcome = build_bundle(str(path), bundle, corpus.options(), Silent())
    assert outcome.steps == ("documents",)
    facts = Bundle(bundle).documents.facts
    assert facts is not None
    assert list(facts.rows("seen", "yes")) == list(range(240))
    assert damage(bundle) == []


def test_vectors_from_elsewhere_find_their_documents(tmp_path: Path) -> None:
    small = write_corpus(tmp_path / "one")
    path = tmp_path / "my.bundle"
    build_bundle(str(small.corpus), path, small.options(), Silent())
    more = write_corpus(tmp_path / "two", documents=200)
    lines, vectors = more.corpus.read_text("utf-8").splitlines(), np.load(more.vectors)
    order = np.random.default_rng(0).permutation(len(lines))[20:]
    more.corpus.write_text("".join(f"{lines[i]}\n" for i in order), "utf-8")
    np.save(more.vectors, vectors[order])
    outcome = build_bundle(str(more.corpus), path, more.options(), Silent())
    assert "train k4-n24" not in outcome.steps
    assert damage(path) == []
    bundle = Bundle(path)
    by_id = {d.id: row for row, d in enumerate(bundle.documents)}
    for line, vector in zip(lines, vectors, strict=True):
        row = by_id.get(json.loads(line)["id"])
        if row is not None:
            np.testing.assert_allclose(bundle.embeddings[row], vector, atol=1e-3)
    assert len(by_id) == 180
    # Given another order of the same vectors, rows stay what they are.
    again = np.arange(180)[::-1]
    more.corpus.write_text("".join(f"{lines[order[i]]}\n" for i in again), "utf-8")
    np.save(more.vectors, vectors[order][again])
    build_bundle(str(more.corpus), path, more.options(), Silent())
    np.testing.assert_array_equal(Bundle(path).embeddings, bundle.embeddings)


def test_the_embedder_is_looked_for_before_the_corpus_is_read(
    corpus: GrowingCorpus, tmp_path: Path
) -> None:
    options = corpus.options(embedder=EmbedderSettings(f"precomputed:{tmp_path / 'none.npy'}"))
    with pytest.raises(InputError, match="There is no file"):
        build_bundle(str(corpus.one), tmp_path / "x.bundle", options, StopsAt("Reading"))
    assert not (tmp_path / "x.bundle" / WORK).exists()


def test_a_label_that_was_added_has_no_share_until_it_is_tried(bundle: Path) -> None:
    def shown() -> list[FeatureRecord]:
        with closing(Bundle(bundle)) as opened:
            return opened.sae().features

    before = shown()
    feature = max(before, key=lambda each: each.true.value if each.true else 0).id
    store_labels(bundle, "k4-n24", [LabelRecord(feature, "Zebra finches", (), "imported")], ())
    assert [each.true is None for each in shown()] == [
        each.true is None or each.id == feature for each in before
    ]
    assert bring_up_to_date(bundle, Silent()).steps == ("labels k4-n24", "families k4-n24")
    after = shown()[feature]
    assert after.label == "Zebra finches"
    assert after.true and before[feature].true
    assert after.true.value < before[feature].true.value
    assert damage(bundle) == []
    assert bring_up_to_date(bundle, Silent()).steps == ()


def test_a_family_is_called_by_the_label_that_its_root_has_now(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So few features have one parent with one child at most.
    smallest = partial(FamilyParameters, minimum_children=1, minimum_members=2)
    monkeypatch.setattr("saetui.pipeline.family_step.FamilyParameters", smallest)

    def families() -> list[Family]:
        with closing(Bundle(bundle)) as opened:
            return list(opened.sae().families.families)

    def name(feature: int, label: str) -> None:
        store_labels(bundle, "k4-n24", [LabelRecord(feature, label, (), "imported")], ())
        bring_up_to_date(bundle, Silent())

    with closing(Bundle(bundle)) as opened:
        (parent, _, _), *_ = opened.sae().families.forest
        label = opened.sae().features[parent].label
    for better in (f"{label} as it is", f"{label} as it was"):
        name(parent, better)
        (family,) = families()
        assert (family.root, family.label.partition(": ")[0]) == (parent, better)
