"""Have language models label the features or families of a bundle, and judge their labels."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from saetui.errors import InputError, LanguageModelError
from saetui.interpret.judging.scores import Scores, detection_scores
from saetui.interpret.judging.trials import Trials
from saetui.interpret.llm import (
    Budget,
    CostEstimate,
    Labels,
    LanguageModel,
    Ledger,
    LLMJudge,
    LLMLabeller,
    ModelSettings,
    Spending,
)
from saetui.interpret.llm.judge import LabelToJudge
from saetui.paths import cache_dir
from saetui.progress import Progress
from saetui.store.bundle import Bundle
from saetui.store.stored_sae import StoredSae


@dataclass(frozen=True)
class Models:
    """The language models that a job asks.

    Attributes:
        labeller: The one that labels; None leaves the labels that there are.
        judge: The one that judges labels; None for offline judges alone.
        budget: Most that all of it may cost, this run and earlier ones of the same job together.

    Raises:
        InputError: There is neither.
    """

    labeller: ModelSettings | None
    judge: ModelSettings | None
    budget: Budget

    def __post_init__(self) -> None:
        if self.labeller is None and self.judge is None:
            raise InputError("No language model is named.", "Give --with or --judge openai:MODEL.")


class Labelled(Protocol):
    """The features or the families that a job is about; they collect labels until it ends.

    Attributes:
        subject: Ends the name of the job's account in the ledger.
        sae: Whose features or families they are.
        size: How many the SAE has, those that the job is not about included.
        trials: The held-out documents that labels are judged on.
    """

    subject: str
    sae: StoredSae
    size: int
    trials: Trials

    @property
    def labels(self) -> Mapping[int, str]:
        """The newest label of each by number, those of the job included."""

    def estimate(self, labeller: LLMLabeller) -> CostEstimate:
        """What `write` will probably cost."""

    def write(self, labeller: LLMLabeller, progress: Progress) -> Labels:
        """Have a model write labels, in the order of `labels`."""

    def add(self, number: int, text: str, labels: Labels) -> bool:
        """Take a label that was written; False where it was known, word for word."""

    def score(self) -> None:
        """Have offline judges score the labels added."""

    def take(self, scores: Scores, judged: set[int]) -> None:
        """Take the scores of those that a language model judged."""

    def store(self) -> None:
        """Put everything taken into the bundle."""


@dataclass(frozen=True)
class LabellingOutcome:
    """What language models did.

    Attributes:
        labelled: Features or families with a new label.
        known: How many had the label given, word for word, which was not stored again.
        failed: Those without a label from the model, and why.
        judged: How many labels a language model judged.
        spending: Over all runs of the job.
    """

    labelled: tuple[int, ...]
    known: int
    failed: Mapping[int, str]
    judged: int
    spending: Spending


class LabellingJob:
    """One job about the labels of one SAE of a bundle."""

    def __init__(
        self, bundle: Bundle, labelled: Labelled, models: Models, progress: Progress
    ) -> None:
        self._bundle, self._labelled = bundle, labelled
        self._models, self._progress = models, progress

    def estimate(self) -> CostEstimate:
        """What it will probably cost; asks nothing."""
        total = CostEstimate()
        with self._ledger() as ledger:
            if self._models.labeller is not None:
                labeller = LLMLabeller(LanguageModel(self._models.labeller, ledger))
                total += self._labelled.estimate(labeller)
            if self._models.judge is not None:
                total += self._judge(self._models.judge, ledger).estimate(self._to_judge())
        return total

    def run(self) -> LabellingOutcome:
        """Label, score, judge and store. Interrupted, a second run pays for nothing again.

        Raises:
            LanguageModelError: A model cannot be asked. Labels are stored even if the one that
                judges them cannot.
        """
        labelled, judged = self._labelled, set[int]()
        new: list[int] = []
        failed: dict[int, str] = {}
        made = 0
        error = None
        with self._ledger() as ledger:
            if self._models.labeller is not None:
                labeller = LLMLabeller(LanguageModel(self._models.labeller, ledger))
                labels = labelled.write(labeller, self._progress)
                for number, outcome in zip(list(labelled.labels), labels.outcomes, strict=True):
                    if outcome.answer is None:
                        failed[number] = outcome.reason
                        continue
                    made += 1
                    if labelled.add(number, outcome.answer, labels):
                        new.append(number)
            if new:
                labelled.score()
            if self._models.judge is not None:
                try:
                    judged = self._judged(self._judge(self._models.judge, ledger))
                except LanguageModelError as stopped:
                    error = stopped
            if new or judged:
                labelled.store()
            if error is not None:
                raise error
            return LabellingOutcome(
                tuple(new), made - len(new), failed, len(judged), ledger.spending()
            )

    def _judged(self, judge: LLMJudge) -> set[int]:
        """Have the labels judged; gives the numbers of those that were."""
        trials = self._labelled.trials
        asked = self._to_judge()
        places = {number: place for place, number in enumerate(trials.features.tolist())}
        confidences = np.zeros(len(trials.rows), dtype=np.float32)
        judged = set()
        for label, found in zip(asked, judge.confidences(asked, self._progress), strict=True):
            # What was not judged has no confidences, and gets no score: it is not wrong.
            if np.isfinite(found).all():
                start = trials.indptr[places[label.feature]]
                confidences[start : start + len(found)] = found
                judged.add(label.feature)
        if judged:
            scores = detection_scores(judge.name, trials, confidences, self._labelled.size)
            self._labelled.take(scores, judged)
        return judged

    def _to_judge(self) -> list[LabelToJudge]:
        """The labels, each with the held-out documents that it is judged on."""
        trials = self._labelled.trials
        places = {number: place for place, number in enumerate(trials.features.tolist())}
        return [
            LabelToJudge(number, label, trials.rows_of(places[number]))
            for number, label in self._labelled.labels.items()
            if number in places and label
        ]

    def _judge(self, settings: ModelSettings, ledger: Ledger) -> LLMJudge:
        documents = self._bundle.documents
        model = LanguageModel(settings, ledger)
        return LLMJudge(model, lambda row: documents.document(row).embedding_text)

    def _ledger(self) -> AbstractContextManager[Ledger]:
        models = (self._models.labeller, self._models.judge)
        sae, subject = self._labelled.sae, self._labelled.subject
        return open_ledger(self._bundle, sae, models, self._models.budget, subject)


@contextmanager
def open_ledger(
    bundle: Bundle,
    sae: StoredSae,
    models: Sequence[ModelSettings | None],
    budget: Budget,
    subject: str = "",
) -> Iterator[Ledger]:
    """The ledger in which a job is booked, however many runs it takes to finish it.

    The budget is for all runs together. `subject` says what the models are asked about, if not
    features.
    """
    names = [each.spec if each else "" for each in models]
    account = "|".join([str(bundle.path.resolve()), sae.record.name, *names])
    folder = cache_dir() / "llm"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{account}|{subject}" if subject else account
    with Ledger(folder / "replies.sqlite", name, budget) as ledger:
        yield ledger
