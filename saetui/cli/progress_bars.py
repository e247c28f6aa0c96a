"""Progress as bars on a terminal, with rate and time left."""

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from saetui.cli.figures import duration, named, rate
from saetui.text import visible_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Task, TaskID
    from rich.text import Text

# Bars give way to figures on a narrow terminal.
_WIDE, _WIDE_BAR, _NARROW_BAR = 100, 20, 10


class ProgressBars:
    """Draws a bar for every task, the finished ones above; a context that ends the last task.

    Args:
        console: The terminal.
        clock: Seconds.
    """

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

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end("took" if kind is None else "stopped after")
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
    """What stands beside the bar."""
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
