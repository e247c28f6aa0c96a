import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from saetui.core.codec import encode
from saetui.errors import BuildError
from saetui.progress import Silent
from saetui.train.options import SaeConfig, TrainingOptions
from saetui.train.training import train_sae

CONFIG = SaeConfig(d=12, n=32, k=3)
OPTIONS = TrainingOptions(max_epochs=6, batch=32, warmup_steps=3, learning_rate=0.02)


class Interrupted(Exception):
    """Stands for whatever ends a process."""


class Recorder(Silent):
    """Keeps what it is told; raises at the `stop`-th batch."""

    def __init__(self, stop=None):
        self.stop, self.batches, self.notes, self.figures = stop, 0, [], []
        self.started = None

    def start(self, task, total, unit, done=0):
        self.started = (task, total, unit, done)

    def advance(self, amount=1, **figures):
        self.batches += 1
        self.figures.append((amount, figures))
        if self.batches == self.stop:
            raise Interrupted

    def note(self, message):
        self.notes.append(message)


def embeddings(count=200, seed=0, d=12):
    generator = np.random.default_rng(seed)
    truth = np.random.default_rng(99).standard_normal((24, d))
    codes = generator.random((count, 24)) * (generator.random((count, 24)) < 0.1)
    x = codes @ truth + 0.05 * generator.standard_normal((count, d))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float16)


def train(folder, vectors=None, *, progress=None, config=CONFIG, options=OPTIONS, **others):
    vectors = embeddings() if vectors is None else vectors
    progress = progress or Recorder()
    others.setdefault("checkpoint_seconds", 0)
    return train_sae(vectors, config, options, checkpoint_dir=folder, progress=progress, **others)


def same(first, second):
    names = ("encoder", "encoder_bias", "directions", "bias")
    return all(
        np.array_equal(getattr(first.weights, name), getattr(second.weights, name))
        for name in names
    )


def test_training_lowers_the_error_and_reports_it(tmp_path):
    progress = Recorder()
    trained = train(tmp_path, progress=progress, options=replace(OPTIONS, max_epochs=25))
    metrics = json.loads(json.dumps(trained.metrics, allow_nan=False))
    curve = metrics["curve"]
    assert metrics["rows"] == {"train": 180, "held_out": 20}
    assert metrics["train"]["nmse"] < 0.6 * curve[0]["train_nmse"]
    assert metrics["held_out"]["nmse"] == pytest.approx(
        min(entry["held_out_nmse"] for entry in curve), rel=1e-5
    )
    assert curve[metrics["best_epoch"] - 1]["held_out_nmse"] == min(
        entry["held_out_nmse"] for entry in curve
    )
    assert progress.started == ("train k3-n32", 25 * 180, "samples", 0)
    assert sum(amount for amount, _ in progress.figures) == metrics["samples"]
    assert set(progress.figures[-1][1]) == {"nmse", "held_out"}
    weights = trained.weights
    assert (weights.n, weights.d, weights.k) == (32, 12, 3)
    assert weights.encoder.dtype == weights.directions.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(weights.directions, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("memory", [2 << 30, 3_000])
def test_an_interrupted_training_ends_with_the_same_weights(tmp_path, memory):
    # Three shards, if they do not fit into memory.
    vectors = embeddings(1_100)
    options = replace(OPTIONS, memory_bytes=memory, max_epochs=2)
    whole = train(tmp_path / "whole", vectors, options=options)
    for stops in ((1,), (5, 7), (6, 1, 20)):
        done, folder = 0, tmp_path / f"stopped-{len(stops)}-times"
        for stop in stops:
            progress = Recorder(stop)
            with pytest.raises(Interrupted):
                train(folder, vectors, options=options, progress=progress)
            assert progress.started[3] == done, stops
            done += sum(amount for amount, _ in progress.figures)
        last = Recorder()
        parts = train(folder, vectors, options=options, progress=last)
        assert last.started[3] == done, stops
        assert same(whole, parts), stops
        assert parts.metrics == whole.metrics, stops
        assert done + sum(amount for amount, _ in last.figures) == whole.metrics["samples"], stops


def test_checkpoints_at_other_times_change_nothing(tmp_path):
    whole = train(tmp_path / "rare", checkpoint_seconds=1e9)
    with pytest.raises(Interrupted):
        train(tmp_path / "lost", progress=Recorder(9), checkpoint_seconds=1e9)
    assert same(whole, train(tmp_path / "lost", checkpoint_seconds=1e9))
    assert same(whole, train(tmp_path / "often"))


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from test_training import Recorder, train

class Kill(Recorder):
    def advance(self, amount=1, **figures):
        super().advance(amount, **figures)
        if self.batches == 11:
            os.kill(os.getpid(), signal.SIGKILL)

train(Path({folder!r}), progress=Kill())
"""


def test_a_killed_process_continues_with_the_same_weights(tmp_path):
    script = KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path / "killed"))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert process.returncode == -signal.SIGKILL
    progress = Recorder()
    continued = train(tmp_path / "killed", progress=progress)
    assert progress.started[3] > 0
    assert same(continued, train(tmp_path / "whole"))


def test_a_finished_training_is_not_repeated(tmp_path):
    first = train(tmp_path)
    progress = Recorder()
    second = train(tmp_path, progress=progress)
    assert same(first, second)
    assert (progress.batches, second.metrics) == (0, first.metrics)


@pytest.mark.parametrize(
    "changed",
    [
        {"options": replace(OPTIONS, max_epochs=7)},
        {"config": SaeConfig(12, 32, 4)},
        {"vectors": embeddings(seed=5)},
        {"extra": {"embedder": "another"}},
    ],
)
def test_a_checkpoint_of_something_else_is_ignored(tmp_path, changed):
    with pytest.raises(Interrupted):
        train(tmp_path, progress=Recorder(4))
    progress = Recorder()
    train(tmp_path, progress=progress, **changed)
    assert progress.started[3] == 0


def test_training_stops_when_the_held_out_error_no_longer_falls(tmp_path):
    progress = Recorder()
    options = replace(OPTIONS, max_epochs=200, patience=2, tether=0)
    config = SaeConfig(12, 64, 6)
    trained = train(tmp_path, embeddings(60), progress=progress, options=options, config=config)
    metrics = trained.metrics
    assert metrics["epochs"] == metrics["best_epoch"] + 2 < 200
    assert metrics["curve"][-1]["train_nmse"] < metrics["held_out"]["nmse"]
    assert f"kept epoch {metrics['best_epoch']}" in progress.notes[0]


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_number_of_samples_ends_training_within_an_epoch(tmp_path, average):
    options = replace(OPTIONS, max_samples=100, average=average)
    metrics = train(tmp_path, options=options).metrics
    assert 100 <= metrics["samples"] < 180
    assert metrics["epochs"] == 1


def test_decay_changes_the_result_and_only_decay_does(tmp_path):
    options = replace(OPTIONS, decay=0.5, average=0, held_out=0)
    falling, again, constant = (
        train(tmp_path / name, options=changed)
        for name, changed in {
            "falling": options,
            "again": options,
            "constant": replace(options, decay=0),
        }.items()
    )
    assert same(falling, again)
    assert not same(falling, constant)


def test_a_tether_keeps_the_encoder_near_half_of_its_directions(tmp_path):
    def distance(tether):
        options = replace(OPTIONS, tether=tether, average=0)
        weights = train(tmp_path / str(tether), options=options).weights
        return np.linalg.norm(weights.encoder - 0.5 * weights.directions, axis=1).mean()

    free, default, tight = (distance(tether) for tether in (0.0, 2.0, 10.0))
    assert free > 1.2 * default > 1.2 * 1.2 * tight


@pytest.mark.parametrize("count", [1, 2, 10])
def test_a_few_documents_are_enough(tmp_path, count):
    config = SaeConfig(12, 8, 2)
    metrics = train(tmp_path, embeddings(count), config=config).metrics
    assert metrics["held_out"] is None
    assert metrics["best_epoch"] == metrics["epochs"] == 6
    json.dumps(metrics, allow_nan=False)


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_equal_documents_leave_finite_weights(tmp_path, value):
    vectors = np.full((50, 12), value, dtype=np.float32)
    trained = train(tmp_path, vectors)
    assert np.isfinite(trained.weights.encoder).all()
    assert np.isfinite(trained.weights.directions).all()
    json.dumps(trained.metrics, allow_nan=False)
    assert trained.metrics["held_out"]["nmse"] == pytest.approx(0, abs=1e-3)


def test_more_latents_than_documents(tmp_path):
    trained = train(tmp_path, embeddings(20), config=SaeConfig(12, 64, 2))
    assert np.isfinite(trained.weights.directions).all()
    assert len(np.unique(trained.weights.directions, axis=0)) == 64


def test_vectors_of_another_width_are_refused(tmp_path):
    with pytest.raises(BuildError, match=r"width 12.*d = 7"):
        train(tmp_path, config=SaeConfig(7, 8, 2))


def test_divergence_is_said_and_not_kept(tmp_path):
    options = replace(OPTIONS, learning_rate=1e30, average=0)
    for _ in range(2):
        with pytest.raises(BuildError, match="diverged in epoch 1") as raised:
            train(tmp_path, options=options)
        assert "1e+30" in raised.value.hint


def test_the_number_of_threads_is_left_as_it_was(tmp_path):
    before = torch.get_num_threads()
    train(tmp_path)
    assert torch.get_num_threads() == before


@pytest.fixture(scope="module")
def variants(tmp_path_factory):
    """What is trained on 400 documents, by variant."""
    options, vectors = replace(OPTIONS, max_epochs=25), embeddings(400)

    @cache
    def trained(variant):
        config = SaeConfig(12, 32, 3, variant)
        return train(tmp_path_factory.mktemp(variant), vectors, config=config, options=options)

    return trained


@pytest.mark.parametrize("variant", ["topk", "batchtopk", "matryoshka"])
def test_every_variant_trains_and_encodes_as_it_was_measured(variants, variant):
    config = SaeConfig(12, 32, 3, variant)
    vectors = embeddings(400)
    trained = variants(variant)
    metrics = trained.metrics
    assert metrics["variant"] == variant
    assert metrics["held_out"]["nmse"] < 0.7 * metrics["curve"][0]["train_nmse"]
    codes = encode(trained.weights, vectors.astype(np.float32))
    active = (codes.indices >= 0).sum(axis=1)
    assert active.mean() == pytest.approx(3, abs=0.3)
    assert codes.indices.shape == (400, config.most_active)
    assert active.max() > 3 if variant == "batchtopk" else active.max() == 3
    assert (trained.weights.threshold > 0) == (variant == "batchtopk")
    weights = (metrics["rows"]["train"], metrics["rows"]["held_out"])
    l0 = np.average([metrics[part]["l0"] for part in ("train", "held_out")], weights=weights)
    assert active.mean() == pytest.approx(l0, rel=1e-6)


def test_prefixes_of_a_matryoshka_reconstruct_better_than_those_of_topk(variants):
    x = embeddings(400).astype(np.float32)
    errors = {}
    for variant in ("topk", "matryoshka"):
        weights = variants(variant).weights
        codes = encode(weights, x)
        values = np.where(codes.indices < 4, codes.values, 0)
        rebuilt = np.einsum("rk,rkd->rd", values, weights.directions[codes.indices]) + weights.bias
        errors[variant] = np.square(x - rebuilt).sum()
    assert errors["matryoshka"] < 0.9 * errors["topk"]


def test_an_absent_device_is_refused(tmp_path):
    absent = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(BuildError, match=f"no device '{absent}'"):
        train(tmp_path, options=replace(OPTIONS, device=absent))
