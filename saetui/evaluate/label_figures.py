"""What readers find of labels, and how far the figures that are shown agree with them.

`figures` and `COUNTING` are all that is held against what readers find; a new figure, or a new
rule by which documents count as a feature's, joins there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from operator import methodcaller

import numpy as np
from numpy.typing import NDArray

from saetui.core.features import DECILES
from saetui.evaluate.blind_sheet import Judged, JudgedSheet, Question
from saetui.evaluate.recognition import Mean
from saetui.interpret.judging.trials import HARD, PROTOCOLS, TOP
from saetui.store.features import FeatureRecord
from saetui.store.labels import ScoreRecord

_RESAMPLES = 1_000
# From here on a figure says that a label can be trusted.
_TRUSTED = 0.8
# A label that is true of a larger share of the documents that activate its feature holds.
_HOLDS = 0.5


@dataclass(frozen=True)
class Shown:
    """What is shown of a feature with the label that was judged.

    Attributes:
        record: The feature; its own label may be another one now.
        label: The label that was judged.
        scores: Of that label.
        counted: Ids of the documents that count for the feature; None where that is not known.
    """

    record: FeatureRecord
    label: str
    scores: Sequence[ScoreRecord] = ()
    counted: frozenset[str] | None = None

    def score(self, protocol: str) -> ScoreRecord | None:
        """The newest score by a protocol."""
        return next((each for each in reversed(self.scores) if each.protocol == protocol), None)


@dataclass(frozen=True)
class Counting:
    """A named rule by which a document that activates a feature counts as about it."""

    name: str
    counts: Callable[[Shown, Question], bool]


COUNTING = (
    Counting("active", lambda shown, question: True),
    Counting("the stronger half", lambda shown, question: (question.tenth or 0) <= DECILES // 2),
    Counting(
        "those that count",
        lambda shown, question: shown.counted is None or question.document in shown.counted,
    ),
)


@dataclass(frozen=True)
class FeatureJudgements:
    """The judgements on the label of one feature, of each document once.

    Attributes:
        shown: What is shown of it.
        questions: The questions.
        confidence: float64, what readers said on average.
    """

    shown: Shown
    questions: Sequence[Question]
    confidence: NDArray[np.float64]

    @cached_property
    def weight(self) -> NDArray[np.float64]:
        """The weight of each document, float64; those of one tenth together weigh 1."""
        places = [(each.kind, each.tenth) for each in self.questions]
        return np.array([1 / places.count(place) for place in places])

    @property
    def true(self) -> NDArray[np.bool_]:
        """Whether the label is true of each document."""
        return np.asarray(self.confidence > 0)

    def of_kind(self, kind: str, tenth: int | None = None) -> NDArray[np.bool_]:
        """Which documents are of a kind, and in a tenth if one is given."""
        return np.array(
            [each.kind == kind and tenth in (None, each.tenth) for each in self.questions], bool
        )

    def counted(self, rule: Counting) -> tuple[float, float, float]:
        """Total weights: of documents that count, of true ones that count, of all true ones."""
        active = self.of_kind("active")
        counts = np.array([rule.counts(self.shown, each) for each in self.questions], bool) & active
        weight = self.weight
        return (
            float(weight[counts].sum()),
            float(weight[counts & self.true].sum()),
            float(weight[active & self.true].sum()),
        )

    def true_share(self, rule: Counting = COUNTING[0]) -> float | None:
        """The share of the documents that count, all tenths alike, that the label is true of."""
        count, true, _ = self.counted(rule)
        return true / count if count else None

    def _trial(self, protocol: str) -> tuple[NDArray[np.bool_], NDArray[np.float64]] | None:
        """Of the documents of a protocol, whether they are active, and the confidence."""
        active = self.of_kind("active", 1 if protocol == TOP else None)
        others = self.of_kind("near" if protocol == HARD else "random")
        chosen = active | others
        if not active.any() or not others.any():
            return None
        return active[chosen], self.confidence[chosen]

    def f1(self, protocol: str) -> float | None:
        """F1 of the readers' judgements in telling active documents from others."""
        trial = self._trial(protocol)
        if trial is None:
            return None
        active, said = trial[0], trial[1] > 0
        return 2 * float((active & said).sum()) / max(float(active.sum() + said.sum()), 1.0)

    def pearson(self, protocol: str) -> float | None:
        """Correlation of the readers' confidence with being active; None if it never differs."""
        trial = self._trial(protocol)
        if trial is None:
            return None
        value = correlation_of(trial[0].astype(np.float64), trial[1])
        return None if np.isnan(value) else value


@dataclass(frozen=True)
class Figure:
    """A figure that is shown of a label, and the same by readers; None where there is none."""

    name: str
    shown: Callable[[Shown], float | None]
    read: "Callable[[FeatureJudgements], float | None]"


def figures() -> list[Figure]:
    """Every figure that is held against what readers find."""
    found = [Figure("true of", _true_of, methodcaller("true_share", COUNTING[-1]))]
    for measure, name in (("f1", "F1"), ("pearson", "Pearson")):
        for protocol in PROTOCOLS:
            shown, read = partial(_score, measure, protocol), methodcaller(measure, protocol)
            found.append(Figure(f"{name}, {protocol}", shown, read))
    return found


def _true_of(shown: Shown) -> float | None:
    true = shown.record.true
    return true.value if true is not None and shown.record.label == shown.label else None


def _score(measure: str, protocol: str, shown: Shown) -> float | None:
    score = shown.score(protocol)
    return None if score is None else getattr(score, measure)[0]


def by_feature(sheet: JudgedSheet, shown: Callable[[int, str], Shown]) -> list[FeatureJudgements]:
    """Judgements by feature; what several readers said of a row becomes one confidence."""
    said: dict[tuple[int, str], dict[str, tuple[Question, list[float]]]] = {}
    for each in sheet.judged:
        question = each.question
        rows = said.setdefault((question.feature, question.label), {})
        rows.setdefault(question.document, (question, []))[1].append(each.confidence)
    return [
        FeatureJudgements(
            shown(*place),
            [question for question, _ in rows.values()],
            np.array([float(np.mean(confidences)) for _, confidences in rows.values()]),
        )
        for place, rows in sorted(said.items())
    ]


def correlation_of(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Pearson's correlation; NaN where one of the two is always the same."""
    if len(x) < 2 or not np.ptp(x) or not np.ptp(y):
        return np.nan
    return float(np.corrcoef(x, y)[0, 1])


@dataclass(frozen=True, slots=True)
class Share:
    """How many documents of one kind were judged, and of which share the labels are true."""

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
    places = [("active", tenth) for tenth in range(1, DECILES + 1)]
    return Findings(
        dict(Counter(each.judge for each in sheet.judged)),
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
    # What is None becomes NaN.
    ours = np.array([figure.shown(each.shown) for each in judged], dtype=np.float64)
    read = np.array([figure.read(each) for each in judged], dtype=np.float64)
    share = np.array([each.true_share() for each in judged], dtype=np.float64)
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


def _agreement(judged: Iterable[Judged]) -> float | None:
    said: dict[tuple[int, str, str], list[bool]] = {}
    for each in judged:
        place = (each.question.feature, each.question.label, each.question.document)
        said.setdefault(place, []).append(each.confidence > 0)
    pairs = [a == b for rows in said.values() for a, b in combinations(rows, 2)]
    return sum(pairs) / len(pairs) if pairs else None
