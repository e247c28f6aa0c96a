"""Why a result is where it is: its cosine as a sum."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saetui.tui.columns import Pieces, fit, signed
from saetui.tui.widgets.lines import Lines, cells

if TYPE_CHECKING:
    from saetui.session.search.response import Result

_LONGEST_NAME = 28
_LEAST_PIECE = 13


class WhyLines(Lines):
    """The largest terms of a result's cosine, as many as fit."""

    DEFAULT_CSS = "WhyLines { background: $surface; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._result: Result | None = None
        self._names: Mapping[int, str] = {}

    def explain(self, result: "Result | None", names: Mapping[int, str]) -> None:
        """Explain a result; `names` has the names of the query's features."""
        self._names = names
        self._result = result
        self.refresh()

    def lines(self, width: int) -> list[Pieces]:
        """The terms, on as many lines as there are."""
        if self._result is None or self._result.why is None:
            return []
        why, ellipsis = self._result.why, self.glyphs.ellipsis
        if self.size.height == 1 and why.features:
            # The features need the room.
            rest = f"all else {signed(why.bias + why.remainder)} "
        else:
            rest = f"common {signed(why.bias)}  no feature {signed(why.remainder)} "
        if why.words:
            rest = f"words {signed(why.words)}  {rest}"
        lines: list[list[tuple[str, str]]] = [[(f" Why #{self._result.rank}:  ", "strong")]]
        left = sum(term for _, term in why.features)
        for place, (feature, term) in enumerate(why.features):
            name = fit(self._names.get(feature, f"feature {feature}"), _LONGEST_NAME, ellipsis)
            piece = f"{name.strip()} {signed(term)}  "
            others = len(why.features) - place - 1
            after = (f"{others} more {signed(left - term)}  " if others else "") + rest
            last = len(lines) == self.size.height
            room = width - cells(tuple(lines[-1])) - (len(after) if last else 0)
            if last and not place and cells(((piece, ""),)) > room >= _LEAST_PIECE:
                # The largest term is always named, if only by the beginning of its name.
                value = f" {signed(term)}  "
                piece = fit(name.strip(), room - len(value), ellipsis) + value
            if cells(((piece, ""),)) > room:
                if last:
                    rest = f"{others + 1} more {signed(left)}  {rest}"
                    break
                lines.append([(" ", "")])
            lines[-1].append((piece, ""))
            left -= term
        if cells(tuple(lines[-1])) + len(rest) > width and len(lines) < self.size.height:
            lines.append([(" ", "")])
        lines[-1].append((rest, "muted"))
        return [tuple(line) for line in lines]
