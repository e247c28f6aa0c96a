"""Screens that are closed once, however often they are asked to close.

Keys wait in a queue. Of two in one go, the second still reaches a screen that the first one has
closed, and Textual would then close the screen below, or the app.
"""

from collections.abc import Callable
from typing import TypeVar

from textual import on
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList

Result = TypeVar("Result")


class ClosedOnce(Screen[Result]):
    """A screen that ignores being closed while it is not the one in front."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close it, and give `result` to whoever opened it."""
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)


# Textual takes the style of the first base alone.
class Dialog(ModalScreen[Result], ClosedOnce[Result]):
    """A screen over part of another one."""


def open_dialog(
    app: App[None], dialog: Dialog[Result], then: Callable[[Result | None], None] | None = None
) -> None:
    """Open a dialog, unless another one is open: of two keys in one go, the second opens nothing.

    Args:
        app: That it belongs to.
        dialog: Which one.
        then: Called with what it returns when it is closed.
    """
    if not isinstance(app.screen, ModalScreen):
        app.push_screen(dialog, then)


class Palette(CommandPalette, ClosedOnce[None]):
    """The list of commands, of which each choice carries out one."""

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _choose_once(self, event: Message) -> None:
        """Keep a second choice from what Textual would do with it."""
        if self.app.screen is not self:
            event.stop()
            event.prevent_default()
