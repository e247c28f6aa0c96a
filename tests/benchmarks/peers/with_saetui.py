"""Ours: the bare training step for timing, the whole training for quality."""

import tempfile
from pathlib import Path

import torch

from saetui.progress import Silent
from saetui.train.options import SaeConfig, TrainingOptions
from saetui.train.rows import CheckedVectors, TrainingRows
from saetui.train.step import GradientStep, Optimiser, Parameters
from saetui.train.training import train_sae


class Saetui:
    """Our step from given weights, latents dead as the caller says.

    Attributes:
        clipped: Steps whose gradient was longer than 1.
        revived: Steps with an auxiliary loss.
    """

    def __init__(self, plan, start, *, screening):
        self.parameters = Parameters(*(tensor.clone() for tensor in start))
        config = SaeConfig(d=plan.d, n=plan.n, k=plan.k)
        self.gradient_step = GradientStep(self.parameters, config, plan.batch, screening)
        self.optimiser = Optimiser(self.gradient_step)
        self.rate, self.epoch = plan.rate, plan.epoch
        self.since_fired = torch.zeros(plan.n, dtype=torch.int64)
        self.clipped = self.revived = 0

    def step(self, x):
        figures = self.gradient_step(x, self.since_fired >= self.epoch)
        self.optimiser.apply(self.rate)
        self.since_fired += len(x)
        self.since_fired[figures.fired] = 0
        self.clipped += self.gradient_step.norm > 1
        self.revived += figures.auxiliary > 0
        return figures.loss

    def keep_dead(self, dead):
        self.since_fired[dead] = self.epoch


def split(vectors, seed):
    """The training and held-out rows of `train` with this seed, float32."""
    options = TrainingOptions(seed=seed)
    rows = TrainingRows(
        CheckedVectors.of(vectors), options.held_out, options.seed, options.memory_bytes
    )
    return rows.sample(rows.count), rows.held_out()


def train(vectors, n, k, epochs, seed, **recipe):
    """Train as `saetui train` does: held-out nMSE of the best and of the last epoch, figures."""
    options = TrainingOptions(seed=seed, max_epochs=epochs, **recipe)
    config = SaeConfig(d=vectors.shape[1], n=n, k=k)
    with tempfile.TemporaryDirectory() as folder:
        metrics = train_sae(
            vectors, config, options, checkpoint_dir=Path(folder), progress=Silent()
        ).metrics
    return metrics["held_out"]["nmse"], metrics["curve"][-1]["held_out_nmse"], metrics
