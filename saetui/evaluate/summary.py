"""Means of curves over trials, with intervals from trials drawn again with replacement."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from saetui.evaluate.steering import Curve, Table

Axis = Literal["fidelity", "nearness"]

_RESAMPLES = 1_000

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean and its 95% interval; None where there is none."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """One strength of one curve."""

    way: str
    strength: float
    fidelity: Mean
    nearness: Mean
    replaced: Mean
    having: Mean
    lowered: Mean
    up: dict[str, Mean]
    down: dict[str, Mean]


@dataclass(frozen=True, slots=True)
class Level:
    """How often judges recognise the features where a curve reaches a level of an axis."""

    way: str
    axis: Axis
    level: float
    strength: Mean
    up: dict[str, Mean]
    down: dict[str, Mean]


class Summary:
    """Means over trials with their intervals.

    Args:
        trials: How many trials each curve has.
        seed: Of the draws; all curves share them, so that they can be compared.
    """

    def __init__(self, trials: int, seed: int) -> None:
        drawing = np.random.default_rng(seed)
        drawn = drawing.multinomial(trials, np.full(trials, 1 / trials), _RESAMPLES)
        # The first row is the trials as they are.
        self._weights: Weights = np.vstack([np.ones(trials), drawn]) / trials

    def points(self, curve: Curve) -> list[Point]:
        """Every strength of a curve."""

        def of(table: Table, column: int) -> Mean:
            return _mean(self._weights @ table[:, column])

        return [
            Point(
                curve.way,
                strength,
                fidelity=of(curve.fidelity, column),
                nearness=of(curve.nearness, column),
                replaced=of(curve.replaced, column),
                having=of(curve.having, column),
                lowered=of(curve.lowered, column),
                up={judge: of(table, column) for judge, table in curve.up.items()},
                down={judge: of(table, column) for judge, table in curve.down.items()},
            )
            for column, strength in enumerate(curve.strengths)
        ]

    def at(self, curve: Curve, axis: Axis, level: float) -> Level:
        """A curve where its mean on an axis is `level`, interpolated linearly between points."""
        across = self._weights @ (curve.fidelity if axis == "fidelity" else curve.nearness)

        def of(table: Table) -> Mean:
            up = self._weights @ table
            return _mean(
                np.array([_crossing(x, y, level) for x, y in zip(across, up, strict=True)])
            )

        strengths = np.broadcast_to(np.array(curve.strengths), curve.fidelity.shape)
        return Level(
            curve.way,
            axis,
            level,
            of(strengths),
            {judge: of(table) for judge, table in curve.up.items()},
            {judge: of(table) for judge, table in curve.down.items()},
        )


def _crossing(across: Weights, up: Weights, level: float) -> float:
    """`up` where `across` first falls to `level` as strength rises; NaN where it never does."""
    below = np.flatnonzero(across <= level)
    if not len(below) or (below[0] == 0 and across[0] < level):
        return float("nan")
    end = int(below[0])
    if end == 0:
        return float(up[0])
    share = (across[end - 1] - level) / (across[end - 1] - across[end])
    return float(up[end - 1] + share * (up[end] - up[end - 1]))


def _mean(means: Weights) -> Mean:
    if np.isnan(means[0]):
        return Mean(None, None, None)
    known = means[1:][~np.isnan(means[1:])]
    low, high = np.percentile(known, (2.5, 97.5)) if len(known) else (means[0], means[0])
    return Mean(float(means[0]), float(low), float(high))
