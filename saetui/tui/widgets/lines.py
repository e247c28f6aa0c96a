"""A few lines of text that change without a new layout of the screen."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from saetui.glyphs import Glyphs
from saetui.tui.columns import Pieces
from saetui.tui.widgets.line_renderer import LineRenderer


class Lines(Widget):
    """A line of text for each line of the widget; a subclass writes them (`lines`)."""

    DEFAULT_CSS = "Lines { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str = "") -> None:
        super().__init__(id=id, classes=classes)
        self._pen = LineRenderer(self)

    @property
    def glyphs(self) -> Glyphs:
        """The characters to draw with."""
        glyphs: Glyphs = self.app.glyphs  # type: ignore[attr-defined]
        return glyphs

    def lines(self, width: int) -> Sequence[Pieces]:
        """Harmless pieces for each line of `width` cells, from the top."""
        raise TypeError(f"{type(self).__name__} does not say what is on its lines")

    def notify_style_update(self) -> None:
        """Draw all lines again, since colours may have changed."""
        super().notify_style_update()
        self._pen.forget()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in a region."""
        self._pen.begin()
        width = self.size.width
        lines = self.lines(width)
        strips = [
            self._pen.draw(lines[y] if y < len(lines) else (), width) for y in crop.line_range
        ]
        if crop.column_span == (0, width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]


def cells(pieces: Pieces) -> int:
    """How many cells some pieces take."""
    return sum(cell_len(text) for text, _ in pieces)
