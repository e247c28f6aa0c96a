"""How often and how strongly features are active on a corpus, and which occur together."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, Postings, SaeWeights
from saetui.core.group_tests import finite_ratio
from saetui.core.scores import top, unit
from saetui.errors import InputError

DECILES = 10

CLEAN_F1, CLEAN_PEARSON, CLEAN_DENSITY = 0.8, 0.8, 0.2
"""The paper calls a feature clean whose label has at least these scores, and whose density is below
this."""

ONE, TWO, WORD, MIXED, RARE, DEAD = "one", "two", "word", "mixed", "rare", "dead"
QUALITIES = (ONE, "coherent", "broad", TWO, WORD, MIXED, RARE, DEAD)
"""Words for the quality of a feature, best first: whether it is one concept, two, a word with
several meanings (or a manner of writing), or mixed; `interpret.judging.quality` assigns them.
Bundles of before have coherent and broad."""

# Documents per block, whose codes fit into a processor's cache.
_DOCUMENTS = 4_096


@dataclass(frozen=True)
class Statistics:
    """Figures of all features, each `(n,)`.

    Attributes:
        documents: How many documents activate the feature.
        density: Their share of the corpus.
        mean_activation: Mean over the documents that activate it; 0 if none does.
        max_activation: The strongest activation; 0 if no document activates it.
    """

    documents: NDArray[np.int64]
    density: NDArray[np.float64]
    mean_activation: NDArray[np.float64]
    max_activation: NDArray[np.float64]


def check_feature(feature: int, n: int) -> None:
    """Raise InputError unless an SAE with `n` features has this one."""
    if not 0 <= feature < n:
        raise InputError(
            f"There is no feature {feature}: this SAE has {n:,}.",
            f"Choose one from 0 to {n - 1}.",
        )


def statistics(postings: Postings, corpus_size: int) -> Statistics:
    """Figures of every feature over a corpus of `corpus_size` documents."""
    documents = postings.counts()
    totals = np.array([postings.values[span].sum(dtype=np.float64) for span in postings.spans()])
    active = documents > 0
    maximum = np.zeros(postings.n)
    maximum[active] = postings.values[postings.indptr[:-1][active]]
    return Statistics(
        documents=documents,
        density=documents / max(corpus_size, 1),
        mean_activation=totals / np.maximum(documents, 1),
        max_activation=maximum,
    )


def histogram(values: Float, bins: int, most: float | None = None) -> NDArray[np.int64]:
    """How many activations lie in each of `bins` equal steps from 0 to the maximum.

    Args:
        values: Activations, strongest first.
        bins: Number of steps.
        most: The maximum; None for that of the values.
    """
    if not len(values):
        return np.zeros(bins, dtype=np.int64)
    highest = float(values[0]) if most is None else most
    # Activations are sorted, so a binary search finds where each step ends.
    edges = np.linspace(0.0, highest, bins + 1, dtype=np.float64)[1:-1]
    below = np.searchsorted(values[::-1], edges.astype(np.float32), side="left")
    return np.diff(below, prepend=0, append=len(values))


def decile_positions(count: int, per_decile: int) -> list[NDArray[np.intp]]:
    """Positions of examples in a feature's postings, for each tenth of them, strongest tenth first.

    The positions are spread evenly over their tenth. Below ten documents, some tenths are empty.

    Args:
        count: Number of documents in the postings.
        per_decile: The most positions in each tenth.
    """
    edges = np.linspace(0, count, DECILES + 1).round().astype(np.intp)
    spans = []
    for low, high in pairwise(edges):
        picks = min(per_decile, int(high - low))
        spans.append(np.linspace(low, high, picks, endpoint=False).astype(np.intp))
    return spans


def cosines_to_directions(weights: SaeWeights, e: Float) -> Float:
    """Cosine of each feature's direction to an embedding, centred at `b_pre`; float32 `(n,)`."""
    return np.asarray(weights.directions @ unit(e - weights.bias), dtype=np.float32)


def nearest_and_opposed(
    weights: SaeWeights, feature: int, limit: int
) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Other features by the cosine of directions: the nearest first, and the most opposed first."""
    return both_ends(weights.directions @ weights.directions[feature], feature, limit)


def both_ends(
    cosines: Float, feature: int, limit: int
) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """All features but one with their cosines `(n,)`: the highest first, and the lowest first."""

    def ranked(sign: int) -> list[tuple[int, float]]:
        ranking = sign * cosines
        ranking[feature] = -np.inf
        return [(int(i), float(cosines[i])) for i in top(ranking, min(limit, len(ranking) - 1))]

    return ranked(1), ranked(-1)


@dataclass(frozen=True, slots=True)
class Lift:
    """How many times more often than by chance two features are on the same documents.

    Attributes:
        times: The share of one's documents among the other's, over their share of all others.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    times: float
    low: float
    high: float


def lift_of(together: int, one: int, other: int, documents: int) -> Lift:
    """The lift of two features by how many documents have both, one, and the other."""
    found = lifts(np.array([together]), np.array([other]), one, documents)
    times, low, high = (float(each[0]) for each in found)
    return Lift(times, low, high)


def lifts(
    together: NDArray[np.int64], others: NDArray[np.int64], one: int, documents: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Lifts of one feature with others, and both ends of their 95% intervals, each `(m,)`.

    Args:
        together: How many documents have both.
        others: How many have each of the others.
        one: How many have the one.
        documents: How many there are.
    """
    return finite_ratio(together, one, np.maximum(others - together, 0), documents - one)


def co_occurring(
    codes: Codes, postings: Postings, feature: int, limit: int
) -> list[tuple[int, int]]:
    """Other features of the same documents, with the number of those documents.

    They are sorted by the lower end of their lift's interval: by how much more often than chance
    the two surely occur together. By their number alone, the most frequent features would be first
    everywhere.
    """
    rows, _ = postings.documents(feature)
    counts = np.zeros(codes.n + 1, dtype=np.int64)
    ordered = np.sort(rows)
    for start in range(0, len(ordered), _DOCUMENTS):
        # Unused slots hold -1, so everything is counted one place further on.
        active = codes.indices[ordered[start : start + _DOCUMENTS]].ravel() + 1
        counts += np.bincount(active, minlength=len(counts))
    counts = counts[1:]
    counts[feature] = 0
    found = [(int(i), int(counts[i])) for i in np.flatnonzero(counts)]
    return by_lift(found, postings, feature, len(codes.indices))[:limit]


def by_lift(
    found: list[tuple[int, int]], postings: Postings, feature: int, documents: int
) -> list[tuple[int, int]]:
    """Features with the number of documents that they share with one, the surest lift first."""
    if not found:
        return []
    others, together = (np.array(each, dtype=np.int64) for each in zip(*found, strict=True))
    counts = postings.counts()
    _, low, _ = lifts(together, counts[others], int(counts[feature]), documents)
    return [found[i] for i in np.argsort(-low, kind="stable").tolist()]
