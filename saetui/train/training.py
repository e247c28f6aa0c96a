"""Train an autoencoder until its held-out error stops falling; can be interrupted at any time.

Trained again with another seed, it shows which features are found again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from saetui.core.codec import Float, SaeWeights
from saetui.errors import BuildError
from saetui.progress import Progress, Silent
from saetui.train.loop import CheckpointFile, TrainingLoop
from saetui.train.metrics import evaluate, retrieval_kept
from saetui.train.options import ALONE, Device, SaeConfig, TrainingOptions, Workers
from saetui.train.rows import CheckedVectors, TrainingRows

# Increased when the same options and data would give other weights.
_RECIPE = 3
_ROWS_EVALUATED = 20_000
_WORTH_THREADS = 1 << 28
# A direction counts as found again if its nearest in the other training has at least this cosine.
FOUND_AGAIN = 0.7
# Directions that are compared at a time.
_BLOCK = 1_024


@dataclass(frozen=True)
class TrainedSae:
    """An autoencoder with its metrics.

    Attributes:
        weights: Of the epoch with the lowest held-out error; trained on the training rows only.
        metrics: JSON values. `train` and `held_out` (None if nothing was held out) hold the fields
            of `metrics.Evaluation` and `retrieval_kept`; `rows` the number of rows of each;
            `curve` one entry per epoch; `variant`, `epochs`, `best_epoch` (from 1), `samples`,
            `batch`, `learning_rate`, `trained_on`.
        stability: The largest cosine of each feature to a feature of another training, float32
            `(n,)`; None if there was no other training.
    """

    weights: SaeWeights
    metrics: dict[str, Any]
    stability: Float | None = None


def train_sae(
    vectors: ArrayLike,
    config: SaeConfig,
    options: TrainingOptions,
    *,
    checkpoint_dir: Path,
    progress: Progress,
    extra: Mapping[str, object] | None = None,
    checkpoint_seconds: float = 20.0,
    workers: Workers = ALONE,
) -> TrainedSae:
    """Train one autoencoder.

    If a call was interrupted, by any cause, the same call continues from the last checkpoint and
    returns the same weights, bit for bit, as without the interruption (with the same number of
    threads on the same kind of processor).

    Args:
        vectors: Float `(N, d)`, one document a row; a memory map is read in blocks.
        config: Shape of the autoencoder.
        options: How to train.
        checkpoint_dir: Folder for this training's checkpoint, which stays when training is done.
        progress: Counts samples, with the figures `nmse` and `held_out`.
        extra: Further JSON values that identify this training, such as the embedder.
        checkpoint_seconds: Time between checkpoints.
        workers: Processes that train together; all must make the same call. The first one writes
            checkpoints and reports progress.

    Raises:
        BuildError: No rows, a number that is not finite, or shapes that do not fit.
    """
    checked = CheckedVectors.of(vectors)
    if checked.rows.shape[1] != config.d:
        raise BuildError(
            f"The vectors have width {checked.rows.shape[1]}, but the autoencoder has "
            f"d = {config.d}."
        )
    identity = _identity(config, options, checked.fingerprint, extra or {})
    rows = TrainingRows(checked, options.held_out, options.seed, options.memory_bytes, workers)
    file = CheckpointFile(checkpoint_dir, identity, checkpoint_seconds)
    with _fewer_threads(options.rows_per_step(rows.count) * config.n * config.d):
        loop = TrainingLoop(
            config,
            options,
            rows,
            file,
            progress=progress if workers.first else Silent(),
            device=_chosen_device(options.device),
            workers=workers,
        )
        loop.run()
        return _result(loop)


def train_twice(
    vectors: ArrayLike,
    config: SaeConfig,
    options: TrainingOptions,
    *,
    checkpoint_dir: Path,
    progress: Progress,
    workers: Workers = ALONE,
) -> TrainedSae:
    """Train with two seeds, the second only for comparison; arguments as for `train_sae`.

    The metrics contain `stability` as well: `mean_max_cosine`, `found_again` (the share of features
    whose cosine is at least 0.7) and the other `seed`.
    """
    another = replace(options, seed=options.seed + 1)
    first, second = (
        train_sae(
            vectors,
            config,
            each,
            checkpoint_dir=checkpoint_dir / f"seed-{each.seed}",
            progress=progress,
            workers=workers,
        )
        for each in (options, another)
    )
    stability = max_cosines(first.weights.directions, second.weights.directions)
    figures = {
        "mean_max_cosine": float(stability.mean()),
        "found_again": float((stability >= FOUND_AGAIN).mean()),
        "seed": another.seed,
    }
    metrics = {**first.metrics, "stability": figures}
    return replace(first, metrics=metrics, stability=stability)


def max_cosines(directions: Float, others: Float, *, block: int = _BLOCK) -> Float:
    """The largest cosine of each direction to one of the others; unit rows `(n, d)`, `(m, d)`."""
    blocks = [
        (directions[start : start + block] @ others.T).max(axis=1)
        for start in range(0, len(directions), block)
    ]
    return np.concatenate(blocks)


def _identity(
    config: SaeConfig, options: TrainingOptions, data: str, extra: Mapping[str, object]
) -> str:
    parts = [_RECIPE, asdict(config), asdict(options), data, dict(extra)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _result(loop: TrainingLoop) -> TrainedSae:
    """The best weights and their metrics."""
    standing, config, rows = loop.standing, loop.config, loop.rows
    best = loop.best._asdict()
    weights = SaeWeights(
        **{name: tensor.cpu().numpy() for name, tensor in best.items()},
        k=config.most_active,
        threshold=standing.best_threshold,
    )
    sample = rows.sample(_ROWS_EVALUATED).numpy()
    held_out = None if loop.held_out is None else loop.held_out.numpy()
    metrics: dict[str, Any] = {
        "variant": config.variant,
        "train": _figures(weights, sample, sample),
        "held_out": None,
        "rows": {"train": rows.count, "held_out": len(rows.held_out_rows)},
        "epochs": standing.epoch,
        "best_epoch": standing.best_epoch,
        "samples": standing.samples,
        "batch": loop.batch,
        "learning_rate": loop.highest_rate,
        "curve": standing.curve,
        "trained_on": "training rows only; held-out rows chose the epoch",
    }
    if held_out is not None:
        corpus = np.concatenate([held_out, sample])[:_ROWS_EVALUATED]
        metrics["held_out"] = _figures(weights, held_out, corpus)
    return TrainedSae(weights, metrics)


def _figures(weights: SaeWeights, rows: Float, corpus: Float) -> dict[str, object]:
    """Metrics on some rows, which must be the first ones of `corpus`."""
    kept = retrieval_kept(weights, rows, corpus)
    return {**asdict(evaluate(weights, rows)), "retrieval_kept": kept}


def _chosen_device(wanted: Device) -> torch.device:
    """The requested device; "auto": the fastest one.

    Raises:
        BuildError: The machine does not have it.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return torch.device(next(name for name, there in present.items() if there))
    if not present[wanted]:
        raise BuildError(
            f"PyTorch finds no device '{wanted}' on this machine.", "Leave out --device."
        )
    return torch.device(wanted)


@contextmanager
def _fewer_threads(multiplications: int) -> Iterator[None]:
    """Use one thread while steps are small.

    A small step is a hundred operations of a few microseconds each. Threads that wait for each
    other after every operation gain little on an idle machine and lose a factor of fifty on a busy
    one.

    `multiplications` are those of the largest product of a step.
    """
    threads = torch.get_num_threads()
    if multiplications < _WORTH_THREADS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
