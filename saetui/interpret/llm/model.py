"""A language model that answers many questions: at once, patiently, once each, within a budget."""

from collections.abc import Sequence
from typing import Any, TypeVar

from saetui.errors import LanguageModelError
from saetui.interpret.llm.costs import Costs, Estimate
from saetui.interpret.llm.crew import Crew
from saetui.interpret.llm.ledger import Ledger, OutOfBudget
from saetui.interpret.llm.questions import Ending, Exchange, Outcome, Question
from saetui.interpret.llm.sending import NoReply, Sender
from saetui.interpret.llm.settings import ModelSettings
from saetui.progress import Progress, Silent

AnswerT = TypeVar("AnswerT")

# An endpoint that refused so many first questions, in every form, refuses them all.
_REFUSALS_BELIEVED = 3


class LanguageModel:
    """A model at an endpoint, and the ledger of what it was asked.

    Args:
        settings: The model.
        ledger: Replies so far, and the budget; several models may share it.

    Raises:
        MissingDependency: The package `openai` is not installed.
        LanguageModelError: There is a budget in dollars, and the model's price is not known.
    """

    def __init__(self, settings: ModelSettings, ledger: Ledger) -> None:
        if ledger.budget.dollars is not None and settings.price is None:
            raise LanguageModelError(
                f"The price of '{settings.model}' at {settings.address} is not known, so a budget "
                "in dollars cannot be kept.",
                "Give it with --price IN,OUT, in dollars per million tokens.",
            )
        self.settings = settings
        self.ledger = ledger
        self._costs = Costs(settings.price)
        self._sender = Sender(settings, ledger, self._costs)

    def estimate(self, questions: Sequence[Question[AnswerT]]) -> Estimate:
        """What questions will probably cost; asks nothing, and counts stored answers as free."""
        prompt_ratio, completion_ratio = self.ledger.corrections(self.settings.model)
        exchanges = self._exchanges(questions)
        distinct = {
            self._key(exchange): exchange for exchange in exchanges if exchange.answer is None
        }
        costs = [
            self._costs.expected(exchange.request, exchange.question.expected)
            for exchange in distinct.values()
        ]
        prompt = round(prompt_ratio * sum(cost.prompt_tokens for cost in costs))
        completion = round(completion_ratio * sum(cost.completion_tokens for cost in costs))
        price = self.settings.price
        dollars = None if price is None else price.of(prompt, completion)
        return Estimate(len(costs), len(questions) - len(costs), prompt, completion, dollars)

    def ask_all(
        self,
        questions: Sequence[Question[AnswerT]],
        task: str,
        unit: str,
        progress: Progress | None = None,
    ) -> list[Outcome[AnswerT]]:
        """Answers to questions, in their order.

        What was answered in an earlier run is not asked again; equal questions are asked once. A
        question without a usable answer fails alone. When the work is interrupted, it waits for
        the replies under way, since these are paid for, and stores them.

        Args:
            questions: What to ask.
            task: What this is for, for the progress: "Labelling with gpt-4o".
            unit: What one question stands for, in plural.
            progress: Told, from this thread, of every question that ended and of the dollars that
                the job has cost so far.

        Raises:
            LanguageModelError: The endpoint cannot be used, or replies cannot be stored; answers
                so far are kept.
        """
        exchanges = self._exchanges(questions)
        places: dict[str, list[int]] = {}
        for place, exchange in enumerate(exchanges):
            if exchange.answer is None:
                places.setdefault(self._key(exchange), []).append(place)
        progress = progress or Silent()
        unanswered = sum(map(len, places.values()))
        progress.start(task, len(questions), unit, len(questions) - unanswered)
        outcomes = [exchange.outcome() for exchange in exchanges]

        def work(key: str) -> tuple[str, Outcome[AnswerT], float]:
            outcome = self._answer(exchanges[places[key][0]], crew)
            return key, outcome, self.ledger.spending().dollars

        crew = Crew(list(places), work, self._sender.wake)
        refused = 0
        with crew:
            # One question at a time until one is answered, so that a wrong key fails once.
            crew.hire(1)
            for key, outcome, dollars in crew.results(progress.note):
                for place in places[key]:
                    outcomes[place] = outcome
                progress.advance(len(places[key]), dollars=dollars)
                if self._sender.has_answered:
                    crew.hire(self.settings.concurrency)
                elif outcome.ending is Ending.FAILED:
                    refused += 1
                    self._give_up_after(refused, outcome.reason)
        return outcomes

    def _give_up_after(self, refused: int, reason: str) -> None:
        if refused == _REFUSALS_BELIEVED:
            raise LanguageModelError(
                f"{self.settings.address} refuses what '{self.settings.model}' is asked. {reason}"
            )

    def _answer(self, exchange: Exchange[AnswerT], crew: Crew[Any]) -> Outcome[AnswerT]:
        expected = exchange.question.expected
        for _ in range(self.settings.patience.attempts):
            try:
                reply = self._sender.send(exchange.request, expected, crew.stopping, crew.say)
            except NoReply as error:
                return Outcome(Ending.FAILED, reason=str(error))
            except OutOfBudget:
                return Outcome(
                    Ending.OUT_OF_BUDGET, reason="The budget does not allow another request."
                )
            exchange.take(reply)
            if exchange.answer is not None or exchange.refused:
                break
        return exchange.outcome()

    def _exchanges(self, questions: Sequence[Question[AnswerT]]) -> list[Exchange[AnswerT]]:
        """An exchange for each question, as far as stored replies lead."""
        exchanges = [Exchange(question) for question in questions]
        for exchange in exchanges:
            while exchange.answer is None:
                reply = self.ledger.reply(self._key(exchange))
                if reply is None:
                    break
                exchange.take(reply)
        return exchanges

    def _key(self, exchange: Exchange[AnswerT]) -> str:
        return exchange.request.key(self.settings.address, self.settings.model)
