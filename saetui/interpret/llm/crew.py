"""Threads that work through a list and can be interrupted without losing what they do."""

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, Self, TypeVar

ResultT = TypeVar("ResultT")


class Crew(Generic[ResultT]):
    """Threads that call `work` with one item after the other.

    On leaving the `with` block, items under way are finished and the others dropped. The calling
    thread shares no lock with the workers, only queues: Ctrl-C may strike while a thread takes a
    lock, which then would never be released, and the workers would never finish.

    Args:
        items: What to work on.
        work: Called in the threads.
        wake: Called to make `work` look at `stopping` where it waits for something.

    Attributes:
        stopping: Set when no new work should begin.
    """

    def __init__(
        self, items: Sequence[str], work: Callable[[str], ResultT], wake: Callable[[], None]
    ) -> None:
        self.stopping = threading.Event()
        self._size = len(items)
        self._items: SimpleQueue[str] = SimpleQueue()
        for item in items:
            self._items.put(item)
        self._work = work
        self._wake = wake
        self._events: SimpleQueue[tuple[ResultT] | Exception | str] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def hire(self, threads: int) -> None:
        """Have at least so many threads, if there are as many items."""
        while len(self._threads) < min(threads, self._size):
            thread = threading.Thread(target=self._run)
            self._threads.append(thread)
            thread.start()

    def say(self, message: str) -> None:
        """Pass a sentence from a worker to whoever reads the results."""
        self._events.put(message)

    def results(self, note: Callable[[str], None]) -> Iterator[ResultT]:
        """What `work` returned for each item, as it is ready.

        Args:
            note: Given the workers' sentences, each once.

        Raises:
            Exception: Whatever `work` raised first.
        """
        said: set[str] = set()
        missing = self._size
        while missing:
            event = self._events.get()
            if isinstance(event, Exception):
                raise event
            if isinstance(event, tuple):
                missing -= 1
                yield event[0]
            elif event not in said:
                said.add(event)
                note(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._wake()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                self._events.put((self._work(self._items.get_nowait()),))
            except Empty:
                return
            except Exception as error:  # noqa: BLE001 (raised again by whoever reads the results)
                self._events.put(error)
                return
