"""Which features go with a number, or with time."""

from dataclasses import dataclass

import numpy as np

from saetui.core.group_tests import (
    LEAST_DOCUMENTS,
    Counts,
    Figures,
    corrected,
    normal_p,
)
from saetui.core.postings import Postings

_NEAR = 4.0


@dataclass(frozen=True)
class Trend:
    """Whether the share of documents with a feature grows with a number, each `(n,)`.

    Attributes:
        documents: How many documents have the feature.
        z: Of the test; above zero where the share grows.
        p: Two-sided p value; NaN where the feature is not tested.
        q: `p` corrected by Benjamini and Hochberg over all tested features; NaN likewise.
    """

    documents: Counts
    z: Figures
    p: Figures
    q: Figures


def trend_test(postings: Postings, numbers: Figures, least: int = LEAST_DOCUMENTS) -> Trend:
    """Cochran and Armitage's test for a trend of shares over a number, such as the time.

    It asks whether documents with the feature have larger numbers than all documents have. So a
    corpus that grows makes no feature rise: the numbers of all documents are given. Where most
    numbers are alike and a few are far off, as the times of such a corpus, sums over few documents
    are skewed; their normal deviates are corrected for that (Cornish and Fisher).

    Args:
        postings: Of features.
        numbers: One for each document, `(N,)`; documents with NaN are left out.
        least: Features of fewer documents are not tested.
    """
    known = ~np.isnan(numbers)
    count = int(known.sum())
    centred = np.where(known, numbers - (numbers[known].mean() if count else 0.0), 0.0)
    documents = postings.count(known)
    sums = postings.total(centred)
    share = documents / max(count, 1)
    # The variance of the sum over a random choice of as many documents out of all.
    variance = share * (1 - share) * float(np.square(centred).sum()) * count / max(count - 1, 1)
    spread = float(np.sqrt(np.square(centred).sum() / max(count, 1)))
    skew = float((centred**3).sum()) / max(count, 1) / spread**3 if spread else 0.0
    of_sum = skew * (1 - 2 * share) / np.sqrt(np.maximum(documents * (1 - share), 1e-9))
    return _tested(documents, sums, variance, of_sum, least)


@dataclass(frozen=True)
class Association:
    """How features go with a number, each `(n,)`.

    Attributes:
        documents: How many documents with a known number have the feature.
        rho: Spearman's rank correlation of activation and number.
        mean: Mean number of the documents that have the feature; NaN without any.
        other_mean: Mean number of all others.
        low: Lower end of the 95% interval (Welch) of the difference of the means.
        high: Upper end.
        p: Two-sided p value of `rho`; NaN where the feature is not tested.
        q: `p` corrected by Benjamini and Hochberg over all tested features; NaN likewise.
    """

    documents: Counts
    rho: Figures
    mean: Figures
    other_mean: Figures
    low: Figures
    high: Figures
    p: Figures
    q: Figures


def associate(postings: Postings, numbers: Figures, least: int = LEAST_DOCUMENTS) -> Association:
    """Rank correlation of every feature's activation with a number, and means with and without it.

    Args:
        postings: Of features; documents without the feature count as activation zero.
        numbers: One for each document, `(N,)`; documents with NaN are left out.
        least: Features of fewer documents are not tested.
    """
    known = ~np.isnan(numbers)
    kept = postings.among(known)
    count = int(known.sum())
    documents = kept.counts()
    ranks = np.zeros(len(numbers))
    ranks[known] = average_ranks(numbers[known]) - (count + 1) / 2
    own = _activation_ranks(kept, count) - (count + 1) / 2
    absent = count - documents
    # All documents without the feature share the middle of the lowest ranks.
    tied = (absent + 1) / 2 - (count + 1) / 2
    features = np.repeat(np.arange(kept.n), documents)
    inside = kept.total(ranks)
    # Ranks are centred, so those of the others sum to the opposite.
    covariance = (
        np.bincount(features, weights=own * ranks[kept.rows], minlength=kept.n) - tied * inside
    )
    spread = np.bincount(features, weights=own**2, minlength=kept.n) + absent * tied**2
    norm = np.sqrt(spread * float(np.square(ranks).sum()))
    rho = np.divide(covariance, norm, out=np.zeros(kept.n), where=norm > 0)
    p = np.full(kept.n, np.nan)
    tested = (documents >= max(least, 1)) & (norm > 0)
    p[tested] = normal_p(rho[tested] * np.sqrt(max(count - 1, 1)))
    values = np.where(known, numbers, 0.0)
    return Association(
        documents, rho, *_means(kept, values, int(known.sum()), documents), p, corrected(p)
    )


def _means(
    postings: Postings, values: Figures, count: int, documents: Counts
) -> tuple[Figures, Figures, Figures, Figures]:
    sums, squares = postings.total(values), postings.total(values**2)
    others = count - documents
    other_sums = float(values.sum()) - sums
    other_squares = float(np.square(values).sum()) - squares
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, other = sums / documents, other_sums / others
        variance = (squares / documents - mean**2) / np.maximum(documents - 1, 1)
        other_variance = (other_squares / others - other**2) / np.maximum(others - 1, 1)
        half = 1.959964 * np.sqrt(np.maximum(variance, 0) + np.maximum(other_variance, 0))
    return mean, other, mean - other - half, mean - other + half


def average_ranks(values: Figures) -> Figures:
    """Ranks from 1, ascending; equal values share the middle of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse.ravel()], dtype=np.float64)


def _activation_ranks(postings: Postings, count: int) -> Figures:
    """The rank of each activation among those of its feature on `count` documents, from 1."""
    nnz = len(postings.rows)
    if not nnz:
        return np.zeros(0)
    place = np.arange(nnz) - np.repeat(postings.indptr[:-1], postings.counts())
    fresh = (place == 0) | np.concatenate([[True], postings.values[1:] != postings.values[:-1]])
    firsts = np.flatnonzero(fresh)
    runs = np.diff(firsts, append=nnz)
    # Postings begin with the strongest, whose rank is the highest.
    return np.repeat(count - place[firsts] - (runs - 1) / 2, runs)


def _tested(
    documents: Counts, sums: Figures, variance: Figures, skew: Figures, least: int
) -> Trend:
    tested = (documents >= max(least, 1)) & (variance > 0)
    z = np.divide(sums, np.sqrt(np.maximum(variance, 0)), out=np.zeros(len(sums)), where=tested)
    p = np.full(len(sums), np.nan)
    # The correction is right up to a few standard deviations, and would turn larger ones around.
    near = np.clip(z, -_NEAR, _NEAR)
    straight = z - skew * (near**2 - 1) / 6
    p[tested] = normal_p(np.where(straight * z > 0, straight, 0.0)[tested])
    return Trend(documents, z, p, corrected(p))
