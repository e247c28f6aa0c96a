"""The list of the query's features, with the keys that steer."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from saetui.core.search_request import SearchRequest
from saetui.tui.commands import bindings, key_of
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Heading, Piece, Pieces, fit, signed

if TYPE_CHECKING:
    from saetui.session.search.response import QueryFeature

Edit = Callable[[str, "QueryFeature", float], None]

_BAR = 10
_NARROW_BAR = 5
_NARROW = 60
# Narrower lists leave out what the bar shows anyway, still narrower ones what else the label needs.
_LEAST_FOR_ACTIVATION = 60
_LEAST_FOR_MOVES = 44
# Smaller differences come from rounding.
_LEAST_CHANGE = 1e-6
_NO_FEATURES = (
    "The features of a query appear here, each with its strength in the query.",
    "",
    "A strength of 1 is as heavy as the whole query.",
)


class SteeringList(LineList["QueryFeature"]):
    """Features with their activation in the query, and keys that change it.

    Args:
        edit: Called with an edit (`nudge`, `set`, `negate`, `solo`, `mute`, `reset` or `remove`),
            the feature as its row shows it, and an amount: for `nudge` 1 is a small step and 5 a
            large one. It is called at once, not by a message: the next key is meant for the rows
            as this edit leaves them.
    """

    # Names of the columns, as wide as `line` draws them; `right` leaves out some.
    LEFT = "   "
    RIGHT = " true replaces in query change "

    BINDINGS: ClassVar[list[BindingType]] = bindings("Steering")

    def __init__(self, edit: Edit, *, id: str) -> None:
        super().__init__(id=id, empty=_NO_FEATURES)
        self._edit_feature = edit
        self._request = SearchRequest()
        # How far to trust the label of a feature, on at most four cells.
        self.trust: Callable[[int], str] = lambda feature: ""
        # How many of the first ten results a large step replaces, by feature.
        self._effects: Mapping[int, float] = {}
        # The place of each feature in a list that is sorted by effect.
        self._order: Mapping[int, int] = {}

    def line(self, feature: "QueryFeature", index: int, width: int) -> Pieces:
        """Marks, label, bar, trust in the label, effect, activation, change."""
        bar_width = _BAR if width >= _NARROW else _NARROW_BAR
        mark, style = self._mark(feature)
        moves = self._moves(feature.id) if width >= _LEAST_FOR_MOVES else ""
        activation = f"{feature.activation:>5.2f} " if width >= _LEAST_FOR_ACTIVATION else ""
        change = f"{_change(feature):>7} " if self._shows_changes(width) else " "
        right = 5 + len(moves) + len(activation) + len(change)
        room = width - len(self.LEFT) - (bar_width + 3) - right
        pin = "P" if feature.id in self._request.pinned else " "
        return (
            (f"{pin}{mark} ", style),
            (fit(feature.name, room, self.glyphs.ellipsis), "" if feature.sure else "muted"),
            *self._bar(feature, bar_width),
            (f" {self.trust(feature.id):>4}", ""),
            (moves, "muted"),
            (activation, "muted"),
            (change, style),
        )

    def right(self, width: int) -> str:
        """Names of the columns right of the label that find room on a line."""
        if width >= _LEAST_FOR_ACTIVATION:
            return self.RIGHT
        change = " change " if self._shows_changes(width) else " "
        return f" true replaces {change}" if width >= _LEAST_FOR_MOVES else f" true{change}"

    def _shows_changes(self, width: int) -> bool:
        """Whether there is a column of changes; a short line leaves it out while it is empty."""
        return width >= _LEAST_FOR_ACTIVATION or any(_change(feature) for feature in self.rows)

    def _moves(self, feature: int) -> str:
        moves = self._effects.get(feature)
        return " " * 10 if moves is None else f" {round(moves):>2} of 10 "

    @property
    def by_effect(self) -> bool:
        """Whether features are sorted by how many results a step of each replaces."""
        return bool(self._order)

    def show_effects(self, effects: Mapping[int, float]) -> None:
        """Show how many of the first ten results a large step of each feature replaces."""
        self._effects = effects
        self.refresh()

    def sort_by_effect(self, wanted: bool) -> bool:
        """List features by their effects as they are now, or in the order of the query.

        The order stays when effects change; otherwise rows would move away under the cursor.
        """
        on = set(self._request.on)
        ranked = sorted(
            self.rows, key=lambda row: (row.id not in on, -self._effects.get(row.id, 0.0))
        )
        self._order = {row.id: i for i, row in enumerate(ranked)} if wanted else {}
        return bool(self._order)

    def _in_order(self, features: "Sequence[QueryFeature]") -> "Sequence[QueryFeature]":
        """Features in the order of the list; those that came later are last."""
        if not self._order:
            on = set(self._request.on)
            return sorted(features, key=lambda each: each.id not in on)
        return sorted(features, key=lambda each: self._order.get(each.id, len(self._order)))

    def show(
        self,
        features: "Sequence[QueryFeature]",
        request: "SearchRequest",
        cursor: int | None = None,
    ) -> None:
        """Show features, first those that are changed, muted, solo or pinned.

        Sorted by effect, rows stay where they are.

        Args:
            features: In the order of the query.
            request: Says what is done to them.
            cursor: Where the cursor goes; None leaves it on its feature.
        """
        self._request = request
        rows = self._in_order(features)
        if cursor is None and self.row is not None:
            places = {feature.id: place for place, feature in enumerate(rows)}
            cursor = places.get(self.row.id)
        self.replace(rows, cursor)

    def select(self, feature: int) -> bool:
        """Put the cursor on a feature; whether it is in the list."""
        for index, candidate in enumerate(self.rows):
            if candidate.id == feature:
                self.cursor = index
                return True
        return False

    def _mark(self, feature: "QueryFeature") -> tuple[str, str]:
        if self._request.solo == feature.id:
            return "S", "toward"
        if feature.id in self._request.muted:
            return "M", "away"
        change = feature.steered - feature.activation
        if abs(change) <= _LEAST_CHANGE:
            return "+" if feature.added else " " if feature.sure else "?", "muted"
        if feature.steered == 0:
            return "x", "away"
        return ("+", "toward") if change > 0 else ("-", "away")

    def _bar(self, feature: "QueryFeature", width: int) -> tuple[Piece, ...]:
        """A bar that ends at the steered value; the part that was added or taken away is marked."""
        glyphs, activation, steered = self.glyphs, feature.activation, feature.steered
        if feature.near is not None and not activation and not steered:
            # There is no strength to draw: only the documents nearest to the query have it.
            return ((fit(f" {feature.near} near", width + 3, glyphs.ellipsis), "muted"),)
        if steered < 0:
            # Below zero the bar grows from the right.
            cells = min(width, max(1, round(-steered * width)))
            return (
                (" <" if steered < -1 else " [", ""),
                (glyphs.rest * (width - cells), "muted"),
                (glyphs.lost * cells, "away"),
                ("]", ""),
            )
        full = glyphs.bar(steered, width)
        kept = min(width, int(min(activation, steered) * width))
        body, style = full[kept:], ""
        if steered > activation:
            body, style = body.replace(glyphs.fills[-1], glyphs.gained), "toward"
        elif steered < activation:
            filled = len(full.rstrip(glyphs.rest))
            lost = max(0, min(width, round(activation * width)) - filled)
            body = full[kept:filled] + glyphs.lost * lost + full[filled + lost :]
            style = "away"
        return (
            (" [", ""),
            (full[:kept], ""),
            (body, style),
            # An arrow marks a value beyond the end of the bar.
            (">" if steered > 1 else "]", ""),
        )

    # Keys.

    def action_edit(self, kind: str, amount: float = 0.0) -> None:
        """Change the feature under the cursor; see `edit` above for what can be done to it."""
        if self.row is not None:
            self._edit_feature(kind, self.row, amount)


class SteeringPane(Vertical):
    """The features of the query below a heading that says how they are listed.

    Args:
        edit: See `SteeringList`.
    """

    def __init__(self, edit: Edit, *, id: str) -> None:
        super().__init__(id=id)
        self.list = SteeringList(edit, id="steering")
        self._heading = Heading("Steering", id="steering-heading")
        self._title = "Steering"
        # The width that the columns of the heading were chosen for.
        self._fits = 0

    def compose(self) -> ComposeResult:
        """The heading above the list."""
        yield self._heading
        yield self.list

    def show(
        self, features: "Sequence[QueryFeature]", request: SearchRequest, cursor: int | None
    ) -> None:
        """Show what the query activates and what was changed; see `SteeringList.show`."""
        self.list.show(features, request, cursor)
        if not features and request.retrieval == "lexical":
            key = key_of(self.app, "search.by-words")
            self.list.say(f"By words alone a query has no features: {key} searches by meaning.")
        elif not features:
            self.list.say(*_NO_FEATURES)
        title = "Steering" if request.solo is None else "Steering, solo"
        if self.list.by_effect:
            title += ", by effect"
        self._title = title
        self._say_heading()

    def on_resize(self) -> None:
        """The columns depend on the width."""
        self.call_after_refresh(self._fit_heading)

    def _fit_heading(self) -> None:
        # The width seldom changes when the height does.
        if self.list.line_width != self._fits:
            self._say_heading()

    def _say_heading(self) -> None:
        self._fits = self.list.line_width
        if self.list.rows:
            self._heading.say(self._title, self.list.LEFT, self.list.right(self._fits))
        else:
            self._heading.say(self._title)


def _change(feature: "QueryFeature") -> str:
    """By how much a feature was changed; empty if it was not."""
    change = feature.steered - feature.activation
    if abs(change) <= _LEAST_CHANGE:
        return ""
    return "off" if feature.steered == 0 else signed(change)
