"""A list with a line above it that filters."""

from typing import TYPE_CHECKING, Any

from textual.containers import Container

from saetui.errors import InputError
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.notice import Notice
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.session import Session


def opened(session: "Session | None") -> "Session":
    """The session of a screen or view.

    Raises:
        InputError: There is none yet.
    """
    if session is None:
        raise InputError("The bundle is still being opened.", "Try again in a moment.")
    return session


class FilteredView(Container):
    """A view of a session with a list that is filtered while the user types.

    A subclass fills the list (`refilter`), and lays out again what depends on the width
    (`lay_out`).

    Args:
        lines: The list.
        placeholder: What the empty filter line says.
    """

    def __init__(self, lines: LineList[Any], placeholder: str, *, id: str) -> None:
        super().__init__(id=id)
        self.lines = lines
        self.filter_line = TextLine(placeholder=placeholder)
        self.notice = Notice()
        self.session: Session | None = None

    # What a subclass defines.

    def refilter(self) -> None:
        """Fill the list with what matches the filter line."""

    def lay_out(self) -> None:
        """Lay out what depends on the width."""

    # What others use.

    @property
    def opened(self) -> "Session":
        """The session; see the function of this name."""
        return opened(self.session)

    def clear_filter(self) -> None:
        """Empty the filter line, and leave the list as it is."""
        with self.prevent(TextLine.Changed):
            self.filter_line.value = ""

    # What widgets report.

    def on_resize(self) -> None:
        """Details are laid out for a width."""
        self.call_after_refresh(self.lay_out)

    def on_input_changed(self, event: TextLine.Changed) -> None:
        """Filter while the user types."""
        event.stop()
        self.refilter()

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Go to the list."""
        event.stop()
        self.lines.focus()

    def on_text_line_left(self, event: TextLine.Left) -> None:
        """Go to the list."""
        event.stop()
        # Unless a key that came right after has led to another view.
        if self.display:
            self.lines.focus()
