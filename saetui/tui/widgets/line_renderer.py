"""Draw lines of text pieces, each in a named style."""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from saetui.tui.columns import Pieces

# The styles that a piece may name: a colour of the theme, if any, and other attributes.
# A glyph, a sign or bold type says the same, so that nothing depends on colour alone.
_STYLES: dict[str, tuple[str, Style]] = {
    "toward": ("text-success", Style()),
    "away": ("text-warning", Style()),
    "title": ("text-accent", Style(bold=True)),
    "key": ("text-accent", Style(bold=True)),
    "strong": ("", Style(bold=True)),
    "marked": ("text-accent", Style(underline=True)),
    "muted": ("", Style(dim=True)),
    "current": ("", Style(bold=True, reverse=True)),
}
_REMEMBERED = 1_000


class LineRenderer:
    """Draws lines for one widget.

    Lines that were drawn before are cached, so that a frame costs only what has changed. For the
    same reason the cached strips are complete: Textual's line filters are applied here, once for
    each line. The styles are not component classes, because Textual would match those against all
    style sheets, for every widget, whenever the focus moves.

    Args:
        widget: Its lines are drawn; it has neither border nor padding.
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
        """Start a frame; empty the cache if colours have changed."""
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
        """Look up styles again in the next frame, since those of the widget have changed."""
        self._looks = ()

    def _cursor_style(self) -> Style:
        own = self._widget.get_component_rich_style(self._cursor_class, partial=True)
        # Only the complete style blends translucent colours with those behind.
        whole = self._widget.get_component_rich_style(self._cursor_class)
        color = None if own.color is None else whole.color
        return own + Style(color=color, bgcolor=whole.bgcolor, dim=False)

    def draw(self, pieces: Pieces, width: int, at_cursor: bool = False) -> Strip:
        """A line on exactly `width` cells.

        Args:
            pieces: Text and name of style; the text is harmless already.
            width: In cells.
            at_cursor: Whether the cursor is on this line. Its colours replace those of the
                pieces, so that the line is readable in any theme.
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
