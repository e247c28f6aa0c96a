"""The line above a pane: what the pane shows, and what its columns are."""

from textual.reactive import reactive

from saetui.tui.columns import Pieces, fit
from saetui.tui.widgets.lines import Lines

# A heading never gives more than this share of its width to the names of the right columns.
_LARGEST_SHARE = 0.6


class Heading(Lines):
    """What a pane shows, then the names of the columns at its right edge.

    Args:
        left: What the pane shows; names of columns on the left stand before it.
        right: Names of the columns on the right; left out where there is no room for them.
    """

    left: reactive[str] = reactive("", layout=False)
    right: reactive[str] = reactive("", layout=False)

    def __init__(self, left: str = "", right: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane-heading")
        self.set_reactive(Heading.left, left)
        self.set_reactive(Heading.right, right)

    def say(self, left: str, right: str = "") -> None:
        """Say something else."""
        self.left, self.right = left, right

    def lines(self, width: int) -> tuple[Pieces]:
        """One line; the cell below which lists draw their scrollbar stays empty."""
        width -= 1
        right = self.right if len(self.right) <= _LARGEST_SHARE * width else ""
        indent = len(self.left) - len(self.left.lstrip())
        left = fit(self.left, width - indent - len(right), self.glyphs.ellipsis)
        return (((" " * indent + left, ""), (right, "")),)
