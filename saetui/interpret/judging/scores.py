"""Score labels by whether a judge can tell from them which documents are active.

Detection scoring, as in the paper: F1 of whether the confidence is above 0, and the Pearson
correlation of the confidence with being active; here each with its 95% confidence interval.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.interpret.judging.trials import PROTOCOLS, Trials

Figures = NDArray[np.float64]
Interval = tuple[Figures, Figures]

# Two-sided 95% of a normal distribution.
_Z = 1.959963984540054


@dataclass(frozen=True)
class Figure:
    """One figure of every feature, with its 95% interval; float64 `(n,)`, NaN where unknown."""

    value: Figures
    low: Figures
    high: Figures


@dataclass(frozen=True)
class ProtocolScores:
    """The scores of every feature by one protocol.

    Attributes:
        documents: int64 `(n,)`, how many documents were judged; 0 for no score.
        f1: From 0 to 1.
        pearson: From -1 to 1; 0 where the judge gives all documents the same confidence.
        balanced_accuracy: From 0 to 1; mean of the shares of active and of inactive documents
            that were recognised.
    """

    documents: NDArray[np.int64]
    f1: Figure
    pearson: Figure
    balanced_accuracy: Figure


@dataclass(frozen=True, slots=True)
class Score:
    """One feature's scores in one protocol by one judge; each figure is (value, low, high)."""

    protocol: str
    judge: str
    documents: int
    f1: tuple[float, float, float]
    pearson: tuple[float, float, float]
    balanced_accuracy: tuple[float, float, float]


@dataclass(frozen=True)
class Scores:
    """The scores of every feature by one judge, for each of `PROTOCOLS` by name."""

    judge: str
    protocols: dict[str, ProtocolScores]

    def of(self, feature: int) -> tuple[Score, ...]:
        """The scores of one feature by each protocol that has one, in the order of `PROTOCOLS`."""
        return tuple(
            Score(
                name,
                self.judge,
                int(found.documents[feature]),
                _at(found.f1, feature),
                _at(found.pearson, feature),
                _at(found.balanced_accuracy, feature),
            )
            for name, found in self.protocols.items()
            if found.documents[feature]
        )


def detection_scores(judge: str, trials: Trials, confidences: Float, n: int) -> Scores:
    """Score a judge's confidences on the documents of `trials`.

    Confidences are float32 from -1 to 1, one for each of `trials.rows`. There are `n` features.
    """
    owners = trials.owners()
    found = {}
    for name in PROTOCOLS:
        trial = trials.protocols[name]
        found[name] = _scored(
            owners[trial.places], trial.active, confidences[trial.places].astype(np.float64), n
        )
    return Scores(judge, found)


def _scored(
    features: NDArray[np.int64], active: NDArray[np.bool_], confidences: Figures, n: int
) -> ProtocolScores:
    said = confidences > 0
    hits, misses, alarms, rejections = (
        _summed(features, of_truth & of_answer, n)
        for of_truth, of_answer in (
            (active, said),
            (active, ~said),
            (~active, said),
            (~active, ~said),
        )
    )
    documents = hits + misses + alarms + rejections
    f1 = 2 * hits / np.maximum(2 * hits + misses + alarms, 1)
    with_feature, without = (hits, hits + misses), (rejections, rejections + alarms)
    accuracy = _share(*with_feature) / 2 + _share(*without) / 2
    pearson = _correlations(features, active, confidences, documents)
    return ProtocolScores(
        documents.astype(np.int64),
        _figure(documents, f1, *of_f1(hits, misses, alarms)),
        _figure(documents, pearson, *of_correlation(pearson, documents)),
        _figure(documents, accuracy, *of_mean_of_two(with_feature, without)),
    )


def _correlations(
    features: NDArray[np.int64], active: NDArray[np.bool_], confidences: Figures, documents: Figures
) -> Figures:
    n, count = len(documents), np.maximum(documents, 1)
    x = confidences - (_summed(features, confidences, n) / count)[features]
    y = active - (_summed(features, active, n) / count)[features]
    spread = np.sqrt(_summed(features, x * x, n) * _summed(features, y * y, n))
    # Equal confidences have no correlation; what is left of their spread is rounding.
    told = spread > 1e-9 * count
    return np.where(told, _summed(features, x * y, n) / np.where(told, spread, 1), 0.0)


def _share(part: Figures, whole: Figures) -> Figures:
    return part / np.maximum(whole, 1)


def _summed(features: NDArray[np.int64], amounts: NDArray[Any], n: int) -> Figures:
    """Sums by feature, float64 `(n,)`."""
    return np.bincount(features, amounts, minlength=n).astype(np.float64)


def _figure(documents: Figures, *figures: Figures) -> Figure:
    return Figure(*(np.where(documents > 0, figure, np.nan) for figure in figures))


def _at(figure: Figure, feature: int) -> tuple[float, float, float]:
    return float(figure.value[feature]), float(figure.low[feature]), float(figure.high[feature])


def wilson(successes: Figures, trials: Figures) -> Interval:
    """Intervals of proportions (Wilson 1927); 0 to 1 where there were no trials."""
    count = np.maximum(trials, 1e-12)
    share, square = successes / count, _Z**2 / count
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * np.sqrt(share * (1 - share) / count + square / (4 * count))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def of_f1(hits: Figures, misses: Figures, false_alarms: Figures) -> Interval:
    """Intervals of F1, from counts.

    F1 is a rising function of hits / (hits + misses + false alarms), which is a proportion and has
    Wilson's interval (the indirect method of Lam et al., "Confidence Intervals for the F1 Score",
    arXiv 2309.14621).
    """
    low, high = wilson(hits, hits + misses + false_alarms)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def of_mean_of_two(first: tuple[Figures, Figures], second: tuple[Figures, Figures]) -> Interval:
    """Intervals of the mean of two independent proportions, each given as successes and trials.

    Wilson's intervals of both are combined by the method of Zou and Donner, "Construction of
    confidence limits about effect measures" (Statistics in Medicine 2008).
    """
    lows, highs, shares = [], [], []
    for successes, trials in (first, second):
        low, high = wilson(successes, trials)
        share = successes / np.maximum(trials, 1e-12)
        lows.append(np.square(share - low))
        highs.append(np.square(high - share))
        shares.append(share)
    mean = (shares[0] + shares[1]) / 2
    return mean - np.sqrt(sum(lows)) / 2, mean + np.sqrt(sum(highs)) / 2


def of_correlation(correlations: Figures, documents: Figures) -> Interval:
    """Intervals of Pearson correlations by Fisher's transformation (1915).

    They are -1 to 1 for fewer than four documents.
    """
    bounded = np.clip(correlations, -1 + 1e-9, 1 - 1e-9)
    half = np.where(documents > 3, _Z / np.sqrt(np.maximum(documents - 3, 1)), np.inf)
    return np.tanh(np.arctanh(bounded) - half), np.tanh(np.arctanh(bounded) + half)
