"""Many requests to one endpoint: a few at a time, each until it is answered or hopeless."""

import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from saetui.endpoint.failures import EndpointFailure, NotTheProtocol, Refused

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
        """The answer to a request.

        Args:
            ask: Sends the request once.

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
