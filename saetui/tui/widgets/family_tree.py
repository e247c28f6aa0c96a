"""The families as trees that open and close, general features above special ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from saetui.tui.columns import Pieces, fit
from saetui.tui.commands import bindings
from saetui.tui.widgets.feature_list import trust
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.core.families import Family
    from saetui.store.features import FeatureRecord

CHUNK = 50
"""So many nodes below one are shown at first, and as many more at a time."""

MATCHES = 10
"""So many matches in one family are shown at first; the way to the next family stays short."""

Parents = dict[int, int | None]


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One visible node, or a line that stands for nodes not shown yet.

    Attributes:
        family: The family it belongs to.
        feature: The feature of this node; in a line for more nodes, the feature above them.
        depth: How many features are above it.
        open: Whether what is below is shown; None when nothing is below.
        more: How many nodes the line stands for; 0 for a node.
    """

    family: "Family"
    feature: int
    depth: int
    open: bool | None
    more: int = 0


class FamilyNodes:
    """The nodes of all families, each under its root.

    Args:
        families: In the order in which they are listed.
    """

    def __init__(self, families: "Sequence[Family]") -> None:
        self._families = families
        self._parents: dict[int, Parents] = {}
        self._places: dict[int, dict[int, int]] = {}
        self._sizes: dict[int, dict[int, int]] = {}
        self._below: dict[int, dict[int, list[int]]] = {}
        # Families and features; a feature has one place in a family.
        self._open: set[tuple[int, int]] = set()
        # How many nodes below a feature are shown, if not `CHUNK`; -1 stands for matches.
        self._shown: dict[tuple[int, int], int] = {}
        self._wanted: frozenset[int] | None = None
        self._wanted_families: frozenset[int] = frozenset()

    @property
    def filtered(self) -> bool:
        """Whether only paths to some features are shown."""
        return self._wanted is not None

    def want(self, features: frozenset[int] | None, families: frozenset[int] = frozenset()) -> None:
        """Show only paths to these features, and the roots of these families; None shows all."""
        self._wanted, self._wanted_families = features, families
        self._shown = {key: shown for key, shown in self._shown.items() if key[1] >= 0}

    def open(self, row: TreeRow) -> None:
        """Show what is below a node, or more of it."""
        if row.more:
            key = (row.family.id, -1 if self.filtered else row.feature)
            self._shown[key] = self._shown.get(key, MATCHES if self.filtered else CHUNK) + CHUNK
        else:
            self._open.add((row.family.id, row.feature))

    def close(self, row: TreeRow) -> None:
        """Hide what is below a node."""
        self._open.discard((row.family.id, row.feature))

    def lead_to(self, family_id: int, feature: int) -> None:
        """Open the way to a member of a family, and show all families."""
        self.want(None)
        family = next((each for each in self._families if each.id == family_id), None)
        if family is None:
            return
        parents = self._parents_in(family)
        child, above = feature, parents.get(feature)
        while above is not None:
            self._open.add((family.id, above))
            place = self._children(family, above).index(child)
            key = (family.id, above)
            self._shown[key] = max(self._shown.get(key, CHUNK), (place // CHUNK + 1) * CHUNK)
            child, above = above, parents[above]

    def size_below(self, row: TreeRow) -> int:
        """How many features a node stands for, itself among them."""
        sizes = self._sizes.get(row.family.id)
        if sizes is None:
            parents = self._parents_in(row.family)
            sizes = self._sizes[row.family.id] = dict.fromkeys(parents, 1)
            # Children come after their parents.
            for child, parent in reversed(parents.items()):
                if parent is not None:
                    sizes[parent] += sizes[child]
        return sizes[row.feature]

    def rows(self) -> list[TreeRow]:
        """The visible nodes, from the top."""
        rows: list[TreeRow] = []
        for family in self._families:
            if self._wanted is not None:
                rows += self._matching(family, self._wanted)
            elif (family.id, family.root) in self._open:
                rows += self._opened(family)
            else:
                below = False if len(family.members) > 1 else None
                rows.append(TreeRow(family, family.root, 0, below))
        return rows

    def _opened(self, family: "Family") -> list[TreeRow]:
        rows: list[TreeRow] = []
        waiting = [TreeRow(family, family.root, 0, None)]
        while waiting:
            row = waiting.pop()
            if row.more:
                rows.append(row)
                continue
            feature, depth = row.feature, row.depth
            below = self._children(family, feature)
            is_open = (family.id, feature) in self._open
            rows.append(TreeRow(family, feature, depth, is_open if below else None))
            if is_open:
                shown = self._shown.get((family.id, feature), CHUNK)
                if len(below) > shown:
                    more = len(below) - shown
                    waiting.append(TreeRow(family, feature, depth + 1, None, more))
                waiting += [
                    TreeRow(family, child, depth + 1, None) for child in reversed(below[:shown])
                ]
        return rows

    def _matching(self, family: "Family", wanted: frozenset[int]) -> list[TreeRow]:
        """Paths to the first matches of a family, all of them open."""
        parents = self._parents_in(family)
        found = wanted.intersection(parents)
        if not found and family.id not in self._wanted_families:
            return []
        places = self._places_in(family)
        matches = sorted(found, key=places.__getitem__)
        shown = self._shown.get((family.id, -1), MATCHES)
        kept = _on_the_way(parents, matches[:shown]) | {family.root}
        below: dict[int, list[int]] = {}
        for member in sorted(kept, key=places.__getitem__):
            parent = parents[member]
            if parent is not None:
                below.setdefault(parent, []).append(member)
        rows: list[TreeRow] = []
        waiting = [(family.root, 0)]
        while waiting:
            feature, depth = waiting.pop()
            children = below.get(feature, ())
            rows.append(TreeRow(family, feature, depth, True if children else None))
            waiting += [(child, depth + 1) for child in reversed(children)]
        if len(matches) > shown:
            rows.append(TreeRow(family, family.root, 1, None, len(matches) - shown))
        return rows

    def _parents_in(self, family: "Family") -> Parents:
        """The parent of each member, None for the root; cycles and loose members are left out."""
        parents = self._parents.get(family.id)
        if parents is None:
            found: Parents = {family.root: None}
            for parent, child, _ in family.edges:
                if parent in found and child not in found:
                    found[child] = parent
            parents = self._parents[family.id] = found
        return parents

    def _places_in(self, family: "Family") -> dict[int, int]:
        """For each member its place in the order of the tree."""
        places = self._places.get(family.id)
        if places is None:
            members = self._parents_in(family)
            places = self._places[family.id] = {member: i for i, member in enumerate(members)}
        return places

    def _children(self, family: "Family", feature: int) -> list[int]:
        """The children of a member."""
        below = self._below.get(family.id)
        if below is None:
            below = self._below[family.id] = {}
            for child, parent in self._parents_in(family).items():
                if parent is not None:
                    below.setdefault(parent, []).append(child)
        return below.get(feature, [])


def _on_the_way(parents: Parents, wanted: Sequence[int]) -> set[int]:
    """Wanted members of a family and everything above them."""
    kept: set[int] = set()
    for member in wanted:
        node: int | None = member
        while node is not None and node not in kept:
            kept.add(node)
            node = parents[node]
    return kept


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
