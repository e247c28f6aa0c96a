"""Draw lines that are made of pieces of text, each in a named style."""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from saetui.tui.columns import Pieces

# For each style that a piece may name a colour of the theme, if any, and what else sets it off.
# State is also said by a glyph, a sign or a weight, never by colour alone.
_STYLES: dict[str, tuple[str, Style]] = {
    "toward": ("text-success", Style()),
    "away": ("text-warning", Style()),
    "title": ("text-accent", Style(bold=True)),
    "key": ("text-accent", Style(bold=True)),
    "strong": ("", Style(bold=True)),
    "muted": ("", Style(dim=True)),
    "current": ("", Style(bold=True, reverse=True)),
}
_REMEMBERED = 1_000


class LineRenderer:
    """Draws lines for one widget.

    Lines that were drawn before are remembered, so that a frame costs what has changed in it. For
    the same reason the strips are whole: what Textual puts around the lines of a widget, its
    filters among them, is done here once for each line. And the styles are no component classes,
    which Textual would match against all style sheets for every widget whenever the focus moves.

    Args:
        widget: Whose lines are drawn; it has neither border nor padding.
        cursor: The component class of the line under its cursor, if it has one.
    """

    def __init__(self, widget: Widget, cursor: str = "") -> None:
        self._widget = widget
        self._cursor_class = cursor
        self._looks: tuple[object, ...] = ()
        self._styles: dict[str, Style] = {}
        self._cursor = Style.null()
        self._drawn: dict[tuple[Pieces, int, bool], Strip] = {}

    def begin(self) -> None:
        """Start a frame; what was drawn in other colours is forgotten."""
        widget = self._widget
        self._base = widget.rich_style
        self._background = widget.background_colors[1]
        self._filters = tuple(widget.get_line_filters())
        looks = (self._base, self._background, self._filters, widget.app.theme)
        if looks != self._looks:
            self._looks = looks
            self._drawn.clear()
            variables = widget.app.theme_variables
            self._styles = {
                name: Style(color=Color.parse(variables[color]).rich_color) + style
                if color
                else style
                for name, (color, style) in _STYLES.items()
            }
            if self._cursor_class:
                self._cursor = self._cursor_style()

    def forget(self) -> None:
        """Look up styles anew in the next frame; those of the widget have changed."""
        self._looks = ()

    def _cursor_style(self) -> Style:
        own = self._widget.get_component_rich_style(self._cursor_class, partial=True)
        # Only the whole style has translucent colours blended with what is below.
        whole = self._widget.get_component_rich_style(self._cursor_class)
        color = None if own.color is None else whole.color
        return own + Style(color=color, bgcolor=whole.bgcolor, dim=False)

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
