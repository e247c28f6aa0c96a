"""The query's features, and what the user does to them."""

from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from saetui.tui.columns import fit, row, signed
from saetui.tui.commands import bindings
from saetui.tui.state import SMALL_STEP
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.requests import QueryFeature

_BAR = 10
_NARROW = 44


class SteeringList(LineList["QueryFeature"]):
    """Features with their activation in the query, and keys that change it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Steering")

    class Edited(Message):
        """The user asked for a change to one feature.

        Attributes:
            kind: `nudge`, `set`, `negate`, `solo`, `reset` or `remove`.
            feature: Which feature.
            amount: By or to how much, where that applies.
        """

        def __init__(self, kind: str, feature: int, amount: float = 0.0) -> None:
            super().__init__()
            self.kind = kind
            self.feature = feature
            self.amount = amount

    solo: int | None = None

    def line(self, feature: "QueryFeature", index: int, width: int) -> Text:
        """Mark, label, bar, activation, change."""
        bar_width = _BAR if width >= _NARROW else 5
        mark, kind = self._mark(feature)
        change = feature.steered - feature.activation
        changed = abs(change) > 1e-6
        room = width - 3 - (bar_width + 3) - 6 - 7
        return row(
            (f" {mark} ", self.style(kind)),
            (fit(feature.name, room, self.glyphs.ellipsis), None),
            *self._bar(feature, bar_width),
            (f"{feature.activation:>5.2f} ", self.style("muted")),
            (f"{signed(change) if changed else '':>6} ", self.style(kind)),
        )

    def select(self, feature: int) -> None:
        """Put the cursor on a feature, where it is in the list."""
        for index, candidate in enumerate(self.rows):
            if candidate.id == feature:
                self.cursor = index

    def _mark(self, feature: "QueryFeature") -> tuple[str, str]:
        if self.solo == feature.id:
            return "S", "toward"
        change = feature.steered - feature.activation
        if abs(change) <= 1e-6:
            return (" ", "muted") if feature.activation else ("+", "muted")
        if feature.steered == 0:
            return "x", "away"
        return ("+", "toward") if change > 0 else ("-", "away")

    def _bar(self, feature: "QueryFeature", width: int) -> list[tuple[str, Style | None]]:
        """The bar ends at the steered value; what a change took away stays visible."""
        glyphs, toward, away = self.glyphs, self.style("toward"), self.style("away")
        if feature.steered < 0:
            # Below zero the bar grows from the right.
            cells = min(width, max(1, round(-feature.steered * width)))
            return [
                (" [", None),
                (glyphs.rest * (width - cells), self.style("muted")),
                (glyphs.lost * cells, away),
                ("]", None),
            ]
        full = glyphs.bar(feature.steered, width)
        kept = min(width, int(min(feature.activation, feature.steered) * width))
        had = min(width, round(feature.activation * width))
        body = full[kept:]
        if feature.steered < feature.activation:
            filled = len(full.rstrip(glyphs.rest))
            lost = max(0, had - filled)
            body = full[kept:filled] + glyphs.lost * lost + full[filled + lost :]
            return [(" [", None), (full[:kept], None), (body, away), ("]", None)]
        return [
            (" [", None),
            (full[:kept], None),
            (body, toward if feature.steered > feature.activation else None),
            ("]", None),
        ]

    # Keys.

    def action_nudge(self, steps: int) -> None:
        """Strengthen or weaken by small steps."""
        self._edit("nudge", steps * SMALL_STEP)

    def action_set_to(self, amount: int) -> None:
        """Set to an amount; 0 is off."""
        self._edit("set", float(amount))

    def action_negate(self) -> None:
        """Turn into the opposite."""
        self._edit("negate")

    def action_solo(self) -> None:
        """Keep only this feature."""
        self._edit("solo")

    def action_reset_one(self) -> None:
        """Leave as the query has it."""
        self._edit("reset")

    def action_remove(self) -> None:
        """Remove what was added."""
        self._edit("remove")

    def _edit(self, kind: str, amount: float = 0.0) -> None:
        if self.row is not None:
            self.post_message(self.Edited(kind, self.row.id, amount))
