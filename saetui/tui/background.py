"""Run slow work in threads that never delay quitting; of several requests answer the newest."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from textual.dom import DOMNode

from saetui.errors import SaetuiError
from saetui.text import visible_line

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.worker import WorkType

Value = TypeVar("Value")
Severity = Literal["information", "warning", "error"]

_Jobs = SimpleQueue[Callable[[], None]]

# What threads that have nothing to do are waiting for. Starting a thread for each key would keep
# the app waiting until it runs, which takes milliseconds on a busy machine.
_idle: list[_Jobs] = []


async def in_background(work: Callable[..., Value], *arguments: object) -> Value:
    """Run `work` in a thread that does nothing else, and return or raise what it does.

    `asyncio.to_thread` would not do. Its pool waits for running work when the app ends, so that a
    user who quits while an embedder loads or a server answers would have to wait, too.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Value] = loop.create_future()

    def tell(value: Value | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value: Value | None = None
        problem: BaseException | None = None
        try:
            value = work(*arguments)
        except BaseException as error:  # noqa: BLE001
            # The caller, who awaits the outcome, gets the error.
            problem = error
        # The loop is closed when the user has quit meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, value, problem)

    try:
        jobs = _idle.pop()
    except IndexError:
        jobs = _Jobs()
        threading.Thread(target=_work_off, args=(jobs,), name="saetui work", daemon=True).start()
    jobs.put(run)
    return await outcome


def _work_off(jobs: _Jobs) -> None:
    while True:
        jobs.get()()
        _idle.append(jobs)


def tell(node: DOMNode, said: str | SaetuiError, severity: Severity = "information") -> None:
    """Show a sentence, or what went wrong, for a while in a corner of the screen."""
    if isinstance(said, SaetuiError):
        severity = "error"
    node.app.notify(visible_line(str(said)), severity=severity, markup=False)


def start_work(
    node: DOMNode,
    name: str,
    work: Callable[[], Value],
    then: Callable[[Value], None],
    fail: Callable[[SaetuiError], None] | None = None,
) -> None:
    """Work in a thread, then go on in the app's own.

    Args:
        node: Runs the worker, which ends with it.
        name: Of the work, for Textual's log.
        work: Called in a thread.
        then: Called in the app's own thread with what the work returned.
        fail: Called there with the error if the work failed; None tells the error.
    """

    async def run() -> None:
        try:
            value = await in_background(work)
        except SaetuiError as error:
            if fail is None:
                tell(node, error)
            else:
                fail(error)
        else:
            then(value)

    # Not called yet: a worker that is stopped before it begins would leave a coroutine behind.
    begin: WorkType[None] = run
    node.run_worker(begin, name=name)


Request = TypeVar("Request")
Answer = TypeVar("Answer")


class NewestRequest(Generic[Request, Answer]):
    """Runs one request at a time in a thread, and delivers the answer to the newest one only.

    CALM is for how many seconds no other request must follow one that can wait.

    Args:
        node: Runs the worker, which ends with it.
        name: Of the work, for Textual's log.
        work: Called in a thread with a request.
        deliver: Called in the app's own thread with the newest request and its answer.
        fail: Called there with the error when the newest request failed; None ignores it.
    """

    CALM: ClassVar[float] = 0.15

    def __init__(
        self,
        node: DOMNode,
        name: str,
        work: Callable[[Request], Answer],
        deliver: Callable[[Request, Answer], None],
        fail: Callable[[SaetuiError], None] | None = None,
    ) -> None:
        self._node = node
        self._name = name
        self._work = work
        self._deliver = deliver
        self._fail = fail
        self._timer: Timer | None = None
        self._waiting: list[Request] = []
        self._running = False
        # Grows with each request and each drop; an answer is delivered only if it is unchanged.
        self._turn = 0

    @property
    def busy(self) -> bool:
        """Whether work is going on."""
        return self._running

    @property
    def calm(self) -> bool:
        """Whether no request waits for a while without keys."""
        return self._timer is None

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

    def ask_soon(self, request: Request) -> None:
        """Ask for an answer unless another request or a drop follows at once, as keys do."""
        self.drop()
        turn = self._turn

        def begin() -> None:
            # A timer that was stopped may have gone off already.
            if turn == self._turn:
                self.ask(request)

        self._timer = self._node.set_timer(self.CALM, begin)

    def drop(self) -> None:
        """Drop all earlier requests; none of their answers is delivered."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._waiting.clear()
        self._turn += 1

    async def _run(self) -> None:
        try:
            while self._waiting:
                request, turn = self._waiting.pop(), self._turn
                try:
                    answer = await in_background(self._work, request)
                except SaetuiError as error:
                    if turn == self._turn and self._fail is not None:
                        self._fail(error)
                else:
                    if turn == self._turn:
                        self._deliver(request, answer)
        finally:
            self._running = False
