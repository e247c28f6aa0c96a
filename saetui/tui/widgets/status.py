"""The line at the top: what is open, which view, how the search stands."""

from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from saetui.text import visible_line

VIEWS = (("search", "Search"), ("features", "Features"), ("families", "Families"))


class StatusLine(Widget):
    """Name of the bundle, the views with their keys, and figures of the last search."""

    DEFAULT_CSS = """
    StatusLine { height: 1; background: $panel; color: $foreground; }
    """

    bundle: reactive[str] = reactive("opening")
    view: reactive[str] = reactive("search")
    search: reactive[str] = reactive("")

    def render(self) -> RenderResult:
        """The line, its right end at the right edge."""
        width = self.size.width
        text = Text(" saetui ", style="bold", no_wrap=True)
        for number, (name, title) in enumerate(VIEWS, start=1):
            style = "bold reverse" if name == self.view else ""
            text.append(f" {number} {title} ", style)
        right = visible_line(f"{self.search}") + " "
        room = width - text.cell_len - len(right) - 2
        bundle = Text("  " + visible_line(self.bundle), style="dim")
        bundle.truncate(max(room, 0), overflow="ellipsis")
        text.append_text(bundle)
        text.append(" " * max(1, width - text.cell_len - len(right)))
        text.append(right)
        return text

    async def on_click(self, event: events.Click) -> None:
        """Go to the view whose name was clicked."""
        position = event.x - len(" saetui ")
        for number, (name, title) in enumerate(VIEWS, start=1):
            length = len(f" {number} {title} ")
            if 0 <= position < length:
                await self.run_action(f"screen.view('{name}')")
                return
            position -= length
