"""Judges, which say from a label alone which documents activate the feature, and their scores.

A judge turns signals into a confidence by a few weights that all features share. The weights come
from a logistic regression on the labelling part of the corpus. They may not be negative, so that a
stronger signal never lowers the confidence. The threshold is then set where F1 is highest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int
from saetui.interpret.judging.quality import Figures
from saetui.interpret.judging.scores import Scores, detection_scores
from saetui.interpret.judging.signals import BY_EMBEDDER, BY_WORDS, Readings, Signals
from saetui.interpret.judging.trials import Trials
from saetui.interpret.labels import FeatureLabel
from saetui.progress import Progress

# Keeps weights small where two signals agree; applies to standardised signals.
_PENALTY = 1e-3
# Keeps judges that know little from always saying yes, and hardly changes the others.
_ACCURACY_WORTH = 0.25
_SHIFTS = np.arange(-20, 21) / 10

WORDS = "words"
"""Uses the documents' words only, and nothing of the embedder that the SAE was trained on."""

EMBEDDER = "embedder"
"""Uses the embeddings of label and documents only, by the embedder that the SAE was trained on."""

WORDS_AND_EMBEDDER = "words+embedder"
"""Uses both."""

AND_TERMS = ", terms"
"""Ending of a judge's name that reads the label's supporting terms as well."""


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


@dataclass(frozen=True)
class OfflineJudge:
    """A judge that needs neither a network nor a language model.

    Attributes:
        name: Says which signals it uses.
        signals: Reads labels and documents.
        columns: The signals that it uses, among those for label and terms together.
        calibration: Turns them into a confidence.
    """

    name: str
    signals: Signals
    columns: NDArray[np.intp]
    calibration: Calibration

    def confidences(self, signals: Float) -> Float:
        """Confidences from signals `(..., S)`, as `measure` returns them; float32 from -1 to 1.

        Above 0 means that the label is true of the document.
        """
        return self.calibration.confidences(signals[..., self.columns])


def measure(
    signals: Signals, readings: tuple[Readings, Readings], owners: NDArray[np.integer], rows: Int
) -> Float:
    """Signals for the labels, followed by those for the terms, float32 `(m, 2 S)`."""
    return np.hstack([signals.measure(reading, owners, rows) for reading in readings])


def offline_judges(signals: Signals, measured: Float, trials: Trials) -> list[OfflineJudge]:
    """Every offline judge that these signals allow, calibrated.

    `measured` holds signals of labels and terms, `(len(trials.rows), 2 S)`, on documents of the
    labelling part.

    Returns:
        Judges that read labels only, then those that read terms as well.
    """
    return [
        _judge(kind, ending, signals, measured, trials)
        for ending in ("", AND_TERMS)
        for kind, used in _signals_of(signals.names).items()
        if any(used)
    ]


def label_judge(signals: Signals, measured: Float, trials: Trials) -> OfflineJudge:
    """The judge that uses all signals of labels alone; arguments as for `offline_judges`."""
    return _judge(WORDS_AND_EMBEDDER, "", signals, measured, trials)


def _signals_of(names: Sequence[str]) -> dict[str, list[bool]]:
    """Which of the signals each kind of judge uses."""
    return {
        WORDS: [name in BY_WORDS for name in names],
        EMBEDDER: [name in BY_EMBEDDER for name in names],
        WORDS_AND_EMBEDDER: [True] * len(names),
    }


def _judge(
    kind: str, ending: str, signals: Signals, measured: Float, trials: Trials
) -> OfflineJudge:
    used = _signals_of(signals.names)[kind]
    columns = np.flatnonzero([*used, *(used if ending else [])])
    calibration = calibrate(measured[:, columns], trials)
    return OfflineJudge(kind + ending, signals, columns, calibration)


def judged(
    labels: Sequence[FeatureLabel],
    signals: Signals,
    labelling: Trials,
    held_out: Trials,
    progress: Progress,
) -> dict[str, Scores]:
    """Scores by offline judge, which is calibrated on one part and asked about the other."""
    told, asked = read_on(labels, signals, [labelling, held_out], progress)
    return {
        judge.name: detection_scores(judge.name, held_out, judge.confidences(asked), len(labels))
        for judge in offline_judges(signals, told, labelling)
    }


def read_on(
    labels: Sequence[FeatureLabel], signals: Signals, parts: Sequence[Trials], progress: Progress
) -> list[Float]:
    """Signals of labels and their terms on each part, as `measure` returns them."""
    asked = np.unique(np.concatenate([trials.features for trials in parts]))
    texts = [(labels[feature].text, labels[feature].terms) for feature in asked.tolist()]
    readings = signals.read(texts, progress)
    return [
        measure(signals, readings, np.searchsorted(asked, trials.owners()), trials.rows)
        for trials in parts
    ]


def calibrate(signals: Float, trials: Trials) -> Calibration:
    """Learn to tell active from inactive documents; all protocols have equal weight.

    Signals are `(len(trials.rows), S)`, on documents of the labelling part.
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

    shifts: list[float] = _SHIFTS.tolist()
    return max(shifts, key=lambda shift: (round(worth(shift), 9), -abs(shift)))


def _mean_worth(
    features: NDArray[np.int64], active: NDArray[np.bool_], said: NDArray[np.bool_]
) -> float:
    kinds = (active, ~active, said, said & active)
    counts = np.array([np.bincount(features, kind) for kind in kinds])
    yes, no, answers, hits = counts[:, np.bincount(features) > 0]
    f1 = 2 * hits / (yes + answers)
    accuracy = (hits / yes + 1 - (answers - hits) / no) / 2
    return float((f1 + _ACCURACY_WORTH * accuracy).mean())
