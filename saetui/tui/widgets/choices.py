"""Names of lists to choose from, each with its number of rows."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from saetui.tui.columns import Pieces
from saetui.tui.widgets.lines import Lines


class Choices(Lines):
    """Names with numbers, one of which is chosen."""

    class Chosen(Message):
        """A name was clicked."""

        def __init__(self, choices: "Choices", name: str) -> None:
            super().__init__()
            self.choices = choices
            self.name = name

        @property
        def control(self) -> "Choices":
            """The line."""
            return self.choices

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._counts: Sequence[tuple[str, int]] = ()
        self._chosen = ""

    def say(self, counts: Sequence[tuple[str, int]], chosen: str) -> None:
        """Show other names, numbers, or another choice."""
        self._counts, self._chosen = counts, chosen
        self._lay_out()
        self.refresh()

    def on_resize(self) -> None:
        """The names are broken into lines for a width."""
        self._lay_out()

    def _lay_out(self) -> None:
        self.styles.height = max(1, len(self._broken(self.size.width or self.app.size.width)))

    def _broken(self, width: int) -> list[list[tuple[str, str]]]:
        """Names, and the text of each, in as many lines as they need."""
        lines: list[list[tuple[str, str]]] = []
        room = 0
        for name, count in self._counts:
            text = f" {name} {count:,} "
            if not lines or len(text) > room:
                lines.append([])
                room = width
            lines[-1].append((name, text))
            room -= len(text)
        return lines

    def lines(self, width: int) -> list[Pieces]:
        """All names, the chosen one highlighted."""
        return [
            tuple((text, "current" if name == self._chosen else "muted") for name, text in line)
            for line in self._broken(width)
        ]

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        lines = self._broken(self.size.width)
        position = event.x
        for name, text in lines[event.y] if event.y < len(lines) else ():
            if 0 <= position < len(text):
                self.post_message(self.Chosen(self, name))
                return
            position -= len(text)
