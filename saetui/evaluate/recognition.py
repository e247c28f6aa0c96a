"""Whether a judge who sees results before and after steering recognises what was steered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.evaluate.steering import Curve, Table
from saetui.evaluate.steering_trials import Trial
from saetui.progress import Progress


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

        Args:
            comparisons: All show the same number of labels.
            progress: Told of what takes long.
        """


def recognised(
    curves: Sequence[Curve],
    trials: Sequence[Trial],
    judges: Sequence[ResultsJudge],
    progress: Progress,
) -> list[Curve]:
    """The curves, with whether each judge recognised the raised and the lowered feature.

    A judge sees all curves at once, so that it is asked once about what several have in common.

    Args:
        curves: Of these trials.
        trials: In the curves' order.
        judges: Each is asked about every comparison.
        progress: Told of what takes long.
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

    Args:
        changes: Of each label shown; negated to ask for the label that went down.
    """
    largest = changes >= changes.max(axis=-1, keepdims=True) - np.float32(1e-6)
    shares: Float = (largest / largest.sum(axis=-1, keepdims=True)).astype(np.float32)
    return shares
