"""Whether judges who see results before and after steering recognise what was steered.

Means of curves over trials have intervals from trials drawn again with replacement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.evaluate.steering import Curve, Table, Trial
from saetui.progress import Progress

Axis = Literal["fidelity", "nearness"]
_RESAMPLES = 1_000
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """What a judge sees of one trial at one strength.

    Attributes:
        before: int64, rows of the results without steering.
        after: int64, rows of the results with steering.
        shown: int64, features whose labels can be picked, in the order shown.
    """

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    shown: NDArray[np.int64]


@dataclass(frozen=True)
class Picks:
    """Which labels a judge picked.

    Attributes:
        up: Float `(m, labels)`, 1 for the label that went up most, a share of 1 for each where
            the judge could not decide between several.
        down: The same for the label that went down most.
    """

    up: Float
    down: Float


class ResultsJudge(Protocol):
    """Sees results before and after steering, and labels, but neither the SAE nor its embedder."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def picks(self, comparisons: Sequence[Comparison], progress: Progress) -> Picks:
        """The labels that it picks in each comparison.

        All comparisons show the same number of labels.
        """


def recognised(
    curves: Sequence[Curve],
    trials: Sequence[Trial],
    judges: Sequence[ResultsJudge],
    progress: Progress,
) -> list[Curve]:
    """The curves, with whether each judge recognised the raised and the lowered feature.

    A judge sees all curves at once, so that it is asked once about what several have in common.
    """
    comparisons = [
        Comparison(curve.before[row], curve.found[row, column], trial.shown)
        for curve in curves
        for row, trial in enumerate(trials)
        for column in range(len(curve.strengths))
    ]
    ups, downs = [trial.up for trial in trials], [trial.down for trial in trials]
    found = list(curves)
    for judge in judges:
        picks, start = judge.picks(comparisons, progress), 0
        for place, curve in enumerate(found):
            part = slice(start, start + curve.fidelity.size)
            start = part.stop
            up = _right_picks(picks.up[part], trials, ups)
            down = _right_picks(picks.down[part], trials, downs)
            found[place] = replace(
                curve, up={**curve.up, judge.name: up}, down={**curve.down, judge.name: down}
            )
    return found


def _right_picks(shares: Float, trials: Sequence[Trial], right: Sequence[int]) -> Table:
    """The share of each pick that fell on the right label of its trial; `(trials, strengths)`."""
    places = [trial.shown.tolist().index(label) for trial, label in zip(trials, right, strict=True)]
    by_trial = shares.reshape(len(trials), -1, shares.shape[-1])
    table: Table = by_trial[np.arange(len(trials)), :, places].astype(np.float64)
    return table


def shares_of_largest(changes: Float) -> Float:
    """1 at the largest change of each row, or equal shares at several; float `(m, labels)`.

    Changes are negated to ask for the label that went down.
    """
    largest = changes >= changes.max(axis=-1, keepdims=True) - np.float32(1e-6)
    shares: Float = (largest / largest.sum(axis=-1, keepdims=True)).astype(np.float32)
    return shares


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

    All curves share the draws, so that they can be compared.
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

    Both are `(m, strengths)`, one curve a row; the result has one value for each row.
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
