"""Write one line about a feature: its label or a note."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from saetui.text import visible_line
from saetui.tui.columns import Pieces, fit
from saetui.tui.screens.closing import Dialog
from saetui.tui.widgets.lines import Lines
from saetui.tui.widgets.text_line import TextLine


class EditTextScreen(Dialog[str | None]):
    """A line to write in; enter keeps it, escape leaves everything as it was.

    Args:
        title: What is written.
        about: Of which feature.
        text: What stands there so far.
        empty: What an empty line means.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", priority=True)]

    def __init__(self, title: str, about: str, text: str, empty: str) -> None:
        super().__init__()
        self._title = title
        self._about = _About(about)
        # The text is not selected, or the first letter typed would erase it.
        self._line = TextLine(visible_line(text), placeholder=empty, select_on_focus=False)

    def compose(self) -> ComposeResult:
        """What it is about, and the line."""
        with Vertical(id="edit", classes="dialog") as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "enter keeps it, escape cancels"
            yield self._about
            yield self._line

    def on_mount(self) -> None:
        """Write."""
        self._line.focus()

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Keep what is written."""
        event.stop()
        if self.is_current:
            self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        """Keep nothing."""
        self.dismiss(None)


class _About(Lines):
    """One line of foreign text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def lines(self, width: int) -> tuple[Pieces]:
        """The text, cut to the width."""
        return (((f" {fit(self._text, width - 2, self.glyphs.ellipsis)}", "muted"),),)
