"""What every request to language models about a bundle needs: documents, a ledger, judgements."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np

from saetui.embed import EmbedderSettings, load_embedder
from saetui.errors import InputError
from saetui.interpret.judging.judges import LabelToJudge
from saetui.interpret.judging.scores import Scores, detection_scores
from saetui.interpret.judging.trials import Trials
from saetui.interpret.labelling import LabelledSplit
from saetui.interpret.llm import (
    Budget,
    LanguageModel,
    Ledger,
    LLMJudge,
    LLMLabeller,
    ModelSettings,
)
from saetui.paths import cache_dir
from saetui.pipeline.sae_work import term_embedder
from saetui.progress import Progress
from saetui.store.bundle import Bundle, StoredSae


def document_texts(bundle: Bundle) -> list[str]:
    """Title and text of every document, as a model reads them."""
    return [_text(document.title, document.text) for document in bundle.documents]


def _text(title: str, text: str) -> str:
    return f"{title}\n\n{text}" if title else text


def study_of(bundle: Bundle, sae: StoredSae, progress: Progress) -> LabelledSplit:
    """What the bundle's own labels were made and scored with."""
    settings = EmbedderSettings.from_dict(bundle.manifest.embedder)
    return LabelledSplit(
        ((document.title, document.text) for document in bundle.documents),
        sae.postings,
        embeddings=bundle.embeddings,
        embed=None if settings.kind == "precomputed" else term_embedder(load_embedder(settings)),
        seed=0,
        progress=progress,
    )


@contextmanager
def ledger_of(
    bundle: Bundle,
    sae: StoredSae,
    models: Sequence[ModelSettings | None],
    budget: Budget,
    subject: str = "",
) -> Iterator[Ledger]:
    """The ledger that one request is booked in, whatever run it takes to finish it.

    Args:
        bundle: That is asked about.
        sae: Of it.
        models: That are asked.
        budget: Most that all runs of the request may cost together.
        subject: What is asked about, if not features.
    """
    names = [each.spec if each else "" for each in models]
    account = "|".join([str(bundle.path.resolve()), sae.record.name, *names])
    folder = cache_dir() / "llm"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{account}|{subject}" if subject else account
    with Ledger(folder / "replies.sqlite", name, budget) as ledger:
        yield ledger


@dataclass(frozen=True)
class Models:
    """The language models that one request asks.

    Attributes:
        labeller: Who labels; None leaves the labels that there are.
        judge: Who judges the labels; None for offline judges alone.
        budget: Most that all of it may cost, this run and earlier ones of the same request
            together.

    Raises:
        InputError: There is neither.
    """

    labeller: ModelSettings | None
    judge: ModelSettings | None
    budget: Budget

    def __post_init__(self) -> None:
        if self.labeller is None and self.judge is None:
            raise InputError("No language model is named.", "Give --with or --judge openai:MODEL.")

    def ledger(
        self, bundle: Bundle, sae: StoredSae, subject: str = ""
    ) -> AbstractContextManager[Ledger]:
        """See `ledger_of`."""
        return ledger_of(bundle, sae, (self.labeller, self.judge), self.budget, subject)

    def labeller_in(self, ledger: Ledger) -> LLMLabeller | None:
        """Who labels, booked in a ledger."""
        return LLMLabeller(LanguageModel(self.labeller, ledger)) if self.labeller else None

    def judge_in(self, ledger: Ledger, texts: Sequence[str]) -> LLMJudge | None:
        """Who judges labels by these documents, booked in a ledger."""
        return LLMJudge(LanguageModel(self.judge, ledger), texts) if self.judge else None


def questions_on(labels: Mapping[int, str], trials: Trials) -> list[LabelToJudge]:
    """The labels by number, with the held-out documents that each is judged on."""
    places = {feature: place for place, feature in enumerate(trials.features.tolist())}
    return [
        LabelToJudge(number, label, (), trials.rows_of(places[number]))
        for number, label in labels.items()
        if number in places and label
    ]


def judge_scores(
    judge: LLMJudge, questions: Sequence[LabelToJudge], trials: Trials, n: int, progress: Progress
) -> tuple[Scores, set[int]]:
    """Scores by a language model, and the numbers of the questions that it could judge.

    Args:
        judge: Who is asked.
        questions: From `questions_on`.
        trials: The same.
        n: How many features, or families, there are.
        progress: Told of every question.
    """
    answers = judge.confidences(questions, progress)
    confidences = np.zeros(len(trials.rows), dtype=np.float32)
    places = {feature: place for place, feature in enumerate(trials.features.tolist())}
    usable = set()
    for question, answer in zip(questions, answers, strict=True):
        if np.isfinite(answer).all():
            start = trials.indptr[places[question.feature]]
            confidences[start : start + len(answer)] = answer
            usable.add(question.feature)
    return detection_scores(judge.name, trials, confidences, n), usable
