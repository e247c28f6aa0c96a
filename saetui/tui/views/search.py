"""Search and steer: the query, its results, its features."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical

from saetui.core.document_filter import DocumentFilter
from saetui.core.search_request import SearchRequest
from saetui.errors import EmbedderError, InputError, SaetuiError
from saetui.text import visible_line
from saetui.tui.commands import bindings
from saetui.tui.feature_columns import trust
from saetui.tui.messages import (
    AddFeature,
    AskQuestion,
    ListFeatures,
    OpenDocument,
    OpenFamily,
    OpenFeature,
)
from saetui.tui.newest_request import NewestRequest
from saetui.tui.screens.document import Carriers
from saetui.tui.search_control import SearchControl
from saetui.tui.search_dialogs import SearchDialogs
from saetui.tui.widgets.details import DetailRow
from saetui.tui.widgets.filter_bar import FilterBar
from saetui.tui.widgets.heading import Heading
from saetui.tui.widgets.landing import QUERY, Landing
from saetui.tui.widgets.reading_pane import ReadingPane
from saetui.tui.widgets.results import ResultList
from saetui.tui.widgets.status import StatusLine
from saetui.tui.widgets.steered_line import SteeredLine
from saetui.tui.widgets.steering import SteeringList
from saetui.tui.widgets.text_line import TextLine
from saetui.tui.widgets.unsteered_results import UnsteeredResultList, results_before
from saetui.tui.widgets.why import WhyLines

if TYPE_CHECKING:
    from saetui.session.questions.overview import Overview
    from saetui.session.search.response import QueryFeature, Result, SearchResponse
    from saetui.session.session import Session

_ASK = "Ask in plain words, press enter, then steer"
_MANNERS = {"hybrid": "", "semantic": " by meaning", "lexical": " by words"}
_NO_FEATURES = (
    "The features of a query appear here, each with its strength in the query.",
    "",
    "A strength of 1 is as heavy as the whole query.",
)


class SearchView(Container):
    """The query line, the results and the steering panel.

    Args:
        status: Shows figures of the last search.
        carriers: Finds the sentences of a document that carry a feature; called in a thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Search")

    def __init__(self, status: StatusLine, carriers: Carriers, *, id: str) -> None:
        super().__init__(id=id)
        self.query_line = TextLine(id="query", placeholder=_ASK)
        self.filter_bar = FilterBar()
        self.steered_line = SteeredLine()
        self.before = UnsteeredResultList(id="before")
        self.results = ResultList(self._edit_by, id="results")
        self.why = WhyLines(id="why")
        self.reading = ReadingPane(self._name_of, carriers, id="reading-pane")
        self.control = SearchControl(self, self)
        self.dialogs = SearchDialogs(self, self.control)
        self.steering = SteeringList(self.control.edit, id="steering", empty=_NO_FEATURES)
        self.landing = Landing(id="landing")
        self._session: Session | None = None
        self._status = status
        self._looking_over: NewestRequest[Session, Overview] = NewestRequest(
            self, "overview", _look_over, self._show_overview, self.show_failure
        )
        # The text or document that the shown results belong to.
        self._start: tuple[str, int | None] | None = None
        self._results_heading = Heading("Results", id="results-heading")
        self._steering_heading = Heading("Steering", id="steering-heading")
        self._before_heading = Heading("Before", id="before-heading")

    def open(self, session: "Session") -> None:
        """Search in a session."""
        if session is not self._session:
            self.landing.overview = None
        self._session = session
        self.steering.trust = lambda feature: trust(session.features[feature])
        self.dialogs.open(session)
        self.reading.open(session)
        self.control.open(session)

    def compose(self) -> ComposeResult:
        """Query line above, results and steering side by side or stacked, reasons below."""
        yield self.query_line
        yield self.filter_bar
        yield self.steered_line
        with Container(id="panes"):
            with Vertical(id="before-pane"):
                yield self._before_heading
                yield self.before
            with Vertical(id="results-pane"):
                yield self._results_heading
                yield self.results
            with Vertical(id="steering-pane"):
                yield self._steering_heading
                yield self.steering
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
        self.steering.show(features, request.effective, cursor)
        if self._session is not None:
            self.steered_line.show(features, request, self._session.name)
        title = "Steering" if request.effective.solo is None else "Steering, solo"
        if self.steering.by_effect:
            title += ", by effect"
        if features:
            self._steering_heading.say(title, self.steering.LEFT, self.steering.RIGHT)
        else:
            self._steering_heading.say(title)

    def show_request(self, request: SearchRequest) -> None:
        """Show what is asked for, ahead of its answer."""
        if request.asks:
            self._land(wanted=False)
        if self.query_line.value.strip() != request.query:
            self.query_line.value = request.query
        self.query_line.placeholder = self._placeholder(request.like)
        self.filter_bar.hold(self._filter_text(request.filter))

    def _placeholder(self, like: int | None) -> str:
        if like is None or self._session is None:
            return _ASK
        return f"More like: {visible_line(self._session.title(like))}"

    def _filter_text(self, wanted: DocumentFilter) -> str:
        from saetui.session.search.filter_text import format_filter

        return format_filter(wanted, self._name_in_filter)

    def _name_in_filter(self, feature: int) -> str:
        """A feature's label where it can be told from all others by it, else its number."""
        if self._session is not None:
            name = self._session.name(feature)
            with suppress(InputError):
                if (
                    visible_line(name) == name
                    and self._session.features.lookup.feature(name) == feature
                ):
                    return name
        return str(feature)

    def show_answer(self, answer: "SearchResponse") -> None:
        """Show what a search found; after another query, from the top."""
        request = answer.request
        cursor = None if request.start == self._start else 0
        if request.start != self._start:
            self.steering.show_effects({})
            self.steering.sort_by_effect(wanted=False)
        self._start = request.start
        self.results.compared = request.has_start
        self.results.replace(answer.results, cursor)
        if not answer.results:
            self.results.say(*self._nothing_found(answer))
        self.show_features(answer.features, request, cursor)
        dropped = f"{len(answer.dropped)} dropped out  " if answer.dropped else ""
        self._results_heading.say(_title(answer), self.results.LEFT, dropped + self.results.RIGHT)
        self.before.replace(results_before(answer), cursor)
        if not self.before.rows:
            self.before.say("Without a query there is nothing to compare with.")
        stay = "" if answer.overlap is None else f"{answer.overlap:.0%} stay "
        self._before_heading.say("Before", self.before.LEFT, stay)
        if self._session is not None:
            self.filter_bar.count(answer.eligible, len(self._session.bundle))
        self._explain()

    def _nothing_found(self, answer: "SearchResponse") -> tuple[str, ...]:
        if self._session is not None and not len(self._session.bundle):
            return ("This bundle holds no documents.",)
        if not answer.eligible:
            return ("No document passes the filter.", "Change it with &, or take it back with u.")
        return ("No document is found.",)

    def show_nothing(self, *paragraphs: str) -> None:
        """Say why there are no results."""
        self._land(wanted=False)
        self._start = None
        self.results.say(*paragraphs)
        self._results_heading.say("Results")
        self.before.say("")
        self._before_heading.say("Before")
        self.why.explain(None, {})

    def show_welcome(self, *paragraphs: str) -> None:
        """Say what to do first, and show what is in the corpus as soon as that is known."""
        self.show_nothing(*paragraphs)
        session = self._session
        if session is None or not len(session.bundle):
            return
        if self.landing.overview is not None:
            self._land(wanted=True)
        else:
            self._looking_over.ask(session)

    def _show_overview(self, session: "Session", found: "Overview") -> None:
        self.landing.show(found)
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

    def focus_list(self) -> None:
        """Go to the list that is below the query line."""
        (self.landing.contents if self.landing.display else self.steering).focus()

    def show_failure(self, error: SaetuiError) -> None:
        """Say what went wrong, and what to do."""
        advice = "Features can be searched without a query: empty the line above, then press a."
        embedding = isinstance(error, EmbedderError)
        self.show_nothing(error.message, error.hint, *(("", advice) if embedding else ()))

    # What widgets report.

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Search, or filter the documents."""
        event.stop()
        if event.input is self.query_line:
            self.control.ask(event.value.strip())
        elif not self._hold_filter(event.value):
            return
        self.focus_list()

    def _hold_filter(self, text: str) -> bool:
        """Filter by a text; whether it was understood."""
        from saetui.session.search.filter_text import parse_filter

        if self._session is None:
            return False
        try:
            session = self._session
            wanted = parse_filter(text, session.features.lookup.feature, session.field_names)
        except InputError as error:
            self.notify(visible_line(str(error)), severity="error", markup=False)
            return False
        self.control.go(replace(self.control.request, filter=wanted))
        self.filter_bar.hold(self._filter_text(wanted))
        self.filter_bar.display = bool(text.strip())
        return True

    def on_text_line_left(self, event: TextLine.Left) -> None:
        """Go to the features without searching."""
        event.stop()
        if event.line is not self.query_line:
            self.filter_bar.leave()
        self.focus_list()

    def _edit_by(self, kind: str, result: "Result", sign: int) -> None:
        if kind == "more_like":
            self.control.go(self.control.request.more_like(result.row))
        else:
            self.control.feedback(result.row, sign)

    def on_line_list_chosen(self, event: ResultList.Chosen) -> None:
        """Open a document, or a feature."""
        event.stop()
        if event.lines in (self.landing.contents, self.landing.facts):
            self._go_from_landing(event.row)
        elif event.lines is not self.steering:
            self.post_message(OpenDocument(event.row.row))  # type: ignore[attr-defined]
        else:
            self.post_message(OpenFeature(event.row.id))  # type: ignore[attr-defined]

    def _go_from_landing(self, row: object) -> None:
        """Go where a row of the landing leads: a family, a feature, or a first query."""
        if isinstance(row, DetailRow):
            if row.kind == QUERY:
                self.control.ask(row.text)
                self.steering.focus()
            elif row.kind == "feature" and row.target is not None:
                self.post_message(OpenFeature(row.target))
        else:
            self.post_message(OpenFamily(row.root, row.family))  # type: ignore[attr-defined]

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
            None if result is None else result.row, None if feature is None else feature.id
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
        self.filter_bar.begin()

    def action_compare(self) -> None:
        """Show or hide the results before steering."""
        self.toggle_class("-comparing")

    def action_special(self) -> None:
        """Say what is special about the results: features that others have less often."""
        request = self.control.request
        if self.control.answer is None or not request.asks:
            self.notify("There are no results yet: ask for something first.")
            return
        within = self._filter_text(request.filter)
        question = "results vs rest" + (f" within {within}" if within else "")
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
        """Write the results to a file."""
        self.dialogs.export()

    def action_copy(self) -> None:
        """Copy the result under the cursor, or the command that repeats the search."""
        for lines in (self.results, self.before):
            if lines.has_focus and lines.row is not None:
                self.dialogs.copy(lines.row.row)
                return
        self.dialogs.copy(None)

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
        query = self.query_line.value.strip() or self.control.request.query
        if query:
            self.post_message(ListFeatures(f"~{query}"))
        else:
            self.notify("There is no query yet: type one first.")

    def action_add(self) -> None:
        """Add a feature."""
        self.post_message(AddFeature())


def _look_over(session: "Session") -> "Overview":
    # Imported here, since the first frame must not wait for it.
    from saetui.session.questions.overview import overview

    return overview(session)


def _title(answer: "SearchResponse") -> str:
    """How results were found, in words that fit beside the columns."""
    title = f"Results{_MANNERS[answer.request.retrieval]}"
    if answer.request.unfolded:
        title += ", unfolded"
    if answer.exact:
        finds = "" if answer.recall is None else f" (index: {answer.recall:.0%})"
        title += f", exact{finds}"
    return title
