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
            return _mean(_crossing(across, self._weights @ table, level))

        strengths = np.broadcast_to(np.array(curve.strengths), curve.fidelity.shape)
        return Level(
            curve.way,
            axis,
            level,
            of(strengths),
            {judge: of(table) for judge, table in curve.up.items()},
            {judge: of(table) for judge, table in curve.down.items()},
        )


def _crossing(across: Weights, up: Weights, level: float) -> Weights:
    """`up` where `across` first falls to `level` as strength rises; NaN where it never does.

    Args:
        across: One curve a row, `(m, strengths)`.
        up: Likewise.
        level: The level.

    Returns:
        One value for each row.
    """
    below = across <= level
    rows, end = np.arange(len(across)), below.argmax(axis=1)
    before = np.maximum(end - 1, 0)
    fallen = across[rows, before] - across[rows, end]
    share = np.divide(
        across[rows, before] - level, fallen, out=np.zeros(len(rows)), where=fallen != 0
    )
    found = up[rows, before] + share * (up[rows, end] - up[rows, before])
    never = ~below.any(axis=1) | ((end == 0) & (across[:, 0] < level))
    return np.where(never, np.nan, found)


def _mean(means: Weights) -> Mean:
    if np.isnan(means[0]):
        return Mean(None, None, None)
    known = means[1:][~np.isnan(means[1:])]
    low, high = np.percentile(known, (2.5, 97.5)) if len(known) else (means[0], means[0])
    return Mean(float(means[0]), float(low), float(high))
