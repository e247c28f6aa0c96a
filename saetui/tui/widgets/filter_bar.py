"""The line for the filter of documents, and how many documents pass."""

from textual.app import ComposeResult
from textual.containers import Horizontal

from saetui.tui.columns import Pieces
from saetui.tui.widgets.lines import Lines
from saetui.tui.widgets.text_line import TextLine

_EXAMPLE = 'after:2019 category:cs.LG has:"A label" FIELD:VALUE'
_LABEL = " in "


class FilterBar(Horizontal):
    """A line that is shown while a filter applies or is being typed."""

    DEFAULT_CSS = """
    FilterBar { height: 1; background: $surface; display: none; }
    FilterBar TextLine { width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.line = TextLine(id="filter", placeholder=_EXAMPLE, select_on_focus=False)
        self._label = _Words(_LABEL, style="muted")
        self._count = _Words("")
        # The filter that applies, not what is being typed.
        self._text = ""

    def compose(self) -> ComposeResult:
        """The line between two texts."""
        yield self._label
        yield self.line
        yield self._count

    def hold(self, text: str) -> None:
        """Show the filter that applies."""
        self._text = text
        self.line.value = text
        self._count.say("")
        self.display = bool(text) or self.line.has_focus

    def count(self, eligible: int, documents: int) -> None:
        """Show how many documents pass."""
        self._count.say(f" {eligible:,} of {documents:,} documents " if self._text else "")

    def begin(self) -> None:
        """Show the line and go to it."""
        self.display = True
        self.line.focus()

    def leave(self) -> None:
        """Stop typing; show the filter that applies."""
        self.hold(self._text)
        self.display = bool(self._text)


class _Words(Lines):
    """A widget that is as wide as its words."""

    def __init__(self, text: str, style: str = "") -> None:
        super().__init__()
        self._style = style
        self.say(text)

    def say(self, text: str) -> None:
        """Say something else."""
        self._text = text
        self.styles.width = len(text)
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces]:
        """The words."""
        return (((self._text, self._style),),)
