"""Search and steer: the query, its results, its features."""

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widgets import Static

from saetui.tui.columns import fit, signed
from saetui.tui.commands import bindings
from saetui.tui.messages import OpenDocument, OpenFeature
from saetui.tui.widgets.results import ResultList
from saetui.tui.widgets.steering import SteeringList
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.requests import QueryFeature, Result, SearchResponse

_WHY_TERMS = 6


class SearchView(Container):
    """The query line, the results and the steering panel; edits go up as messages."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Search")
    DEFAULT_CSS = """
    SearchView {
        #panes { layout: horizontal; height: 1fr; }
        #results-pane { width: 3fr; }
        #steering-pane { width: 2fr; }
        .heading { height: 1; background: $panel; padding: 0 1; color: $text-muted; }
        :focus-within > .heading { color: $text-accent; text-style: bold; }
        #why { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
    }
    .-narrow SearchView {
        #panes { layout: vertical; }
        #results-pane { width: 100%; height: 3fr; }
        #steering-pane { width: 100%; height: 2fr; min-height: 7; }
        #why { max-height: 1; }
    }
    """

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
                yield Static("Results", classes="heading", id="results-heading", markup=False)
                yield ResultList(id="results", empty=" Type a query above: / brings you there.")
            with Vertical(id="steering-pane"):
                yield Static("Steering", classes="heading", id="steering-heading", markup=False)
                yield SteeringList(id="steering", empty=" The query's features appear here.")
        yield Static("", id="why", markup=False)

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
        self.query_one("#results-heading", Static).update(heading)
        mode = f"Steering  {request.mode}{'  solo' if request.solo is not None else ''}"
        self.query_one("#steering-heading", Static).update(mode)
        self._update_why()

    def show_failure(self, text: str) -> None:
        """Say why there are no results."""
        self.results.say(f" {text}")
        self.query_one("#why", Static).update("")

    # What widgets report.

    def on_text_line_submitted(self, event: TextLine.Submitted) -> None:
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
        target = self.query_one("#why", Static)
        result: Result | None = self.results.row
        target.display = self.show_why and result is not None and result.why is not None
        if not target.display or result is None or result.why is None:
            return
        names = {feature.id: feature.name for feature in self.steering.rows}
        ellipsis = self.results.glyphs.ellipsis
        text = Text(f"why #{result.rank}: ", style="bold")
        for feature, term in result.why.features[:_WHY_TERMS]:
            name = fit(names.get(feature, f"feature {feature}"), 28, ellipsis).strip()
            text.append(f"{name} {signed(term)}  ", style="")
        text.append(f"bias {signed(result.why.bias)}  ")
        text.append(f"unexplained {signed(result.why.remainder)}")
        target.update(text)

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
