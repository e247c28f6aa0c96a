"""The families as trees that open and close, general features above special ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from saetui.tui.columns import Pieces, fit
from saetui.tui.commands import bindings
from saetui.tui.feature_columns import trust
from saetui.tui.widgets.family_nodes import FamilyNodes, TreeRow
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.core.families import Family
    from saetui.store.features import FeatureRecord

# Deep nodes are indented by at most this share of the width, so that labels keep room.
_INDENTED_SHARE = 3
_SIZE, _DENSITY, _SCORE = 6, 9, 6


class FamilyTree(LineList[TreeRow]):
    """All families, each under its root; only open nodes show what is below them."""

    # Names of the columns, as wide as `line` draws them.
    RIGHT = f"{'size':>{_SIZE}}{'density':>{_DENSITY}}{'true':>{_SCORE}} "

    BINDINGS: ClassVar[list[BindingType]] = bindings("Family tree")

    def __init__(self, *, id: str | None = None, empty: Sequence[str] = ()) -> None:
        super().__init__(id=id, empty=empty)
        self._trees = FamilyNodes(())
        self._features: Sequence[FeatureRecord] = ()

    def show(self, families: "Sequence[Family]", features: "Sequence[FeatureRecord]") -> None:
        """Show families, all closed."""
        self._trees, self._features = FamilyNodes(families), features

    def rename(self, features: "Sequence[FeatureRecord]") -> None:
        """Show the same nodes with the labels that features have now."""
        self._features = features
        self.refresh()

    def refilter(
        self, wanted: frozenset[int] | None, families: frozenset[int] = frozenset()
    ) -> None:
        """Show only paths to `wanted` features, all open, and some families; None shows all."""
        self._trees.want(wanted, families)
        self.replace(self._trees.rows(), cursor=0)

    def go_to(self, family_id: int, feature: int) -> None:
        """Open the way to a member of a family and put the cursor there."""
        self._trees.lead_to(family_id, feature)
        rows = self._trees.rows()
        self.replace(rows)
        for index, row in enumerate(rows):
            if row.family.id == family_id and row.feature == feature and not row.more:
                self.cursor = index
                return

    def line(self, row: TreeRow, index: int, width: int) -> Pieces:
        """Indentation, mark, label; features below it, density, truth of the label."""
        glyphs = self.glyphs
        indent = "  " * min(row.depth, max(1, width // (2 * _INDENTED_SHARE)))
        if row.more:
            text = f" {indent}  {row.more:,} more"
            return ((fit(text, width, glyphs.ellipsis), "muted"),)
        mark = glyphs.leaf if row.open is None else glyphs.open if row.open else glyphs.closed
        record = self._features[row.feature]
        name = (row.depth == 0 and row.family.label) or record.name
        size = f"{self._trees.size_below(row):,}" if row.open is not None else ""
        room = width - len(indent) - 3 - len(self.RIGHT)
        return (
            (f" {indent}{mark} ", "muted"),
            (fit(name, room, glyphs.ellipsis), "strong" if row.depth == 0 else ""),
            (f"{size:>{_SIZE}}{f'{record.density:.2%}':>{_DENSITY}}", "muted"),
            (f"{trust(record):>{_SCORE}} ", ""),
        )

    def action_choose(self) -> None:
        """Open or close a node; on a leaf, or while filtering, open the feature."""
        row = self.row
        if row is None:
            return
        if row.more or (row.open is not None and not self._trees.filtered):
            self.action_expand(-1 if row.open else 1)
        else:
            super().action_choose()

    def action_expand(self, direction: int) -> None:
        """Show children or more of them (1); hide them, or go up if they are hidden (-1)."""
        row = self.row
        if row is None:
            return
        if direction > 0 and (row.more or row.open is False):
            self._trees.open(row)
            self._rebuild()
        elif direction < 0 and row.open and not self._trees.filtered:
            self._trees.close(row)
            self._rebuild()
        elif direction < 0 and row.depth > 0:
            above = (i for i in range(self.cursor, -1, -1) if self.rows[i].depth < row.depth)
            self.cursor = next(above)

    def _rebuild(self) -> None:
        was = self.row
        self.replace(self._trees.rows())
        row = self.row
        if row is not None and was is not None and row.feature != was.feature:
            # The line that stood for more nodes has become the first of them.
            self.post_message(self.Highlighted(self, row))
