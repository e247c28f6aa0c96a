"""The search of the app: every edit makes a new request, and only the newest one is answered."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from textual.timer import Timer
from textual.widget import Widget

from saetui.core.changes import DEFAULT_MODE, Change, knob_of
from saetui.core.search_request import SearchRequest
from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.background import NewestRequest, tell
from saetui.tui.commands import key_of
from saetui.tui.screens.steps import History

if TYPE_CHECKING:
    from saetui.session.saved.presets import OpenedPreset
    from saetui.session.search.response import QueryFeature, SearchResponse
    from saetui.session.session import Session

# Effects count changes among this many first results.
_FIRST = 10
# A tall terminal shows this many results, and no reader looks at more.
_LIMIT = 50
# How many seconds an answer may take before the features are drawn ahead of it. Most answers come
# sooner; then one frame shows both.
_PATIENCE = 0.05
# How many seconds a frame that moves rows waits for the answer, so that the screen is laid out and
# drawn once for both.
_ONE_FRAME = 0.03
# How the status line calls the ways of searching that are not the usual one.
_MANNERS = {"semantic": "by meaning", "lexical": "by words"}


class SearchDisplay(Protocol):
    """Shows the search: what is asked for, its features, its results."""

    @property
    def listed(self) -> Sequence[int]:
        """Numbers of the features in the list."""

    def select(self, feature: int) -> bool:
        """Put the cursor on a feature; whether it is in the list."""

    def show_request(self, request: SearchRequest) -> None:
        """Show what is asked for, ahead of its answer."""

    def show_features(self, features: "Sequence[QueryFeature]", request: SearchRequest) -> None:
        """Show the features of a request."""

    def show_effects(self, effects: Mapping[int, float]) -> None:
        """Show how many results a step of each feature replaces."""

    def show_answer(self, answer: "SearchResponse") -> None:
        """Show what a search found."""

    def show_nothing(self, *paragraphs: str) -> None:
        """Say why there are no results."""

    def show_welcome(self) -> None:
        """Say what to do first, and show what is in the corpus."""

    def show_failure(self, error: SaetuiError) -> None:
        """Say what went wrong, and what to do."""

    def show_figures(self, figures: str) -> None:
        """Show figures of the last search, or that it is under way."""


class SearchControl:
    """Owns the request and its history, has it answered, and has the answer shown.

    A query that is submitted before the session is there waits, and is answered when it comes.

    Args:
        display: Shows the search.
        widget: Runs its workers and timers.
    """

    def __init__(self, display: SearchDisplay, widget: Widget) -> None:
        self._display = display
        self._widget = widget
        self._session: Session | None = None
        self._late: Timer | None = None
        self._held = ExitStack()
        # The feature that the cursor goes to as soon as it is in the list.
        self._wanted: int | None = None
        self._searching = NewestRequest(
            widget, "search", self._search, self._show_answer, self._show_failure
        )
        self.effects = NewestRequest(
            widget, "effects", self._effects_of, lambda _, found: display.show_effects(found)
        )
        self.history = History(_as_shown(SearchRequest()))
        self.answer: SearchResponse | None = None
        # A preset whose results have not come yet.
        self._opened: OpenedPreset | None = None

    @property
    def request(self) -> SearchRequest:
        """The search that the user has spelled."""
        return self.history.present

    def open(self, session: "Session") -> None:
        """Search in a session; answer what was asked before it was there.

        If it replaces another session, the history starts anew: the other features have other
        numbers.
        """
        if self._session is not None:
            self.history = History(self.request.without_features())
            self.answer = None
            self._display.show_request(self.request)
        self._session = session
        self._ask()

    # Edits.

    def go(self, request: SearchRequest) -> None:
        """Search for another request; undo leads back to the present one."""
        self._adopt(self.history.record(request))

    def ask(self, query: str) -> None:
        """Search for a query; the same one again repeats the search.

        Changes that are not pinned stay behind. Undo first brings them back, then the query before.
        """
        if self.request.start == (query, None):
            self._ask()
            return
        plain, changed = self.request.ask(query), replace(self.request, query=query, like=None)
        if changed != plain:
            self.history = self.history.record(changed)
        self.go(plain)

    def feedback(self, rows: Sequence[int], sign: int) -> None:
        """Steer toward the features of documents (1), or away from them (-1)."""
        session, answer = self._session, self.answer
        if session is None or answer is None:
            return
        from saetui.session.steering import steered_toward

        query = {each.id: each.activation for each in answer.features if each.activation}
        request = self.request
        for row in rows:
            request = steered_toward(session, request, row, sign, query=query)
        self.go(request)

    def edit(self, kind: str, feature: "QueryFeature", amount: float) -> None:
        """Change one feature; `SteeringList` lists the kinds of edits."""
        request = self.request
        match kind:
            case "nudge":
                knob = knob_of(request.mode)
                step = amount * (knob.step if abs(amount) == 1 else knob.leap / abs(amount))
                lower = request.nudge(feature.id, step, feature.activation)
                self.go(lower)
                if lower == request and amount < 0:
                    key = key_of(self._widget.app, "search.filter")
                    self._widget.notify(
                        f"It goes no lower. To leave out all documents that have it: {key} "
                        f"without:{feature.id}",
                        markup=False,
                    )
            case "mute":
                self.go(request.toggle_muted(feature.id))
            case "set":
                self.go(request.change(feature.id, Change("set", amount)))
            case "negate":
                self.go(request.negate(feature.id, feature.activation))
            case "solo":
                self.go(request.toggle_solo(feature.id))
            case "reset" if feature.added:
                # An added feature stays in the list, without any effect.
                self.go(request.change(feature.id, Change("add", 0.0)))
            case "reset":
                self.go(request.change(feature.id, None))
            case "remove":
                self.go(request.leave(feature.id))

    def add(self, features: tuple[int, ...]) -> None:
        """Add features to the query; the cursor goes to the first."""
        request = self.request
        # A family shares what a single feature gets, or its many members would drown the query.
        amount = round(knob_of(request.mode).added / len(features) ** 0.5, 2)
        for feature in features:
            if feature not in request.steering:
                request = request.change(feature, Change("add", amount))
        # By words alone the added features would wait.
        if request.retrieval == "lexical":
            request = replace(request, retrieval="hybrid")
        self._wanted = features[0]
        self.go(request)
        self._select_wanted()

    def steer_family(self, feature: "QueryFeature") -> str:
        """Do to a feature's family what was done to the feature.

        Returns:
            Why that is impossible; empty if it was done.
        """
        change = self.request.steering.get(feature.id)
        family = self._session.sae.families.smallest_of(feature.id) if self._session else None
        if family is None:
            return f"{visible_line(feature.name, 100)} is in no family."
        if change is None:
            return "Change the feature first; f then does the same to its family."
        request = self.request
        for member in family.members:
            request = request.change(member, change)
        self.go(request)
        return ""

    def undo(self) -> None:
        """Go back to the request before."""
        self._adopt(self.history.undo())

    def redo(self) -> None:
        """Go to the request that was undone."""
        self._adopt(self.history.redo())

    def jump(self, place: int) -> None:
        """Go to a request of the history."""
        self._adopt(self.history.jump(place))

    def open_preset(self, opened: "OpenedPreset") -> None:
        """Go to a saved search; undo leads back through the steps that led to it."""
        *before, last = [_as_shown(step) for step in opened.steps]
        self._opened = opened
        self._adopt(History(last, (*self.history.past, self.request, *before)))

    def steps(self) -> list[SearchRequest]:
        """Every search that led to the present one and that one, oldest first."""
        return [each for each in (*self.history.past, self.request) if each.asks]

    def refresh_labels(self) -> None:
        """Search again, now that labels have changed."""
        if self.answer is not None or not self.request.asks:
            self._ask()

    # Questions and answers.

    def _adopt(self, history: History) -> None:
        before, self.history = self.request, history
        if history.present == before:
            return
        self._display.show_request(self.request)
        self._ask()
        self._foresee(before)

    def _ask(self) -> None:
        if self._session is None:
            if self.request.asks:
                self._display.show_nothing("Opening; the query is answered when it is ready.")
            return
        if not self.request.asks:
            self._searching.drop()
            self.effects.drop()
            self.answer = None
            self._display.show_features((), self.request)
            self._display.show_welcome()
            self._display.show_figures("")
            return
        if not self._foreseeable:
            self._display.show_figures("searching")
        self._searching.ask(self.request)

    def _search(self, request: SearchRequest) -> "SearchResponse":
        assert self._session is not None
        return self._session.search(request, lambda: self._searching.overtaken)

    def _show_answer(self, request: SearchRequest, answer: "SearchResponse") -> None:
        self._release_frame()
        self.answer = answer
        self._display.show_answer(answer)
        self._select_wanted()
        self._display.show_figures(_figures(answer))
        self._compare_with_preset(answer)
        self.effects.ask_soon(request)

    def _effects_of(self, request: SearchRequest) -> dict[int, float]:
        """How many of the first ten results a large step of each feature would replace."""
        from saetui.session.steering import effects

        if self._session is None or request.retrieval == "lexical":
            return {}
        found = effects(self._session, replace(request, limit=_FIRST))
        # A step of any feature moves most results a little; how many it replaces differs more.
        return {each.feature: (each.raised + each.lowered) / 2 for each in found}

    def _compare_with_preset(self, answer: "SearchResponse") -> None:
        """Say whether other documents are found than when the preset was saved."""
        opened, self._opened = self._opened, None
        if opened is not None and _as_shown(opened.request) == self.request:
            from saetui.session.saved.presets import what_differs

            differs = what_differs(opened, answer)
            if differs:
                tell(self._widget, differs, "warning")

    def _show_failure(self, error: SaetuiError) -> None:
        self._release_frame()
        # What is on the screen belongs to another search.
        self.answer = None
        self._wanted = None
        self._display.show_features(self._foreseen(), self.request)
        self._display.show_failure(error)
        self._display.show_figures("")

    # Features ahead of the answer.

    def _foresee(self, before: SearchRequest) -> None:
        """Show the features as they will be: now if rows come, go or move, else if it gets late."""
        if self._late is not None:
            self._late.stop()
        self._held.close()
        if not self._foreseeable:
            return
        # The next key is meant for the row that the user expects under the cursor.
        rows = {feature.id for feature in self._foreseen()}
        if rows != {*self._display.listed} or {*before.on} != {*self.request.on}:
            self._hold_frame()
            self._show_foreseen()
        else:
            self._late = self._widget.set_timer(_PATIENCE, self._show_foreseen)

    def _hold_frame(self) -> None:
        """Draw nothing until the answer is there, unless that takes long."""
        self._held.enter_context(self._widget.app.batch_update())
        self._late = self._widget.set_timer(_ONE_FRAME, self._release_frame)

    def _release_frame(self) -> None:
        self._held.close()
        self._widget.screen.check_idle()

    @property
    def _foreseeable(self) -> bool:
        """Whether it is known which features the query itself activates."""
        return self.answer is not None and self.answer.request.start == self.request.start

    def _show_foreseen(self) -> None:
        if self._foreseeable and self._searching.busy:
            self._display.show_features(self._foreseen(), self.request)

    def _foreseen(self) -> "list[QueryFeature]":
        from saetui.session.search.response import QueryFeature

        if self._session is None:
            return []
        request = self.request.effective
        answered = self.answer.features if self.answer is not None and self._foreseeable else ()
        known = {feature.id: feature for feature in answered if not feature.added}
        features = []
        for number in dict.fromkeys([*known, *request.on]):
            name = self._session.name(number)
            feature = replace(known.get(number, QueryFeature(number, name, 0.0, 0.0)), name=name)
            change = request.steering.get(number)
            steered = change.apply(feature.activation) if change else feature.activation
            if (request.solo not in (None, number)) or number in request.muted:
                steered = 0.0
            features.append(replace(feature, steered=steered))
        return features

    def _select_wanted(self) -> None:
        if self._wanted is not None and self._display.select(self._wanted):
            self._wanted = None


def _as_shown(request: SearchRequest) -> SearchRequest:
    """A request with as many results as the app shows, each with its reasons."""
    return replace(request, limit=_LIMIT, why=True)


def _figures(answer: "SearchResponse") -> str:
    """The mode, how near the results still are to the query, and how long the search took."""
    request = answer.request
    # The usual mode means nothing to a reader before something is steered.
    matters = request.effective.steered or request.mode != DEFAULT_MODE
    says_mode = matters and request.retrieval != "lexical"
    parts: list[str] = [f"mode {request.mode}"] if says_mode else []
    parts += [_MANNERS[request.retrieval]] if request.retrieval in _MANNERS else []
    if answer.kept is not None and request.effective.steered:
        parts.append(f"nearness {min(answer.kept, 1):.0%}")
    return "  ".join([*parts, f"{answer.milliseconds:.0f} ms"])
