"""The line at the bottom, which says what keys do."""

from dataclasses import dataclass
from itertools import chain

from textual import events
from textual.screen import Screen
from textual.widgets import Input

from saetui.tui.columns import Pieces
from saetui.tui.commands import SIGNS, commands_of
from saetui.tui.widgets.lines import Lines


@dataclass
class _Hint:
    """Keys and what they do.

    Attributes:
        keys: Textual's names, and as a reader writes them.
        text: What the keys do.
        rank: Where room is short, hints of the lowest rank stay.
    """

    keys: list[tuple[str, str]]
    text: str
    rank: int

    @property
    def width(self) -> int:
        """Cells, with the space after it."""
        return sum(len(shown) + 1 for _, shown in self.keys) + len(self.text) + 2


class KeyLine(Lines):
    """The keys that work where the focus is, as many as fit.

    Textual's own footer makes a widget of every key and cuts off what does not fit.
    """

    DEFAULT_CSS = "KeyLine { dock: bottom; background: $panel; color: $text-muted; }"

    def __init__(self) -> None:
        super().__init__()
        self._known: list[_Hint] | None = None

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        self._known = None
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces]:
        """Keys and hints in turn."""
        pieces: list[tuple[str, str]] = [(" ", "")]
        for hint in self._hints(width - 1):
            pieces += [(f"{shown} ", "key") for _, shown in hint.keys]
            pieces.append((f"{hint.text}  ", ""))
        return (tuple(pieces),)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        position = event.x - 1
        for hint in self._hints(self.size.width - 1):
            if 0 <= position < hint.width:
                for key, shown in hint.keys:
                    if position <= len(shown) or key == hint.keys[-1][0]:
                        self.app.simulate_key(key)
                        return
                    position -= len(shown) + 1
            position -= hint.width

    def _hints(self, width: int) -> list[_Hint]:
        """As many hints as fit, those of the lowest rank first."""
        if self._known is None:
            self._known = self._all_hints()
        # Two spaces follow each hint; one of the last is the margin.
        room = width + 1
        kept = set()
        for number, hint in sorted(enumerate(self._known), key=lambda entry: entry[1].rank):
            if hint.width <= room:
                kept.add(number)
                room -= hint.width
        return [hint for number, hint in enumerate(self._known) if number in kept]

    def _all_hints(self) -> list[_Hint]:
        active = self.screen.active_bindings
        typing = isinstance(self.screen.focused, Input)
        hints: list[_Hint] = []
        seen: set[str] = set()
        for command in chain.from_iterable(commands_of(self.app).values()):
            action = command.action.removeprefix("app.")
            keys = [
                (key, SIGNS.get(key, key))
                for key in command.keys.split(",")
                if key in active
                and active[key].binding.action.removeprefix("app.") == action
                # In a line of text, a key that prints something is a letter.
                and not (typing and _prints(key))
            ]
            if not keys or not command.hint or command.action in seen:
                continue
            seen.add(command.action)
            if hints and hints[-1].text == command.hint:
                hints[-1].keys.append(keys[0])
            else:
                hints.append(_Hint([keys[0]], command.hint, command.rank))
        return hints


def _prints(key: str) -> bool:
    return len(key) == 1 or key in ("slash", "question_mark", "space")
