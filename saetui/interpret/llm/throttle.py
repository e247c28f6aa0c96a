"""How many requests run at a time: as many as the endpoint keeps up with."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from saetui.interpret.llm.ledger import Stopped


class Throttle:
    """Slots for requests, fewer after a rate limit, gradually more while all goes well.

    Halving on trouble and growing by one per round of successes is what TCP does (additive
    increase, multiplicative decrease; Chiu and Jain 1989).

    Args:
        most: Slots at first, and never more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._used = 0
        self._resume = 0.0
        self._narrowed = 0.0
        self._changed = threading.Condition()

    @contextmanager
    def slot(self, stopping: threading.Event) -> Iterator[float]:
        """Wait for a slot and hold it for the block; gives the time at which the wait ended.

        Raises:
            Stopped: Waiting was ended, see `wake`.
        """
        with self._changed:
            while not stopping.is_set():
                pause = self._resume - time.monotonic()
                if pause <= 0 and self._used < int(self._limit):
                    break
                self._changed.wait(pause if pause > 0 else None)
            if stopping.is_set():
                raise Stopped
            self._used += 1
        try:
            yield time.monotonic()
        finally:
            with self._changed:
                self._used -= 1
                self._changed.notify_all()

    def narrow(self, began: float) -> None:
        """Halve the slots after a rate limit.

        Args:
            began: When the request began that met the limit, as `slot` gave it. Of several that
                ran into one limit together, only the first counts.
        """
        with self._changed:
            if began >= self._narrowed:
                self._limit = max(1.0, self._limit / 2)
                self._narrowed = time.monotonic()

    def pause(self, seconds: float) -> None:
        """Let nothing begin for so long."""
        with self._changed:
            self._resume = max(self._resume, time.monotonic() + seconds)

    def went_well(self) -> None:
        """Count a request that was answered."""
        with self._changed:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those that wait see that they should stop."""
        with self._changed:
            self._changed.notify_all()
