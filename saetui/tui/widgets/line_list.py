"""A list of any length that draws only the lines on screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from saetui.glyphs import Glyphs
from saetui.tui.commands import bindings
from saetui.tui.widgets.lines import LineRenderer, Pieces, wrap

Row = TypeVar("Row")


@dataclass
class _OfRow(Message):
    """What happened to a row of a list."""

    lines: "LineList[Any]"
    row: object


class LineList(ScrollView, Generic[Row], can_focus=True):
    """Rows of one line each with a cursor.

    A subclass says how a row looks (`line`). Textual's own lists make a widget or a cell object for
    every row, which takes seconds for 100,000 of them; here a row costs nothing until it is seen.

    Args:
        empty: Paragraphs shown while there are no rows.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Lists")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--cursor"}
    DEFAULT_CSS = """
    LineList {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        & > .lines--cursor { background: $block-cursor-blurred-background; text-style: none; }
        &:focus > .lines--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        &:nocolor > .lines--cursor, &:ansi > .lines--cursor { text-style: underline; }
        &:ansi:focus > .lines--cursor { text-style: $block-cursor-text-style; }
        &:nocolor:focus > .lines--cursor {
            background: $background; color: $foreground; text-style: reverse;
        }
    }
    """

    # Whether there is a cursor; without one the list is only for reading.
    has_cursor: ClassVar[bool] = True
    # Textual would lay out the whole screen whenever the number of rows changes.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)
    cursor: reactive[int] = reactive(0, repaint=False)

    class Highlighted(_OfRow):
        """The cursor moved to another row."""

    class Chosen(_OfRow):
        """Enter was pressed, or the row under the cursor was clicked."""

    def __init__(self, *, id: str | None = None, empty: Sequence[str] = ()) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._empty = empty
        self._pen = LineRenderer(self, "lines--cursor")

    # What a subclass defines.

    def line(self, row: Row, index: int, width: int) -> Pieces:
        """How a row looks on `width` cells: harmless text in named styles."""
        raise TypeError(f"{type(self).__name__} does not say how a row looks: {row!r}")

    def selectable(self, row: Row) -> bool:
        """Whether the cursor may rest on a row."""
        return True

    # What others use.

    @property
    def rows(self) -> Sequence[Row]:
        """The rows shown."""
        return self._rows

    @property
    def row(self) -> Row | None:
        """The row under the cursor, if there is one."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    @property
    def line_width(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def glyphs(self) -> Glyphs:
        """The characters to draw with."""
        glyphs: Glyphs = self.app.glyphs  # type: ignore[attr-defined]
        return glyphs

    def replace(self, rows: Sequence[Row], cursor: int | None = None) -> None:
        """Show other rows; the cursor stays on its line unless told where to go."""
        if len(rows) != len(self._rows):
            self._count_rows(len(rows))
        self._rows = rows
        wanted = self.cursor if cursor is None else cursor
        position = self._settle(min(wanted, len(rows) - 1), 1)
        if position != self.cursor:
            # Set without a message; the caller knows that the rows are new.
            self.set_reactive(LineList.cursor, position)
        self._show_cursor()
        self.refresh()

    def _count_rows(self, count: int) -> None:
        """Tell the scrollbar the number of rows; a layout follows only if it appears or vanishes.

        Room for the scrollbar is always kept, so that no line changes its width.
        """
        self.virtual_size = Size(0, count)
        if (count > self.size.height) != self.show_vertical_scrollbar:
            self.refresh(layout=True)
        elif self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = count
        self.scroll_y = self.validate_scroll_y(self.scroll_y)

    def say(self, *paragraphs: str) -> None:
        """Show some sentences instead of rows."""
        self._empty = paragraphs
        self.replace(())

    # Drawing.

    def notify_style_update(self) -> None:
        """Draw all lines again, since colours may have changed."""
        super().notify_style_update()
        self._pen.forget()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in a region."""
        self._pen.begin()
        if self.has_focus:
            self._move_terminal_cursor()
        # The scrollbar is drawn over the end of the lines.
        width, whole, top = self.line_width, self.size.width, self.scroll_offset.y
        if self._rows:
            strips = [self._row_strip(y + top, width, whole) for y in crop.line_range]
        else:
            message = [line for text in self._empty for line in wrap(text, width - 2)]
            strips = [
                self._pen.draw(((f" {message[y]}", "muted"),) if y < len(message) else (), whole)
                for y in crop.line_range
            ]
        if crop.column_span == (0, whole):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def _move_terminal_cursor(self) -> None:
        """Put the terminal's own cursor on the row, unseen: screen readers follow it."""
        x, y = self.content_region.offset
        self.app.cursor_position = Offset(x, y + max(0, self.cursor - self.scroll_offset.y))

    def _row_strip(self, index: int, width: int, whole: int) -> Strip:
        if index >= len(self._rows):
            return self._pen.draw((), whole)
        pieces = self.line(self._rows[index], index, width)
        return self._pen.draw(pieces, whole, self.has_cursor and index == self.cursor)

    # Moving.

    def watch_cursor(self, old: int, new: int) -> None:
        """Draw the row that the cursor left and the one it reached, and send `Highlighted`."""
        self.refresh_line(old)
        self.refresh_line(new)
        self._show_cursor()
        row = self.row
        if row is not None:
            self.post_message(self.Highlighted(self, row))

    def action_move(self, step: int) -> None:
        """Move by `step` rows."""
        self.cursor = self._settle(self.cursor + step, step)

    def action_move_to(self, index: int) -> None:
        """Move to a row; -1 is the last."""
        last = len(self._rows) - 1
        self.cursor = self._settle(last if index < 0 else index, 1 if index >= 0 else -1)

    def action_page(self, direction: int) -> None:
        """Move by half of what is visible."""
        step = direction * max(1, self.size.height // 2)
        self.cursor = self._settle(self.cursor + step, direction)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        row = self.row
        if row is not None:
            self.post_message(self.Chosen(self, row))

    def _settle(self, index: int, direction: int) -> int:
        """The nearest row on which the cursor may rest, first in `direction`."""
        if not self._rows:
            return 0
        last = len(self._rows) - 1
        start: int = max(0, min(index, last))
        after, before = range(start, last + 1), range(start, -1, -1)
        for candidate in chain(after, before) if direction > 0 else chain(before, after):
            if self.selectable(self._rows[candidate]):
                return candidate
        return start

    def _show_cursor(self) -> None:
        if not self.has_cursor:
            return
        # Headings directly above the first row come into view with it.
        top = min(self.cursor, max(0, len(self._rows) - 1))
        while top > 0 and not self.selectable(self._rows[top - 1]):
            top -= 1
        height = self.cursor - top + 1
        below = self._rows[self.cursor + 1 : self.cursor + 2]
        if below and not self.selectable(below[0]):
            # So does a line below that belongs to the row.
            height += 1
        if height > self.size.height:
            top, height = self.cursor, 1
        self.scroll_to_region(Region(0, top, 1, height), animate=False, force=True)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in view."""
        self._show_cursor()

    def on_focus(self, event: events.Focus) -> None:
        """Bring the cursor into view."""
        self._show_cursor()

    def on_click(self, event: events.Click) -> None:
        """Move to the row that was clicked; open it when the cursor was there."""
        index = event.y + self.scroll_offset.y
        if not self.has_cursor or not 0 <= index < len(self._rows):
            return
        if self.selectable(self._rows[index]):
            if index == self.cursor:
                self.action_choose()
            else:
                self.cursor = index
