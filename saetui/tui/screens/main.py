"""The main screen: owns the state of the search, and shows it in three views."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import ContentSwitcher, Footer

from saetui.core.changes import Change
from saetui.errors import SaetuiError
from saetui.tui.commands import bindings
from saetui.tui.latest import Latest
from saetui.tui.messages import OpenDocument, OpenFamily, OpenFeature, SteerFeatures
from saetui.tui.screens.add_feature import AddFeatureScreen
from saetui.tui.screens.document import DocumentScreen
from saetui.tui.screens.help import HelpScreen
from saetui.tui.state import ADDED, History, SearchState
from saetui.tui.views.browser import Browser
from saetui.tui.views.families import FamiliesView
from saetui.tui.views.features import FeaturesView
from saetui.tui.views.search import SearchView
from saetui.tui.widgets.status import StatusLine
from saetui.tui.widgets.steering import SteeringList
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.requests import (
        DocumentDetail,
        SearchRequest,
        SearchResponse,
    )
    from saetui.session.session import Session

# As many results as a tall terminal shows and a reader looks at.
_LIMIT = 50
# Seconds that an answer may take before the features are drawn ahead of it. Most come sooner, and
# then one frame shows both.
_PATIENCE = 0.05


class MainScreen(Screen[None]):
    """Search, features and families of one open session.

    The screen can be used before the session is there: a query that is submitted early waits, and
    is answered when the session is ready.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Everywhere")
    AUTO_FOCUS = "#query"

    def __init__(self, name: str) -> None:
        super().__init__()
        self._bundle_name = name
        self.session: Session | None = None
        self.history = History()
        self.exact = False
        self.answer: SearchResponse | None = None
        self._select: int | None = None
        self._late: Timer | None = None
        self._searching: Latest[SearchRequest, SearchResponse] = Latest(
            self, "search", self._search, self._show_answer, self._show_failure
        )
        self._reading: Latest[int, DocumentDetail] = Latest(
            self,
            "document",
            self._read,
            lambda _, detail: self._show_document(detail),
            self._show_failure,
        )

    def compose(self) -> ComposeResult:
        """Status, views, keys."""
        yield StatusLine()
        with ContentSwitcher(initial="search"):
            yield SearchView(id="search")
            yield FeaturesView(id="features")
            yield FamiliesView(id="families")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Say what is being opened."""
        self._status.bundle = self._bundle_name

    # The session comes.

    @property
    def _ready(self) -> "Session":
        if self.session is None:
            raise SaetuiError("The bundle is still being opened.", "Try again in a moment.")
        return self.session

    def session_ready(self, session: "Session") -> None:
        """Show the session, and answer what was asked before it was there."""
        self.session = session
        manifest = session.bundle.manifest
        record = session.sae.record
        self._status.bundle = f"{manifest.name}  {manifest.documents:,} docs  {record.name}"
        self._status.search = ""
        self._features.show(session)
        self._families.show(session)
        if not manifest.documents:
            self._search_view.show_failure("This bundle holds no documents.")
        self._ask()

    def say(self, sentence: str) -> None:
        """Show what opening the bundle is busy with."""
        self._status.search = sentence

    # State.

    @property
    def state(self) -> SearchState:
        """The search as the user spelled it."""
        return self.history.present

    def _go(self, state: SearchState) -> None:
        """Make a new state the present one."""
        self._adopt(self.history.record(state))

    def _adopt(self, history: History) -> None:
        """Show another present."""
        if history.present == self.history.present:
            self.history = history
            return
        self.history = history
        line = self._search_view.query_line
        if line.value.strip() != self.state.query:
            line.value = self.state.query
        self._ask()
        if self._late is not None:
            self._late.stop()
        self._late = self.set_timer(_PATIENCE, self._show_expected)

    def _show_expected(self) -> None:
        """Where an answer takes long, show the features as they will be when it comes."""
        answer, state = self.answer, self.state
        if answer is None or not self._searching.busy or answer.request.query != state.query:
            return
        expected = []
        for feature in answer.features:
            change = state.steering.get(feature.id)
            if change is None and not feature.activation:
                continue
            steered = change.apply(feature.activation) if change else feature.activation
            kept = state.solo is None or state.solo == feature.id
            expected.append(replace(feature, steered=steered if kept else 0.0))
        self._search_view.show_features(tuple(expected), state.solo)

    def _ask(self) -> None:
        if self.session is None:
            if self.state.query:
                self._search_view.show_failure("Opening; the query is answered when it is ready.")
            return
        if not self.state.query and not self.state.steering:
            self.answer = None
            self._search_view.show_features((), None)
            self._search_view.show_failure("Type a query above: / brings you there.")
            self._status.search = ""
            return
        from saetui.session.requests import SearchRequest

        if self.answer is None or self.answer.request.query != self.state.query:
            self._status.search = "searching"
        self._searching.ask(
            SearchRequest(
                query=self.state.query,
                steering=self.state.steering,
                mode=self.state.mode,
                solo=self.state.solo,
                limit=_LIMIT,
                why=True,
                exact=self.exact,
            )
        )

    def _search(self, request: "SearchRequest") -> "SearchResponse":
        return self._ready.search(request)

    def _show_answer(self, request: "SearchRequest", answer: "SearchResponse") -> None:
        self.answer = answer
        self._search_view.show_answer(answer)
        if self._select is not None:
            self._search_view.steering.select(self._select)
            self._select = None
        drift = "" if answer.drift is None else f"drift {answer.drift:.2f}  "
        self._status.search = f"{request.mode}  {drift}{answer.milliseconds:.0f} ms"

    def _show_failure(self, error: SaetuiError) -> None:
        self._status.search = ""
        if self._searching.busy and self.answer is None:
            self._search_view.show_failure(str(error))
        self.notify(str(error), severity="error", markup=False)

    # What views report.

    def on_search_view_asked(self, event: SearchView.Asked) -> None:
        """Search for another query, with the same changes."""
        if event.query != self.state.query:
            self._go(self.state.ask(event.query))
        else:
            self._ask()

    def on_steering_list_edited(self, event: SteeringList.Edited) -> None:
        """Change one feature."""
        state, feature = self.state, event.feature
        match event.kind:
            case "nudge":
                self._go(state.nudge(feature, event.amount, self._activation(feature)))
            case "set":
                self._go(state.change(feature, Change("set", event.amount)))
            case "negate":
                self._go(state.negate(feature))
            case "solo":
                self._go(state.toggle_solo(feature))
            case "reset" if self._activation(feature):
                self._go(state.change(feature, None))
            case "reset":
                # An added feature stays in the list, at nothing.
                self._go(state.change(feature, Change("add", 0.0)))
            case _:
                self._go(state.change(feature, None))

    def _activation(self, feature: int) -> float:
        features = self.answer.features if self.answer else ()
        return next((each.activation for each in features if each.id == feature), 0.0)

    def on_search_view_command(self, event: SearchView.Command) -> None:
        """Do what concerns the whole search."""
        match event.name:
            case "undo":
                self._adopt(self.history.undo())
            case "redo":
                self._adopt(self.history.redo())
            case "mode":
                self._go(self.state.next_mode())
            case "reset":
                self._go(self.state.reset())
            case "exact":
                self.exact = not self.exact
                self._ask()
            case "family":
                self._steer_family()
            case "add" if self.session is not None:
                self.app.push_screen(AddFeatureScreen(self.session), self._added)

    def _added(self, feature: int | None) -> None:
        if feature is not None:
            self.post_message(SteerFeatures((feature,)))

    def on_steer_features(self, event: SteerFeatures) -> None:
        """Add features to the query, and go there to adjust them."""
        state = self.state
        # A family shares what a single feature gets, or its many members would drown the query.
        amount = round(ADDED / len(event.features) ** 0.5, 2)
        for feature in event.features:
            if feature not in state.steering:
                state = state.change(feature, Change("add", amount))
        self._select = event.features[0]
        self._go(state)
        self.action_view("search")
        self._search_view.steering.focus()
        self._search_view.steering.select(event.features[0])

    def _steer_family(self) -> None:
        row = self._search_view.steering.row
        if row is None or self.session is None:
            return
        change = self.state.steering.get(row.id)
        families = self.session.sae.families.of_feature(row.id)
        if change is None:
            self.notify("Change the feature first; f then does the same to its family.")
        elif not families:
            self.notify(f"{row.name} is in no family.", markup=False)
        else:
            state = self.state
            # The smallest family says most about the feature.
            for member in families[-1].members:
                state = state.change(member, change)
            self._go(state)

    def on_open_document(self, event: OpenDocument) -> None:
        """Read a document."""
        self._reading.ask(event.row)

    def _read(self, row: int) -> "DocumentDetail":
        return self._ready.document(row)

    def _show_document(self, detail: "DocumentDetail") -> None:
        self.app.push_screen(DocumentScreen(detail))

    def on_open_feature(self, event: OpenFeature) -> None:
        """Go to a feature."""
        self.action_view("features")
        self._features.go_to(event.feature)

    def on_open_family(self, event: OpenFamily) -> None:
        """Go to a feature in its family."""
        families = self._ready.sae.families.of_feature(event.feature)
        if not families:
            self.notify(
                f"{self._ready.features[event.feature].name} is in no family.", markup=False
            )
            return
        self.action_view("families")
        self._families.go_to(families[-1].id, event.feature)

    # Keys.

    def action_view(self, name: str) -> None:
        """Go to a view."""
        self.query_one(ContentSwitcher).current = name
        self._status.view = name
        if name == "search":
            view = self._search_view
            (view.steering if view.steering.rows else view.query_line).focus()
        else:
            self.query_one(f"#{name}", Browser).lines.focus()

    def action_find(self) -> None:
        """Go to the query or filter line of the view."""
        current = self.query_one(ContentSwitcher).current
        self.query_one(f"#{current}").query_one(TextLine).focus()

    def action_help(self) -> None:
        """Show every key."""
        self.app.push_screen(HelpScreen())

    def action_back(self) -> None:
        """From the search view, quit; from any other, go to it."""
        if self.query_one(ContentSwitcher).current == "search":
            self.app.exit()
        else:
            self.action_view("search")

    # Parts.

    @property
    def _status(self) -> StatusLine:
        return self.query_one(StatusLine)

    @property
    def _search_view(self) -> SearchView:
        return self.query_one(SearchView)

    @property
    def _features(self) -> FeaturesView:
        return self.query_one(FeaturesView)

    @property
    def _families(self) -> FamiliesView:
        return self.query_one(FamiliesView)
