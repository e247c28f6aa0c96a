"""The line in which a query or a filter is typed."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.widgets import Input

from saetui.text import visible
from saetui.tui.commands import bindings

# Longer than any question; the rest of a longer text that is pasted is dropped.
_LONGEST = 2_000
# With these nobody begins a text, so in an empty line they are keys like everywhere else.
_KEYS = frozenset(["question_mark", "ampersand", "slash"])
# A filter may begin with the number of a feature, a question does not.
_VIEWS = frozenset("123456789")


class TextLine(Input):
    """One line of text; escape and down leave it for the list that it belongs to.

    Attributes:
        leads_to_views: Whether digits in an empty line lead to other views.
    """

    leads_to_views = False
    # Keys that follow at once are for where the user went.
    _left = False

    BINDINGS: ClassVar[list[BindingType]] = bindings("Query line")
    DEFAULT_CSS = """
    TextLine, TextLine:focus {
        border: none; border-left: blank; height: 1; padding: 0; background: $surface;
    }
    TextLine.-unasked { border-left: outer $warning; text-style: italic; }
    TextLine:focus { border-left: outer $accent; background: $boost; }
    """

    # Textual would lay out the whole screen with every key, though the line stays where it is.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    @dataclass
    class Left(Message):
        """The user left the line without submitting."""

        line: "TextLine"

    def validate_value(self, value: str) -> str:
        """Remove line breaks and control characters, which pasted text may hold."""
        return visible(value).replace("\n", " ").replace("\t", " ")[:_LONGEST]

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key is typed into the line, and does not do what it does elsewhere."""
        return not self._passes_on(key) and super().check_consume_key(key, character)

    async def _on_key(self, event: events.Key) -> None:
        key = self.screen.active_bindings.get(event.key)
        if key is not None and key.binding.action == "leave":
            # It takes effect only after a key that follows at once.
            self._left = True
        if self._passes_on(event.key) and event.key in self.screen.active_bindings:
            # Textual would type it.
            event.prevent_default()

    def _passes_on(self, key: str) -> bool:
        views = self.leads_to_views or self._left
        return not self.value and (key in _KEYS or (views and key in _VIEWS))

    def on_focus(self) -> None:
        """Digits are typed again."""
        self._left = False

    def action_leave(self) -> None:
        """Leave the line."""
        self.post_message(self.Left(self))
