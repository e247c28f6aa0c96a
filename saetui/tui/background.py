"""Run slow work beside the app without ever holding up its end."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Value = TypeVar("Value")


async def in_background(work: Callable[..., Value], *arguments: object) -> Value:
    """What `work` returns or raises, when it has run in a thread of its own.

    `asyncio.to_thread` would not do: its pool waits at the end for what is still running, and a
    user who quits while an embedder loads or a server is asked would wait with it.
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
            # Whoever awaits the outcome gets it.
            problem = error
        # The loop is closed when the user has quit meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, value, problem)

    threading.Thread(target=run, name="saetui work", daemon=True).start()
    return await outcome
