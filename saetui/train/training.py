"""Train an autoencoder until its error on held-out rows stops falling; interruptible anywhere."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from saetui.core.codec import Float, SaeWeights
from saetui.errors import BuildError
from saetui.progress import Progress, Silent
from saetui.train.checkpoint import CheckpointFile
from saetui.train.devices import chosen_device, fewer_threads
from saetui.train.loop import TrainingLoop
from saetui.train.metrics import evaluate
from saetui.train.options import SaeConfig, TrainingOptions
from saetui.train.retrieval import retrieval_kept
from saetui.train.rows import CheckedVectors, TrainingRows
from saetui.train.workers import ALONE, Workers

# Raised when the same options and data would train differently.
_RECIPE = 3
_ROWS_EVALUATED = 20_000


@dataclass(frozen=True)
class TrainedSae:
    """An autoencoder and how well it does.

    Attributes:
        weights: Of the epoch with the lowest held-out error; trained on the training rows only.
        metrics: JSON values. `train` and `held_out` (None where nothing was held out) hold the
            fields of `metrics.Evaluation` and `retrieval_kept`; `rows` how many rows each had;
            `curve` one entry an epoch; `variant`, `epochs`, `best_epoch` (from 1), `samples`,
            `batch`, `learning_rate`, `trained_on`.
        stability: Of each feature, the largest cosine to a feature of another training, float32
            `(n,)`; None where there was none.
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

    A call that was interrupted, by whatever means, continues from its last checkpoint when made
    again, and returns the same weights bit for bit as one that was not (with the same number of
    threads on the same kind of processor).

    Args:
        vectors: Float `(N, d)`, one document a row; a memory map is read in blocks.
        config: Shape of the autoencoder.
        options: How to train.
        checkpoint_dir: Folder of this training's checkpoint, which stays there when it is done.
        progress: Told of every batch in samples, with the figures `nmse` and `held_out`.
        extra: Further JSON values that identify this training, such as the embedder.
        checkpoint_seconds: Time between checkpoints.
        workers: Who trains together; all must make the same call. The first one writes
            checkpoints and tells of progress.

    Raises:
        BuildError: No rows, a number that is not finite, or shapes that do not fit.
    """
    checked = CheckedVectors.of(vectors)
    if checked.rows.shape[1] != config.d:
        raise BuildError(
            f"The vectors have width {checked.rows.shape[1]}, but the autoencoder was to have "
            f"d = {config.d}."
        )
    identity = _identity(config, options, checked.fingerprint, extra or {})
    rows = TrainingRows(checked, options.held_out, options.seed, options.memory_bytes, workers)
    file = CheckpointFile(checkpoint_dir, identity, checkpoint_seconds)
    with fewer_threads(options.rows_per_step(rows.count) * config.n * config.d):
        loop = TrainingLoop(
            config,
            options,
            rows,
            file,
            progress=progress if workers.first else Silent(),
            device=chosen_device(options.device),
            workers=workers,
        )
        loop.run()
        return _result(loop)


def _identity(
    config: SaeConfig, options: TrainingOptions, data: str, extra: Mapping[str, object]
) -> str:
    parts = [_RECIPE, config.to_json(), options.to_json(), data, dict(extra)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _result(loop: TrainingLoop) -> TrainedSae:
    """The best weights and their figures."""
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
    """Figures on rows, which are the first ones of a corpus."""
    kept = retrieval_kept(weights, rows, corpus)
    return {**evaluate(weights, rows).to_json(), "retrieval_kept": kept}
