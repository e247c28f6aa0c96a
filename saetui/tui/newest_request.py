"""Answer the newest request only, so that a held key never waits for what it has overtaken."""

from collections.abc import Callable
from typing import Generic, TypeVar

from textual.dom import DOMNode

from saetui.errors import SaetuiError
from saetui.tui.background import in_background

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class NewestRequest(Generic[Request, Answer]):
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
        # How often something was asked or dropped: an answer counts only if this has not changed.
        self._turn = 0

    @property
    def busy(self) -> bool:
        """Whether work is going on."""
        return self._running

    @property
    def overtaken(self) -> bool:
        """Whether what is being worked on is not wanted any more."""
        return bool(self._waiting)

    def ask(self, request: Request) -> None:
        """Ask; whatever was asked before and not yet answered is dropped."""
        self.drop()
        self._waiting.append(request)
        if not self._running:
            self._running = True
            self._node.run_worker(self._run(), name=self._name, group=self._name)

    def drop(self) -> None:
        """Deliver nothing of what was asked so far."""
        self._waiting.clear()
        self._turn += 1

    async def _run(self) -> None:
        try:
            while self._waiting:
                request, turn = self._waiting.pop(), self._turn
                try:
                    answer = await in_background(self._work, request)
                except SaetuiError as error:
                    if turn == self._turn:
                        self._fail(error)
                else:
                    if turn == self._turn:
                        self._deliver(request, answer)
        finally:
            self._running = False
