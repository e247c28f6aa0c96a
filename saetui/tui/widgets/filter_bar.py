"""The line for the filter of documents, and how many documents pass."""

from contextlib import suppress
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from saetui.core.document_filter import DocumentFilter
from saetui.errors import InputError
from saetui.text import visible_line
from saetui.tui.columns import Pieces
from saetui.tui.widgets.lines import Lines
from saetui.tui.widgets.notice import Notice
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.session import Session

_EXAMPLE = 'after:2019 has:"A label" without:12 FIELD:VALUE'
_LABEL = " in "


class FilterBar(Vertical):
    """A line that is shown while a filter applies or is being typed; below it what is wrong."""

    DEFAULT_CSS = """
    FilterBar { height: auto; background: $surface; display: none; }
    FilterBar Horizontal { height: 1; }
    FilterBar TextLine { width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.line = TextLine(id="filter", placeholder=_EXAMPLE, select_on_focus=False)
        self._label = _Words(_LABEL, style="muted")
        self._count = _Words("")
        self._wrong = Notice()
        # The filter that applies, not what is being typed, and how many documents pass it.
        self._text = ""
        self._passing = ""
        self._session: Session | None = None

    def open(self, session: "Session") -> None:
        """Understand the labels and fields of a session."""
        self._session = session

    def compose(self) -> ComposeResult:
        """The line between two texts, above what is wrong."""
        with Horizontal():
            yield self._label
            yield self.line
            yield self._count
        yield self._wrong

    def text_of(self, wanted: DocumentFilter) -> str:
        """A filter as one would type it."""
        from saetui.session.search.filter_text import format_filter

        return format_filter(wanted, self._name_of)

    def _name_of(self, feature: int) -> str:
        """A feature's label if no other feature is known by it, else its number."""
        if self._session is not None:
            name = self._session.name(feature)
            with suppress(InputError):
                if (
                    visible_line(name) == name
                    and self._session.features.lookup.feature(name) == feature
                ):
                    return name
        return str(feature)

    def parse(self, text: str) -> DocumentFilter | None:
        """The filter that a text describes; None if it is not understood.

        What is wrong is said until the text is changed.
        """
        from saetui.session.search.filter_text import parse_filter

        session = self._session
        if session is None:
            return None
        try:
            return parse_filter(text, session.features.lookup.feature, session.field_names)
        except InputError as error:
            self.refuse(text, str(error))
            return None

    def refuse(self, text: str, sentence: str) -> None:
        """Leave a text in the line, and say what is wrong with it until it is changed."""
        with self.line.prevent(TextLine.Changed):
            self.line.value = text
        self._count.say("")
        self._wrong.say(visible_line(sentence))
        self.begin()

    def hold(self, wanted: DocumentFilter) -> None:
        """Show the filter that applies."""
        self._hold(self.text_of(wanted))

    def _hold(self, text: str) -> None:
        if text != self._text:
            self._text, self._passing = text, ""
        with self.line.prevent(TextLine.Changed):
            self.line.value = text
        self._wrong.say()
        self._say()
        self.display = bool(text) or self.line.has_focus

    def count(self, eligible: int, documents: int) -> None:
        """Show how many documents pass."""
        self._passing = f" {eligible:,} of {documents:,} documents " if self._text else ""
        self._say()

    def begin(self) -> None:
        """Show the line and go to it."""
        self.display = True
        self.line.focus()

    def leave(self) -> None:
        """Stop typing; show the filter that applies."""
        self._hold(self._text)
        self.display = bool(self._text)

    def on_input_changed(self, event: TextLine.Changed) -> None:
        """What was said of the text before is no longer true."""
        event.stop()
        self._wrong.say()
        self._say()

    def _say(self) -> None:
        """Show the count of the filter that applies, unless another one is being typed."""
        self._count.say(self._passing if self.line.value == self._text else "")


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
