"""Search and steer: the query, its results, its features."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical

from saetui.errors import SaetuiError
from saetui.tui.commands import bindings
from saetui.tui.messages import AddFeature, ListFeatures, OpenDocument, OpenFamily, OpenFeature
from saetui.tui.search_control import SearchControl
from saetui.tui.widgets.heading import Heading
from saetui.tui.widgets.results import ResultList
from saetui.tui.widgets.status import StatusLine
from saetui.tui.widgets.steering import SteeringList
from saetui.tui.widgets.text_line import TextLine
from saetui.tui.widgets.why import WhyLines

if TYPE_CHECKING:
    from saetui.session.requests import QueryFeature, SearchResponse

_NO_FEATURES = (
    "The features of a query appear here, each with its strength in the query.",
    "",
    "A strength of 1 is as heavy as the whole query.",
)


class SearchView(Container):
    """The query line, the results and the steering panel.

    Args:
        status: Shows figures of the last search.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Search")

    def __init__(self, status: StatusLine, *, id: str) -> None:
        super().__init__(id=id)
        self.query_line = TextLine(
            id="query", placeholder="Ask in plain words, press enter, then steer"
        )
        self.results = ResultList(id="results")
        self.why = WhyLines(id="why")
        self.control = SearchControl(self, status)
        self.steering = SteeringList(self.control.edit, id="steering", empty=_NO_FEATURES)
        # Of the results that are shown.
        self._query: str | None = None
        self._results_heading = Heading("Results", id="results-heading")
        self._steering_heading = Heading("Steering", id="steering-heading")

    def compose(self) -> ComposeResult:
        """Query line above, results and steering side by side or stacked, reasons below."""
        yield self.query_line
        with Container(id="panes"):
            with Vertical(id="results-pane"):
                yield self._results_heading
                yield self.results
            with Vertical(id="steering-pane"):
                yield self._steering_heading
                yield self.steering
        yield self.why

    def show_features(
        self,
        features: "tuple[QueryFeature, ...]",
        solo: int | None,
        cursor: int | None = None,
    ) -> None:
        """Show what the query activates and what was changed."""
        self.steering.solo = solo
        self.steering.replace(features, cursor)
        title = "Steering" if solo is None else "Steering, solo"
        if features:
            self._steering_heading.say(title, self.steering.LEFT, self.steering.RIGHT)
        else:
            self._steering_heading.say(title)

    def show_answer(self, answer: "SearchResponse") -> None:
        """Show what a search found; for another query from the top."""
        request = answer.request
        cursor = None if request.query == self._query else 0
        self._query = request.query
        self.results.compared = bool(request.query)
        self.results.replace(answer.results, cursor)
        if not answer.results:
            self.results.say("This bundle holds no documents.")
        self.show_features(answer.features, request.solo, cursor)
        title = "Results, exact" if answer.exact else "Results"
        dropped = f"{len(answer.dropped)} dropped out  " if answer.dropped else ""
        self._results_heading.say(title, self.results.LEFT, dropped + self.results.RIGHT)
        self._explain()

    def show_nothing(self, *paragraphs: str) -> None:
        """Say why there are no results."""
        self._query = None
        self.results.say(*paragraphs)
        self._results_heading.say("Results")
        self.why.explain(None, {})

    def show_failure(self, error: SaetuiError) -> None:
        """Say what went wrong, and what to do."""
        advice = "Features can be searched without a query: empty the line above, then press a."
        self.show_nothing(error.message, error.hint, "", advice)

    # What widgets report.

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Search."""
        event.stop()
        self.control.ask(event.value.strip())
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
        event.stop()
        if event.lines is self.results:
            self._explain()

    def _explain(self) -> None:
        names = {feature.id: feature.name for feature in self.steering.rows}
        self.why.explain(self.results.row, names)

    # Keys.

    def action_why(self) -> None:
        """Show or hide reasons."""
        self.why.display = not self.why.display

    def action_undo(self) -> None:
        """Undo."""
        self.control.undo()

    def action_redo(self) -> None:
        """Redo."""
        self.control.redo()

    def action_mode(self) -> None:
        """Next steering mode."""
        self.control.next_mode()

    def action_exact(self) -> None:
        """Exact search on or off."""
        self.control.toggle_exact()

    def action_reset_all(self) -> None:
        """Reset all."""
        self.control.reset()

    def action_family(self) -> None:
        """Do the same to the family."""
        row = self.steering.row
        problem = self.control.steer_family(row) if row is not None else ""
        if problem:
            self.notify(problem, markup=False)

    def action_its_family(self) -> None:
        """Go to the feature in its family."""
        if self.steering.row is not None:
            self.post_message(OpenFamily(self.steering.row.id))

    def action_features_like(self) -> None:
        """List the features that mean what the query says."""
        query = self.query_line.value.strip() or self.control.state.query
        if query:
            self.post_message(ListFeatures(f"~{query}"))
        else:
            self.notify("There is no query yet: type one first.")

    def action_add(self) -> None:
        """Add a feature."""
        self.post_message(AddFeature())
