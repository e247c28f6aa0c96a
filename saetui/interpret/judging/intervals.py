"""95% confidence intervals of scores, from the number of documents that they rest on."""

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]
Interval = tuple[Figures, Figures]

# Two-sided 95% of a normal distribution.
_Z = 1.959963984540054


def wilson(successes: Figures, trials: Figures) -> Interval:
    """Of proportions (Wilson 1927); 0 to 1 where there were no trials."""
    count = np.maximum(trials, 1e-12)
    share, square = successes / count, _Z**2 / count
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * np.sqrt(share * (1 - share) / count + square / (4 * count))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def of_f1(hits: Figures, misses: Figures, false_alarms: Figures) -> Interval:
    """Of F1, from counts.

    F1 rises with the share of hits in hits, misses and false alarms together, which is a
    proportion and has Wilson's interval (the indirect method of Lam et al., "Confidence Intervals
    for the F1 Score", arXiv 2309.14621).
    """
    low, high = wilson(hits, hits + misses + false_alarms)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def of_mean_of_two(first: tuple[Figures, Figures], second: tuple[Figures, Figures]) -> Interval:
    """Of the mean of two independent proportions, each given as successes and trials.

    Wilson's intervals of both are put together as by Zou and Donner, "Construction of confidence
    limits about effect measures" (Statistics in Medicine 2008).
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
    """Of Pearson correlations by Fisher's transformation (1915); -1 to 1 below four documents."""
    bounded = np.clip(correlations, -1 + 1e-9, 1 - 1e-9)
    half = np.where(documents > 3, _Z / np.sqrt(np.maximum(documents - 3, 1)), np.inf)
    return np.tanh(np.arctanh(bounded) - half), np.tanh(np.arctanh(bounded) + half)
