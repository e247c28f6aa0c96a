"""Which features go with a number, or with time."""

from dataclasses import dataclass, replace

import numpy as np

from saetui.core.codec import Postings
from saetui.core.group_tests import (
    LEAST_DOCUMENTS,
    Counts,
    Figures,
    TwoGroups,
    compare_groups,
    corrected,
)


@dataclass(frozen=True)
class Trend:
    """Whether the share of documents with a feature grows with a number, each `(n,)`.

    Attributes:
        documents: How many documents have the feature.
        z: Of the test for a trend; above zero where the share grows.
        ends: The share in the highest third against the share in the lowest; its `p` and `q` say
            how surely they differ.
    """

    documents: Counts
    z: Figures
    ends: TwoGroups


def trend_test(
    counts: Counts, sizes: Counts, numbers: Figures, least: int = LEAST_DOCUMENTS
) -> Trend:
    """Which features' shares grow with a number, such as the time, and how surely.

    They are sorted by Cochran and Armitage's test for a trend: do documents with the feature have
    larger numbers than all documents have? So a corpus that grows makes no feature rise. But this
    test is approximate: it promises too much where documents are few, or most numbers alike. So p
    is that of Fisher's exact test of the highest against the lowest third.

    Args:
        counts: How many documents with each number have each feature, `(n, w)`.
        sizes: How many documents have each number, `(w,)`.
        numbers: The different numbers, ascending, `(w,)`.
        least: Features of fewer documents are not tested.
    """
    count = int(sizes.sum())
    centred = numbers - float(sizes @ numbers) / max(count, 1)
    documents = counts.sum(axis=1)
    share = documents / max(count, 1)
    # The variance of the sum over a random choice of as many documents out of all.
    variance = share * (1 - share) * float(sizes @ np.square(centred)) * count / max(count - 1, 1)
    z = np.divide(
        counts @ centred,
        np.sqrt(np.maximum(variance, 0)),
        out=np.zeros(len(counts)),
        where=variance > 0,
    )
    low, high = thirds(sizes)
    ends = compare_groups(
        counts[:, high:].sum(axis=1),
        int(sizes[high:].sum()) if low else 0,
        counts[:, :low].sum(axis=1),
        int(sizes[:low].sum()),
        least=0,
    )
    return Trend(documents, z, _agreeing(ends, documents, z, least))


def thirds(sizes: Counts) -> tuple[int, int]:
    """The end of the lowest and the beginning of the highest third of ascending numbers.

    Equal numbers stay together, so the parts may be smaller or larger than a third. `sizes` `(w,)`
    says how many documents have each number. 0 twice if fewer than two have any.
    """
    used = np.flatnonzero(sizes)
    if len(used) < 2:
        return 0, 0
    counts = sizes[used]
    running, total = np.cumsum(counts), int(counts.sum())
    low = int(np.argmin(np.abs(running - total / 3)))
    high = int(np.argmin(np.abs(total - running + counts - total / 3)))
    if high <= low:
        # With many equal numbers there is no middle third. Then the border that halves them best
        # separates the two.
        low = int(np.argmax(np.minimum(running, total - running)[:-1]))
        high = low + 1
    return int(used[low]) + 1, int(used[high])


def _agreeing(found: TwoGroups, documents: Counts, lean: Figures, least: int) -> TwoGroups:
    """The highest third against the lowest; nothing is claimed against the lean of the whole."""
    p = np.where(found.keyness * lean < 0, 1.0, found.p)
    p[documents < max(least, 1)] = np.nan
    return replace(found, p=p, q=corrected(p))


def _ends(
    postings: Postings, numbers: Figures, documents: Counts, lean: Figures, least: int
) -> TwoGroups:
    values, sizes = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    low, high = thirds(sizes)
    lowest = numbers <= (values[low - 1] if low else -np.inf)
    highest = numbers >= (values[high] if low else np.inf)
    found = compare_groups(
        postings.count(highest),
        int(highest.sum()),
        postings.count(lowest),
        int(lowest.sum()),
        least=0,
    )
    return _agreeing(found, documents, lean, least)


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
        ends: The share of documents with the feature among those with the highest third of the
            numbers against the share among the lowest third; its `p` and `q` say how surely they
            differ.
    """

    documents: Counts
    rho: Figures
    mean: Figures
    other_mean: Figures
    low: Figures
    high: Figures
    ends: TwoGroups


def associate(postings: Postings, numbers: Figures, least: int = LEAST_DOCUMENTS) -> Association:
    """Rank correlation of every feature's activation with a number, and means with and without it.

    The usual p value of a rank correlation is far too small where most numbers are equal, as those
    of citations are. So p is that of Fisher's exact test of the highest against the lowest third.

    Args:
        postings: Of features; documents without the feature count as activation zero.
        numbers: One for each document, `(N,)`; documents with NaN are left out.
        least: Features of fewer documents are not tested.
    """
    known = ~np.isnan(numbers)
    kept = postings if known.all() else postings.among(known)
    count = int(known.sum())
    documents = kept.counts()
    ranks = np.zeros(len(numbers))
    ranks[known] = average_ranks(numbers[known]) - (count + 1) / 2
    absent = count - documents
    # All documents without the feature share the middle of the lowest ranks.
    tied = (absent + 1) / 2 - (count + 1) / 2
    covariance, spread, inside = _rank_sums(kept, ranks, count)
    # Ranks are centred, so those of the others sum to the opposite.
    covariance -= tied * inside
    spread += absent * tied**2
    norm = np.sqrt(spread * float(np.square(ranks).sum()))
    rho = np.divide(covariance, norm, out=np.zeros(kept.n), where=norm > 0)
    values = np.where(known, numbers, 0.0)
    ends = _ends(kept, numbers, documents, rho, least)
    return Association(documents, rho, *_means(kept, values, count, documents), ends)


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


def _rank_sums(postings: Postings, ranks: Figures, count: int) -> tuple[Figures, Figures, Figures]:
    """Sums over the documents of each feature, which come strongest first, `(n,)` each.

    Of the centred rank of the activation times the number's, of the former's square, and of the
    latter. The strongest of `count` documents has the highest rank and each other one less, so no
    array of ranks is needed; only equal activations share the middle of theirs.
    """
    covariance, squares, inside = np.zeros((3, postings.n))
    places = np.arange(int(postings.counts().max(initial=0)), dtype=np.float64)
    # Feature by feature, since little memory is needed then.
    for feature, span in enumerate(postings.spans()):
        own, values = ranks[postings.rows[span]], postings.values[span]
        place = places[: len(own)]
        begins = np.flatnonzero(values[1:] != values[:-1]) + 1
        if len(begins) + 1 < len(own):
            bounds = np.concatenate([[0], begins, [len(own)]])
            place = np.repeat((bounds[:-1] + bounds[1:] - 1) / 2, np.diff(bounds))
        centred = (count - 1) / 2 - place
        covariance[feature], inside[feature] = (own * centred).sum(), own.sum()
        squares[feature] = np.square(centred).sum()
    return covariance, squares, inside
