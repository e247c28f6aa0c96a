"""Every key, on one screen."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from saetui.tui.commands import COMMANDS

_INTRODUCTION = (
    "A query is a handful of features, each with a strength. Change a strength and the results "
    "follow: 1 weighs as much as the whole query."
)


class HelpScreen(ModalScreen[None]):
    """The table of commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "Close", show=False)
    ]

    def compose(self) -> ComposeResult:
        """The table, scrollable."""
        text = Text(_INTRODUCTION + "\n")
        for scope, commands in COMMANDS.items():
            text.append(f"\n{scope}\n", style="bold")
            for command in commands:
                text.append(f"  {command.shown:<10} {command.help}\n")
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "Keys"
            scroll.border_subtitle = "escape closes"
            yield Static(text, markup=False)
