"""Progress as lines of a log: one when a task begins, few on the way, one when it ends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TextIO

from saetui.cli.figures import duration, named, rate
from saetui.text import visible_line

# Seconds between two lines of one task, at least.
_INTERVAL = 10.0


@dataclass
class _Task:
    """The task under way; `before` units were done before it began."""

    name: str
    total: int | None
    unit: str
    before: int
    done: int
    started: float
    spoken: float
    figures: dict[str, float] = field(default_factory=dict)


class ProgressLines:
    """Writes plain lines; a context that ends the last task.

    Args:
        stream: Where the lines go.
        clock: Seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._task: _Task | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end("done" if kind is None else "stopped")

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        """End the task under way and begin another."""
        self._end("done")
        now = self._clock()
        self._task = _Task(task, total, unit, done, done, now, now)
        size = "" if total is None else f"{total:,} {unit}"
        earlier = f"{done:,} done before" if done else ""
        self._say(task, size, earlier)

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Count, and write a line when the last one is long ago."""
        task = self._task
        if task is None:
            return
        task.done += amount
        task.figures.update(figures)
        now = self._clock()
        if now - task.spoken < _INTERVAL or task.done == task.total:
            return
        task.spoken = now
        new, seconds = task.done - task.before, now - task.started
        left = ""
        if task.total is not None and new > 0:
            left = f"about {duration((task.total - task.done) * seconds / new)} left"
        self._say(
            task.name, _counted(task), rate(new, seconds, task.unit), left, named(task.figures)
        )

    def note(self, message: str) -> None:
        """Write a line."""
        self._stream.write(visible_line(message) + "\n")
        self._stream.flush()

    def _end(self, how: str) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        seconds = self._clock() - task.started
        took = f"{how} after {duration(seconds)}"
        new = task.done - task.before
        self._say(task.name, took, _counted(task), rate(new, seconds, task.unit))

    def _say(self, task: str, *parts: str) -> None:
        said = ", ".join(part for part in parts if part)
        self.note(f"{task}: {said}" if said else task)


def _counted(task: _Task) -> str:
    if task.total is None:
        return f"{task.done:,} {task.unit}"
    share = f" ({task.done / task.total:.0%})" if task.total else ""
    return f"{task.done:,} of {task.total:,} {task.unit}{share}"
