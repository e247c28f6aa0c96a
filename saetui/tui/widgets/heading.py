"""The line above a pane: what the pane shows, and what its columns are."""

from textual import events
from textual.message import Message

from saetui.tui.columns import Pieces, fit
from saetui.tui.widgets.lines import Lines

# The names of the right columns take at most this share of a heading.
_LARGEST_SHARE = 0.6


class Heading(Lines):
    """The names of the columns on the left, what the pane shows, and the columns on the right.

    Args:
        title: What the pane shows.
        left: Names of columns before the title.
        right: Names of columns at the right edge; left out if they do not fit.
    """

    def __init__(
        self, title: str = "", left: str = " ", right: str = "", *, id: str | None = None
    ) -> None:
        super().__init__(id=id, classes="pane-heading")
        self._parts = (title, left, right)

    class Clicked(Message):
        """A cell of a heading was clicked."""

        def __init__(self, heading: "Heading", x: int) -> None:
            super().__init__()
            self.heading = heading
            self.x = x

        @property
        def control(self) -> "Heading":
            """The heading."""
            return self.heading

    def on_click(self, event: events.Click) -> None:
        """Tell which cell was clicked."""
        self.post_message(self.Clicked(self, event.x))

    def say(self, title: str, left: str = " ", right: str = "") -> None:
        """Say something else."""
        self._parts = (title, left, right)
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces]:
        """One line; the last cell, above the scrollbar of a list, stays empty."""
        title, left, right = self._parts
        if len(right) > _LARGEST_SHARE * width:
            right = ""
        room = width - 1 - len(left) - len(right)
        return (((left, ""), (fit(title, room, self.glyphs.ellipsis), ""), (right, "")),)
