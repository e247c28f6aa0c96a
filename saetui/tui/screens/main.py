"""The main screen: one open session in several views."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from saetui.core.document_filter import DocumentFilter
from saetui.core.search_request import SearchRequest
from saetui.text import visible_line
from saetui.tui.background import NewestRequest, tell
from saetui.tui.commands import bindings, key_of
from saetui.tui.document_control import DocumentControl, ListMarking
from saetui.tui.messages import (
    AddFeature,
    AskQuestion,
    Feedback,
    Judge,
    LabelsChanged,
    ListFeatures,
    MoreLike,
    OnlyWith,
    OpenDocument,
    OpenFamily,
    OpenFeature,
    OpenSplitting,
    OpenView,
    SteerFeatures,
    TakeBack,
    ToList,
    UseSae,
)
from saetui.tui.screens.add_feature import AddFeatureScreen
from saetui.tui.screens.dialogs import open_dialog
from saetui.tui.search_control import SearchControl
from saetui.tui.views.browser import opened
from saetui.tui.views.compare import CompareView
from saetui.tui.views.families import FamiliesView
from saetui.tui.views.features import FeaturesView
from saetui.tui.views.search import SearchView
from saetui.tui.views.splitting import SplittingView
from saetui.tui.widgets.status import KeyLine, StatusLine
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.questions.groups import Shown
    from saetui.session.search.response import SearchResponse
    from saetui.session.session import Session
    from saetui.tui.views.map import MapView


# Seconds between looks at the notes on disk, which another app may change.
_BETWEEN_LOOKS = 1.0


class MainScreen(Screen[None]):
    """Shows the views, and passes on what one of them asks of another.

    The screen can be used before the session is open.

    Args:
        name: Of the bundle, shown until it is open.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Everywhere")
    AUTO_FOCUS = "#query"

    def __init__(self, name: str) -> None:
        super().__init__()
        self.session: Session | None = None
        self._status = StatusLine()
        self._status.set_reactive(StatusLine.bundle, (name,))
        # The view from which a row led to the present one.
        self._came_from = "search"
        self._documents = DocumentControl(self, lambda: opened(self.session))
        self._search_view = SearchView(self._status, self._documents.carriers, id="search")
        self._features_view = FeaturesView(id="features")
        self._families_view = FamiliesView(id="families")
        self._splitting_view = SplittingView(id="splitting")
        self._compare_view = CompareView(self._in_search, id="compare")
        # It loads numpy, so it comes with the session, after the first frame.
        self._map_view: MapView | None = None
        self._marking = ListMarking(self, lambda: opened(self.session))
        self._switching = NewestRequest(
            self, "switch", self._other_session, self._switch, partial(tell, self)
        )
        self._notes = NewestRequest(
            self,
            "notes",
            lambda each: each.read_others_notes(),
            self._show_notes,
            partial(tell, self),
        )

    def compose(self) -> ComposeResult:
        """Status, views, keys."""
        # Textual would first style all of them for no width, and then once more for this one.
        fitting = [
            name
            for least, name in self.app.HORIZONTAL_BREAKPOINTS or ()
            if least <= self.app.size.width
        ]
        self.add_class(fitting[-1], update=False)
        yield self._status
        with ContentSwitcher(initial="search"):
            yield self._search_view
            yield self._features_view
            yield self._families_view
            yield self._splitting_view
            yield self._compare_view
        yield KeyLine()

    @property
    def is_current(self) -> bool:
        """Whether any of it is visible: a dialog covers a part of it, a document all of it."""
        return super().is_current and not self._documents.is_open

    @property
    def search(self) -> SearchControl:
        """Controls the search."""
        return self._search_view.control

    @property
    def request(self) -> SearchRequest:
        """The search that the user has spelled."""
        return self.search.request

    @property
    def answer(self) -> "SearchResponse | None":
        """The answer that is shown, if there is one."""
        return self.search.answer

    # The session comes.

    def say(self, sentence: str) -> None:
        """Show what is being done while the bundle is opened."""
        self._search_view.show_nothing(sentence)

    def session_ready(self, session: "Session") -> None:
        """Show the session."""
        if self.session is None:
            self.set_interval(_BETWEEN_LOOKS, self._look_for_notes)
        self.session = session
        manifest = session.bundle.manifest
        documents = f"{manifest.documents:,} documents"
        self._status.bundle = (manifest.name, documents, session.sae.record.name)
        self._features_view.show(session)
        self._families_view.show(session)
        self._splitting_view.show(session)
        self._compare_view.show(session)
        self._show_map(session)
        self._search_view.open(session)

    def _show_map(self, session: "Session") -> None:
        from saetui.tui.views.map import MapView

        if self._map_view is None:
            self._map_view = MapView(lambda: self.request, lambda: self.answer, id="map")
            self._map_view.display = False
            self.query_one(ContentSwitcher).mount(self._map_view)
        self._map_view.show(session)

    def _look_for_notes(self) -> None:
        """Show what another app, or a command, notes about the same bundle."""
        if self.session is not None and self.session.others_have_noted:
            self._notes.ask(self.session)

    def _show_notes(self, session: "Session", new: bool) -> None:
        if new and session is self.session:
            self.post_message(LabelsChanged())

    # Steering.

    def on_add_feature(self, event: AddFeature) -> None:
        """Let the user choose a feature."""
        if self.session is not None:
            open_dialog(self.app, AddFeatureScreen(self.session, self.request), self._added)

    def _added(self, feature: int | None) -> None:
        if feature is not None:
            self.post_message(SteerFeatures((feature,)))

    def on_steer_features(self, event: SteerFeatures) -> None:
        """Add features to the query, and go there to adjust them."""
        self.action_view("search")
        self._search_view.steering.focus()
        self.search.add(event.features)

    def on_more_like(self, event: MoreLike) -> None:
        """Search for documents like this one."""
        self.action_view("search")
        self.search.go(self.request.more_like(event.row))

    def on_feedback(self, event: Feedback) -> None:
        """Steer toward a document, or away from it."""
        self.action_view("search")
        if self.answer is None:
            key = key_of(self.app, "results.more-like-it")
            self.notify(
                f"There is no query to steer yet: {key} searches for what is like a document."
            )
        self.search.feedback([event.row], event.sign)

    # Documents, features, families.

    def on_open_document(self, event: OpenDocument) -> None:
        """Read a document."""
        self._documents.read(event)

    def on_judge(self, event: Judge) -> None:
        """Keep whether a label is true of a document."""
        self._features_view.annotations.judge(event.feature, event.document, true=event.true)

    def on_take_back(self, event: TakeBack) -> None:
        """Undo what the reader said last."""
        self._features_view.annotations.take_back()

    def on_open_feature(self, event: OpenFeature) -> None:
        """Go to a feature."""
        self._lead_to("features")
        self._features_view.go_to(event.feature)

    def on_list_features(self, event: ListFeatures) -> None:
        """List certain features in the features view."""
        self._lead_to("features")
        self._features_view.list_only(event.text, event.features, event.title)

    def on_labels_changed(self, event: LabelsChanged) -> None:
        """Show the labels as they are now, everywhere."""
        self._features_view.refresh_labels()
        self._families_view.refresh_labels()
        self._splitting_view.refresh_labels()
        self._compare_view.refresh_labels()
        if self._map_view is not None:
            self._map_view.refresh_labels()
        self.search.refresh_labels()
        if self._documents.is_open:
            self._documents.screen.say_opinion()

    def on_open_family(self, event: OpenFamily) -> None:
        """Go to a feature in its family."""
        session = opened(self.session)
        smallest = session.sae.families.smallest_of(event.feature)
        if smallest is None:
            name = visible_line(session.name(event.feature), 100)
            self.notify(f"{name} is in no family.", markup=False)
            return
        self._lead_to("families")
        family = smallest.id if event.family is None else event.family
        self._families_view.go_to(family, event.feature)

    def on_open_splitting(self, event: OpenSplitting) -> None:
        """Go to a feature among its matches in other SAEs."""
        self._splitting_view.go_to(event.feature)
        self._lead_to("splitting")

    def on_ask_question(self, event: AskQuestion) -> None:
        """Ask a question about the corpus."""
        self.action_view("compare")
        self._compare_view.ask(event.question)

    def on_only_with(self, event: OnlyWith) -> None:
        """Search only documents that have a feature."""
        wanted = DocumentFilter(having=(event.feature,))
        self.action_view("search")
        self.search.go(replace(self.request, filter=self.request.filter.also(wanted)))
        name = visible_line(opened(self.session).name(event.feature), 100)
        self.notify(f"Only documents that have {name} are searched now.", markup=False)

    def on_use_sae(self, event: UseSae) -> None:
        """Use another SAE of the bundle, and go to a feature of it."""
        self._switching.ask(event)

    def _other_session(self, event: UseSae) -> "Session":
        session = opened(self.session)
        if event.sae != session.sae.record.name:
            session = session.using(event.sae)
            _ = session.features
            session.warm()
        return session

    def _switch(self, event: UseSae, session: "Session") -> None:
        if session is not self.session:
            self.session_ready(session)
            self.notify(f"{event.sae} is in use now.", markup=False)
        self.on_open_feature(OpenFeature(event.feature))

    def on_open_view(self, event: OpenView) -> None:
        """Go to a view."""
        self.action_view(event.name or self._view)
        if event.find:
            self.action_find()

    # Keys.

    @property
    def _view(self) -> str:
        return self.query_one(ContentSwitcher).current or "search"

    def action_view(self, name: str) -> None:
        """Go to a view; the map is there as soon as a bundle is."""
        if name == "map" and self._map_view is None:
            return
        self._came_from = "search"
        self.query_one(ContentSwitcher).current = name
        self._status.view = name
        # At once: a list that is hidden while it has the focus would take it away again later.
        self.set_focus(self.start_of(name))

    def _lead_to(self, name: str) -> None:
        """Go to a view to which another view has led; `action_back` leads back there."""
        before = self._view
        self.action_view(name)
        if before != name:
            self._came_from = before

    def start_of(self, view: str) -> Widget:
        """Where the focus goes in a view."""
        starts: dict[str, Widget] = {
            "search": self._search_view.start,
            "features": self._features_view.lines,
            "families": self._families_view.lines,
            "splitting": self._splitting_view.lines,
            "compare": self._compare_view.lines,
        }
        if self._map_view is not None:
            starts["map"] = self._map_view.canvas
        return starts[view]

    def on_descendant_blur(self) -> None:
        """A list that was hidden leaves the focus to nobody: another list takes it."""
        self.call_later(self._keep_focus)

    def _keep_focus(self) -> None:
        # Without the terminal's own focus, Textual puts it aside, and gives it back later.
        if self.focused is None and self.app.app_focus:
            self.set_focus(self.start_of(self._view))

    def action_find(self) -> None:
        """Go to the query or filter line of the view."""
        self.query_one(f"#{self._view}").query_one(TextLine).focus()

    def action_to_list(self) -> None:
        """Put the document under the cursor into a list."""
        self._marking.mark_here(self.focused)

    def _in_search(self) -> "Shown":
        """The search that is shown, and which of its results are marked."""
        from saetui.session.questions.groups import Shown

        marked = self._search_view.results.marked
        return Shown(self.request, tuple(result.row for result in marked))

    def on_to_list(self, event: ToList) -> None:
        """Put a document into a list."""
        self._marking.mark([event.row])

    def action_back(self) -> None:
        """From the search view, quit; from any other, go to the view that led there."""
        if self._view == "search":
            self.app.exit()
        else:
            self.action_view(self._came_from)
            if self._view == "search":
                # Not the query line, or the next q would be a letter.
                self._search_view.focus_list()

    def targets(self) -> dict[str, tuple[str, DOMNode]]:
        """For each scope of the table of commands a view and the node that its actions are of."""
        search, features, families = self._search_view, self._features_view, self._families_view
        view = self._view
        lists = {"Lists": (view, search.results if view == "search" else self.start_of(view))}
        if view == "map":
            # It has no list.
            lists = {}
        return {
            "Query line": (view, self.query_one(f"#{view}").query_one(TextLine)),
            **lists,
            "Steering": ("search", search.steering),
            "Results": ("search", search.results),
            "Search": ("search", search),
            "Features": ("features", features),
            "Family tree": ("families", families.forest),
            "Co-occurrence": ("families", families.block),
            "Families": ("families", families),
            "Splitting": ("splitting", self._splitting_view),
            "Compare": ("compare", self._compare_view),
            "Map": ("map", self._map_view or self),
            "Everywhere": (view, self),
        }
