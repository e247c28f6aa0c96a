"""The figures that are shown of a label, each beside the same by readers.

`figures` and `COUNTING` are all that is held against what readers find; a new figure, or a new
rule by which documents count as a feature's, joins there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from saetui.core.features import DECILES
from saetui.evaluate.blind_sheet import Question
from saetui.evaluate.judged_sheet import JudgedSheet
from saetui.interpret.judging.trials import HARD, PROTOCOLS, TOP
from saetui.store.features import FeatureRecord
from saetui.store.labels import ScoreRecord


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
class Figure:
    """A figure that is shown of a label, and the same by readers.

    Attributes:
        name: Of the figure.
        shown: Its value; None where there is none.
        read: What the judgements on the feature's documents come to.
    """

    name: str
    shown: Callable[[Shown], float | None]
    read: "Callable[[FeatureJudgements], float | None]"


@dataclass(frozen=True)
class Counting:
    """A rule by which a document that activates a feature counts as about it.

    Attributes:
        name: Of the rule.
        counts: Whether a document counts, by the question about it.
    """

    name: str
    counts: Callable[[Shown, Question], bool]


def figures() -> list[Figure]:
    """Every figure that is held against what readers find."""
    return [
        Figure("true of", _true_of, lambda judged: judged.counted_share),
        *_scores(),
    ]


def _scores() -> list[Figure]:
    return [
        Figure(f"{name}, {protocol}", _shown(measure, protocol), _read(measure, protocol))
        for measure, name in (("f1", "F1"), ("pearson", "Pearson"))
        for protocol in PROTOCOLS
    ]


COUNTING = (
    Counting("active", lambda shown, question: True),
    Counting("the stronger half", lambda shown, question: (question.tenth or 0) <= DECILES // 2),
    Counting(
        "those that count",
        lambda shown, question: shown.counted is None or question.document in shown.counted,
    ),
)


def _true_of(shown: Shown) -> float | None:
    true = shown.record.true
    return true.value if true is not None and shown.record.label == shown.label else None


def _shown(measure: str, protocol: str) -> Callable[[Shown], float | None]:
    def value(shown: Shown) -> float | None:
        score = shown.score(protocol)
        return None if score is None else getattr(score, measure)[0]

    return value


def _read(measure: str, protocol: str) -> "Callable[[FeatureJudgements], float | None]":
    return lambda judged: getattr(judged, measure)(protocol)


@dataclass(frozen=True)
class FeatureJudgements:
    """The judgements on the label of one feature, of each document once.

    Attributes:
        shown: What is shown of it.
        questions: The questions.
        confidence: float64, what readers said on average.
        weight: float64; documents of the same tenth together weigh 1.
    """

    shown: Shown
    questions: Sequence[Question]
    confidence: NDArray[np.float64]
    weight: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        places = [(each.kind, each.tenth) for each in self.questions]
        weight = np.array([1 / places.count(place) for place in places])
        object.__setattr__(self, "weight", weight)

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
        """Weights of the documents that count, of these the true ones, and of all true ones."""
        active = self.of_kind("active")
        counts = np.array([rule.counts(self.shown, each) for each in self.questions], bool) & active
        weight = self.weight
        return (
            float(weight[counts].sum()),
            float(weight[counts & self.true].sum()),
            float(weight[active & self.true].sum()),
        )

    @property
    def true_share(self) -> float | None:
        """The share of the active documents, all tenths alike, that the label is true of."""
        count, true, _ = self.counted(COUNTING[0])
        return true / count if count else None

    @property
    def counted_share(self) -> float | None:
        """The share of the documents that count that the label is true of."""
        count, true, _ = self.counted(COUNTING[-1])
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


def by_feature(sheet: JudgedSheet, shown: Callable[[int, str], Shown]) -> list[FeatureJudgements]:
    """Judgements by feature; what several readers said of a row becomes one confidence.

    Args:
        sheet: The judgements.
        shown: What is shown of a feature with a label.
    """
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
