"""The search as the user spells it: every edit makes a new state, and the newest is answered."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from textual.timer import Timer

from saetui.core.changes import Change, knob_of
from saetui.core.document_filter import DocumentFilter
from saetui.errors import InputError, SaetuiError
from saetui.text import visible_line
from saetui.tui.newest_request import NewestRequest
from saetui.tui.state import History, SearchState
from saetui.tui.step_effects import StepEffects
from saetui.tui.widgets.status import StatusLine

if TYPE_CHECKING:
    from saetui.session.saved.presets import OpenedPreset
    from saetui.session.search.requests import QueryFeature, SearchRequest, SearchResponse
    from saetui.session.session import Session
    from saetui.store.features import FeatureRecord
    from saetui.tui.views.search import SearchView

# As many results as a tall terminal shows and a reader looks at.
_LIMIT = 50
# Seconds that an answer may take before the features are drawn ahead of it. Most come sooner, and
# then one frame shows both.
_PATIENCE = 0.05
# F1 of a label that a newcomer may try.
_WELL_RECOGNISED = 0.9


class SearchControl:
    """Owns the state of the search, asks for its answer and has it shown.

    A query that is submitted before the session is there waits, and is answered when it comes.

    Args:
        view: Shows features and results; searches run on its behalf.
        status: Shows figures of the last search.
    """

    def __init__(self, view: "SearchView", status: StatusLine) -> None:
        self._view = view
        self._status = status
        self._session: Session | None = None
        self._late: Timer | None = None
        # The feature that the cursor goes to as soon as it is in the list.
        self._wanted: int | None = None
        self._searching: NewestRequest[SearchRequest, SearchResponse] = NewestRequest(
            view, "search", self._search, self._show_answer, self._show_failure
        )
        self.effects = StepEffects(view, lambda: self._session, self._show_effects)
        self.history = History()
        self.answer: SearchResponse | None = None
        # A preset whose results have not come yet.
        self._opened: OpenedPreset | None = None

    @property
    def state(self) -> SearchState:
        """The search as the user spelled it."""
        return self.history.present

    def open(self, session: "Session") -> None:
        """Search in a session; answer what was asked before it was there.

        Where there was another session, its changes go: its features are others.
        """
        if self._session is not None:
            self.history = History(self.state.without_features())
            self.answer = None
            self._view.show_state(self.state)
        self._session = session
        self._ask()

    # Edits.

    def ask(self, query: str) -> None:
        """Search for a query with the present changes; the same one again repeats the search."""
        if query == self.state.query and self.state.like is None:
            self._ask()
        else:
            self._go(self.state.ask(query))

    def more_like(self, row: int) -> None:
        """Search for what is like a document."""
        self._go(self.state.more_like(row))

    def feedback(self, row: int, sign: int) -> None:
        """Steer toward a document's features (1), or away from them (-1)."""
        session, answer = self._session, self.answer
        if session is None or answer is None:
            return
        from saetui.session.search.feedback import feedback, with_changes

        activations = {feature.id: feature.activation for feature in answer.features}
        steering = with_changes(
            self.state.steering,
            feedback(session, row, sign),
            lambda feature: activations.get(feature, 0.0),
        )
        self._go(replace(self.state, steering=MappingProxyType(steering)))

    def filter(self, wanted: DocumentFilter) -> None:
        """Find only certain documents."""
        self._go(replace(self.state, filter=wanted))

    def edit(self, kind: str, feature: "QueryFeature", amount: float) -> None:
        """Change one feature; see `SteeringList`."""
        state = self.state
        match kind:
            case "nudge":
                knob = knob_of(state.mode)
                step = amount * (knob.step if abs(amount) == 1 else knob.leap / abs(amount))
                self._go(state.nudge(feature.id, step, feature.activation))
            case "mute":
                self._go(state.toggle_muted(feature.id))
            case "set":
                self._go(state.change(feature.id, Change("set", amount)))
            case "negate":
                self._go(state.negate(feature.id, feature.activation))
            case "solo":
                self._go(state.toggle_solo(feature.id))
            case "reset" if not feature.activation:
                # An added feature stays in the list, at nothing.
                self._go(state.change(feature.id, Change("add", 0.0)))
            case "reset" | "remove":
                self._go(state.change(feature.id, None))

    def add(self, features: tuple[int, ...]) -> None:
        """Add features to the query; the cursor goes to the first."""
        state = self.state
        # A family shares what a single feature gets, or its many members would drown the query.
        amount = round(knob_of(state.mode).added / len(features) ** 0.5, 2)
        for feature in features:
            if feature not in state.steering:
                state = state.change(feature, Change("add", amount))
        # Words alone are not steered.
        if state.retrieval == "lexical":
            state = replace(state, retrieval="hybrid")
        self._wanted = features[0]
        self._go(state)
        self._select_wanted()

    def steer_family(self, feature: "QueryFeature") -> str:
        """Do to a feature's family what was done to it; what stands in the way, if anything."""
        change = self.state.steering.get(feature.id)
        families = self._session.sae.families.of_feature(feature.id) if self._session else ()
        if not families:
            return f"{visible_line(feature.name, 100)} is in no family."
        if change is None:
            return "Change the feature first; f then does the same to its family."
        state = self.state
        # The smallest family says most about the feature.
        for member in families[-1].members:
            state = state.change(member, change)
        self._go(state)
        return ""

    def undo(self) -> None:
        """Go back to the state before."""
        self._adopt(self.history.undo())

    def redo(self) -> None:
        """Go to the state that was undone."""
        self._adopt(self.history.redo())

    def next_mode(self) -> None:
        """Steer in the next mode."""
        self._go(self.state.next_mode())

    def reset(self) -> None:
        """Leave every feature as the query has it."""
        self._go(self.state.reset())

    def toggle_exact(self) -> None:
        """Compare with every document, or ask the index again."""
        self._go(replace(self.state, exact=not self.state.exact))

    def next_retrieval(self) -> None:
        """Search by meaning, by words, or by both."""
        self._go(self.state.next_retrieval())

    def jump(self, place: int) -> None:
        """Go to a state of the history."""
        self._adopt(self.history.jump(place))

    def open_preset(self, opened: "OpenedPreset") -> None:
        """Go to a saved search, through the steps that led to it: undo leads back through all."""
        *before, last = [state_of(step) for step in opened.steps]
        self._opened = opened
        self._adopt(History(last, (*self.history.past, self.state, *before)))

    def steps(self) -> "list[SearchRequest]":
        """Every search that led to the present one and that one, oldest first."""
        states = (*self.history.past, self.state)
        return [request_of(state) for state in states if state.asks]

    def refresh_labels(self) -> None:
        """Search again, now that labels are others."""
        if self.answer is not None or not self.state.asks:
            self._ask()

    # Questions and answers.

    def _go(self, state: SearchState) -> None:
        self._adopt(self.history.record(state))

    def _adopt(self, history: History) -> None:
        changed = history.present != self.state
        self.history = history
        if not changed:
            return
        self._view.show_state(self.state)
        self._ask()
        self._expect()

    def _ask(self) -> None:
        if self._session is None:
            if self.state.asks:
                self._view.show_nothing("Opening; the query is answered when it is ready.")
            return
        if not self.state.asks:
            self._searching.drop()
            self.effects.drop()
            self.answer = None
            self._view.show_features((), self.state)
            self._view.show_nothing(*welcome(self._session))
            self._status.search = ""
            return
        if not self._foreseen:
            self._status.search = "searching"
        self._searching.ask(request_of(self.state))

    def _search(self, request: "SearchRequest") -> "SearchResponse":
        if self._session is None:
            raise InputError("The bundle is still being opened.", "Try again in a moment.")
        return self._session.search(request, lambda: self._searching.overtaken)

    def _show_answer(self, request: "SearchRequest", answer: "SearchResponse") -> None:
        self.answer = answer
        self._view.show_answer(answer)
        self._select_wanted()
        self._status.search = _figures(answer)
        self._compare_with_preset(answer)
        self.effects.ask(request)

    def _compare_with_preset(self, answer: "SearchResponse") -> None:
        """Say whether other documents are found than when the preset was saved."""
        opened, self._opened = self._opened, None
        if opened is not None and state_of(opened.request) == self.state:
            from saetui.session.saved.presets import what_differs

            differs = what_differs(opened, answer)
            if differs:
                self._view.notify(differs, severity="warning", markup=False)

    def _show_effects(self, found: Mapping[int, float]) -> None:
        self._view.steering.show_effects(found)

    def _show_failure(self, error: SaetuiError) -> None:
        # What is on the screen belongs to another search.
        self.answer = None
        self._wanted = None
        self._view.show_features(self._expected(), self.state)
        self._view.show_failure(error)
        self._status.search = ""

    # Features ahead of the answer.

    def _expect(self) -> None:
        """Show the features as they will be: now if rows come or go, else if the answer is late."""
        if self._late is not None:
            self._late.stop()
        if not self._foreseen:
            return
        # The next key is meant for the row that the user expects under the cursor.
        expected = [feature.id for feature in self._expected()]
        if expected != [feature.id for feature in self._view.steering.rows]:
            self._show_expected()
        else:
            self._late = self._view.set_timer(_PATIENCE, self._show_expected)

    @property
    def _foreseen(self) -> bool:
        """Whether what the query itself activates is known."""
        if self.answer is None:
            return False
        return (self.answer.request.query, self.answer.request.like) == self.state.start

    def _show_expected(self) -> None:
        if self._foreseen and self._searching.busy:
            self._view.show_features(self._expected(), self.state)

    def _expected(self) -> "tuple[QueryFeature, ...]":
        from saetui.session.search.requests import QueryFeature

        if self._session is None:
            return ()
        state, records = self.state, self._session.features
        known = self.answer.features if self.answer is not None and self._foreseen else ()
        activations = {feature.id: feature.activation for feature in known if feature.activation}
        listed = {**activations, **dict.fromkeys(state.steering, 0.0)}
        features = []
        for feature in listed:
            activation = activations.get(feature, 0.0)
            change = state.steering.get(feature)
            steered = change.apply(activation) if change else activation
            if (state.solo not in (None, feature)) or feature in state.muted:
                steered = 0.0
            features.append(QueryFeature(feature, records[feature].name, activation, steered))
        return tuple(features)

    def _select_wanted(self) -> None:
        if self._wanted is not None and self._view.steering.select(self._wanted):
            self._wanted = None


def request_of(state: SearchState) -> "SearchRequest":
    """What a state asks for."""
    from saetui.session.search.requests import SearchRequest

    # Words alone are not steered; the changes wait until meaning counts again.
    steered = state.retrieval != "lexical"
    return SearchRequest(
        query=state.query,
        steering=state.steering if steered else {},
        mode=state.mode,
        solo=state.solo if steered else None,
        limit=_LIMIT,
        why=True,
        exact=state.exact,
        like=state.like,
        muted=state.muted if steered else (),
        retrieval=state.retrieval,
        filter=state.filter,
    )


def state_of(request: "SearchRequest") -> SearchState:
    """The state that asks for what a request does, as far as it can be seen."""
    return SearchState(
        request.query,
        request.mode,
        MappingProxyType(dict(request.steering)),
        request.solo,
        request.muted,
        request.like,
        request.retrieval,
        request.filter,
        request.exact,
    )


def _figures(answer: "SearchResponse") -> str:
    """The mode, what is kept of the query, and how long it took."""
    request = answer.request
    parts: list[str] = [request.mode] if request.retrieval != "lexical" else []
    parts += [request.retrieval] if request.retrieval != "semantic" else []
    if answer.kept is not None and request.retrieval != "lexical":
        # In `codes` the query itself stays as it is, and its results move away from it.
        kept = request.mode == "codes" or answer.drift is None
        parts.append(f"kept {answer.kept:.2f}" if kept else f"drift {answer.drift:.2f}")
    return "  ".join([*parts, f"{answer.milliseconds:.0f} ms"])


def welcome(session: "Session") -> tuple[str, ...]:
    """What a newcomer reads before the first query."""
    if not len(session.bundle):
        return ("This bundle holds no documents, so there is nothing to search.",)
    example = max(session.features, key=_promise)
    for_example = (f"for example: {example.label}", "") if example.label else ()
    return (
        "Type a question or a topic above and press enter,",
        *for_example,
        "The documents nearest to it are listed here, and the features that it is made of under "
        "Steering. Strengthen one with right, weaken it with left: the results follow.",
        "",
        "2 and 3 browse all features and their families. ? explains every key.",
    )


def _promise(feature: "FeatureRecord") -> tuple[bool, bool, bool, int]:
    """How good a first query a label makes: one subject, well recognised, of many documents."""
    one_subject = feature.quality.word == "coherent" and " and " not in feature.label
    recognised = (feature.f1 or 0.0) >= _WELL_RECOGNISED
    return bool(feature.label), one_subject, recognised, feature.documents
