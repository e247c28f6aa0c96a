"""What is known of the feature under the cursor of the map."""

from typing import TYPE_CHECKING

from saetui.text import visible_line
from saetui.tui.columns import Pieces, fit
from saetui.tui.feature_columns import trust
from saetui.tui.widgets.lines import Lines, cells
from saetui.tui.widgets.map_canvas import Marks

if TYPE_CHECKING:
    from saetui.session.session import Session

_LONGEST_NAME = 100


class MapCaption(Lines):
    """Label, figures and family of a feature, and why it is marked."""

    DEFAULT_CSS = "MapCaption { height: 2; background: $surface; }"

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Pieces, Pieces] = ((), ())

    def show(self, session: "Session | None", feature: int | None, marks: Marks) -> None:
        """Show a feature of a session; None shows nothing."""
        self._lines = ((), ())
        if session is not None and feature is not None:
            self._lines = self._first(session, feature), self._second(session, feature, marks)
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces, Pieces]:
        """Both lines; the label is cut where there is no room for it and the figures."""
        first, second = self._lines
        if not first:
            return (), ()
        number, (name, style), figures = first
        room = max(1, width - cells((number, figures)) - 1)
        ((said, muted),) = second
        return (
            (number, (fit(name, room, self.glyphs.ellipsis), style), figures),
            ((" ", ""), (fit(said, width - 2, self.glyphs.ellipsis), muted)),
        )

    def _first(self, session: "Session", feature: int) -> Pieces:
        record = session.features[feature]
        true = trust(record)
        # A share is of documents; other words stand for themselves.
        said = f"  true of {true}" if "/" in true or true == "all" else f"  {true}"
        return (
            (f" {feature}  ", "muted"),
            (visible_line(record.name, _LONGEST_NAME), "strong"),
            (f"{said if true else ''}  {record.density:.2%} of documents", ""),
        )

    def _second(self, session: "Session", feature: int, marks: Marks) -> Pieces:
        family = session.sae.families.smallest_of(feature)
        said = ["In no family" if family is None else f"Family: {visible_line(family.label)}"]
        if feature in marks.changed:
            said.append("turned up" if marks.changed[feature] > 0 else "turned down")
        if feature in marks.asked:
            said.append("in the query")
        if feature in marks.found:
            said.append(f"found, {marks.found.index(feature) + 1} of {len(marks.found)}")
        if marks.away is not None and marks.away[feature]:
            said.append("in no document of the filter")
        return (("; ".join(said), "muted"),)
