"""What is steered, in one line above the results."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from saetui.tui.columns import Pieces, fit, signed
from saetui.tui.widgets.lines import Lines, cells

if TYPE_CHECKING:
    from saetui.core.search_request import SearchRequest
    from saetui.session.search.response import QueryFeature

_KEYS = "  u undoes, p pins, R clears "
_FEWER_KEYS = "  u undoes "
_NARROW = 100
_LONGEST_NAME = 30
_NOTHING = " Nothing is steered"
# A terminal of at least this many lines keeps the line free. The results then stay where they are
# when steering begins, and the screen need not be laid out again, which takes longer than a search.
_ROOMY = 30
# Smaller differences come from rounding.
_LEAST_CHANGE = 1e-6


class SteeredLine(Lines):
    """Names each feature that is changed, muted, solo or pinned, as many as fit.

    The words of documents that the search was steered toward come first.
    """

    DEFAULT_CSS = """
    SteeredLine {
        display: none; color: $text-muted;
        &.-on { background: $warning-muted; color: $text; text-style: bold; }
        &.-on:ansi, &.-on:nocolor {
            background: $background; color: $foreground; text-style: bold reverse;
        }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="steered")
        self._title = ""
        self._parts: Sequence[str] = ()

    def show(
        self,
        features: "Sequence[QueryFeature]",
        request: "SearchRequest",
        name: Callable[[int], str],
    ) -> None:
        """Say what is steered; nothing steered, no line unless there is room for it.

        Args:
            features: Those of the query, as they are steered.
            request: Says what is solo, muted and pinned.
            name: What a feature is called.
        """
        waits = request.effective != request
        self._title = " By words alone these wait: " if waits else " Steered: "
        parts = _waiting(request, name) if waits else _steered(features, request)
        if request.liked:
            count = len(request.liked)
            parts.insert(0, f"words of {count} document{'' if count == 1 else 's'}")
        self._parts = parts
        self.set_class(bool(parts), "-on")
        self.display = bool(parts) or (request.asks and self.app.size.height >= _ROOMY)
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces]:
        """One line: what is steered on the left, the keys on the right."""
        if not self._parts:
            return (((_NOTHING, "muted"),),)
        keys = _FEWER_KEYS if width < _NARROW else _KEYS
        room = width - len(self._title) - len(keys)
        text = ""
        for place, part in enumerate(self._parts):
            left = len(self._parts) - place
            longer = f"{text}, {part}" if text else part
            more = f" and {left - 1} more" if left > 1 else ""
            if cells(((longer + more, ""),)) > room and text:
                text += f" and {left} more"
                break
            text = longer
        return (((self._title, ""), (fit(text, room, self.glyphs.ellipsis), ""), (keys, "")),)


def _steered(features: "Sequence[QueryFeature]", request: "SearchRequest") -> list[str]:
    on, parts = set(request.on), []
    for feature in features:
        # Next to a feature that is kept alone, nothing that was done to others counts.
        if feature.id not in on or request.solo not in (None, feature.id):
            continue
        change = feature.steered - feature.activation
        said = "only " if request.solo == feature.id else ""
        said += _short(feature.name)
        if feature.id in request.muted:
            said += " muted"
        elif abs(change) > _LEAST_CHANGE:
            said += " off" if feature.steered == 0 else f" {signed(change)}"
        elif not (said.startswith("only ") or feature.id in request.pinned):
            continue
        parts.append(said + (" pinned" if feature.id in request.pinned else ""))
    return parts


def _waiting(request: "SearchRequest", name: Callable[[int], str]) -> list[str]:
    return [_short(name(feature)) for feature in request.on]


def _short(name: str) -> str:
    return fit(name, _LONGEST_NAME, "..").rstrip()
