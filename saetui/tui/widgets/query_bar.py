"""What is asked for: the query, the filter of documents, and what is steered."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from saetui.core.search_request import SearchRequest
from saetui.text import visible_line
from saetui.tui.commands import key_of
from saetui.tui.search_control import SearchControl
from saetui.tui.widgets.filter_bar import FilterBar
from saetui.tui.widgets.steered_line import SteeredLine
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.search.response import QueryFeature
    from saetui.session.session import Session

_ASK = "Ask in plain words, press enter, then steer"


class QueryBar(Container):
    """The lines above the results; the filter and what is steered stand there only if they apply.

    Args:
        control: Searches for what is typed.
        leave: Goes to the list below.
    """

    DEFAULT_CSS = "QueryBar { height: auto; }"

    def __init__(self, control: SearchControl, leave: Callable[[], None]) -> None:
        super().__init__()
        self.query_line = TextLine(id="query", placeholder=_ASK)
        self.filter_bar = FilterBar()
        self._steered_line = SteeredLine()
        self._control = control
        self._leave = leave
        self._session: Session | None = None

    def compose(self) -> ComposeResult:
        """One above the other."""
        yield self.query_line
        yield self.filter_bar
        yield self._steered_line

    def open(self, session: "Session") -> None:
        """Understand the labels and fields of a session."""
        self._session = session
        self.filter_bar.open(session)

    def show(self, request: SearchRequest) -> None:
        """Show the query and the filter."""
        if self.query_line.value.strip() != request.query:
            self.query_line.value = request.query
        self.query_line.remove_class("-unasked")
        self.query_line.placeholder = self._placeholder(request.like)
        self.filter_bar.hold(request.filter)

    def _placeholder(self, like: int | None) -> str:
        if like is None or self._session is None:
            return _ASK
        return f"More like: {visible_line(self._session.title(like))}"

    def show_steered(self, features: "Sequence[QueryFeature]", request: SearchRequest) -> None:
        """Show what is steered."""
        if self._session is not None:
            self._steered_line.show(features, request, self._session.name)

    def _mark_unasked(self) -> bool:
        """Mark a text that is not the query of the results below; whether there is one."""
        unasked = self.query_line.value.strip() not in ("", self._control.request.query)
        self.query_line.set_class(unasked, "-unasked")
        return unasked

    def refuse_filter(self, sentence: str) -> bool:
        """Take back a filter that no document can pass, and say so below it.

        Returns:
            Whether the filter is the only new part of the request.
        """
        past, request = self._control.history.past, self._control.request
        if not past or not past[-1].asks or replace(past[-1], filter=request.filter) != request:
            return False
        text = self.filter_bar.line.value
        self._control.undo()
        self.filter_bar.refuse(text, sentence)
        return True

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Search, or filter the documents."""
        event.stop()
        if event.input is self.query_line:
            self._control.ask(event.value.strip())
        elif not self._filter_by(event.value):
            return
        self._leave()

    def _filter_by(self, text: str) -> bool:
        """Filter by a text; whether it was understood."""
        wanted = self.filter_bar.parse(text)
        if wanted is None:
            return False
        self._control.go(replace(self._control.request, filter=wanted))
        self.filter_bar.hold(wanted)
        self.filter_bar.display = bool(text.strip())
        return True

    def on_text_line_left(self, event: TextLine.Left) -> None:
        """Go to the features without searching."""
        event.stop()
        if event.line is not self.query_line:
            self.filter_bar.leave()
        elif self._mark_unasked():
            key = key_of(self.app, "everywhere.find")
            self.notify(f"Not asked yet: {key} and enter ask it.", markup=False)
        self._leave()
