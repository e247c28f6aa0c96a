"""Answer the newest request only, so that a held key never waits for what it has overtaken."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from textual.dom import DOMNode

from saetui.errors import SaetuiError

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Latest(Generic[Request, Answer]):
    """Runs one request at a time in a thread; a request that was overtaken is never delivered.

    Args:
        node: On whose behalf; the work ends with it.
        name: Of the work, for Textual's log.
        work: Called in a thread with a request.
        deliver: Called in the app's own thread with the newest request and its answer.
        fail: Called there with the error when the newest request failed.
    """

    def __init__(
        self,
        node: DOMNode,
        name: str,
        work: Callable[[Request], Answer],
        deliver: Callable[[Request, Answer], None],
        fail: Callable[[SaetuiError], None],
    ) -> None:
        self._node = node
        self._name = name
        self._work = work
        self._deliver = deliver
        self._fail = fail
        self._waiting: list[Request] = []
        self._running = False

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._running

    def ask(self, request: Request) -> None:
        """Ask; whatever was asked before and not yet answered is dropped."""
        self._waiting[:] = [request]
        if not self._running:
            self._running = True
            self._node.run_worker(self._run(), name=self._name, group=self._name)

    async def _run(self) -> None:
        try:
            while self._waiting:
                request = self._waiting.pop()
                try:
                    answer = await asyncio.to_thread(self._work, request)
                except SaetuiError as error:
                    if not self._waiting:
                        self._fail(error)
                else:
                    if not self._waiting:
                        self._deliver(request, answer)
        finally:
            self._running = False
