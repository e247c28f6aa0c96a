"""The line in which a query or a filter is typed."""

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from saetui.tui.commands import bindings


class TextLine(Input):
    """One line of text; escape and down leave it for the list that it belongs to."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Query line")
    DEFAULT_CSS = """
    TextLine, TextLine:focus {
        border: none; height: 1; padding: 0 1; background: $surface;
    }
    TextLine:focus { background: $boost; }
    """

    class Left(Message):
        """The user left the line without submitting."""

        def __init__(self, line: "TextLine") -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> "TextLine":
            """The line."""
            return self.line

    def action_leave(self) -> None:
        """Leave the line."""
        self.post_message(self.Left(self))
