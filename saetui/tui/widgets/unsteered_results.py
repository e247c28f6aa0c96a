"""What a search found before it was steered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from saetui.tui.columns import Pieces, fit
from saetui.tui.widgets.heading import Heading
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.search.response import Dropped, Result, SearchResponse


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


class UnsteeredPane(Vertical):
    """The results before steering, below a heading that says how many of them stay."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.list = UnsteeredResultList(id="before")
        self._heading = Heading("Before", id="before-heading")

    def compose(self) -> ComposeResult:
        """The heading above the list."""
        yield self._heading
        yield self.list

    def show(self, answer: "SearchResponse", cursor: int | None) -> None:
        """Show what the search found before steering; see `ResultsPane.show`."""
        self.list.replace(results_before(answer), cursor)
        if not self.list.rows:
            self.list.say("Without a query there is nothing to compare with.")
        stay = "" if answer.overlap is None else f"{answer.overlap:.0%} of these stay "
        self._heading.say("Before", self.list.LEFT, stay)

    def say(self, *paragraphs: str) -> None:
        """Say something in place of results."""
        self.list.say(*paragraphs)
        self._heading.say("Before")


def results_before(answer: "SearchResponse") -> list[UnsteeredResult]:
    """The first results without steering, best first."""
    unfolded = answer.request.unfolded

    def title(found: "Result | Dropped") -> str:
        return ("" if unfolded else found.paper) or found.title or found.id

    found = [
        UnsteeredResult(result.baseline_rank, result.rank, result.row, title(result))
        for result in answer.results
        if result.baseline_rank is not None and result.baseline_rank <= answer.request.limit
    ]
    found += [
        UnsteeredResult(gone.baseline_rank, None, gone.row, title(gone)) for gone in answer.dropped
    ]
    return sorted(found, key=lambda before: before.rank)
