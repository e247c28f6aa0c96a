"""Ask a language model many questions: several at a time, each only once, within a budget."""

from collections.abc import Sequence

from saetui.endpoint.client import check_installed, connected, run, tasks
from saetui.errors import LanguageModelError
from saetui.interpret.llm.asking import Asking
from saetui.interpret.llm.costs import CostEstimate, Costs
from saetui.interpret.llm.ledger import Ledger
from saetui.interpret.llm.questions import AnswerT, Ending, Exchange, Outcome, Question
from saetui.interpret.llm.settings import ModelSettings
from saetui.progress import Progress, Silent

# If an endpoint refuses this many questions before it answers one, it will refuse them all.
_REFUSALS_BELIEVED = 3


class LanguageModel:
    """A model at an endpoint, and the ledger of what it was asked.

    Args:
        settings: The model.
        ledger: Replies so far, and the budget; several models may share it.

    Raises:
        MissingDependency: A package that connects to endpoints is not installed.
        LanguageModelError: There is a budget in dollars, and the model's price is not known.
    """

    def __init__(self, settings: ModelSettings, ledger: Ledger) -> None:
        check_installed(f"The language model '{settings.spec}'")
        if ledger.budget.dollars is not None and settings.price is None:
            raise LanguageModelError(
                f"The price of '{settings.model}' at {settings.address} is not known, so a budget "
                "in dollars cannot be kept.",
                "Give it with --price IN,OUT, in dollars per million tokens.",
            )
        self.settings = settings
        self.ledger = ledger
        self._costs = Costs(settings.price)

    def estimate(self, questions: Sequence[Question[AnswerT]]) -> CostEstimate:
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
        return CostEstimate(len(costs), len(questions) - len(costs), prompt, completion, dollars)

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
            progress: Told, from another thread while this one waits, of every question that ended
                and of the dollars that the job has cost so far.

        Raises:
            LanguageModelError: The endpoint cannot be used, or replies cannot be stored; answers
                so far are kept.
        """
        progress = progress or Silent()
        exchanges = self._exchanges(questions)
        places: dict[str, list[int]] = {}
        for place, exchange in enumerate(exchanges):
            if exchange.answer is None:
                places.setdefault(self._key(exchange), []).append(place)
        unanswered = sum(map(len, places.values()))
        progress.start(task, len(questions), unit, len(questions) - unanswered)
        outcomes = [exchange.outcome() for exchange in exchanges]

        async def ask_all() -> None:
            patience = self.settings.patience
            async with connected(self.settings.address, patience.deadline) as endpoint:
                asking = Asking(
                    endpoint,
                    self.settings,
                    self.ledger,
                    self._costs,
                    progress.note,
                    answered_before=unanswered < len(questions),
                )
                await self._ask(asking, exchanges, list(places.values()), outcomes, progress)

        if places:
            run(ask_all)
        return outcomes

    async def _ask(
        self,
        asking: Asking,
        exchanges: Sequence[Exchange[AnswerT]],
        groups: Sequence[Sequence[int]],
        outcomes: list[Outcome[AnswerT]],
        progress: Progress,
    ) -> None:
        """Fill the outcomes at the places of each group, whose exchanges are equal."""
        waiting = iter(groups)

        async def ask_next(places: Sequence[int]) -> Outcome[AnswerT]:
            outcome = await asking.outcome(exchanges[places[0]])
            for place in places:
                outcomes[place] = outcome
            progress.advance(len(places), dollars=self.ledger.spending().dollars)
            return outcome

        async def ask_the_rest() -> None:
            for places in waiting:
                await ask_next(places)

        # One question at a time until one is answered, so that a wrong key fails once.
        refused = 0
        for places in waiting:
            outcome = await ask_next(places)
            if asking.has_answered:
                break
            refused += outcome.ending is Ending.FAILED
            if refused == _REFUSALS_BELIEVED:
                raise LanguageModelError(
                    f"{self.settings.address} refuses what '{self.settings.model}' is asked. "
                    f"{outcome.reason}"
                )
        async with tasks() as group:
            for _ in range(min(self.settings.concurrency, len(groups))):
                group.start_soon(ask_the_rest)

    def _exchanges(self, questions: Sequence[Question[AnswerT]]) -> list[Exchange[AnswerT]]:
        """An exchange for each question, as far as it can be answered from stored replies."""
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
