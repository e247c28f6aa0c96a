"""What a search found before it was steered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saetui.tui.columns import Pieces, fit
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.search.response import SearchResponse


@dataclass(frozen=True, slots=True)
class UnsteeredResult:
    """A result without steering.

    Attributes:
        rank: Its rank without steering.
        now: Its rank with steering; None if it is no longer among the results.
        row: Of the document in the bundle.
        title: Its title, or its id.
    """

    rank: int
    now: int | None
    row: int
    title: str


class UnsteeredResultList(LineList[UnsteeredResult]):
    """Results without steering, each with where it is now."""

    # Names of the columns, as wide as `line` draws them.
    LEFT = "  # now   "

    def line(self, before: UnsteeredResult, index: int, width: int) -> Pieces:
        """Rank, rank with steering, title."""
        now, style = self._now(before)
        room = width - len(self.LEFT) - 1
        return (
            (f"{before.rank:>3} ", "muted"),
            (f"{now:<6}", style),
            (fit(before.title, room, self.glyphs.ellipsis), ""),
            (" ", ""),
        )

    def _now(self, before: UnsteeredResult) -> tuple[str, str]:
        if before.now is None:
            return "gone", "away"
        if before.now == before.rank:
            return "=", "muted"
        return f"{before.now:>3}", "toward" if before.now < before.rank else "away"


def results_before(answer: "SearchResponse") -> list[UnsteeredResult]:
    """The first results without steering, best first."""
    found = [
        UnsteeredResult(result.baseline_rank, result.rank, result.row, result.title or result.id)
        for result in answer.results
        if result.baseline_rank is not None and result.baseline_rank <= answer.request.limit
    ]
    found += [
        UnsteeredResult(gone.baseline_rank, None, gone.row, gone.title or gone.id)
        for gone in answer.dropped
    ]
    return sorted(found, key=lambda before: before.rank)
