"""Measure which features are found again when an autoencoder is trained with another seed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from saetui.core.codec import Float
from saetui.progress import Progress
from saetui.train.options import SaeConfig, TrainingOptions
from saetui.train.training import TrainedSae, train_sae
from saetui.train.workers import ALONE, Workers

# A direction counts as found again if its nearest in the other training has at least this cosine.
FOUND_AGAIN = 0.7
# Directions that are compared at a time.
_BLOCK = 1_024


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
