"""The families as trees that open and close, general features above special ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import BindingType

from saetui.tui.columns import fit, row
from saetui.tui.commands import bindings
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.core.families import Family
    from saetui.store.features import FeatureRecord


@dataclass(frozen=True)
class TreeRow:
    """One visible node.

    Attributes:
        family: The family it belongs to.
        path: Features from the family's root to this one.
        open: Whether what is below is shown; None when nothing is below.
    """

    family: "Family"
    path: tuple[int, ...]
    open: bool | None

    @property
    def feature(self) -> int:
        """The feature of this node."""
        return self.path[-1]


class FamilyTree(LineList[TreeRow]):
    """All families, each under its root; only open nodes show what is below them."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Families")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._families: Sequence[Family] = ()
        self._features: Sequence[FeatureRecord] = ()
        self._open: set[tuple[int, tuple[int, ...]]] = set()
        self._wanted: frozenset[int] | None = None

    def show(self, families: "Sequence[Family]", features: "Sequence[FeatureRecord]") -> None:
        """Show families, all closed."""
        self._families, self._features = families, features
        self._open.clear()
        self.refilter(None)

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
        parents = {child: parent for parent, child, _ in family.edges}
        path = [feature]
        while path[0] != family.root and path[0] in parents and len(path) <= len(family.members):
            path.insert(0, parents[path[0]])
        for length in range(1, len(path)):
            self._open.add((family.id, tuple(path[:length])))
        self._rebuild()
        for index, node in enumerate(self.rows):
            if node.family.id == family.id and node.path == tuple(path):
                self.cursor = index

    def line(self, node: TreeRow, index: int, width: int) -> Text:
        """Indentation, mark, label, size of the family or number of documents."""
        glyphs = self.glyphs
        mark = glyphs.leaf if node.open is None else glyphs.open if node.open else glyphs.closed
        # Deep nodes keep room for their label.
        indent = "  " * min(len(node.path) - 1, max(1, width // 6))
        record = self._features[node.feature]
        if len(node.path) == 1:
            name, size = node.family.label or record.name, f"{len(node.family.members)} features"
        else:
            name, size = record.name, f"{record.documents:,}"
        room = width - len(indent) - 3 - 14
        return row(
            (f" {indent}{mark} ", self.style("muted")),
            (
                fit(name, room, glyphs.ellipsis),
                self.style("strong") if len(node.path) == 1 else None,
            ),
            (f"{size:>13} ", self.style("muted")),
        )

    def action_choose(self) -> None:
        """Open or close a node; open the feature of a leaf."""
        if self.row is None or self.row.open is None:
            super().action_choose()
        else:
            self.action_expand(-1 if self.row.open else 1)

    def action_expand(self, direction: int) -> None:
        """Show what is below (1); hide it, or where it is hidden go up (-1)."""
        node = self.row
        if node is None:
            return
        key = (node.family.id, node.path)
        if direction > 0 and node.open is False:
            self._open.add(key)
            self._rebuild()
        elif direction < 0 and node.open:
            self._open.discard(key)
            self._rebuild()
        elif direction < 0 and len(node.path) > 1:
            for index in range(self.cursor, -1, -1):
                if self.rows[index].path == node.path[:-1]:
                    self.cursor = index
                    return

    def _rebuild(self, cursor: int | None = None) -> None:
        nodes: list[TreeRow] = []
        for family in self._families:
            kept = None if self._wanted is None else self._kept(family)
            if kept is None or family.root in kept:
                self._add(nodes, family, (family.root,), kept)
        self.replace(nodes, cursor)

    def _add(
        self, nodes: list[TreeRow], family: "Family", path: tuple[int, ...], kept: set[int] | None
    ) -> None:
        below = [
            child
            for child in family.children(path[-1])
            if child not in path and (kept is None or child in kept)
        ]
        is_open = bool(below) and (kept is not None or (family.id, path) in self._open)
        nodes.append(TreeRow(family, path, is_open if below else None))
        if is_open:
            for child in below:
                self._add(nodes, family, (*path, child), kept)

    def _kept(self, family: "Family") -> set[int]:
        """Wanted members of a family and everything on the way to them."""
        parents = {child: parent for parent, child, _ in family.edges}
        kept: set[int] = set()
        for member in family.members:
            if self._wanted is not None and member in self._wanted:
                node: int | None = member
                while node is not None and node not in kept:
                    kept.add(node)
                    node = parents.get(node)
        return kept
