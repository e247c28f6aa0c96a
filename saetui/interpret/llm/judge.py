"""A language model that judges documents by a label alone."""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saetui.interpret.llm.costs import Estimate
from saetui.interpret.llm.judgement_reading import confidences_in
from saetui.interpret.llm.model import LanguageModel
from saetui.interpret.llm.prompts import JUDGEMENT_SCHEMA, PROMPT_VERSION, judge_messages
from saetui.interpret.llm.questions import Ending, Outcome
from saetui.interpret.llm.questions import Question as ModelQuestion
from saetui.progress import Progress

if TYPE_CHECKING:
    from saetui.interpret.judging.judges import Question

Confidences = NDArray[np.float32]

# One entry, such as {"document": 12, "confidence": -0.85}, takes about fifteen tokens.
_EXPECTED_PER_TEXT = 15
_ROOM_PER_TEXT = 32
_ROOM = 128
_LONGEST_TEXT = 2_000


class LLMJudge:
    """Asks a language model how confident it is that documents show what a label says.

    The model sees label and documents, in an order drawn by lot, and nothing of terms or
    activations. Fits `saetui.interpret.judging.judges.Judge`.

    Args:
        model: The model.
        texts: Title and text of every document of the corpus, by row.
        batch: Most documents in one request.
        seed: Draws the order. The same label, documents and seed give the same requests, so that
            what was judged before costs nothing.
        longest_text: Characters after which a document is cut.
    """

    def __init__(
        self,
        model: LanguageModel,
        texts: Sequence[str],
        *,
        batch: int = 10,
        seed: int = 0,
        longest_text: int = _LONGEST_TEXT,
    ) -> None:
        self.name = model.settings.spec
        self._model = model
        self._texts = texts
        self._batch = batch
        self._seed = seed
        self._longest_text = longest_text

    def confidences(self, questions: Sequence["Question"], progress: Progress) -> list[Confidences]:
        """For each question one confidence per document, float32 from -1 to 1.

        Where the model gave no usable reply, or the budget allowed none, all of a question's
        confidences are NaN, and a note says how often and why.
        """
        outcomes = self.judge(questions, progress)
        reasons = [outcome.reason for outcome in outcomes if outcome.answer is None]
        if reasons:
            progress.note(f"Labels not judged by {self.name}: {len(reasons):,}. {reasons[0]}")
        return [
            np.full(len(question.rows), np.nan, dtype=np.float32)
            if outcome.answer is None
            else outcome.answer
            for question, outcome in zip(questions, outcomes, strict=True)
        ]

    def judge(
        self, questions: Sequence["Question"], progress: Progress
    ) -> list[Outcome[Confidences]]:
        """Confidences, or why there are none, for each question; see `confidences`.

        A question of which one batch failed has failed. The others go on.

        Raises:
            LanguageModelError: The endpoint cannot be used.
        """
        parts = [self._parts(question) for question in questions]
        asked = [request for part in parts for request, _ in part]
        task = f"Judging with {self._model.settings.model}"
        answers = iter(self._model.ask_all(asked, task, "batches of documents", progress))
        return [
            _joined(len(question.rows), [(next(answers), places) for _, places in part])
            for question, part in zip(questions, parts, strict=True)
        ]

    def estimate(self, questions: Sequence["Question"]) -> Estimate:
        """What `judge` will probably cost; asks nothing.

        Labels that do not exist yet may be any words of usual length.
        """
        return self._model.estimate(
            [request for question in questions for request, _ in self._parts(question)]
        )

    def _parts(
        self, question: "Question"
    ) -> list[tuple[ModelQuestion[tuple[float, ...]], NDArray[np.intp]]]:
        """What to ask about one label, and the places of the documents in each."""
        order = self._order(question.label, len(question.rows))
        # Batches of nearly one size: a last one of a single document would be judged differently.
        count = -(-len(order) // self._batch)
        batches = np.array_split(order, count) if count else []
        return [(self._request(question, places), places) for places in batches]

    def _order(self, label: str, size: int) -> NDArray[np.intp]:
        digest = hashlib.sha256(label.encode("utf-8", "replace")).digest()
        seed = [self._seed, int.from_bytes(digest[:8], "little")]
        return np.random.default_rng(seed).permutation(size)

    def _request(
        self, question: "Question", places: NDArray[np.intp]
    ) -> ModelQuestion[tuple[float, ...]]:
        texts = [self._texts[row] for row in question.rows[places].tolist()]
        return ModelQuestion(
            PROMPT_VERSION,
            judge_messages(question.label, texts, self._longest_text),
            JUDGEMENT_SCHEMA,
            _ROOM + _ROOM_PER_TEXT * len(texts),
            _EXPECTED_PER_TEXT * len(texts),
            partial(confidences_in, documents=len(texts)),
        )


def _joined(
    size: int, parts: Sequence[tuple[Outcome[tuple[float, ...]], NDArray[np.intp]]]
) -> Outcome[Confidences]:
    """The confidences of all batches, in the order of the question's documents."""
    confidences = np.zeros(size, dtype=np.float32)
    for outcome, places in parts:
        if outcome.answer is None:
            return Outcome(outcome.ending, reason=outcome.reason)
        confidences[places] = outcome.answer
    return Outcome(Ending.ANSWERED, confidences)
