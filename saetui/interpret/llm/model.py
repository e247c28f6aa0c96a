"""Ask a language model many questions: several at a time, each only once, within a budget."""

from collections.abc import Callable, Sequence

from saetui.endpoint.client import Endpoint, check_installed, connected, run, tasks
from saetui.endpoint.retries import EndpointFailure, Refused, Sender, explained
from saetui.errors import LanguageModelError
from saetui.interpret.llm.chat import Dialect, Format, ask, first_dialect
from saetui.interpret.llm.ledger import Ledger
from saetui.interpret.llm.questions import (
    AnswerT,
    Ending,
    Exchange,
    Outcome,
    Question,
    Reply,
    Request,
)
from saetui.interpret.llm.settings import CostEstimate, Costs, ModelSettings
from saetui.progress import Progress, Silent

_OVER_BUDGET = "The budget does not allow another request."
_NAMES = {Format.JSON_SCHEMA: "JSON schemas", Format.JSON_OBJECT: "JSON objects"}
# If an endpoint refuses this many questions before it answers one, it will refuse them all.
_REFUSALS_BELIEVED = 3


class _NotSent(Exception):
    """A request was not sent, since there is no money for it; the message is a sentence."""


class Asking:
    """Asks one model at one endpoint, until the work is done or the money is spent.

    `note` is told in sentences why nothing happens, and what the endpoint does not take.
    `answered_before` says whether the ledger held answers to some of the questions.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: ModelSettings,
        ledger: Ledger,
        costs: Costs,
        note: Callable[[str], None],
        *,
        answered_before: bool,
    ) -> None:
        import anyio

        self._endpoint, self._settings = endpoint, settings
        self._ledger, self._costs = ledger, costs
        self._note = note
        self._answered_before = answered_before
        self._sender = Sender(settings.patience, settings.concurrency, note)
        known = ledger.dialect(settings.address, settings.model)
        found = Dialect.from_json(known) if known else None
        self._dialect = found or first_dialect(settings.address)
        self._all_forms_tried = False
        self._no_money = ""
        self._settled = anyio.Event()

    @property
    def has_answered(self) -> bool:
        """Whether the endpoint has answered a request of this run."""
        return self._sender.has_answered

    async def outcome(self, exchange: Exchange[AnswerT]) -> Outcome[AnswerT]:
        """What becomes of a question, from where its exchange stands.

        Raises:
            LanguageModelError: The endpoint cannot be used, or replies not be stored.
        """
        for _ in range(self._settings.attempts):
            began = self._sender.last_answer
            try:
                reply = await self._reply(exchange.request, exchange.question.expected)
            except _NotSent as reason:
                return Outcome(Ending.NOT_ASKED, reason=str(reason))
            except EndpointFailure as failure:
                answered_others = self._sender.last_answer > began
                return self._without_reply(failure, answered_others)
            exchange.take(reply)
            if exchange.answer is not None or exchange.refused:
                break
        return exchange.outcome()

    def _without_reply(self, failure: EndpointFailure, answered_others: bool) -> Outcome[AnswerT]:
        """What becomes of a question when a request of it failed for good."""
        address, model = self._settings.address, self._settings.model
        error = explained(failure, address, model, LanguageModelError, "answer")
        if isinstance(failure, Refused):
            if failure.no_credit and (self.has_answered or self._answered_before):
                # What there is can be kept, and the rest be asked when there is money again.
                self._no_money = str(error)
                return Outcome(Ending.NOT_ASKED, reason=self._no_money)
            if failure.of_the_request:
                return Outcome(Ending.FAILED, reason=f"The endpoint refused the request: {failure}")
        if failure.passes and answered_others:
            tries = self._settings.patience.tries
            return Outcome(Ending.FAILED, reason=f"The endpoint did not answer in {tries} tries.")
        raise error

    async def _reply(self, request: Request, expected: int) -> Reply:
        """The reply to a request, stored before it is returned.

        `expected` is the number of tokens that it will probably take.
        """

        async def ask_in_its_dialect() -> Reply:
            dialect, tried = self._dialect, set[Dialect]()
            certain = True
            while True:
                tried.add(dialect)
                try:
                    reply = await self._send(request, dialect, expected)
                except Refused as refused:
                    other = dialect.after(refused) if self._blames(dialect, refused) else None
                    if other is None or other in tried:
                        self._all_forms_tried = True
                        raise
                    certain &= refused.of_the_request or dialect.is_named_in(refused)
                    dialect = other
                else:
                    self._learn(dialect, certain)
                    return reply

        return await self._sender.send(ask_in_its_dialect)

    def _blames(self, dialect: Dialect, refused: Refused) -> bool:
        """Whether a refusal may be due to the options of the request.

        Some servers fail with status 500 over an option that they do not know, so this counts
        where it names one, and as long as the endpoint has not answered anything.
        """
        if refused.status == 500:
            first = not self.has_answered and not self._all_forms_tried
            return first or dialect.is_named_in(refused)
        return refused.of_the_request

    def _learn(self, dialect: Dialect, certain: bool) -> None:
        """Ask in this dialect from now on.

        If it is not certain that other dialects failed because of their options, later runs
        try them again.
        """
        # Once the endpoint has answered, a refusal says more about the text than about options.
        if dialect == self._dialect or self.has_answered:
            return
        address, model = self._settings.address, self._settings.model
        if dialect.format < self._dialect.format:
            instead = "JSON objects" if dialect.format is Format.JSON_OBJECT else "plain text"
            self._note(
                f"{address} takes no {_NAMES[self._dialect.format]} with '{model}'; it is asked "
                f"for {instead} instead, and replies in another form are not used."
            )
        self._dialect = dialect
        if certain:
            self._ledger.remember_dialect(address, model, dialect.as_json())

    async def _send(self, request: Request, dialect: Dialect, expected: int) -> Reply:
        """Send a request once: reserve what it can cost, ask, and store the reply."""
        import anyio

        settings, ledger = self._settings, self._ledger
        key = request.key(settings.address, settings.model)
        most = self._costs.most(request)
        probable = self._costs.expected(request, expected)
        while not self._no_money:
            number = ledger.reserve(key, settings.model, most, probable)
            if number is not None:
                break
            if not ledger.is_waiting:
                raise _NotSent(_OVER_BUDGET)
            await self._settled.wait()
        else:
            raise _NotSent(self._no_money)
        # Whoever stops the work waits for what is under way, since that is paid for.
        with anyio.CancelScope(shield=True):
            try:
                reply = await ask(self._endpoint, settings.model, request, dialect)
            except BaseException as error:
                if isinstance(error, EndpointFailure) and not error.maybe_paid:
                    ledger.release(number)
                else:
                    ledger.lose(number)
                self._wake()
                raise
            cost, counted = self._costs.actual(reply, most)
            ledger.settle(number, reply, cost, counted)
            self._wake()
        return reply

    def _wake(self) -> None:
        """Let those that wait for what others reserved look again."""
        import anyio

        self._settled.set()
        self._settled = anyio.Event()


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
