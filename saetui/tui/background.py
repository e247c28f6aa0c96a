"""Run slow work in a thread that never delays quitting."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from textual.dom import DOMNode

from saetui.errors import SaetuiError

if TYPE_CHECKING:
    from textual.worker import WorkType

Value = TypeVar("Value")

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


def start_work(
    node: DOMNode,
    name: str,
    work: Callable[[], Value],
    then: Callable[[Value], None],
    fail: Callable[[SaetuiError], None],
) -> None:
    """Work in a thread, then go on in the app's own.

    Args:
        node: Runs the worker, which ends with it.
        name: Of the work, for Textual's log.
        work: Called in a thread.
        then: Called in the app's own thread with what the work returned.
        fail: Called there with the error if the work failed.
    """

    async def run() -> None:
        try:
            value = await in_background(work)
        except SaetuiError as error:
            fail(error)
        else:
            then(value)

    # Not called yet: a worker that is stopped before it begins would leave a coroutine behind.
    begin: WorkType[None] = run
    node.run_worker(begin, name=name)
