"""The families as trees that open and close, general features above special ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from saetui.tui.columns import Pieces, fit
from saetui.tui.commands import bindings
from saetui.tui.feature_columns import trust
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.core.families import Family
    from saetui.store.features import FeatureRecord

# Below this share of the width deep nodes are indented no further, so that labels keep room.
_INDENTED_SHARE = 3


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One visible node.

    Attributes:
        family: The family it belongs to.
        feature: The feature of this node.
        depth: How many features are above it.
        open: Whether what is below is shown; None when nothing is below.
    """

    family: "Family"
    feature: int
    depth: int
    open: bool | None


class FamilyTree(LineList[TreeRow]):
    """All families, each under its root; only open nodes show what is below them."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Family tree")

    def __init__(self, *, id: str | None = None, empty: Sequence[str] = ()) -> None:
        super().__init__(id=id, empty=empty)
        self._families: Sequence[Family] = ()
        self._features: Sequence[FeatureRecord] = ()
        # Families and features; a feature has one place in a family.
        self._open: set[tuple[int, int]] = set()
        self._wanted: frozenset[int] | None = None

    def show(self, families: "Sequence[Family]", features: "Sequence[FeatureRecord]") -> None:
        """Show families, all closed."""
        self._families, self._features = families, features
        self._open.clear()

    def rename(self, features: "Sequence[FeatureRecord]") -> None:
        """Show the same nodes by what the features are called now."""
        self._features = features
        self.refresh()

    def refilter(self, wanted: frozenset[int] | None) -> None:
        """Show only paths that lead to `wanted` features, all of them open; None shows all."""
        self._wanted = wanted
        self._rebuild(cursor=0)

    def go_to(self, family_id: int, feature: int) -> None:
        """Open the way to a member of a family and put the cursor there."""
        family = next((each for each in self._families if each.id == family_id), None)
        if family is None:
            return
        self._wanted = None
        parents = _parents(family)
        above = parents.get(feature)
        while above is not None:
            self._open.add((family.id, above))
            above = parents[above]
        self._rebuild()
        for index, node in enumerate(self.rows):
            if node.family.id == family.id and node.feature == feature:
                self.cursor = index
                return

    def line(self, node: TreeRow, index: int, width: int) -> Pieces:
        """Indentation, mark, label; size of the family, or F1 and number of documents."""
        glyphs = self.glyphs
        mark = glyphs.leaf if node.open is None else glyphs.open if node.open else glyphs.closed
        indent = "  " * min(node.depth, max(1, width // (2 * _INDENTED_SHARE)))
        record = self._features[node.feature]
        if node.depth == 0:
            name, size = node.family.label or record.name, f"{len(node.family.members)} features"
        else:
            name, size = record.name, f"{_f1(record)}  {record.documents:,} documents"
        room = width - len(indent) - 3 - len(size) - 2
        return (
            (f" {indent}{mark} ", "muted"),
            (fit(name, room, glyphs.ellipsis), "strong" if node.depth == 0 else ""),
            (f" {size} ", "muted"),
        )

    def action_choose(self) -> None:
        """Open or close a node; of a leaf, or while filtering, open the feature."""
        if self.row is None or self.row.open is None or self._wanted is not None:
            super().action_choose()
        else:
            self.action_expand(-1 if self.row.open else 1)

    def action_expand(self, direction: int) -> None:
        """Show what is below (1); hide it, or where it is hidden go up (-1)."""
        node = self.row
        if node is None:
            return
        key = (node.family.id, node.feature)
        if direction > 0 and node.open is False:
            self._open.add(key)
            self._rebuild()
        elif direction < 0 and node.open and self._wanted is None:
            self._open.discard(key)
            self._rebuild()
        elif direction < 0 and node.depth > 0:
            above = (i for i in range(self.cursor, -1, -1) if self.rows[i].depth < node.depth)
            self.cursor = next(above)

    def _rebuild(self, cursor: int | None = None) -> None:
        nodes: list[TreeRow] = []
        for family in self._families:
            nodes += self._visible(family)
        self.replace(nodes, cursor)

    def _visible(self, family: "Family") -> list[TreeRow]:
        """The visible nodes of a family, from the top."""
        parents = _parents(family)
        kept = None if self._wanted is None else _on_the_way(parents, self._wanted)
        nodes: list[TreeRow] = []
        waiting = [(family.root, 0)] if kept is None or kept else []
        while waiting:
            feature, depth = waiting.pop()
            below = [
                child
                for child in family.children(feature)
                if parents.get(child) == feature and (kept is None or child in kept)
            ]
            is_open = kept is not None or (family.id, feature) in self._open
            nodes.append(TreeRow(family, feature, depth, is_open if below else None))
            if is_open:
                waiting += [(child, depth + 1) for child in reversed(below)]
        return nodes


def _f1(record: "FeatureRecord") -> str:
    """How far to trust the label of a feature."""
    said = trust(record)
    return f"F1 {said}" if record.f1 is not None else said


def _parents(family: "Family") -> dict[int, int | None]:
    """For each member the one above it, None for the root; cycles and strays are left out."""
    parents: dict[int, int | None] = {family.root: None}
    waiting = [family.root]
    while waiting:
        feature = waiting.pop()
        for child in family.children(feature):
            if child not in parents:
                parents[child] = feature
                waiting.append(child)
    return parents


def _on_the_way(parents: dict[int, int | None], wanted: frozenset[int]) -> set[int]:
    """Wanted members of a family and everything above them."""
    kept: set[int] = set()
    for member in parents.keys() & wanted:
        node: int | None = member
        while node is not None and node not in kept:
            kept.add(node)
            node = parents[node]
    return kept
