"""Search and steer: the query, its results, its features."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from saetui.core.search_request import SearchRequest
from saetui.errors import EmbedderError, InputError, SaetuiError
from saetui.tui.commands import bindings
from saetui.tui.messages import (
    AddFeature,
    AskQuestion,
    ListFeatures,
    OpenDocument,
    OpenFamily,
    OpenFeature,
)
from saetui.tui.screens.document import Carriers
from saetui.tui.search_control import SearchControl
from saetui.tui.search_files import SearchDialogs
from saetui.tui.widgets.feature_list import trust
from saetui.tui.widgets.landing import Landing, welcome
from saetui.tui.widgets.query_bar import QueryBar
from saetui.tui.widgets.reading import ReadingPane
from saetui.tui.widgets.results import ResultList, ResultsPane, UnsteeredPane, WhyLines
from saetui.tui.widgets.status import StatusLine
from saetui.tui.widgets.steering import SteeringPane

if TYPE_CHECKING:
    from saetui.session.search.response import QueryFeature, Result, SearchResponse
    from saetui.session.session import Session


class SearchView(Container):
    """The query line, the results and the steering panel.

    Args:
        status: Shows figures of the last search.
        carriers: Finds the sentences of a document that carry a feature; called in a thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Search")

    def __init__(self, status: StatusLine, carriers: Carriers, *, id: str) -> None:
        super().__init__(id=id)
        self._before_pane = UnsteeredPane(id="before-pane")
        self.before = self._before_pane.list
        self._results_pane = ResultsPane(self._edit_by, id="results-pane")
        self.results = self._results_pane.list
        self.why = WhyLines(id="why")
        self.reading = ReadingPane(self._name_of, carriers, id="reading-pane")
        self.control = SearchControl(self, self)
        self.query_bar = QueryBar(self.control, self._leave_query_bar)
        self.dialogs = SearchDialogs(self, self.control)
        self._steering_pane = SteeringPane(self.control.edit, id="steering-pane")
        self.steering = self._steering_pane.list
        self.landing = Landing(self._show_landing, self.show_failure, id="landing")
        self._session: Session | None = None
        self._status = status
        # The text or document that the shown results belong to.
        self._start: tuple[str, int | None] | None = None

    def open(self, session: "Session") -> None:
        """Search in a session."""
        if session is not self._session:
            self.landing.overview = None
        self._session = session
        self.query_bar.open(session)
        self.steering.trust = lambda feature: trust(session.features[feature])
        self.dialogs.open(session)
        self.reading.open(session)
        self.control.open(session)

    def compose(self) -> ComposeResult:
        """Query line above, results and steering side by side or stacked, reasons below."""
        yield self.query_bar
        with Container(id="panes"):
            yield self._before_pane
            yield self._results_pane
            yield self._steering_pane
            yield self.reading
        yield self.landing
        yield self.why

    # What the search is shown with; see `SearchDisplay`.

    @property
    def listed(self) -> Sequence[int]:
        """Numbers of the features in the list."""
        return [feature.id for feature in self.steering.rows]

    def select(self, feature: int) -> bool:
        """Put the cursor on a feature; whether it is in the list."""
        return self.steering.select(feature)

    def show_effects(self, effects: Mapping[int, float]) -> None:
        """Show how many results a step of each feature replaces."""
        self.steering.show_effects(effects)

    def show_figures(self, figures: str) -> None:
        """Show figures of the last search."""
        self._status.search = figures

    def show_features(
        self, features: "Sequence[QueryFeature]", request: SearchRequest, cursor: int | None = None
    ) -> None:
        """Show what the query activates and what was changed.

        Args:
            features: In the order of the query.
            request: Says what is solo, muted and pinned.
            cursor: Where the cursor goes; None leaves it on its feature.
        """
        self._steering_pane.show(features, request.effective, cursor)
        self.query_bar.show_steered(features, request)

    def show_request(self, request: SearchRequest) -> None:
        """Show what is asked for, ahead of its answer."""
        if request.asks:
            self._land(wanted=False)
        self.query_bar.show(request)

    def show_answer(self, answer: "SearchResponse") -> None:
        """Show what a search found; after another query, from the top."""
        request = answer.request
        cursor = None if request.start == self._start else 0
        if request.start != self._start:
            self.results.unmark()
            self.steering.show_effects({})
            self.steering.sort_by_effect(wanted=False)
        self._start = request.start
        documents = None if self._session is None else len(self._session.bundle)
        self._results_pane.show(answer, cursor, empty=documents == 0)
        self._before_pane.show(answer, cursor)
        self.show_features(answer.features, request, cursor)
        self.query_bar.say_lacking(answer.lacking_said)
        if documents is not None:
            self.query_bar.filter_bar.count(answer.eligible, documents)
        self._explain()

    def show_nothing(self, *paragraphs: str) -> None:
        """Say why there are no results."""
        self._land(wanted=False)
        self._start = None
        self._results_pane.say(*paragraphs)
        self._before_pane.say("")
        self.query_bar.say_lacking()
        self.why.explain(None, {})

    def show_welcome(self) -> None:
        """Say what to do first, and show what is in the corpus as soon as that is known."""
        session = self._session
        if session is None:
            return
        self.show_nothing(*welcome(session))
        if not len(session.bundle):
            return
        if self.landing.overview is not None:
            self._land(wanted=True)
        else:
            self.landing.look_over(session)

    def _show_landing(self) -> None:
        self._land(wanted=not self.control.request.asks)

    def _land(self, *, wanted: bool) -> None:
        """Show what is in the corpus instead of results, or results again."""
        if wanted == self.landing.display:
            return
        inside = self.app.focused in (self.landing.contents, self.landing.facts, self.steering)
        self.landing.display = wanted
        self.query_one("#panes").display = not wanted
        self.why.set_class(wanted, "-landing")
        if inside:
            self.focus_list()

    @property
    def start(self) -> Widget:
        """Where the focus goes when the view is shown."""
        if self.landing.display:
            return self.landing.first_list
        if not self._steering_pane.display:
            return self.results
        return self.steering if self.steering.rows else self.query_bar.query_line

    def focus_list(self) -> None:
        """Go to the list that is below the query line."""
        # At once, before what had the focus is hidden and gives it away.
        self.screen.set_focus(self.landing.first_list if self.landing.display else self.steering)

    def _leave_query_bar(self) -> None:
        # A key that came right after may have led to another view.
        if self.display:
            self.focus_list()

    def show_failure(self, error: SaetuiError) -> None:
        """Say what went wrong, and what to do."""
        if isinstance(error, InputError) and self.query_bar.refuse_filter(str(error)):
            return
        advice = "Features can be searched without a query: empty the line above, then press a."
        embedding = isinstance(error, EmbedderError)
        self.show_nothing(error.message, error.hint, *(("", advice) if embedding else ()))

    # What widgets report.

    def _edit_by(self, kind: str, results: "Sequence[Result]", sign: int) -> None:
        if kind == "more_like":
            self.control.go(self.control.request.more_like(results[0].row))
        else:
            self.control.feedback([result.row for result in results], sign)

    def on_line_list_chosen(self, event: ResultList.Chosen) -> None:
        """Open a document, or a feature."""
        event.stop()
        if event.lines is not self.steering:
            at = getattr(event.row, "excerpt_at", 0)
            row: int = event.row.row  # type: ignore[attr-defined]
            self.post_message(OpenDocument(row, at=at, about=self.listed))
        else:
            self.post_message(OpenFeature(event.row.id))  # type: ignore[attr-defined]

    def on_landing_asked(self, event: Landing.Asked) -> None:
        """Ask a query that the landing offers."""
        event.stop()
        self.control.ask(event.query)
        self.steering.focus()

    def on_line_list_highlighted(self, event: ResultList.Highlighted) -> None:
        """Explain the result under the cursor."""
        event.stop()
        if event.lines is self.results:
            self._explain()
        elif event.lines is self.steering:
            self._read_along()

    def _name_of(self, feature: int) -> str:
        return "" if self._session is None else self._session.name(feature)

    def _read_along(self) -> None:
        """Have the reading pane show what is under the cursors."""
        result, feature = self.results.row, self.steering.row
        self.reading.follow(
            None if result is None else result.row,
            None if feature is None else feature.id,
            0 if result is None else result.excerpt_at,
        )

    def _explain(self) -> None:
        self._read_along()
        names = {feature.id: feature.name for feature in self.steering.rows}
        self.why.explain(self.results.row, names)

    # Keys.

    def action_why(self) -> None:
        """Show or hide why a result is where it is."""
        self.why.display = not self.why.display

    def action_read(self) -> None:
        """Show or hide the document under the cursor."""
        self.toggle_class("-reading")

    def action_undo(self) -> None:
        """Undo."""
        self.control.undo()

    def action_redo(self) -> None:
        """Redo."""
        self.control.redo()

    def action_mode(self) -> None:
        """Next steering mode."""
        self.control.go(self.control.request.next_mode())

    def action_exact(self) -> None:
        """Exact search on or off."""
        request = self.control.request
        self.control.go(replace(request, exact=not request.exact))

    def action_retrieval(self) -> None:
        """By meaning, by words, or by both."""
        self.control.go(self.control.request.next_retrieval())

    def action_unfold(self) -> None:
        """List each document of a repeated text, or one for all of them."""
        request = self.control.request
        self.control.go(replace(request, unfolded=not request.unfolded))

    def action_filter(self) -> None:
        """Say which documents may be found."""
        self.query_bar.filter_bar.begin()

    def action_compare(self) -> None:
        """Show or hide the results before steering."""
        self.toggle_class("-comparing")

    def action_special(self) -> None:
        """Say what is special about the results, or about those that are marked."""
        request = self.control.request
        if self.control.answer is None or not request.asks:
            self.notify("There are no results yet: ask for something first.")
            return
        within = self.query_bar.filter_bar.text_of(request.filter)
        which = "marked" if self.results.marked else "results"
        question = f"{which} vs rest" + (f" within {within}" if within else "")
        self.post_message(AskQuestion(question))

    def action_by_effect(self) -> None:
        """Sort features by effect, or as the query has them."""
        row = self.steering.row
        self.steering.sort_by_effect(not self.steering.by_effect)
        if self.control.answer is not None:
            self.show_features(self.control.answer.features, self.control.request)
        if row is not None:
            self.steering.select(row.id)

    def action_steps(self) -> None:
        """List every step."""
        self.dialogs.steps()

    def action_mark(self) -> None:
        """Keep the search and what it found."""
        self.dialogs.bookmark()

    def action_save(self) -> None:
        """Save a preset."""
        self.dialogs.save()

    def action_open(self) -> None:
        """Open a preset or a bookmark."""
        self.dialogs.open_preset()

    def action_export(self) -> None:
        """Write the results to a file, or those that are marked."""
        self.dialogs.export(self.results.marked)

    def action_copy(self) -> None:
        """Copy the result or those that are marked, or the command that repeats the search."""
        if self.results.has_focus:
            self.dialogs.copy([result.row for result in self.results.meant])
        else:
            before = self.before.row if self.before.has_focus else None
            self.dialogs.copy([] if before is None else [before.row])

    def action_reset_all(self) -> None:
        """Reset all."""
        self.control.go(self.control.request.reset())

    def action_family(self) -> None:
        """Do the same to the family."""
        row = self.steering.row
        problem = self.control.steer_family(row) if row is not None else ""
        if problem:
            self.notify(problem, markup=False)

    def action_pin(self) -> None:
        """Keep what is done to the feature for the next query, or no longer."""
        row = self.steering.row
        if row is not None:
            self.control.go(self.control.request.toggle_pinned(row.id))

    def action_its_family(self) -> None:
        """Go to the feature in its family."""
        if self.steering.row is not None:
            self.post_message(OpenFamily(self.steering.row.id))

    def action_features_like(self) -> None:
        """List the features that mean what the query says."""
        query = self.query_bar.query_line.value.strip() or self.control.request.query
        if query:
            self.post_message(ListFeatures(f"~{query}"))
        else:
            self.notify("There is no query yet: type one first.")

    def action_add(self) -> None:
        """Add a feature."""
        self.post_message(AddFeature())
