"""The map: features as points, those of similar direction near each other."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.timer import Timer

from saetui.core.document_filter import EVERYTHING, DocumentFilter
from saetui.core.map_window import Window, nearest_toward
from saetui.core.search_request import SearchRequest
from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.background import NewestRequest
from saetui.tui.commands import bindings
from saetui.tui.messages import OpenFamily, OpenFeature, SteerFeatures
from saetui.tui.widgets.lines import Heading, Notice
from saetui.tui.widgets.map_canvas import MapCanvas, MapCaption, Marks
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.core.feature_layout import Layout, Places
    from saetui.session.questions.feature_map import FeatureMap
    from saetui.session.search.response import SearchResponse
    from saetui.session.session import Session

_PLACEHOLDER = "Find features: words of labels, true>0.8, family:any, ~any meaning"
_NEARER = 1.5
# The share of the window that a large step goes.
_FAR = 0.25
# So many features of a query are lit.
_MOST_ASKED = 12
# A meaning lights so many features.
_MOST_MEANT = 12
# Seconds between two looks at a map that is being laid out.
_BETWEEN_LOOKS = 0.2


class MapView(Container):
    """A line to find features, the map, and what is known of the feature under the cursor.

    Args:
        request: Gives the search of the search view.
        answer: Gives its answer, if there is one.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Map")
    DEFAULT_CSS = "MapView { layout: vertical; }"

    def __init__(
        self,
        request: Callable[[], SearchRequest],
        answer: "Callable[[], SearchResponse | None]",
        *,
        id: str,
    ) -> None:
        super().__init__(id=id)
        self.filter_line = TextLine(placeholder=_PLACEHOLDER)
        self.canvas = MapCanvas()
        self._notice = Notice()
        self._heading = Heading("Map")
        self._caption = MapCaption()
        self._request, self._answer = request, answer
        self._session: Session | None = None
        self._found: tuple[int, ...] = ()
        # The filter of documents that the features were looked for under, and those without any.
        self._under: DocumentFilter = EVERYTHING
        self._away: NDArray[np.bool_] | None = None
        # A map that is being laid out, as far as it is; and whether to go on.
        self._coming: Layout | None = None
        self._stop = False
        self._watch: Timer | None = None
        self._reading = NewestRequest(self, "map", self._read, self._show_map, self._fail)
        self._laying = NewestRequest(
            self, "map-layout", self._lay_out, self._show_layout, self._fail
        )
        self._finding = NewestRequest(self, "map-find", self._find, self._show_found, self._fail)
        self._counting = NewestRequest(self, "map-filter", self._count, self._show_away, self._fail)

    def compose(self) -> ComposeResult:
        """What finds features, the map, and what is under the cursor."""
        yield self.filter_line
        yield self._notice
        yield self._heading
        yield self.canvas
        yield self._caption

    # The map comes.

    def show(self, session: "Session") -> None:
        """Show the features of a session as soon as the view is looked at."""
        self._session, self._coming = session, None
        self._found, self._under, self._away = (), EVERYTHING, None
        self.canvas.shown, self.canvas.cursor, self.canvas.window = None, None, Window()
        if self.display:
            self.on_show()

    def on_show(self) -> None:
        """Show the map, and what has become of the search since it was last seen."""
        if self._session is None:
            return
        if self.canvas.shown is None:
            self._reading.ask(self._session)
            return
        wanted = self._request().filter
        if wanted != self._under:
            self._counting.ask(wanted)
        self._mark()

    def refresh_labels(self) -> None:
        """Show the labels as they are now."""
        if self._session is not None and self.canvas.shown is not None:
            self._reading.ask(self._session)

    def _read(self, session: "Session") -> "tuple[FeatureMap, bool]":
        from saetui.session.questions.feature_map import FeatureMap, known_places

        places = known_places(session)
        known = places is not None
        if places is None:
            places = np.full((session.sae.record.n, 2), 0.5, dtype=np.float32)
        return FeatureMap.of(session, places), known

    def _show_map(self, session: "Session", found: "tuple[FeatureMap, bool]") -> None:
        shown, known = found
        self.canvas.shown = shown
        if self.canvas.cursor is None:
            self.canvas.cursor = int(np.argmax(shown.shares))
        if known:
            self.on_show()
        elif self._watch is None:
            self._begin(session)

    def _begin(self, session: "Session") -> None:
        self._stop, self._coming = False, None
        self._watch = self.set_interval(_BETWEEN_LOOKS, self._show_coming)
        self._laying.ask(session)

    def _lay_out(self, session: "Session") -> "Places | None":
        from saetui.session.questions.feature_map import laying_out

        places = None
        for self._coming in laying_out(session):
            places = self._coming.places
            if self._stop or session is not self._session:
                return None
        return places

    def _show_coming(self) -> None:
        coming, shown = self._coming, self.canvas.shown
        if coming is None or shown is None or len(coming.places) != len(shown.names):
            return
        self.canvas.shown = replace(shown, places=coming.places)
        self.canvas.draw()
        done = coming.done / coming.total
        self._heading.say(f"Laying out {len(shown.names):,} features: {done:.0%}; escape stops")

    def _show_layout(self, session: "Session", places: "Places | None") -> None:
        self._end_watch()
        if session is not self._session:
            return
        if places is None or self.canvas.shown is None:
            self._heading.say("The map is not laid out; enter goes on")
            return
        self.canvas.shown = replace(self.canvas.shown, places=places)
        self.on_show()

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def _fail(self, error: SaetuiError) -> None:
        self._end_watch()
        self._notice.say(visible_line(str(error)))

    # What is marked.

    def _mark(self) -> None:
        """Draw the map with what is marked now."""
        answer = self._answer()
        features = () if answer is None else answer.features
        had = {each.id: each.activation for each in features}
        asked = [each.id for each in features if not each.added]
        changed = {}
        for feature, change in self._request().steering.items():
            before = had.get(feature, 0.0)
            changed[feature] = 1 if change.apply(before) > before else -1
        self.canvas.marks = Marks(self._found, tuple(asked[:_MOST_ASKED]), changed, self._away)
        self._draw()

    def _draw(self) -> None:
        self.canvas.draw()
        self._caption.show(self._session, self.canvas.cursor, self.canvas.marks)
        shown, marks = self.canvas.shown, self.canvas.marks
        if shown is None or self._watch is not None:
            return
        parts = [f"Map of {len(shown.names):,} features"]
        if marks.found:
            parts.append(f"{len(marks.found):,} found")
        elif marks.lit:
            parts.append("the query's are lit")
        if marks.away is not None:
            parts.append(f"{int(marks.away.sum()):,} occur in no document of the filter")
        zoom = self.canvas.window.zoom
        self._heading.say("; ".join(parts), " ", f"x{zoom:.1f} " if zoom > 1 else "")

    def _count(self, wanted: DocumentFilter) -> "NDArray[np.bool_]":
        from saetui.session.questions.groups import of_filter

        assert self._session is not None
        mask = of_filter(self._session, wanted)
        return np.asarray(self._session.sae.counted.count(mask) == 0)

    def _show_away(self, wanted: DocumentFilter, away: "NDArray[np.bool_]") -> None:
        self._under, self._away = wanted, None if wanted == EVERYTHING else away
        self._mark()

    # Finding.

    def on_input_changed(self, event: TextLine.Changed) -> None:
        """Find while the user types."""
        event.stop()
        self._look_for(event.value)

    def _look_for(self, text: str) -> None:
        self._notice.say()
        if text.strip():
            self._finding.ask(text)
        else:
            self._finding.drop()
            self._show_found("", ())

    def _find(self, text: str) -> tuple[int, ...]:
        assert self._session is not None
        found = tuple(record.id for record in self._session.find_features(text))
        # By meaning every feature is found, the nearest first.
        return found[:_MOST_MEANT] if text.lstrip().startswith("~") else found

    def _show_found(self, text: str, found: tuple[int, ...]) -> None:
        self._found = found
        if text and not found:
            self._notice.say("No feature is found.")
        self._mark()

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Go to what was found."""
        event.stop()
        self.canvas.focus()
        if self._found:
            self._point(self._found[0])

    def on_text_line_left(self, event: TextLine.Left) -> None:
        """Go to the map."""
        event.stop()
        self.canvas.focus()

    # Moving.

    def _point(self, feature: int) -> None:
        """Put the cursor on a feature; the window follows."""
        shown = self.canvas.shown
        if shown is not None:
            x, y = shown.places[feature].tolist()
            self.canvas.cursor = feature
            self.canvas.window = self.canvas.window.holding((x, y))
            self._draw()

    def on_map_canvas_pointed(self, event: MapCanvas.Pointed) -> None:
        """Go to the feature that was clicked; open it when the cursor was there."""
        if event.feature == self.canvas.cursor:
            self.action_open()
        else:
            self._point(event.feature)

    def on_map_canvas_turned(self, event: MapCanvas.Turned) -> None:
        """Look nearer, or from further away."""
        self.action_zoom(event.step)

    def action_go(self, right: int, down: int) -> None:
        """Go to the next feature in a direction."""
        if self.canvas.shown is None or self.canvas.cursor is None:
            return
        found = nearest_toward(self.canvas.cells(), self.canvas.cursor, right, down)
        if found is not None:
            self._point(found)

    def action_pan(self, right: int, down: int) -> None:
        """Look at what is a good way in a direction; the cursor comes along."""
        canvas = self.canvas
        if canvas.shown is None or canvas.cursor is None:
            return
        far = _FAR / canvas.window.zoom
        x, y = canvas.shown.places[canvas.cursor].tolist()
        wanted = np.clip([[x + right * far, y - down * far]], 0, 1)
        canvas.window = canvas.window.moved(right * _FAR, -down * _FAR)
        away = canvas.cells() - canvas.window.cells(wanted, *canvas.size)
        self._point(int(np.square(away * (1, 2)).sum(axis=1).argmin()))

    def action_zoom(self, step: int) -> None:
        """Look nearer (1), or from further away (-1)."""
        canvas = self.canvas
        if canvas.shown is not None and canvas.cursor is not None:
            x, y = canvas.shown.places[canvas.cursor].tolist()
            canvas.window = canvas.window.zoomed(_NEARER**step, (x, y)).holding((x, y))
            self._draw()

    def action_whole(self) -> None:
        """Show the whole map."""
        self.canvas.window = Window()
        self._draw()

    def action_next_lit(self, step: int) -> None:
        """Go to the next feature that is lit, or to the one before."""
        lit, cursor = self.canvas.marks.lit, self.canvas.cursor
        if lit:
            place = lit.index(cursor) + step if cursor in lit else min(step, 0)
            self._point(lit[place % len(lit)])

    # What is done with the feature under the cursor.

    def action_open(self) -> None:
        """Open the feature; lay out a map whose layout was stopped."""
        if self._coming is not None and self._stop and self._session is not None:
            self._begin(self._session)
        elif self.canvas.cursor is not None:
            self.post_message(OpenFeature(self.canvas.cursor))

    def action_steer(self) -> None:
        """Add the feature to the query."""
        if self.canvas.cursor is not None:
            self.post_message(SteerFeatures((self.canvas.cursor,)))

    def action_family(self) -> None:
        """Go to the feature in its family."""
        if self.canvas.cursor is not None:
            self.post_message(OpenFamily(self.canvas.cursor))

    def action_forget(self) -> None:
        """Stop laying out; else light nothing that was found any more."""
        if self._watch is not None:
            self._stop = True
        elif self.filter_line.value:
            self.filter_line.value = ""
        else:
            self.action_whole()
