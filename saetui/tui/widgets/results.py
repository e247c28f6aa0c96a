"""The results of a search."""

from typing import TYPE_CHECKING

from rich.text import Text

from saetui.tui.columns import fit, row
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.requests import Result


class ResultList(LineList["Result"]):
    """Documents found, each with where it ranked without steering."""

    def line(self, result: "Result", index: int, width: int) -> Text:
        """Rank, what became of it, cosine, title, year."""
        muted = self.style("muted")
        change, kind = self._change(result)
        year = result.published[:4]
        room = width - 4 - 5 - 5 - (6 if year else 1)
        return row(
            (f"{result.rank:>3} ", muted),
            (f"{change:<5}", self.style(kind)),
            (f"{result.score:.3f}"[1 if 0 <= result.score < 0.9995 else 0 :][:5].ljust(5), muted),
            (fit(result.title or result.id, room, self.glyphs.ellipsis), None),
            (f" {year:>4} " if year else " ", muted),
        )

    def _change(self, result: "Result") -> tuple[str, str]:
        if result.baseline_rank is None:
            return "NEW", "toward"
        moved = result.baseline_rank - result.rank
        if moved > 0:
            return f"{self.glyphs.up}{moved}", "toward"
        if moved < 0:
            return f"{self.glyphs.down}{-moved}", "away"
        return "=", "muted"
