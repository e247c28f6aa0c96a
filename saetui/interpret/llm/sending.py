"""One request, until it is answered: reserved, sent, sent again while that helps, stored."""

import random
import threading
import time
from collections.abc import Callable

from saetui.endpoint.failures import explained, is_passing, is_refusal, retry_after, said_by
from saetui.errors import LanguageModelError
from saetui.interpret.llm.chat import Chat, NotTheProtocol, may_be_charged
from saetui.interpret.llm.costs import Costs
from saetui.interpret.llm.dialect import Dialect, dialect_of
from saetui.interpret.llm.ledger import Ledger
from saetui.interpret.llm.questions import Request
from saetui.interpret.llm.replies import Reply
from saetui.interpret.llm.settings import ModelSettings
from saetui.interpret.llm.throttle import Throttle

_BUSY_STATUS = (429, 503)


class NoReply(Exception):
    """The endpoint answers, but not this request; the message is a sentence."""


class Sender:
    """Sends requests to one model, from several threads.

    Args:
        settings: The model.
        ledger: Where requests and replies are written down.
        costs: What they cost.
    """

    def __init__(self, settings: ModelSettings, ledger: Ledger, costs: Costs) -> None:
        self.has_answered = False
        self._settings = settings
        self._ledger = ledger
        self._costs = costs
        self._chat = Chat(settings)
        self._dialect = dialect_of(settings.address)
        self._throttle = Throttle(settings.concurrency)
        self._last_answer = 0.0

    def send(
        self,
        request: Request,
        expected: int,
        stopping: threading.Event,
        say: Callable[[str], None],
    ) -> Reply:
        """The reply to a request, stored before it is returned.

        Args:
            request: What to send.
            expected: Tokens that the reply is expected to take.
            stopping: Ends all waiting, see `wake`.
            say: Told why nothing happens, in a sentence.

        Raises:
            NoReply: This request fails, though others may not.
            OutOfBudget: It could cost more than is left.
            Stopped: Waiting was ended.
            LanguageModelError: The endpoint cannot be used, or replies not be stored.
        """
        from openai import OpenAIError

        patience = self._settings.patience
        began = time.monotonic()
        for trial in range(patience.tries):
            try:
                return self._send_in_its_dialect(request, expected, stopping)
            except (OpenAIError, NotTheProtocol) as error:
                last = error
                if not (isinstance(error, NotTheProtocol) or is_passing(error)):
                    break
            if trial + 1 < patience.tries:
                self._wait(last, trial, stopping, say)
        if is_refusal(last):
            raise NoReply(f"The endpoint refused the request: {said_by(last)}") from last
        if is_passing(last) and self._last_answer > began:
            raise NoReply(f"The endpoint did not answer in {patience.tries} tries.") from last
        raise self._explained(last) from last

    def wake(self) -> None:
        """Let those that wait see that they should stop."""
        self._throttle.wake()
        self._ledger.wake()

    def _wait(
        self, error: Exception, trial: int, stopping: threading.Event, say: Callable[[str], None]
    ) -> None:
        patience = self._settings.patience
        backoff = min(patience.pause * 2**trial, patience.longest_pause)
        # Requests that failed together should not return together.
        seconds = retry_after(error) or backoff * random.uniform(0.5, 1.0)
        say(f"The endpoint is busy or silent; waiting {seconds:.0f} s.")
        if getattr(error, "status_code", None) in _BUSY_STATUS:
            self._throttle.pause(seconds)
        else:
            stopping.wait(seconds)

    def _send_in_its_dialect(
        self, request: Request, expected: int, stopping: threading.Event
    ) -> Reply:
        """Send a request with the options that the endpoint takes, found by trying."""
        dialect: Dialect | None = self._dialect
        tried: set[Dialect] = set()
        while dialect is not None and dialect not in tried:
            tried.add(dialect)
            try:
                reply = self._send_once(request, dialect, expected, stopping)
            except Exception as error:
                refusal = error
                if not is_refusal(error):
                    raise
                dialect = dialect.after(error)
            else:
                if not self.has_answered:
                    self._dialect = dialect
                self.has_answered = True
                return reply
        raise refusal

    def _send_once(
        self, request: Request, dialect: Dialect, expected: int, stopping: threading.Event
    ) -> Reply:
        settings = self._settings
        key = request.key(settings.address, settings.model)
        most = self._costs.most(request)
        probable = self._costs.expected(request, expected)
        with self._throttle.slot(stopping) as began:
            number = self._ledger.reserve(key, settings.model, most, probable, stopping)
            try:
                reply = self._chat.ask(request, dialect)
            except BaseException as error:
                if isinstance(error, Exception) and not may_be_charged(error):
                    self._ledger.release(number)
                else:
                    self._ledger.lose(number)
                if getattr(error, "status_code", None) in _BUSY_STATUS:
                    self._throttle.narrow(began)
                raise
            cost, counted = self._costs.actual(reply, most)
            self._ledger.settle(number, reply, cost, counted)
            self._throttle.went_well()
            self._last_answer = time.monotonic()
            return reply

    def _explained(self, error: Exception) -> LanguageModelError:
        from openai import OpenAIError

        address, model = self._settings.address, self._settings.model
        if isinstance(error, OpenAIError):
            return explained(error, address, model, LanguageModelError, "answer")
        return LanguageModelError(
            f"{address} did not answer in OpenAI's protocol ({error}).",
            "Check the address; most end in /v1.",
        )
