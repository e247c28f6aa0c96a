"""Search and steer: the query, its results, its features."""

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.message import Message

from saetui.tui.columns import fit, signed
from saetui.tui.commands import bindings
from saetui.tui.messages import OpenDocument, OpenFeature
from saetui.tui.widgets.heading import Heading
from saetui.tui.widgets.results import ResultList
from saetui.tui.widgets.steering import SteeringList
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.requests import QueryFeature, Result, SearchResponse

_LONGEST_NAME = 28


class SearchView(Container):
    """The query line, the results and the steering panel; edits go up as messages."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Search")

    class Asked(Message):
        """A query was submitted."""

        def __init__(self, query: str) -> None:
            super().__init__()
            self.query = query

    class Command(Message):
        """A command that concerns the whole search: undo, redo, mode, exact, add, family, reset."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    show_why = True

    def compose(self) -> ComposeResult:
        """Query line above, results and steering side by side or stacked, reasons below."""
        yield TextLine(id="query", placeholder="Ask in plain words, press enter, then steer")
        with Container(id="panes"):
            with Vertical(id="results-pane"):
                yield Heading("Results", classes="pane-heading", id="results-heading")
                yield ResultList(id="results", empty=" Type a query above: / brings you there.")
            with Vertical(id="steering-pane"):
                yield Heading("Steering", classes="pane-heading", id="steering-heading")
                yield SteeringList(id="steering", empty=" The query's features appear here.")
        yield Heading(id="why")

    @property
    def query_line(self) -> TextLine:
        """Where the query is typed."""
        return self.query_one("#query", TextLine)

    @property
    def results(self) -> ResultList:
        """The documents found."""
        return self.query_one("#results", ResultList)

    @property
    def steering(self) -> SteeringList:
        """The query's features."""
        return self.query_one("#steering", SteeringList)

    def show_features(self, features: "tuple[QueryFeature, ...]", solo: int | None) -> None:
        """Show what the query activates and what was changed."""
        self.steering.solo = solo
        self.steering.replace(features)

    def show_answer(self, answer: "SearchResponse") -> None:
        """Show what a search found."""
        request = answer.request
        self.results.replace(answer.results)
        if not answer.results:
            self.results.say(" No documents.")
        self.show_features(answer.features, request.solo)
        left = len(answer.dropped)
        heading = f"Results{'  exact' if answer.exact else ''}{f'  {left} left' if left else ''}"
        self.query_one("#results-heading", Heading).say(heading)
        mode = f"Steering  {request.mode}{'  solo' if request.solo is not None else ''}"
        self.query_one("#steering-heading", Heading).say(mode)
        self._update_why()

    def show_failure(self, text: str) -> None:
        """Say why there are no results."""
        self.results.say(f" {text}")
        self.query_one("#why", Heading).say("")

    # What widgets report.

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Search."""
        event.stop()
        self.post_message(self.Asked(event.value.strip()))
        self.steering.focus()

    def on_text_line_left(self, event: TextLine.Left) -> None:
        """Go to the features without searching."""
        event.stop()
        self.steering.focus()

    def on_line_list_chosen(self, event: ResultList.Chosen) -> None:
        """Open a document, or a feature."""
        event.stop()
        if event.lines is self.results:
            self.post_message(OpenDocument(event.row.row))  # type: ignore[attr-defined]
        else:
            self.post_message(OpenFeature(event.row.id))  # type: ignore[attr-defined]

    def on_line_list_highlighted(self, event: ResultList.Highlighted) -> None:
        """Explain the result under the cursor."""
        if event.lines is self.results:
            event.stop()
            self._update_why()

    def _update_why(self) -> None:
        target = self.query_one("#why", Heading)
        result: Result | None = self.results.row
        target.display = self.show_why
        if not self.show_why or result is None or result.why is None:
            return
        names = {feature.id: feature.name for feature in self.steering.rows}
        ellipsis = self.results.glyphs.ellipsis
        head = f"why #{result.rank}: "
        tail = f"bias {signed(result.why.bias)}  rest {signed(result.why.remainder)}"
        room = self.size.width - 2 - len(head) - len(tail)
        if self.screen.has_class("-wide"):
            room += self.size.width - 2 - _LONGEST_NAME
        terms = ""
        for feature, term in result.why.features:
            name = fit(names.get(feature, f"feature {feature}"), _LONGEST_NAME, ellipsis).strip()
            piece = f"{name} {signed(term)}  "
            if cell_len(terms + piece) > room:
                break
            terms += piece
        target.say(Text.assemble((head, "bold"), terms, tail))

    # Keys.

    def action_why(self) -> None:
        """Show or hide reasons."""
        self.show_why = not self.show_why
        self._update_why()

    def _tell(self, name: str) -> None:
        self.post_message(self.Command(name))

    def action_undo(self) -> None:
        """Undo."""
        self._tell("undo")

    def action_redo(self) -> None:
        """Redo."""
        self._tell("redo")

    def action_mode(self) -> None:
        """Next steering mode."""
        self._tell("mode")

    def action_exact(self) -> None:
        """Exact search on or off."""
        self._tell("exact")

    def action_add(self) -> None:
        """Add a feature."""
        self._tell("add")

    def action_family(self) -> None:
        """Apply to the family."""
        self._tell("family")

    def action_reset_all(self) -> None:
        """Reset all."""
        self._tell("reset")
