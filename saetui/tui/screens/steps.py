"""Undo and redo of the search, and the list of its steps, any of which can be gone back to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from saetui.core.search_request import SearchRequest
from saetui.tui.screens.dialogs import Dialog, frame
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Pieces, fit


@dataclass(frozen=True)
class History:
    """The present request, and the requests before and after it."""

    present: SearchRequest
    past: tuple[SearchRequest, ...] = ()
    future: tuple[SearchRequest, ...] = ()

    def record(self, request: SearchRequest) -> "History":
        """Go on to `request`; what had been undone is forgotten."""
        if request == self.present:
            return self
        return History(request, (*self.past, self.present), ())

    def undo(self) -> "History":
        """One request back; unchanged at the beginning."""
        return self.jump(len(self.past) - 1) if self.past else self

    def redo(self) -> "History":
        """One request on again; unchanged at the end."""
        return self.jump(len(self.past) + 1) if self.future else self

    @property
    def requests(self) -> tuple[SearchRequest, ...]:
        """All of them, the oldest first."""
        return (*self.past, self.present, *self.future)

    def jump(self, place: int) -> "History":
        """Go to one of `requests`; redo leads to those after it."""
        requests = self.requests
        return History(requests[place], requests[:place], requests[place + 1 :])


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the search.

    Attributes:
        place: Its position in the history.
        text: What was done.
        undone: Whether it has been undone.
    """

    place: int
    text: str
    undone: bool


class StepList(LineList[Step]):
    """Steps, each with its number."""

    present = 0

    def line(self, step: Step, index: int, width: int) -> Pieces:
        """Mark of the present one, number, what was done."""
        mark = ">" if step.place == self.present else " "
        text = f"{step.text}, undone" if step.undone else step.text
        return (
            (f" {mark} ", "toward"),
            (f"{step.place:>3}  ", "muted"),
            (fit(text, width - 9, self.glyphs.ellipsis), "muted" if step.undone else ""),
            (" ", ""),
        )


class StepsScreen(Dialog[int | None]):
    """The list of steps; enter goes to one.

    Args:
        steps: All of them, oldest first.
        present: Which one the search is at.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,h", "cancel", "Cancel", priority=True)]

    def __init__(self, steps: Sequence[Step], present: int) -> None:
        super().__init__()
        self._steps = steps
        self._list = StepList(empty=("Nothing has been done yet.",))
        self._list.present = present

    def compose(self) -> ComposeResult:
        """The list."""
        with frame("steps", "Steps", "enter goes there, escape closes"):
            yield self._list

    def on_mount(self) -> None:
        """Begin at the present step."""
        here = [i for i, step in enumerate(self._steps) if step.place == self._list.present]
        self._list.replace(self._steps, cursor=here[0] if here else 0)
        self._list.focus()

    def on_line_list_chosen(self, event: StepList.Chosen) -> None:
        """Go to a step."""
        event.stop()
        row = event.row
        if self.is_current and isinstance(row, Step):
            self.dismiss(row.place)
