"""Features of two SAEs, one a line, with what became of each."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from saetui.tui.columns import Pieces, fit
from saetui.tui.feature_columns import short, trust
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.splitting import SplitOutcome
    from saetui.store.features import FeatureRecord

_INTO, _COSINE, _SCORE = 6, 7, 6


class SplitOutcomeList(LineList["SplitOutcome"]):
    """Features, each with how many it became, the nearest one's cosine, truth of its label."""

    # Names of the columns, as wide as `line` draws them.
    LEFT = f"{'#':>6} "
    RIGHT = f"{'into':>{_INTO}}{'cosine':>{_COSINE}}{'true':>{_SCORE}} "

    def __init__(self, *, id: str | None = None, empty: Sequence[str] = ()) -> None:
        super().__init__(id=id, empty=empty)
        self.records: Mapping[str, Sequence[FeatureRecord]] = {}

    def line(self, outcome: "SplitOutcome", index: int, width: int) -> Pieces:
        """Number, label, and the figures."""
        record = self.records[outcome.sae][outcome.feature]
        room = width - len(self.LEFT) - len(self.RIGHT)
        into = f"{len(outcome.parts):,}" if outcome.parts else ""
        return (
            (f"{outcome.feature:>6} ", "muted"),
            (fit(record.name, room, self.glyphs.ellipsis), ""),
            (f"{into:>{_INTO}}{short(outcome.cosine):>{_COSINE}}", "muted"),
            (f"{trust(record):>{_SCORE}} ", ""),
        )
