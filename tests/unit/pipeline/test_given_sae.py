"""SAEs that were trained elsewhere: taken over, tested, extended, labelled, kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpora import SmallCorpus, write_corpus
from test_build import contents

from saetui.core.codec import Codes, SaeWeights, encode
from saetui.core.scores import single
from saetui.errors import InputError
from saetui.interop.autoencoder import write_saelens
from saetui.pipeline.build import add_saes, build_bundle
from saetui.pipeline.extended_sae import effect_of, with_added
from saetui.pipeline.options import SaeSource
from saetui.progress import Silent
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle
from saetui.store.labels import LabelRecord, add_labels, read_labels
from saetui.store.notes import Notes
from saetui.store.stored_sae import StoredSae
from saetui.train.metrics import evaluate
from saetui.train.options import TrainingOptions
from saetui.train.rows import CheckedVectors, TrainingRows
from saetui.train.size import SaeSize


class Told(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    many, path = write_corpus(folder / "corpus", 240), folder / "trained.bundle"
    training = TrainingOptions(max_epochs=60, learning_rate=3e-3)
    options = many.options(saes=(SaeSize(32, 4),), training=training, stability=False)
    build_bundle(str(many.corpus), path, options, Silent())
    features = path / "saes" / "k4-n32" / "features.sqlite"
    written = LabelRecord(1, "What a model called it", (), "llm", "gpt", "3", "2026-01-02")
    add_labels(features, [written], ())
    sae = Bundle(path).sae("k4-n32")
    notes = Notes.of_bundle(path)
    notes.say("k4-n32", 2, "label", "What I call it", of=sae.of)
    notes.write()
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    return write_corpus(tmp_path_factory.mktemp("few"), 120)


def dense(codes: Codes) -> np.ndarray:
    z = np.zeros((len(codes.indices), codes.n), dtype=np.float32)
    rows, slots = np.nonzero(codes.indices >= 0)
    z[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    return z


def given(small: SmallCorpus, path: Path, source: object, told: Silent, **asked: int) -> StoredSae:
    """Build a bundle with a given SAE, which must be whole; the SAE of it."""
    options = small.options(saes=(), sae_from=SaeSource(str(source), **asked))
    build_bundle(str(small.corpus), path, options, told)
    assert [each for each in check_bundle(path) if not each.ok] == []
    bundle = Bundle(path)
    return bundle.sae(bundle.manifest.saes[0].name)


def codes_are_its_own(sae: StoredSae, bundle: Path) -> None:
    found = encode(sae.weights, single(Bundle(bundle).embeddings[:]))
    assert np.array_equal(sae.codes.indices, found.indices)
    np.testing.assert_allclose(sae.codes.values, found.values, atol=1e-6)


def test_an_sae_of_another_bundle_comes_with_its_labels(
    trained: Path, small: SmallCorpus, tmp_path: Path
) -> None:
    told, path = Told(), tmp_path / "few.bundle"
    sae = given(small, path, trained, told)
    own = Bundle(trained).sae("k4-n32")
    assert sae.record.name == "k4-n32-from-trained"
    for name in ("encoder", "encoder_bias", "directions", "bias"):
        assert np.array_equal(getattr(sae.weights, name), getattr(own.weights, name))
    codes_are_its_own(sae, path)
    assert any("fits: nMSE" in note for note in told.notes)
    assert sae.record.metrics["train"]["nmse"] < 0.7
    came = {record.id: record.label for record in own.features if record.label}
    came |= {1: "What a model called it", 2: "What I call it"}
    assert {r.id: r.label for r in sae.features if r.id in came} == came
    labels = {label.feature: label for label in read_labels(sae.folder / "features.sqlite")}
    assert labels[1].method == "llm, from trained"
    assert (labels[1].model, labels[1].created) == ("gpt", "2026-01-02")
    assert labels[2].method == "reader, from trained"
    scored = [r for r in sae.features if r.f1 is not None]
    assert len(scored) > 5
    # They are scored on these documents, not on those that they came from.
    assert any(r.f1 != own.features[r.id].f1 for r in scored)


def test_the_same_command_again_does_nothing_and_a_larger_corpus_keeps_the_sae(
    trained: Path, small: SmallCorpus, tmp_path: Path
) -> None:
    path = tmp_path / "few.bundle"
    sae = given(small, path, trained, Told())
    before, weights = contents(path), sae.weights.directions
    options = small.options(saes=(), sae_from=SaeSource(str(trained)))
    assert build_bundle(str(small.corpus), path, options, Silent()).steps == ()
    assert contents(path) == before
    more = write_corpus(tmp_path / "more", 150)
    for asked in (SaeSource(str(trained)), None):
        options = more.options(saes=(), sae_from=asked)
        outcome = build_bundle(str(more.corpus), path, options, Silent())
        (record,) = outcome.manifest.saes
        assert record.name == "k4-n32-from-trained"
        assert not any(step.startswith("train") for step in outcome.steps)
    found = Bundle(path).sae(record.name)
    assert np.array_equal(found.weights.directions, weights)
    codes_are_its_own(found, path)
    assert found.record.metrics["fit"]["given"]
    assert read_labels(found.folder / "features.sqlite")[1].method.endswith("from trained")


def test_further_features_lower_the_error_and_leave_the_others_alone(
    trained: Path, small: SmallCorpus, tmp_path: Path
) -> None:
    told, path = Told(), tmp_path / "few.bundle"
    sae = given(small, path, trained, told, extend=8)
    own = Bundle(trained).sae("k4-n32").weights
    weights = sae.weights
    assert (sae.record.name, weights.added, weights.added_k) == ("k5-n40-from-trained", 8, 1)
    assert np.array_equal(weights.directions[:32], own.directions)
    assert np.array_equal(weights.encoder[:32], own.encoder)
    x = single(Bundle(path).embeddings[:])
    alone, both = encode(own, x), sae.codes
    old, new = dense(alone), dense(both)
    np.testing.assert_allclose(new[:, :32], old, atol=1e-5)
    assert (both.indices >= 32).any()
    metrics = sae.record.metrics
    assert metrics["train"]["nmse"] < 0.95 * metrics["given"]["nmse"]
    assert metrics["held_out"]["rows"] == 12
    without = evaluate(own, single(Bundle(path).embeddings[held_out_rows(path)])).nmse
    (said,) = (note for note in told.notes if note.startswith("With 8 further features"))
    assert said == effect_of(8, metrics, without)
    assert f"{metrics['held_out']['nmse']:.3f}, without them {without:.3f}." in said
    assert sum(bool(r.label) for r in sae.features[32:]) > 0
    with pytest.raises(InputError, match="was extended already"):
        given(small, tmp_path / "twice.bundle", path, Silent(), extend=4)
    again = given(small, tmp_path / "handed-on.bundle", path, Silent())
    assert again.record.name == "k5-n40-from-trained"
    assert again.weights.added == 8


def held_out_rows(path: Path) -> np.ndarray:
    options = TrainingOptions()
    vectors = CheckedVectors.of(Bundle(path).embeddings)
    return TrainingRows(vectors, options.held_out, options.seed, 1 << 30).held_out_rows


def test_it_is_said_where_further_features_do_not_help() -> None:
    """What they were trained on says nothing: there they always lower the error."""
    better, same = {"nmse": 0.298, "rows": 30}, {"nmse": 0.32, "rows": 30}
    told = effect_of(64, {"train": {"nmse": 0.2}, "held_out": better}, 0.32)
    assert told.endswith(
        "is 0.200 on the documents that these were trained on; on 30 others it is "
        "0.298, without them 0.320."
    )
    assert "They do not help" in effect_of(64, {"train": {"nmse": 0.2}, "held_out": same}, 0.32)
    assert "too few" in effect_of(64, {"train": {"nmse": 0.2}, "held_out": None}, None)


@pytest.mark.parametrize("kind", ["jumprelu", "relu"])
def test_codes_may_have_any_length(
    kind: str, trained: Path, small: SmallCorpus, tmp_path: Path
) -> None:
    own = Bundle(trained).sae("k4-n32").weights
    threshold = np.linspace(0, 0.3, 32, dtype=np.float32)
    changed = replace(own, threshold=0 * threshold if kind == "relu" else threshold, k=32)
    write_saelens(tmp_path / "theirs_v2", changed, {})
    path = tmp_path / "few.bundle"
    sae = given(small, path, tmp_path / "theirs_v2", Told(), force=True, extend=0)
    active = (encode(changed, single(Bundle(path).embeddings[:])).indices >= 0).sum(axis=1)
    assert active.min() < active.max() < sae.record.slots
    assert np.array_equal((sae.codes.indices >= 0).sum(axis=1), active)
    assert sae.record.name == f"k{round(active.mean())}-n32-from-theirs-v2"
    assert sae.record.metrics["train"]["l0"] == pytest.approx(active.mean())
    codes_are_its_own(sae, path)
    more = given(small, tmp_path / "more.bundle", tmp_path / "theirs_v2", Told(), force=1, extend=6)
    assert more.weights.added == 6
    assert np.array_equal(more.weights.threshold[:32], sae.weights.threshold)
    codes_are_its_own(more, tmp_path / "more.bundle")


def test_what_does_not_fit_is_refused_unless_forced(
    trained: Path, small: SmallCorpus, tmp_path: Path
) -> None:
    own = Bundle(trained).sae("k4-n32").weights
    scaled = replace(own, bias=6 * own.bias, encoder_bias=6 * own.encoder_bias)
    write_saelens(tmp_path / "scaled", scaled, {})
    silent = replace(own, threshold=np.full(32, 9, dtype=np.float32), k=32)
    write_saelens(tmp_path / "silent", silent, {})
    for name, said in (("scaled", "norm is sqrt"), ("silent", "on no document")):
        with pytest.raises(InputError, match=said) as error:
            given(small, tmp_path / f"{name}.bundle", tmp_path / name, Told())
        assert "add --force" in (error.value.hint or "")
        assert not list((tmp_path / f"{name}.bundle").glob("manifest.json"))
    told = Told()
    given(small, tmp_path / "forced.bundle", tmp_path / "scaled", told, force=True)
    assert any("It is taken all the same." in note for note in told.notes)


def test_other_widths_and_other_embedders_are_refused(
    trained: Path, small: SmallCorpus, tmp_path: Path
) -> None:
    rows = np.eye(16, dtype=np.float32)
    zeros = np.zeros(16, dtype=np.float32)
    write_saelens(tmp_path / "narrow", SaeWeights(rows, zeros, rows, zeros, 2), {})
    with pytest.raises(InputError, match="reads vectors of width 16, but precomputed"):
        given(small, tmp_path / "a.bundle", tmp_path / "narrow", Told())
    with pytest.raises(InputError, match=r"There is no SAE at nowhere\."):
        given(small, tmp_path / "a.bundle", "nowhere", Told())


def test_a_bundle_may_get_one_beside_its_own(
    trained: Path, small: SmallCorpus, tmp_path: Path
) -> None:
    path = tmp_path / "few.bundle"
    build_bundle(str(small.corpus), path, small.options(), Silent())
    source = SaeSource(str(trained / "saes" / "k4-n32"))
    add_saes(path, small.options(saes=(), sae_from=source), Silent())
    names = [sae.name for sae in Bundle(path).manifest.saes]
    assert names == ["k4-n24", "k4-n32-from-trained"]
    assert [each for each in check_bundle(path) if not each.ok] == []
    again = build_bundle(str(small.corpus), path, small.options(saes=(), retrain=True), Silent())
    assert "train k4-n32-from-trained" not in again.steps
    assert [sae.name for sae in again.manifest.saes] == names
    with pytest.raises(InputError, match="Give it by --sae-from"):
        wanted = SaeSize.parse("k4-n99-from-trained")
        add_saes(path, small.options(saes=(wanted,)), Silent())


def test_what_is_added_reads_what_is_left(trained: Path) -> None:
    bundle = Bundle(trained)
    own = bundle.sae("k4-n32").weights
    random = np.random.default_rng(0)
    rows = random.standard_normal((5, own.d)).astype(np.float32)
    bias = (0.1 * random.standard_normal(own.d)).astype(np.float32)
    more = SaeWeights(rows, np.ones(5, dtype=np.float32), rows, bias, 2)
    both = with_added(own, more)
    x = single(bundle.embeddings[:20])
    left = x - dense(encode(own, x)) @ own.directions - own.bias
    np.testing.assert_allclose(dense(encode(both, x))[:, 32:], dense(encode(more, left)), atol=1e-4)
