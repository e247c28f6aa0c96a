"""Turn signals into a confidence, by a few weights that all features share.

The weights come from a logistic regression on the labelling part of the corpus. They may not be
negative, so that a stronger signal never lowers the confidence. The threshold is then set where F1
is highest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.interpret.judging.quality import Figures
from saetui.interpret.judging.trials import Trials

# Keeps weights small where two signals agree; applies to standardised signals.
_PENALTY = 1e-3
# Keeps judges that know little from always saying yes, and hardly changes the others.
_ACCURACY_WORTH = 0.25
_SHIFTS = np.arange(-20, 21) / 10


@dataclass(frozen=True)
class Calibration:
    """A confidence from signals: `tanh((signals @ weights + bias) / 2)`.

    Attributes:
        weights: float64 `(S,)`, none below 0.
        bias: Makes the confidence 0 at the threshold.
    """

    weights: Figures
    bias: float

    def confidences(self, signals: Float) -> Float:
        """Confidences, float32 from -1 to 1, one for each row of `signals` `(..., S)`."""
        return np.tanh((signals @ self.weights + self.bias) / 2).astype(np.float32)


def calibrate(signals: Float, trials: Trials) -> Calibration:
    """Learn to tell active from inactive documents; all protocols have equal weight.

    Args:
        signals: `(len(trials.rows), S)`.
        trials: On documents of the labelling part.
    """
    told = [trial for trial in trials.protocols.values() if len(trial.places)]
    if not told:
        return Calibration(np.zeros(signals.shape[1]), -1.0)
    places = np.concatenate([trial.places for trial in told])
    active = np.concatenate([trial.active for trial in told])
    shares = np.concatenate([np.full(len(t.places), 1 / len(t.places) / len(told)) for t in told])
    mean, spread = signals.mean(axis=0), np.maximum(signals.std(axis=0), 1e-6)
    fitted = _logistic((signals[places] - mean) / spread, active, shares)
    weights = fitted[:-1] / spread
    bias = float(fitted[-1] - mean @ weights)
    logits = signals @ weights + bias
    return Calibration(weights, bias + _best_shift(logits, trials))


def _logistic(signals: NDArray[np.floating], active: NDArray[np.bool_], shares: Figures) -> Figures:
    """Fit non-negative weights and a bias, float64 `(S + 1,)`."""
    from scipy.optimize import minimize

    rows = np.column_stack([signals, np.ones(len(signals))])
    penalties = np.append(np.full(signals.shape[1], _PENALTY), 0.0)

    def loss(point: Figures) -> tuple[float, Figures]:
        logits = rows @ point
        excess = shares * (1 / (1 + np.exp(-logits)) - active)
        value = shares @ (np.logaddexp(0, logits) - active * logits) + penalties @ point**2
        return float(value), rows.T @ excess + 2 * penalties * point

    bounds = [(0, None)] * signals.shape[1] + [(None, None)]
    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, dtype=np.float64)


def _best_shift(logits: Figures, trials: Trials) -> float:
    """The number to add to `logits` for the highest F1 plus a share of balanced accuracy.

    Both are means over features and protocols. By F1 alone, a judge that knows little would say yes
    to everything, which gives an F1 of 2/3.
    """
    owners = np.unique(trials.owners(), return_inverse=True)[1]

    def worth(shift: float) -> float:
        said = logits + shift > 0
        return sum(
            _mean_worth(owners[trial.places], trial.active, said[trial.places])
            for trial in trials.protocols.values()
            if len(trial.places)
        )

    shifts = [float(shift) for shift in _SHIFTS]
    return max(shifts, key=lambda shift: (round(worth(shift), 9), -abs(shift)))


def _mean_worth(
    features: NDArray[np.int64], active: NDArray[np.bool_], said: NDArray[np.bool_]
) -> float:
    def counted(which: NDArray[np.bool_]) -> Figures:
        counts = np.bincount(features, which, minlength=int(features.max()) + 1)
        return counts.astype(np.float64, copy=False)

    yes, no, answers, hits = map(counted, (active, ~active, said, said & active))
    tried = yes + no > 0
    yes, no, answers, hits = (each[tried] for each in (yes, no, answers, hits))
    f1 = 2 * hits / (yes + answers)
    accuracy = (hits / yes + 1 - (answers - hits) / no) / 2
    return float((f1 + _ACCURACY_WORTH * accuracy).mean())
