"""Show the progress of long work: bars on a terminal, a few plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from saetui.cli.output import duration, named, rate
from saetui.progress import Progress
from saetui.text import visible_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Task, TaskID
    from rich.text import Text

# Bars give way to figures on a narrow terminal.
_WIDE, _WIDE_BAR, _NARROW_BAR = 100, 20, 10
# Seconds between two lines of one task, at least.
_INTERVAL = 10.0


@contextmanager
def shown_progress(
    stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Progress]:
    """Progress on standard error until the end of a block."""
    from rich.console import Console

    stream = sys.stderr if stream is None else stream
    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    progress: ProgressBars | ProgressLines
    if console.is_terminal and not console.is_dumb_terminal:
        progress = ProgressBars(console, clock)
    else:
        progress = ProgressLines(stream, clock)
    try:
        yield progress
    except BaseException:
        progress.end(stopped=True)
        raise
    progress.end(stopped=False)


class ProgressBars:
    """Draws a bar for every task, the finished ones above."""

    def __init__(self, console: "Console", clock: Callable[[], float]) -> None:
        from rich.progress import BarColumn, ProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        class StateColumn(ProgressColumn):
            """Count, rate, time and figures of a task."""

            def render(self, task: "Task") -> "Text":
                from rich.text import Text

                return Text(_state(task), no_wrap=True, overflow="ellipsis")

        self._bars = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(_WIDE_BAR if console.width >= _WIDE else _NARROW_BAR),
            StateColumn(),
            console=console,
            get_time=clock,
            # Results may go to a pipe meanwhile; they are not for this console.
            redirect_stdout=False,
        )
        self._task: TaskID | None = None
        self._figures: dict[str, float] = {}
        self._bars.start()

    def end(self, *, stopped: bool) -> None:
        """End the last task and leave the bars as they are."""
        self._end("stopped after" if stopped else "took")
        self._bars.stop()

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        """End the task under way and begin another."""
        self._end("took")
        self._figures = {}
        self._task = self._bars.add_task(
            visible_line(task), total=total, completed=done, unit=unit, before=done
        )

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Count, and show the figures."""
        if self._task is None:
            return
        self._figures.update(figures)
        self._bars.update(self._task, advance=amount, figures=named(self._figures))

    def note(self, message: str) -> None:
        """Write a line above the bars, and bring them up to date."""
        from rich.text import Text

        self._bars.refresh()
        self._bars.console.print(Text(visible_line(message)))

    def _end(self, how: str) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        self._bars.stop_task(task)
        ended = self._bars.tasks[-1]
        # A bar without a total pulses for ever unless it is given one.
        total = ended.completed if ended.total is None else ended.total
        self._bars.update(task, ended=how, total=total)


def _state(task: "Task") -> str:
    done, unit = int(task.completed), str(task.fields["unit"])
    counted = f"{done:,} {unit}" if task.total is None else f"{done:,}/{int(task.total):,} {unit}"
    seconds, new = task.elapsed or 0.0, done - int(task.fields["before"])
    ended = task.fields.get("ended")
    time = ""
    if ended:
        time = f"{ended} {duration(seconds)}"
    elif task.total is not None and new > 0:
        time = f"{duration((task.total - done) * seconds / new)} left"
    parts = (counted, time, rate(new, seconds), str(task.fields.get("figures", "")))
    return "  ".join(part for part in parts if part)


@dataclass
class _Task:
    """The current task; `before` units were done before it began."""

    name: str
    total: int | None
    unit: str
    before: int
    done: int
    started: float
    spoken: float
    figures: dict[str, float] = field(default_factory=dict)


class ProgressLines:
    """Writes plain lines."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._task: _Task | None = None

    def end(self, *, stopped: bool) -> None:
        """End the last task."""
        self._end("stopped" if stopped else "done")

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        """End the current task and begin another."""
        self._end("done")
        now = self._clock()
        self._task = _Task(task, total, unit, done, done, now, now)
        size = "" if total is None else f"{total:,} {unit}"
        earlier = f"{done:,} done before" if done else ""
        self._say(task, size, earlier)

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Count; write a line if the last one is ten seconds old."""
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
