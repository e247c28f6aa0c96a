"""A map of features in character cells, with a cursor, names and marks, and its caption."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from saetui.core.map_window import BRAILLE, Window, Wish, braille, placed
from saetui.glyphs import UNICODE, Glyphs
from saetui.text import visible_line
from saetui.tui.widgets.feature_list import trust
from saetui.tui.widgets.lines import Lines, Pieces, cells, fit

if TYPE_CHECKING:
    from saetui.session.questions.feature_map import FeatureMap
    from saetui.session.session import Session

# Names take at most this share of the cells, so that dots can be seen.
_NAMED = 0.12
_LONGEST, _SHARE_OF_WIDTH = 28, 0.3
_ANSI = ("red", "green", "yellow", "blue", "magenta", "cyan")
# Degrees between the hues of two families that follow one another; many families stay apart.
_GOLDEN = 137.508
_SATURATION, _BRIGHT, _DARK = 0.6, 0.68, 0.38
# Kinds of cells: families come first, by number, then these.
_EMPTY, _FREE, _AWAY, _MARK, _CURSOR, _NAME, _CURSOR_NAME = range(-7, 0)


@dataclass(frozen=True)
class Marks:
    """What is said of features on the map.

    Attributes:
        found: Features that a text has found, the best first.
        asked: Features of the query, the strongest first.
        changed: Features that are turned up (1) or down (-1).
        away: Features that no document has under the filter; None without a filter.
    """

    found: tuple[int, ...] = ()
    asked: tuple[int, ...] = ()
    changed: Mapping[int, int] = field(default_factory=dict)
    away: NDArray[np.bool_] | None = None

    @property
    def lit(self) -> tuple[int, ...]:
        """The features that stand out, the most important first."""
        return self.found or tuple(dict.fromkeys((*self.changed, *self.asked)))


class MapCanvas(Widget, can_focus=True):
    """Draws a part of a map; whoever uses it says which, and what is marked.

    Attributes:
        shown: The map; None draws nothing.
        window: The part that is drawn.
        cursor: The feature under the cursor.
        marks: What is marked.
    """

    DEFAULT_CSS: ClassVar[str] = "MapCanvas { height: 1fr; }"

    @dataclass
    class Pointed(Message):
        """A feature was clicked."""

        feature: int

    @dataclass
    class Turned(Message):
        """The wheel was turned: 1 for nearer, -1 for further away."""

        step: int

    def __init__(self) -> None:
        super().__init__()
        self.shown: FeatureMap | None = None
        self.window = Window()
        self.cursor: int | None = None
        self.marks = Marks()
        self._strips: list[Strip] | None = None
        self._looks: tuple[object, ...] = ()
        self._styles: dict[int, Style] = {}

    @property
    def glyphs(self) -> Glyphs:
        """The characters to draw with."""
        glyphs: Glyphs = self.app.glyphs  # type: ignore[attr-defined]
        return glyphs

    def draw(self) -> None:
        """Draw again after something has changed."""
        self._strips = None
        self.refresh()

    def cells(self) -> NDArray[np.float64]:
        """Column and row of every feature, see `Window.cells`."""
        assert self.shown is not None
        return self.window.cells(self.shown.places, *self.size)

    # Drawing.

    def notify_style_update(self) -> None:
        """Draw again, since colours may have changed."""
        super().notify_style_update()
        self._looks = ()
        self._strips = None

    def on_resize(self) -> None:
        """Draw for another size."""
        self.draw()

    def on_focus(self) -> None:
        """Show the cursor strongly."""
        self.draw()

    def on_blur(self) -> None:
        """Show the cursor faintly."""
        self.draw()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in a region."""
        width, height = self.size
        self._look_up()
        if self._strips is None or len(self._strips) != height:
            self._strips = self._drawn(width, height)
        strips = self._strips[crop.y : crop.y + crop.height]
        if crop.column_span == (0, width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def _look_up(self) -> None:
        """Forget styles and lines if colours have changed."""
        filters = tuple(self.get_line_filters())
        looks = (self.rich_style, self.background_colors[1], filters, self.app.theme)
        if looks != self._looks:
            self._looks, self._filters = looks, filters
            self._styles.clear()
            self._strips = None

    def _style(self, kind: int) -> Style:
        style = self._styles.get(kind)
        if style is None:
            style = self.rich_style + self._own_style(kind)
            # Filters change styles only, so each is filtered once rather than in every segment.
            for line_filter in self._filters:
                (segment,) = line_filter.apply([Segment(" ", style)], self._looks[1])  # type: ignore[arg-type]
                style = segment.style or style
            self._styles[kind] = style
        return style

    def _own_style(self, kind: int) -> Style:
        plain = Style()
        named = {
            _EMPTY: plain,
            _FREE: plain,
            _AWAY: Style(dim=True),
            _MARK: Style(bold=True),
            _CURSOR: Style(bold=True, reverse=True),
            _NAME: plain,
            _CURSOR_NAME: Style(bold=True, underline=True),
        }
        if kind in named:
            return named[kind]
        if self.app.native_ansi_color:
            return Style(color=_ANSI[kind % len(_ANSI)])
        lightness = _BRIGHT if self.app.current_theme.dark else _DARK
        hue = Color.from_hsl(kind * _GOLDEN % 360 / 360, _SATURATION, lightness)
        return Style(color=hue.rich_color)

    def _drawn(self, width: int, height: int) -> list[Strip]:
        if self.shown is None or not width or not height:
            return [Strip.blank(width, self._style(_EMPTY)) for _ in range(height)]
        bits, cells = braille(self.cells(), width, height)
        kinds = self._kinds(cells, bits)
        letters = self._letters(bits, cells)
        taken = self._mark(letters, kinds, cells, width)
        for name in placed(
            self._wishes(cells, width), width, height, taken=taken, most=int(_NAMED * bits.size)
        ):
            span = slice(name.column, name.column + len(name.text))
            letters[name.row][span] = name.text
            kinds[name.row, span] = (
                _CURSOR_NAME if name.of == self.cursor else -1 - name.of if name.of < 0 else _NAME
            )
        return [self._strip(line, of) for line, of in zip(letters, kinds, strict=True)]

    def _kinds(self, cells: NDArray[np.int64], bits: NDArray[np.int64]) -> NDArray[np.int64]:
        """The kind of each cell: the family of its most frequent feature that is not away."""
        assert self.shown is not None
        kind = np.where(self.shown.families < 0, _FREE, self.shown.families)
        away = np.zeros(len(kind), dtype=bool) if self.marks.away is None else self.marks.away
        if self.marks.found:
            away = np.ones(len(kind), dtype=bool)
            away[list(self.marks.found)] = False
        # What comes last stays.
        order = np.lexsort((self.shown.shares, ~away))
        order = order[cells[order] >= 0]
        kinds = np.full(bits.size, _EMPTY, dtype=np.int64)
        kinds[cells[order]] = np.where(away, _AWAY, kind)[order]
        return kinds.reshape(bits.shape)

    def _letters(self, bits: NDArray[np.int64], cells: NDArray[np.int64]) -> list[list[str]]:
        if self.glyphs is UNICODE:
            return [[chr(BRAILLE + bit) if bit else " " for bit in line] for line in bits.tolist()]
        # The more features in a cell, the darker it is.
        counts = np.bincount(cells[cells >= 0], minlength=bits.size).reshape(bits.shape)
        shades = self.glyphs.shades
        levels: list[list[int]] = np.minimum(counts, len(shades) - 1).tolist()
        return [[shades[level] for level in line] for line in levels]

    def _mark(
        self,
        letters: list[list[str]],
        kinds: NDArray[np.int64],
        cells: NDArray[np.int64],
        width: int,
    ) -> list[tuple[int, int]]:
        """Draw marks into the cells; returns the cells, which names leave free."""
        taken = []
        # What comes last stays.
        marks = list(self._glyphs())[::-1]
        if self.cursor is not None:
            marks.append((self.cursor, ""))
        for feature, glyph in marks:
            if cells[feature] < 0:
                continue
            row, column = divmod(int(cells[feature]), width)
            letters[row][column] = glyph or letters[row][column]
            kinds[row, column] = _MARK if glyph else _CURSOR
            taken.append((column, row))
        return taken

    def _glyphs(self) -> Iterator[tuple[int, str]]:
        marks, glyphs = self.marks, self.glyphs
        for feature, sign in marks.changed.items():
            yield feature, glyphs.rising if sign > 0 else glyphs.falling
        for feature in marks.found:
            yield feature, glyphs.bookmark
        for feature in marks.asked:
            yield feature, glyphs.lit

    def _wishes(self, cells: NDArray[np.int64], width: int) -> Iterator[Wish]:
        """Names: of the feature under the cursor, of what is lit, then of the largest."""
        assert self.shown is not None
        longest = min(_LONGEST, int(_SHARE_OF_WIDTH * width))
        first = () if self.cursor is None else (self.cursor,)
        yield from self.shown.named(cells, width, longest, (*first, *self.marks.lit))
        if not self.marks.found:
            yield from self.shown.wishes(cells, width, longest)

    def _strip(self, letters: list[str], kinds: NDArray[np.int64]) -> Strip:
        ends = [*(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(letters)]
        segments, start = [], 0
        for end in ends:
            text = "".join(letters[start:end])
            segments.append(Segment(text, self._style(int(kinds[start]))))
            start = end
        return Strip(segments, len(letters))

    # The mouse.

    def on_click(self, event: events.Click) -> None:
        """Point at the feature nearest to where was clicked."""
        if self.shown is None:
            return
        away = (self.cells() - (event.x + 0.5, event.y + 0.5)) * (1, 2)
        self.post_message(self.Pointed(int(np.square(away).sum(axis=1).argmin())))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look nearer."""
        event.stop()
        self.post_message(self.Turned(1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look from further away."""
        event.stop()
        self.post_message(self.Turned(-1))


_LONGEST_NAME = 100


class MapCaption(Lines):
    """Label, figures and family of a feature, and why it is marked."""

    DEFAULT_CSS = "MapCaption { height: 2; background: $surface; }"

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Pieces, Pieces] = ((), ())

    def show(self, session: "Session | None", feature: int | None, marks: Marks) -> None:
        """Show a feature of a session; None shows nothing."""
        self._lines = ((), ())
        if session is not None and feature is not None:
            self._lines = self._first(session, feature), self._second(session, feature, marks)
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces, Pieces]:
        """Both lines; the label is cut where there is no room for it and the figures."""
        first, second = self._lines
        if not first:
            return (), ()
        number, (name, style), figures = first
        room = max(1, width - cells((number, figures)) - 1)
        ((said, muted),) = second
        return (
            (number, (fit(name, room, self.glyphs.ellipsis), style), figures),
            ((" ", ""), (fit(said, width - 2, self.glyphs.ellipsis), muted)),
        )

    def _first(self, session: "Session", feature: int) -> Pieces:
        record = session.features[feature]
        true = trust(record)
        # A share is of documents; other words stand for themselves.
        said = f"  true of {true}" if "/" in true or true == "all" else f"  {true}"
        return (
            (f" {feature}  ", "muted"),
            (visible_line(record.name, _LONGEST_NAME), "strong"),
            (f"{said if true else ''}  {record.density:.2%} of documents", ""),
        )

    def _second(self, session: "Session", feature: int, marks: Marks) -> Pieces:
        family = session.sae.families.smallest_of(feature)
        said = ["In no family" if family is None else f"Family: {visible_line(family.label)}"]
        if feature in marks.changed:
            said.append("turned up" if marks.changed[feature] > 0 else "turned down")
        if feature in marks.asked:
            said.append("in the query")
        if feature in marks.found:
            said.append(f"found, {marks.found.index(feature) + 1} of {len(marks.found)}")
        if marks.away is not None and marks.away[feature]:
            said.append("in no document of the filter")
        return (("; ".join(said), "muted"),)
