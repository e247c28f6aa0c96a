"""What readers find of labels, and how far the figures that are shown agree with them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from saetui.core.features import DECILES
from saetui.evaluate.judged_sheet import Judged, JudgedSheet
from saetui.evaluate.label_figures import (
    COUNTING,
    Counting,
    FeatureJudgements,
    Figure,
    correlation_of,
    figures,
)
from saetui.evaluate.summary import Mean

_RESAMPLES = 1_000
# From here on a figure says that a label can be trusted.
_TRUSTED = 0.8
# A label that is true of a larger share of the documents that activate its feature holds.
_HOLDS = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """A share of documents of which the labels are true.

    Attributes:
        name: Which documents.
        documents: How many were judged.
        true: The share, each feature alike.
    """

    name: str
    documents: int
    true: Mean


@dataclass(frozen=True, slots=True)
class CountingQuality:
    """How right a rule is that says which documents count.

    Attributes:
        name: Of the rule.
        precision: Share of the documents that count of which the label is true.
        recall: Share of the active documents of which the label is true that count.
    """

    name: str
    precision: Mean
    recall: Mean


@dataclass(frozen=True, slots=True)
class FigureQuality:
    """How far a figure agrees with readers.

    Attributes:
        name: Of the figure.
        features: How many have it.
        shown: Its mean.
        read: The mean of the same figure by readers.
        error: Mean absolute difference of the two.
        correlation: Of the two.
        with_true_share: Correlation of the figure with the share of active documents that readers
            find the label true of.
        precision: Of the features where it is at least .8, the share whose label readers find true
            of most active documents.
        recall: The share of those whose label they find true that have at least .8.
    """

    name: str
    features: int
    shown: Mean
    read: Mean
    error: Mean
    correlation: Mean
    with_true_share: Mean
    precision: Mean
    recall: Mean


@dataclass(frozen=True)
class Findings:
    """What readers found.

    Attributes:
        judges: How many rows each judged.
        agreement: Share of the rows read by two on which they agree; None if there are none.
        features: How many features were judged.
        unsure: Rows on which readers could not say.
        open: Rows on which nobody said anything.
        shares: Of documents by tenth, then of near misses and random ones.
        counting: Of each rule.
        figures: Of each figure.
    """

    judges: Mapping[str, int]
    agreement: float | None
    features: int
    unsure: int
    open: int
    shares: Sequence[Share]
    counting: Sequence[CountingQuality]
    figures: Sequence[FigureQuality]


def findings(sheet: JudgedSheet, judged: Sequence[FeatureJudgements], seed: int) -> Findings:
    """What the judgements come to; intervals are from features drawn again with replacement."""
    draws = _Draws(len(judged), seed)
    judges: dict[str, int] = {}
    for each in sheet.judged:
        judges[each.judge] = judges.get(each.judge, 0) + 1
    places = [("active", tenth) for tenth in range(1, DECILES + 1)]
    return Findings(
        judges,
        _agreement(sheet.judged),
        len(judged),
        sheet.unsure,
        sheet.open,
        [_share(judged, draws, *place) for place in [*places, ("near", None), ("random", None)]],
        [_counting(judged, draws, rule) for rule in COUNTING],
        [_figure(judged, draws, figure) for figure in figures()],
    )


class _Draws:
    """Features drawn again with replacement; the first draw is the features as they are."""

    def __init__(self, count: int, seed: int) -> None:
        drawing = np.random.default_rng(seed)
        drawn = drawing.integers(count, size=(_RESAMPLES, count))
        self._places = np.vstack([np.arange(count), drawn])

    def mean(self, statistic: Callable[[NDArray[np.intp]], float]) -> Mean:
        """A statistic of the features with the interval of the draws in which there is one."""
        values = np.array([statistic(places) for places in self._places])
        if np.isnan(values[0]):
            return Mean(None, None, None)
        low, high = np.nanpercentile(values, (2.5, 97.5))
        return Mean(float(values[0]), float(low), float(high))

    def ratio(self, numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> Mean:
        """The ratio of two sums over features."""

        def of(places: NDArray[np.intp]) -> float:
            total = float(denominators[places].sum())
            return float(numerators[places].sum()) / total if total else np.nan

        return self.mean(of)


def _share(
    judged: Sequence[FeatureJudgements], draws: _Draws, kind: str, tenth: int | None
) -> Share:
    chosen = [each.of_kind(kind, tenth) for each in judged]
    counts = np.array([mask.sum() for mask in chosen], dtype=np.float64)
    true = np.array([(each.true & mask).sum() for each, mask in zip(judged, chosen, strict=True)])
    names = {"near": "near misses", "random": "random documents"}
    name = names.get(kind, f"tenth {tenth}")
    # Each feature weighs the same, however many of its documents were judged.
    present = (counts > 0).astype(np.float64)
    return Share(name, int(counts.sum()), draws.ratio(true / np.maximum(counts, 1), present))


def _counting(
    judged: Sequence[FeatureJudgements], draws: _Draws, rule: Counting
) -> CountingQuality:
    count, true, all_true = np.array([each.counted(rule) for each in judged]).T
    return CountingQuality(rule.name, draws.ratio(true, count), draws.ratio(true, all_true))


def _figure(judged: Sequence[FeatureJudgements], draws: _Draws, figure: Figure) -> FigureQuality:
    ours = np.array([_number(figure.shown(each.shown)) for each in judged])
    read = np.array([_number(figure.read(each)) for each in judged])
    share = np.array([_number(each.true_share) for each in judged])
    known = ~np.isnan(ours)
    both, whole = known & ~np.isnan(read), known & ~np.isnan(share)
    trusted, holds = known & (ours >= _TRUSTED), whole & (share > _HOLDS)

    def mean(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> Mean:
        return draws.ratio(np.where(mask, values, 0), mask.astype(np.float64))

    def correlation(others: NDArray[np.float64], mask: NDArray[np.bool_]) -> Mean:
        def of(places: NDArray[np.intp]) -> float:
            chosen = places[mask[places]]
            return correlation_of(ours[chosen], others[chosen])

        return draws.mean(of)

    hits = (trusted & holds).astype(np.float64)
    return FigureQuality(
        figure.name,
        int(known.sum()),
        mean(ours, both),
        mean(read, both),
        mean(np.abs(ours - read), both),
        correlation(read, both),
        correlation(share, whole),
        draws.ratio(hits, (trusted & whole).astype(np.float64)),
        draws.ratio(hits, holds.astype(np.float64)),
    )


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _agreement(judged: Iterable[Judged]) -> float | None:
    said: dict[tuple[int, str, str], list[bool]] = {}
    for each in judged:
        place = (each.question.feature, each.question.label, each.question.document)
        said.setdefault(place, []).append(each.confidence > 0)
    pairs = [a == b for rows in said.values() for a, b in combinations(rows, 2)]
    return sum(pairs) / len(pairs) if pairs else None
