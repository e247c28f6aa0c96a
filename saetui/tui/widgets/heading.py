"""One line of text that changes without laying out the screen anew."""

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget


class Heading(Widget):
    """The line above a pane, or any other line that only says something.

    Args:
        content: What it says.
    """

    DEFAULT_CSS = """
    Heading { height: 1; padding: 0 1; color: $text-muted; }
    """

    content: reactive[Text] = reactive(Text(""))

    def __init__(self, content: str = "", *, id: str | None = None, classes: str = "") -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(Heading.content, Text(content))

    def say(self, content: str | Text) -> None:
        """Say something else."""
        self.content = Text(content) if isinstance(content, str) else content

    def render(self) -> RenderResult:
        """The text."""
        return self.content
