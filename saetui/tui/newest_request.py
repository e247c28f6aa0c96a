"""Answer only the newest request, so that a key held down never waits for outdated answers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.dom import DOMNode

from saetui.errors import SaetuiError
from saetui.tui.background import in_background

if TYPE_CHECKING:
    from textual.worker import WorkType

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class NewestRequest(Generic[Request, Answer]):
    """Runs one request at a time in a thread, and delivers the answer to the newest one only.

    Args:
        node: Runs the worker, which ends with it.
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
        # Grows with each request and each drop; an answer is delivered only if it is unchanged.
        self._turn = 0

    @property
    def busy(self) -> bool:
        """Whether work is going on."""
        return self._running

    @property
    def overtaken(self) -> bool:
        """Whether a newer request waits, so that nobody needs the answer being worked on."""
        return bool(self._waiting)

    def ask(self, request: Request) -> None:
        """Ask for an answer; earlier requests that have none yet are dropped."""
        self.drop()
        self._waiting.append(request)
        if not self._running:
            self._running = True
            # Not called yet: an app that ends at once never begins.
            work: WorkType[None] = self._run
            self._node.run_worker(work, name=self._name, group=self._name)

    def drop(self) -> None:
        """Drop all earlier requests; none of their answers is delivered."""
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
