"""Lines of text: fitted into columns of cells, and shown without a new layout of the screen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.containers import Vertical
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from saetui.glyphs import Glyphs
from saetui.tex import readable
from saetui.text import visible, visible_line

# A piece of a line, and the name of the style that it is drawn in; "" is the line's own.
Piece = tuple[str, str]
Pieces = tuple[Piece, ...]


def fit(text: str, width: int, ellipsis: str) -> str:
    """Foreign text made harmless and exactly `width` cells wide, by cutting or padding it.

    TeX is shown as Unicode.
    """
    # A cell seldom holds more than four characters, so a very long text is not read to its end.
    # TeX takes up to four times the room of what it shows.
    limit = max(4 * width, 80)
    text = visible_line(readable(text[: 4 * limit]), limit)
    if cell_len(text) > width:
        text = set_cell_size(text, max(0, width - cell_len(ellipsis))).rstrip() + ellipsis
    return set_cell_size(text, max(0, width))


def cut(text: str, width: int, ellipsis: str) -> str:
    """Harmless text of one cell a character on at most `width` cells; its spaces stay."""
    return text if len(text) <= width else text[: max(0, width - len(ellipsis))] + ellipsis


def signed(value: float) -> str:
    """A number of two decimals with its sign, as short as can be: `+.25`, `-1.00`."""
    # Adding zero takes the sign from what rounds to it.
    text = f"{round(value, 2) + 0.0:+.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text


def wrap(text: str, width: int) -> list[str]:
    """Foreign text broken into lines of at most `width` cells, at spaces where there are any.

    TeX is shown as Unicode.
    """
    width = max(width, 2)
    return [
        line
        for paragraph in visible(readable(text)).expandtabs(4).split("\n")
        for line in _wrap_paragraph(paragraph, width)
    ]


def _wrap_paragraph(paragraph: str, width: int) -> Iterator[str]:
    line: list[str] = []
    used = 0
    for word in paragraph.split(" "):
        for number, piece in enumerate(_split(word, width)):
            length = cell_len(piece)
            if line and (number > 0 or used + 1 + length > width):
                yield " ".join(line)
                line, used = [], 0
            used += length + (1 if line else 0)
            line.append(piece)
    yield " ".join(line)


def _split(word: str, width: int) -> Iterator[str]:
    """A word in pieces of at most `width` cells; most words are one piece."""
    if len(word) <= width // 2:
        yield word
        return
    start = used = 0
    for i, character in enumerate(word):
        cells = cell_len(character)
        # Characters without width could go on for ever.
        if used + cells > width or i - start >= 4 * width:
            yield word[start:i]
            start, used = i, 0
        used += cells
    yield word[start:]


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

    @dataclass
    class Clicked(Message):
        """A cell of a heading was clicked."""

        heading: "Heading"
        x: int

    def on_click(self, event: events.Click) -> None:
        """Tell which cell was clicked."""
        self.post_message(self.Clicked(self, event.x))

    def say(self, title: str, left: str = " ", right: str = "") -> None:
        """Say something else."""
        self._parts = (title, left, right)
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces]:
        """One line; the last cell, above the scrollbar of a list, stays empty.

        A mark stands at the left edge of the pane that keys are for.
        """
        title, left, right = self._parts
        pane = self.parent
        if isinstance(pane, Vertical) and pane.has_focus_within and not pane.has_class("dialog"):
            left = self.glyphs.focus + left.removeprefix(" ")
        if len(right) > _LARGEST_SHARE * width:
            right = ""
        room = width - 1 - len(left) - len(right)
        return (((left, ""), (fit(title, room, self.glyphs.ellipsis), ""), (right, "")),)


_MOST_LINES = 3


class Notice(Lines):
    """Says why something cannot be done, while the rest of the view stays.

    Args:
        style: Of the text.
    """

    DEFAULT_CSS = "Notice { display: none; background: $surface; }"

    def __init__(self, style: str = "away") -> None:
        super().__init__()
        self._text = ""
        self._style = style

    def say(self, text: str = "") -> None:
        """Show a text; without one the line goes away."""
        if text == self._text and self.display == bool(text):
            return
        self._text = text
        self.display = bool(text)
        self.lay_out()

    def blank(self) -> None:
        """Keep the place of the text, if there is one, for another that comes in a moment."""
        self._text = ""
        self.refresh()

    def lay_out(self) -> None:
        """Set the height to the number of lines that the text takes."""
        width = self.size.width or self.app.size.width
        self.styles.height = min(_MOST_LINES, len(self._wrapped(width)))
        self.refresh()

    def on_resize(self) -> None:
        """The text is broken into lines for a width."""
        self.lay_out()

    def lines(self, width: int) -> list[Pieces]:
        """The text, an ellipsis where it is cut."""
        lines = self._wrapped(width)
        if len(lines) > _MOST_LINES:
            lines = [
                *lines[: _MOST_LINES - 1],
                lines[_MOST_LINES - 1][: width - 4] + self.glyphs.ellipsis,
            ]
        return [((f" {line}", self._style),) for line in lines]

    def _wrapped(self, width: int) -> list[str]:
        return wrap(self._text, width - 2) if self._text else []
