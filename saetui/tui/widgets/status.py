"""The line at the top, with views and figures, and the line at the bottom, with keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from textual import events
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input

from saetui.text import visible_line
from saetui.tui.commands import SIGNS, commands_of
from saetui.tui.widgets.lines import Lines, Pieces, cells, fit

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


@dataclass
class _Hint:
    """Keys and what they do.

    Attributes:
        keys: Textual's names, and as a reader writes them.
        text: What the keys do.
        rank: Where room is short, hints of the lowest rank stay.
    """

    keys: list[tuple[str, str]]
    text: str
    rank: int

    @property
    def width(self) -> int:
        """Cells, with the space after it."""
        return sum(len(shown) + 1 for _, shown in self.keys) + len(self.text) + 2


class KeyLine(Lines):
    """The keys that work where the focus is, as many as fit.

    Textual's own footer makes a widget of every key and cuts off what does not fit.
    """

    DEFAULT_CSS = "KeyLine { dock: bottom; background: $panel; color: $text-muted; }"

    def __init__(self) -> None:
        super().__init__()
        self._known: list[_Hint] | None = None

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        self._known = None
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces]:
        """Keys and hints in turn."""
        pieces: list[tuple[str, str]] = [(" ", "")]
        for hint in self._hints(width - 1):
            pieces += [(f"{shown} ", "key") for _, shown in hint.keys]
            pieces.append((f"{hint.text}  ", ""))
        return (tuple(pieces),)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        position = event.x - 1
        for hint in self._hints(self.size.width - 1):
            if 0 <= position < hint.width:
                for key, shown in hint.keys:
                    if position <= len(shown) or key == hint.keys[-1][0]:
                        self.app.simulate_key(key)
                        return
                    position -= len(shown) + 1
            position -= hint.width

    def _hints(self, width: int) -> list[_Hint]:
        """As many hints as fit, those of the lowest rank first."""
        if self._known is None:
            self._known = self._all_hints()
        # Two spaces follow each hint; one of the last is the margin.
        room = width + 1
        kept = set()
        for number, hint in sorted(enumerate(self._known), key=lambda entry: entry[1].rank):
            if hint.width <= room:
                kept.add(number)
                room -= hint.width
        return [hint for number, hint in enumerate(self._known) if number in kept]

    def _all_hints(self) -> list[_Hint]:
        active = self.screen.active_bindings
        typing = isinstance(self.screen.focused, Input)
        hints: list[_Hint] = []
        seen: set[str] = set()
        for command in chain.from_iterable(commands_of(self.app).values()):
            action = command.action.removeprefix("app.")
            keys = [
                (key, SIGNS.get(key, key))
                for key in command.keys.split(",")
                if key in active
                and active[key].binding.action.removeprefix("app.") == action
                # In a line of text, a key that prints something is a letter.
                and not (typing and _prints(key))
            ]
            if not keys or not command.hint or command.action in seen:
                continue
            seen.add(command.action)
            if hints and hints[-1].text == command.hint:
                hints[-1].keys.append(keys[0])
            else:
                hints.append(_Hint([keys[0]], command.hint, command.rank))
        return hints


def _prints(key: str) -> bool:
    return len(key) == 1 or key in ("slash", "question_mark", "space")
