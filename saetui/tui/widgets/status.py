"""The line at the top: the views, the open bundle, figures of the last search."""

from collections.abc import Sequence

from textual import events
from textual.reactive import reactive

from saetui.text import visible_line
from saetui.tui.columns import Pieces, fit
from saetui.tui.widgets.lines import Lines, cells

VIEWS = (
    ("search", "Search"),
    ("features", "Features"),
    ("families", "Families"),
    ("splitting", "Splitting"),
    ("compare", "Compare"),
    ("map", "Map"),
)
_NAME = " saetui "
_LEAST_NAME = 8
# Names of views are cut to this where there is no room for them.
_SHORT = 4


class StatusLine(Lines):
    """The views with their keys, facts about the bundle, and figures of the last search.

    Attributes:
        bundle: Facts, the most important first; those that do not fit are left out.
        view: Which view is shown.
        search: Figures of the last search, two spaces apart, the time last.
    """

    DEFAULT_CSS = "StatusLine { background: $panel; color: $foreground; }"

    bundle: reactive[Sequence[str]] = reactive[Sequence[str]](())
    view: reactive[str] = reactive("search")
    search: reactive[str] = reactive("")

    def lines(self, width: int) -> tuple[Pieces]:
        """The line, its right end at the right edge."""
        left = self._left(width)
        right = self._figures(width)
        room = width - cells(left) - cells(((right, ""),))
        bundle = self._facts(room)
        return ((*left, (bundle, "muted"), (right if room >= 0 else "", "")),)

    def _left(self, width: int) -> Pieces:
        """The product's name and the views.

        Where facts and figures need the room the product's name is left out, and where even one
        figure needs more, the ends of the other views' names.
        """
        figures = len(self._figures(width))
        facts = sum(len(fact) + 2 for fact in self.bundle)
        views = self._views(None)
        roomy = cells(views) + len(_NAME) + figures + facts <= width
        if cells(views) + figures > width:
            views = self._views(_SHORT)
        return ((_NAME if roomy else "", "strong"), *views)

    def _figures(self, width: int) -> str:
        """The figures that leave room for the names of the views: first the time is left out."""
        room = width - cells(self._views(None))
        parts = self.search.split("  ")
        if len(f"  {self.search} ") > room and len(parts) > 1:
            parts.pop()
        while len(parts) > 1 and len("  ".join(["", *parts])) >= room:
            parts.pop(0)
        text = "  ".join(["", *parts])
        # The cell at the edge is free where there is room for that.
        return text if len(text) == room else f"{text} "

    def _views(self, longest: int | None) -> Pieces:
        """The views, the names of those that are not shown cut to a length."""
        return tuple(
            (
                f" {number} {title if name == self.view else title[:longest]} ",
                "current" if name == self.view else "",
            )
            for number, (name, title) in enumerate(VIEWS, start=1)
        )

    def _facts(self, room: int) -> str:
        """As many facts as fit, padded to the room there is."""
        facts = [visible_line(fact) for fact in self.bundle]
        while len(facts) > 1 and cells((("  ".join(["", *facts]), ""),)) > room:
            facts.pop()
        if room < _LEAST_NAME:
            return " " * max(0, room)
        return fit_spaced(facts, room, self.glyphs.ellipsis)

    async def on_click(self, event: events.Click) -> None:
        """Go to the view whose name was clicked."""
        (start, _), *views = self._left(self.size.width)
        position = event.x - len(start)
        for (name, _), (text, _) in zip(VIEWS, views, strict=True):
            length = len(text)
            if 0 <= position < length:
                await self.run_action(f"screen.view('{name}')")
                return
            position -= length


def fit_spaced(facts: Sequence[str], room: int, ellipsis: str) -> str:
    """Facts two spaces apart, exactly `room` cells wide; a fact is cut only if it stands alone."""
    if len(facts) == 1:
        return "  " + fit(facts[0], room - 2, ellipsis)
    text = "".join(f"  {fact}" for fact in facts)
    return text + " " * (room - cells(((text, ""),)))
