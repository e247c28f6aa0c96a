"""What can go wrong with a request to an endpoint, and which requests are sent again.

EndpointFailure
|-- NoConnection        nothing was sent
|-- NoAnswer            it was sent, and no complete answer came
|-- NotTheProtocol      the answer is not what OpenAI's protocol says
|-- Redirected          the address refers to another one
`-- Refused             the endpoint answered with an error

`Sender` sends a few requests at a time, each until it is answered or hopeless.
"""

import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

from saetui.errors import SaetuiError

_LONGEST_PAUSE = 600.0
_PASSING_STATUS = (408, 409, 425, 429)
_FAULT_OF_THE_REQUEST = (400, 413, 422, 501)
_BUSY_STATUS = (429, 503)
# A gateway lost the answer, which the model behind it may have given.
_GATEWAY_STATUS = (502, 504)
_NO_CREDIT = "insufficient_quota"
_PAYMENT_REQUIRED = 402

ErrorT = TypeVar("ErrorT", bound=SaetuiError)


class EndpointFailure(Exception):
    """A request that brought nothing usable; the message is safe to show.

    Attributes:
        passes: Whether the same request may well succeed later.
        maybe_paid: Whether the model may have answered, so that the request may be charged for.
    """

    passes = True
    maybe_paid = True


class NoConnection(EndpointFailure):
    """There is no connection, so nothing was sent."""

    maybe_paid = False


class NoAnswer(EndpointFailure):
    """The request was sent, and no complete answer came."""


class NotTheProtocol(EndpointFailure):
    """The answer is not what OpenAI's protocol says."""

    def __init__(self, message: str, passes: bool = True) -> None:
        super().__init__(message)
        self.passes = passes


class Redirected(EndpointFailure):
    """The address refers to another one, to which texts and key were not meant to go."""

    passes = False
    maybe_paid = False


class Refused(EndpointFailure):
    """The endpoint answered with an error.

    Args:
        message: Its own words.
        status: The HTTP status.
        code: Its name for the error; "" where it gives none.
        param: The part of the request that it finds fault with; "" where it names none.
        pause: Seconds that it asks to wait; 0 where it does not say.
    """

    def __init__(
        self, message: str, status: int, *, code: str = "", param: str = "", pause: float = 0.0
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.param, self.pause = status, code, param, pause
        self.maybe_paid = status in _GATEWAY_STATUS
        self.no_credit = status == _PAYMENT_REQUIRED or (status == 429 and code == _NO_CREDIT)
        self.of_the_request = status in _FAULT_OF_THE_REQUEST
        """Whether it found fault with what it was sent: too much, too long, not known."""
        self.busy = status in _BUSY_STATUS and not self.no_credit
        serious = status >= 500 and not self.of_the_request
        self.passes = (status in _PASSING_STATUS or serious) and not self.no_credit


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that an endpoint asks to wait: 0 where it does not say, at most ten minutes."""
    asked = _seconds(headers.get("retry-after-ms", "")) / 1_000
    asked = asked or _seconds(headers.get("retry-after", ""))
    return min(max(asked, 0.0), _LONGEST_PAUSE)


def _seconds(value: str) -> float:
    """What a header gives as a number or as a date; 0 for neither."""
    try:
        number = float(value)
    except ValueError:
        pass
    else:
        return 0.0 if math.isnan(number) else number
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    # Which of these a date outside the calendar raises depends on its form.
    except (ValueError, TypeError, OverflowError, OSError):
        return 0.0


def explained(
    failure: EndpointFailure, address: str, model: str, kind: type[ErrorT], task: str
) -> ErrorT:
    """The error to show for a failure.

    Args:
        failure: What went wrong.
        address: The endpoint's.
        model: That was asked.
        kind: Class of the error to make.
        task: A verb for what the model was to do, such as "embed".
    """
    if isinstance(failure, NoConnection):
        return kind(
            f"There is no connection to {address} ({failure}).",
            "Check the address and the network; a local server must be running.",
        )
    if isinstance(failure, NoAnswer):
        return kind(f"{address} {failure}.", "Try again later, or with fewer requests at a time.")
    if isinstance(failure, NotTheProtocol):
        return kind(
            f"{address} did not answer in OpenAI's protocol ({failure}).",
            "Check the address; most end in /v1.",
        )
    if isinstance(failure, Refused):
        return _refusal(failure, address, model, kind, task)
    return kind(
        f"{address} {failure}, and nothing is sent to another address than the one given.",
        "If it is the right one, give it with --base-url or OPENAI_BASE_URL.",
    )


def _refusal(refused: Refused, address: str, model: str, kind: type[ErrorT], task: str) -> ErrorT:
    if refused.no_credit:
        return kind(
            f"{address} takes no more requests, since they are not paid for: {refused}",
            "The account has no credit left; add some, then run the same command again: it goes "
            "on where it stopped.",
        )
    if refused.status in (401, 403):
        return kind(
            f"{address} did not accept the key: {refused}",
            "Set OPENAI_API_KEY. It is sent to OpenAI, and to another address only where "
            "OPENAI_BASE_URL names that address.",
        )
    if refused.status == 404:
        return kind(
            f"{address} does not offer the model '{model}': {refused}",
            "Check the model's name and the address; most addresses end in /v1.",
        )
    if refused.status == 429:
        return kind(
            f"{address} takes no more requests now: {refused}",
            "Wait and run the same command again: it goes on where it stopped.",
        )
    return kind(f"{address} refused to {task} with '{model}': {refused}")


AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class Patience:
    """How long to wait for an endpoint, and how often to ask it again.

    Attributes:
        deadline: Seconds that one request may take in all, to the last byte of its answer.
        tries: How often one request is sent while the endpoint is busy, failing or silent.
        pause: Seconds before the second try; doubled each time, unless the endpoint says how long.
        longest_pause: Seconds beyond which it is not doubled.
        longest_wait: Seconds to wait at most where the endpoint says how long.
    """

    deadline: float
    tries: int
    pause: float = 0.5
    longest_pause: float = 60.0
    longest_wait: float = 600.0


class Sender:
    """Sends the requests of one piece of work; it belongs to one event loop.

    Where the endpoint says that it is busy, all requests wait, and fewer are sent at a time: half
    as many after each limit, then gradually more while all goes well, as TCP does (additive
    increase, multiplicative decrease; Chiu and Jain 1989).

    Args:
        patience: How long to wait.
        concurrency: Most requests at a time.
        note: Told in a sentence why nothing happens, once for each sentence.

    Attributes:
        has_answered: Whether a request was answered. Until then an answer outside the protocol
            means a wrong address, and is not waited out.
        last_answer: When a request was last answered, in seconds of `time.monotonic`.
    """

    def __init__(
        self, patience: Patience, concurrency: int, note: Callable[[str], None] | None = None
    ) -> None:
        import anyio

        self.has_answered = False
        self.last_answer = -math.inf
        self._patience = patience
        self._most = concurrency
        self._limit = float(concurrency)
        self._slots = anyio.CapacityLimiter(concurrency)
        self._resume = self._narrowed = -math.inf
        self._note = note
        self._said: set[str] = set()

    async def send(self, ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """The answer to a request, which `ask` sends once.

        Raises:
            EndpointFailure: The last one, where there was no answer in all tries, or where another
                try is pointless.
        """
        import anyio

        for trial in range(1, self._patience.tries + 1):
            try:
                return await self._send_once(ask)
            except EndpointFailure as failure:
                pointless = isinstance(failure, NotTheProtocol) and not self.has_answered
                if not failure.passes or pointless or trial == self._patience.tries:
                    raise
                seconds = self._wait_after(failure, trial)
            await anyio.sleep(seconds)
        raise AssertionError("there is at least one try")

    async def _send_once(self, ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        import anyio

        async with self._slots:
            while (seconds := self._resume - time.monotonic()) > 0:
                await anyio.sleep(seconds)
            began = time.monotonic()
            try:
                answer = await ask()
            except Refused as refused:
                # Of several requests that ran into one limit together, only the first counts.
                if refused.busy and began > self._narrowed:
                    self._narrowed = time.monotonic()
                    self._allow(self._limit / 2)
                raise
        self._allow(self._limit + 1 / self._limit)
        self.has_answered = True
        self.last_answer = time.monotonic()
        return answer

    def _allow(self, limit: float) -> None:
        self._limit = min(max(limit, 1.0), float(self._most))
        self._slots.total_tokens = int(self._limit)

    def _wait_after(self, failure: EndpointFailure, trial: int) -> float:
        """Seconds that the request waits before the next try; a busy endpoint stops all others."""
        patience = self._patience
        asked = failure.pause if isinstance(failure, Refused) else 0.0
        backoff = min(patience.pause * 2 ** (trial - 1), patience.longest_pause)
        # Requests that failed together should not return together.
        seconds = min(asked, patience.longest_wait) or backoff * random.uniform(0.5, 1.0)
        if isinstance(failure, Refused) and failure.busy:
            self._resume = max(self._resume, time.monotonic() + seconds)
        message = f"The endpoint is busy or silent; waiting {math.ceil(seconds)} s."
        if self._note is not None and message not in self._said:
            self._said.add(message)
            self._note(message)
        return seconds
