"""Draw lines that are made of pieces of text, each in a named style."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from saetui.tui.columns import Pieces

# The styles that a piece may name, as component classes; `app.tcss` says how they look.
STYLES = ("toward", "away", "muted", "title", "strong", "current", "key")
COMPONENTS = frozenset(f"piece--{name}" for name in (*STYLES, "cursor"))

_REMEMBERED = 1_000


class Pen:
    """Draws lines for one widget.

    Lines that were drawn before are remembered, so that a frame costs what has changed in it. For
    the same reason the strips are whole: what Textual puts around the lines of a widget, its
    filters among them, is done here once for each line.

    Args:
        widget: Whose lines are drawn; it has `COMPONENTS` and neither border nor padding.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._looks: tuple[object, ...] = ()
        self._styles: dict[str, Style] = {}
        self._drawn: dict[tuple[Pieces, int, bool], Strip] = {}

    def begin(self) -> None:
        """Start a frame; what was drawn in other colours is forgotten."""
        widget = self._widget
        self._base = widget.rich_style
        self._background = widget.background_colors[1]
        self._filters = tuple(widget.get_line_filters())
        looks = (self._base, self._background, self._filters)
        if looks != self._looks:
            self._looks = looks
            self._drawn.clear()
            # Looking these up costs more than drawing a line.
            self._styles = {name: self._ink(name) for name in STYLES}
            self._cursor = self._cursor_style()

    def forget(self) -> None:
        """Look up styles anew in the next frame; the widget's style sheet has changed."""
        self._looks = ()

    def draw(self, pieces: Pieces, width: int, at_cursor: bool = False) -> Strip:
        """A line on exactly `width` cells.

        Args:
            pieces: Text and name of style; the text is harmless already.
            width: In cells.
            at_cursor: Whether the cursor is on this line; its colours win over the pieces' own, so
                that the line can be read in any theme.
        """
        key = (pieces, width, at_cursor)
        strip = self._drawn.get(key)
        if strip is None:
            strip = self._new_strip(pieces, width, at_cursor)
            if len(self._drawn) >= _REMEMBERED:
                self._drawn.clear()
            self._drawn[key] = strip
        return strip

    def _ink(self, name: str) -> Style:
        """What a piece's style does to text on any background."""
        component = f"piece--{name}"
        own = self._widget.get_component_rich_style(component, partial=True)
        # Only the whole style has a translucent colour blended with what is below.
        whole = self._widget.get_component_rich_style(component)
        return own if own.color is None else own + Style(color=whole.color)

    def _cursor_style(self) -> Style:
        whole = self._widget.get_component_rich_style("piece--cursor")
        return self._ink("cursor") + Style(bgcolor=whole.bgcolor, dim=False)

    def _new_strip(self, pieces: Pieces, width: int, at_cursor: bool) -> Strip:
        cursor = self._cursor if at_cursor else Style.null()
        base = self._base + cursor
        segments = [
            Segment(text, self._base + self._styles[name] + cursor if name else base)
            for text, name in pieces
            if text
        ]
        strip = Strip(segments).adjust_cell_length(width, base)
        for line_filter in self._filters:
            strip = strip.apply_filter(line_filter, self._background)
        return strip
