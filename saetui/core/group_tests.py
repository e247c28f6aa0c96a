"""Which features are more frequent in one group of documents than in another.

Counts come from postings, so that hundreds of thousands of documents take a fraction of a second.
A feature is *tested* only if enough documents have it; p values are corrected over those that are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Figures = NDArray[np.float64]

LEAST_DOCUMENTS = 5
"""Nothing is claimed of a feature that fewer documents of both groups together have."""

# The normal approximation is used where the counts that chance gives have a variance of at least
# this and hardly any skew. Elsewhere its tails are too thin, and the tails matter most when p is
# corrected for many features.
_VARIANCE = 25.0
_SKEW = 0.02
_Z = 1.959963984540054


@dataclass(frozen=True)
class TwoGroups:
    """Figures of every feature in two groups of documents, each `(n,)`.

    Attributes:
        a: How many documents of the first group have the feature.
        b: How many of the second.
        share_a: Their share of the first group.
        share_b: Their share of the second.
        ratio: Share in the first over share in the second group; see `ratio_of_shares`.
        low: Lower end of the ratio's 95% interval.
        high: Upper end.
        keyness: Root of the log-likelihood ratio `G^2`, above zero where the first group has more:
            how surely the shares differ. Lists are sorted by it.
        p: Two-sided p value; NaN where the feature is not tested.
        q: `p` corrected by Benjamini and Hochberg over all tested features; NaN likewise.
    """

    a: Counts
    b: Counts
    share_a: Figures
    share_b: Figures
    ratio: Figures
    low: Figures
    high: Figures
    keyness: Figures
    p: Figures
    q: Figures


def compare_groups(
    a: Counts, size_a: int, b: Counts, size_b: int, least: int = LEAST_DOCUMENTS
) -> TwoGroups:
    """Compare how frequent features are in two groups that share no document.

    The test is Fisher's exact one, so it promises no more than it keeps, however few or unequal the
    counts are. Where counts are large and chance is as likely to raise as to lower them, it is the
    normal approximation with continuity correction. The ratio's interval is Katz's, on its
    logarithm.

    Args:
        a: How many documents of the first group have each feature, `(n,)`.
        size_a: How many documents are in the first group.
        b: The same of the second group.
        size_b: How many documents are in the second group.
        least: Features of fewer documents in both groups together are not tested.
    """
    a, b = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    ratio, low, high = ratio_of_shares(a, size_a, b, size_b)
    p = np.full(len(a), np.nan)
    if size_a and size_b:
        tested = a + b >= max(least, 1)
        p[tested] = _p_values(a[tested], size_a, b[tested], size_b)
    return TwoGroups(
        a=a,
        b=b,
        share_a=a / max(size_a, 1),
        share_b=b / max(size_b, 1),
        ratio=ratio,
        low=low,
        high=high,
        keyness=_keyness(a, size_a, b, size_b),
        p=p,
        q=corrected(p),
    )


def same_in_strata(a: Counts, size_a: Counts, b: Counts, size_b: Counts) -> Figures:
    """Two-sided p that shares differ between groups among documents of the same stratum, `(n,)`.

    The test is Cochran, Mantel and Haenszel's. Where the strata together lean to the other side
    than the sums over all, p is 1.

    Args:
        a: How many documents of the first group and each stratum have each feature, `(n, s)`.
        size_a: How many documents of the first group each stratum has, `(s,)`.
        b: The same of the second group.
        size_b: The same of the second group.
    """
    size, total = np.maximum(size_a + size_b, 1).astype(np.float64), a + b
    off = (a - total * (size_a / size)).sum(axis=1)
    spread = size_a / size * (size_b / size) / np.maximum(size - 1, 1)
    deviation = np.sqrt((total * (size - total) * spread).sum(axis=1))
    all_off = a.sum(axis=1) - total.sum(axis=1) * (size_a.sum() / max(size.sum(), 1))
    z = np.maximum(np.abs(off) - 0.5, 0.0) / np.maximum(deviation, 1e-9)
    return np.where((off * all_off < 0) | (deviation == 0), 1.0, normal_p(z))


@dataclass(frozen=True)
class MostIn:
    """The most telling category of each feature, `(n,)` each.

    Attributes:
        category: Its number.
        keyness: How surely the feature is more frequent there; see `TwoGroups`.
        p: Two-sided p value. The most telling of several categories was chosen, which is paid for
            (Bonferroni); NaN where the feature was not tested.
        q: `p` corrected by Benjamini and Hochberg over all tested features; NaN likewise.
    """

    category: NDArray[np.intp]
    keyness: Figures
    p: Figures
    q: Figures


def most_in(tests: Sequence[TwoGroups]) -> MostIn:
    """The category in which each feature is most surely more frequent; a test for each."""
    keyness = np.array([test.keyness for test in tests])
    best = np.argmax(keyness, axis=0)
    p = np.minimum(np.min([test.p for test in tests], axis=0) * len(tests), 1.0)
    return MostIn(best, keyness[best, np.arange(keyness.shape[1])], p, corrected(p))


def ratio_of_shares(
    a: Counts, size_a: int, b: Counts, size_b: int
) -> tuple[Figures, Figures, Figures]:
    """Ratio of two shares, and both ends of its 95% interval (Katz).

    Where one of the counts is 0, half a document is added to each, so that the ratio is finite. In
    a small group that may turn the smaller share into the larger; nothing is known of the ratio
    then, nor where both are 0, and it is NaN.
    """
    smoothed, spread = _smoothed_ratio(a, size_a, b, size_b)
    known = np.where(a * size_b > b * size_a, smoothed > 1, smoothed < 1) & (a + b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = a / max(size_a, 1) / (b / max(size_b, 1))
    ratio = np.where((a > 0) & (b > 0), plain, np.where(known, smoothed, np.nan))
    return ratio, ratio / spread, ratio * spread


def finite_ratio(
    a: Counts, size_a: int, b: Counts, size_b: int
) -> tuple[Figures, Figures, Figures]:
    """The same with half a document added to every count, so that each ratio is known.

    Where that would turn the smaller share into the larger, the ratio is 1.
    """
    smoothed, spread = _smoothed_ratio(a, size_a, b, size_b)
    more, less = a * size_b > b * size_a, a * size_b < b * size_a
    bounded = np.where(more, np.maximum(smoothed, 1), np.where(less, np.minimum(smoothed, 1), 1))
    return bounded, smoothed / spread, smoothed * spread


def _smoothed_ratio(a: Counts, size_a: int, b: Counts, size_b: int) -> tuple[Figures, Figures]:
    """The ratio of shares with half a document more, and by what its interval extends from it."""
    smoothed = (a + 0.5) / (size_a + 0.5) / ((b + 0.5) / (size_b + 0.5))
    variance = 1 / (a + 0.5) - 1 / (size_a + 0.5) + 1 / (b + 0.5) - 1 / (size_b + 0.5)
    return smoothed, np.exp(_Z * np.sqrt(np.maximum(variance, 0.0)))


def share_interval(counts: Counts, sizes: Counts) -> tuple[Figures, Figures]:
    """Both ends of the 95% interval (Wilson) of `counts` out of `sizes`; 0 and 1 out of none."""
    n = np.maximum(sizes, 1).astype(np.float64)
    share = counts / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    empty = np.asarray(sizes) == 0
    return (
        np.where(empty, 0.0, np.maximum(middle - half, 0.0)),
        np.where(empty, 1.0, np.minimum(middle + half, 1.0)),
    )


def corrected(p: Figures) -> Figures:
    """P values corrected by Benjamini and Hochberg; NaN stays NaN and does not count."""
    q = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    if len(tested):
        order = tested[np.argsort(p[tested], kind="stable")]
        scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
        q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def normal_p(z: Figures) -> Figures:
    """Two-sided p value of standard normal deviates."""
    # scipy has this too, but importing it takes longer than all else that a question needs.
    erfc, root = math.erfc, math.sqrt(0.5)
    return np.array([erfc(root * abs(each)) for each in z.tolist()], dtype=np.float64)


def _log_factorials(largest: int) -> Figures:
    """Logarithms of the factorials from 0! to `largest`! and some beyond."""
    return _log_factorials_of_bits(largest.bit_length())


@lru_cache(2)
def _log_factorials_of_bits(bits: int) -> Figures:
    """Logarithms of the factorials of all numbers below `1 << bits`, by Stirling's series."""
    x = np.arange(1 << bits, dtype=np.float64)
    x[0] = 1.0
    inverse = 1 / x
    series = inverse * (1 / 12 - inverse**2 * (1 / 360 - inverse**2 / 1260))
    found = (x + 0.5) * np.log(x) - x + (0.5 * math.log(2 * math.pi) + series)
    # The series is exact to the last digit from about here on.
    few = min(1 << bits, 64)
    found[:few] = [math.lgamma(each + 1.0) for each in range(few)]
    return found


def _keyness(a: Counts, size_a: int, b: Counts, size_b: int) -> Figures:
    size = max(size_a + size_b, 1)
    total = a + b
    g = np.zeros(len(a))
    for observed, share in (
        (a, size_a * (total / size)),
        (b, size_b * (total / size)),
        (size_a - a, size_a * (1 - total / size)),
        (size_b - b, size_b * (1 - total / size)),
    ):
        seen = observed > 0
        g[seen] += observed[seen] * np.log(observed[seen] / share[seen])
    more = a * max(size_b, 1) >= b * max(size_a, 1)
    return np.where(more, 1.0, -1.0) * np.sqrt(np.maximum(2 * g, 0.0))


def _p_values(a: Counts, size_a: int, b: Counts, size_b: int) -> Figures:
    size, total = size_a + size_b, a + b
    variance = total * (size - total) * (size_a / size) * (size_b / size) / max(size - 1, 1)
    deviation = np.sqrt(variance)
    skew = np.abs(
        (size - 2 * total) * ((size_b - size_a) / size) / (size * np.maximum(deviation, 1))
    )
    exact = (variance < _VARIANCE) | (skew > _SKEW)
    p = np.ones(len(a))
    p[exact] = _fisher(a[exact], size_a, total[exact], size, deviation[exact])
    usual = ~exact
    off = np.maximum(np.abs(a - total * (size_a / size)) - 0.5, 0.0)
    p[usual] = normal_p(off[usual] / deviation[usual])
    return p


def _fisher(a: Counts, size_a: int, total: Counts, size: int, deviation: Figures) -> Figures:
    """Fisher's exact test: the probability of all tables that are no likelier than the observed.

    Counts that are further from the expected one than the observed count are unlikely very soon. So
    of each feature only those are added up that lie a few standard deviations beyond.
    """
    if not len(a):
        return np.zeros(0)
    logs = _log_factorials(size)
    expected = total * (size_a / size)
    reach = np.abs(a - expected) + 5 * deviation + 20
    lowest = np.maximum(np.maximum(0, total - (size - size_a)), np.floor(expected - reach))
    highest = np.minimum(np.minimum(total, size_a), np.ceil(expected + reach))
    lowest, lengths = lowest.astype(np.int64), (highest - lowest).astype(np.int64) + 1
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    feature = np.repeat(np.arange(len(a)), lengths)
    x = np.arange(lengths.sum()) - (starts - lowest)[feature]
    left = total[feature] - x
    own = logs[size_a] + logs[size - size_a] - logs[size] + logs[total] + logs[size - total]
    terms = own[feature] - logs[x] - logs[size_a - x] - logs[left] - logs[size - size_a - left]
    seen = terms[starts + a - lowest]
    # Equal probabilities must not be told apart by rounding.
    counted = np.where(terms <= seen[feature] + 1e-7, np.exp(terms), 0.0)
    return np.minimum(np.add.reduceat(counted, starts), 1.0)
