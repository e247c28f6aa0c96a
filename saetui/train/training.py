"""Train an autoencoder until its error on held-out rows stops falling; interruptible anywhere."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn.functional import normalize

from saetui.core.codec import SaeWeights
from saetui.errors import BuildError
from saetui.progress import Progress
from saetui.train.checkpoint import Checkpoint, CheckpointFile
from saetui.train.initial import initial_parameters
from saetui.train.metrics import evaluate, reconstruct
from saetui.train.options import SaeConfig, TrainingOptions
from saetui.train.rows import CheckedVectors, TrainingRows
from saetui.train.selection import worth_screening
from saetui.train.step import GradientStep, Optimiser, Parameters

# Raised when the same options and data would train differently.
_RECIPE = 1
_AVERAGE_EVERY = 5
_EPOCH_END_SHARE = 0.25
_ROWS_EVALUATED = 65_536
_WORTH_THREADS = 1 << 28


@dataclass(frozen=True)
class TrainedSae:
    """An autoencoder and how well it does.

    Attributes:
        weights: Of the epoch with the lowest held-out error; trained on the training rows only.
        metrics: JSON values. `train` and `held_out` (None where nothing was held out) hold the
            fields of `metrics.Evaluation`; `rows` how many rows each had; `curve` one entry an
            epoch; `epochs`, `best_epoch` (from 1), `samples`, `batch`, `learning_rate`,
            `trained_on`.
    """

    weights: SaeWeights
    metrics: dict[str, Any]


@dataclass
class _Standing:
    """Where a training stands, apart from its tensors."""

    epoch: int = 0
    batches: int = 0  # Of the current epoch.
    steps: int = 0
    samples: int = 0
    nmse_sum: float = 0.0  # Over the batches of the current epoch.
    best_nmse: float | None = None
    best_epoch: int = 0
    finished: bool = False
    curve: list[dict[str, Any]] = field(default_factory=list)


def train_sae(
    vectors: ArrayLike,
    config: SaeConfig,
    options: TrainingOptions,
    *,
    checkpoint_dir: Path,
    progress: Progress,
    extra: Mapping[str, object] | None = None,
    checkpoint_seconds: float = 20.0,
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
    rows = TrainingRows(checked, options.held_out, options.seed, options.memory_bytes)
    file = CheckpointFile(checkpoint_dir, identity, checkpoint_seconds)
    with _threads(options.rows_per_step(rows.count) * config.n * config.d):
        training = _Training(config, options, rows, file, progress)
        training.run()
        return training.result()


@contextmanager
def _threads(multiplications: int) -> Iterator[None]:
    """Use one thread for small steps.

    Such a step is a hundred operations of some microseconds, and threads that wait for each other
    after every one gain little on an idle machine and lose a factor of fifty on a busy one.
    """
    threads = torch.get_num_threads()
    if multiplications < _WORTH_THREADS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _identity(
    config: SaeConfig, options: TrainingOptions, data: str, extra: Mapping[str, object]
) -> str:
    parts = [_RECIPE, config.to_json(), options.to_json(), data, dict(extra)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class _Training:
    """One training under way.

    Args:
        config: Shape.
        options: How to train.
        rows: Training and held-out rows.
        file: Its checkpoint.
        progress: Who is told.
    """

    def __init__(
        self,
        config: SaeConfig,
        options: TrainingOptions,
        rows: TrainingRows,
        file: CheckpointFile,
        progress: Progress,
    ) -> None:
        self.config, self.options, self.rows = config, options, rows
        self.file, self.progress = file, progress
        self.batch = options.rows_per_step(rows.count)
        self.highest_rate = options.highest_rate(config.d)
        self.planned = min(
            options.max_epochs * rows.count, options.max_samples or options.max_epochs * rows.count
        )
        self.held_out = rows.held_out() if len(rows.held_out_rows) else None
        self.standing = _Standing()
        self.parameters = initial_parameters(config, rows, options.seed)
        self.average = _copies(self.parameters)
        self.best = _copies(self.parameters)
        self.since_fired = torch.zeros(config.n, dtype=torch.int64)
        screening = options.screening == "always" or (
            options.screening == "auto" and worth_screening(self.batch, config.n, config.d)
        )
        self.step = GradientStep(self.parameters, config.k, self.batch, screening)
        self.optimiser = Optimiser(self.step)
        checkpoint = file.read()
        if checkpoint is not None:
            self._restore(checkpoint)

    def run(self) -> None:
        """Train until done."""
        standing, config = self.standing, self.config
        task = f"train {config.name}"
        self.progress.start(task, self.planned, "samples", done=standing.samples)
        while not standing.finished:
            for x in self.rows.batches(standing.epoch, self.batch, first=standing.batches):
                nmse = self._train_on(x)
                if self.file.due():
                    self._save()
                self.progress.advance(len(x), nmse=nmse, **self._held_out_figure())
                if standing.samples >= self.planned:
                    break
            self._end_epoch()
            if standing.finished or self.file.due(_EPOCH_END_SHARE):
                self._save()

    def _train_on(self, x: Tensor) -> float:
        """Take one step; return the batch's nMSE."""
        standing = self.standing
        figures = self.step(x, self.since_fired >= self.rows.count)
        self._require_finite(figures.nmse)
        self.optimiser.apply(self._learning_rate())
        self.since_fired += len(x)
        self.since_fired[figures.fired] = 0
        standing.steps += 1
        standing.batches += 1
        standing.samples += len(x)
        standing.nmse_sum += figures.nmse
        if self.options.average and standing.steps % _AVERAGE_EVERY == 0:
            # Early on the average must forget the start faster than later.
            early = (1 + standing.steps) / (10 + standing.steps)
            share = 1 - min(self.options.average, early) ** _AVERAGE_EVERY
            for average, weight in zip(self.average, self.parameters, strict=True):
                average.lerp_(weight, share)
        return figures.nmse

    def _learning_rate(self) -> float:
        """Adam's learning rate for the next step."""
        options, standing = self.options, self.standing
        warm = min(1.0, (standing.steps + 1) / (options.warmup_steps + 1))
        left = 1 - standing.samples / self.planned
        return self.highest_rate * warm * (min(1.0, left / options.decay) if options.decay else 1.0)

    def _end_epoch(self) -> None:
        """Measure, remember the best weights, decide whether to go on."""
        standing, options = self.standing, self.options
        candidate = self._candidate()
        standing.epoch += 1
        entry: dict[str, Any] = {
            "epoch": standing.epoch,
            "samples": standing.samples,
            "train_nmse": standing.nmse_sum / standing.batches,
            "held_out_nmse": None,
            "dead_share": float((self.since_fired >= self.rows.count).double().mean()),
        }
        standing.batches, standing.nmse_sum = 0, 0.0
        improved = True
        if self.held_out is not None:
            nmse = reconstruct(candidate, self.config.k, self.held_out).nmse
            self._require_finite(nmse)
            entry["held_out_nmse"] = nmse
            improved = standing.best_nmse is None or nmse < standing.best_nmse
            standing.best_nmse = nmse if improved else standing.best_nmse
        standing.curve.append(entry)
        if improved:
            standing.best_epoch = standing.epoch
            for best, weight in zip(self.best, candidate, strict=True):
                best.copy_(weight)
        stale = standing.epoch - standing.best_epoch
        standing.finished = standing.samples >= self.planned or stale >= options.patience
        if stale >= options.patience:
            self.progress.note(
                f"{self.config.name}: stopped after epoch {standing.epoch}, since the held-out "
                f"error has not fallen for {stale} epochs; kept epoch {standing.best_epoch}."
            )

    def _require_finite(self, nmse: float) -> None:
        if not math.isfinite(nmse):
            raise BuildError(
                f"Training {self.config.name} diverged in epoch {self.standing.epoch + 1}.",
                f"Use a learning rate below {self.highest_rate:g}.",
            )

    def _candidate(self) -> Parameters:
        """The weights that would be kept if training ended now."""
        if not self.options.average or self.standing.steps < _AVERAGE_EVERY:
            return self.parameters
        return self.average._replace(directions=normalize(self.average.directions, dim=1))

    def _held_out_figure(self) -> dict[str, float]:
        curve = self.standing.curve
        latest = curve[-1]["held_out_nmse"] if curve else None
        return {} if latest is None else {"held_out": latest}

    def _tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint must hold, by name; the tensors themselves, not copies."""
        tensors = {"since_fired": self.since_fired}
        groups = {"weight": self.parameters, "average": self.average, "best": self.best}
        for group, parameters in groups.items():
            tensors |= {f"{group}.{name}": t for name, t in parameters._asdict().items()}
        return tensors | self.optimiser.state()

    def _save(self) -> None:
        self.file.write(Checkpoint(self._tensors(), vars(self.standing)))

    def _restore(self, checkpoint: Checkpoint) -> None:
        for name, tensor in self._tensors().items():
            tensor.copy_(checkpoint.tensors[name])
        self.standing = _Standing(**dict(checkpoint.state))  # type: ignore[arg-type]

    def result(self) -> TrainedSae:
        """The best weights and their figures."""
        standing, config = self.standing, self.config
        best = self.best._asdict()
        weights = SaeWeights(**{name: t.numpy() for name, t in best.items()}, k=config.k)
        held_out = None if self.held_out is None else evaluate(weights, self.held_out).to_json()
        train = evaluate(weights, self.rows.sample(_ROWS_EVALUATED))
        metrics: dict[str, Any] = {
            "train": train.to_json(),
            "held_out": held_out,
            "rows": {"train": self.rows.count, "held_out": len(self.rows.held_out_rows)},
            "epochs": standing.epoch,
            "best_epoch": standing.best_epoch,
            "samples": standing.samples,
            "batch": self.batch,
            "learning_rate": self.highest_rate,
            "curve": standing.curve,
            "trained_on": "training rows only; held-out rows chose the epoch",
        }
        return TrainedSae(weights, metrics)


def _copies(parameters: Parameters) -> Parameters:
    return Parameters(*(tensor.clone() for tensor in parameters))
