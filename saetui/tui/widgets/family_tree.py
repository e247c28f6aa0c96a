"""The families as trees that open and close, general features above special ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from saetui.tui.commands import bindings
from saetui.tui.widgets.feature_list import trust
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Pieces, fit

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


class _Members:
    """The members of one family as a tree.

    Args:
        family: The family.
    """

    def __init__(self, family: "Family") -> None:
        # The parent of each member, None for the root; cycles and loose members are left out.
        self.parents: Parents = {family.root: None}
        for parent, child, _ in family.edges:
            if parent in self.parents and child not in self.parents:
                self.parents[child] = parent
        # Members in the order of the tree: children come after their parents.
        self.places = {member: place for place, member in enumerate(self.parents)}
        self.below: dict[int, list[int]] = {}
        for child, above in self.parents.items():
            if above is not None:
                self.below.setdefault(above, []).append(child)

    @cached_property
    def sizes(self) -> dict[int, int]:
        """How many members each stands for, itself among them."""
        sizes = dict.fromkeys(self.parents, 1)
        for child, parent in reversed(self.parents.items()):
            if parent is not None:
                sizes[parent] += sizes[child]
        return sizes

    def on_the_way(self, wanted: Sequence[int]) -> set[int]:
        """Wanted members and everything above them."""
        kept: set[int] = set()
        for member in wanted:
            node: int | None = member
            while node is not None and node not in kept:
                kept.add(node)
                node = self.parents[node]
        return kept


class FamilyNodes:
    """The nodes of all families, each under its root.

    Args:
        families: In the order in which they are listed.
    """

    def __init__(self, families: "Sequence[Family]") -> None:
        self._families = {family.id: family for family in families}
        self._members: dict[int, _Members] = {}
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
        if family_id not in self._families:
            return
        members = self._members_of(self._families[family_id])
        child, above = feature, members.parents.get(feature)
        while above is not None:
            key = (family_id, above)
            self._open.add(key)
            place = members.below[above].index(child)
            self._shown[key] = max(self._shown.get(key, CHUNK), (place // CHUNK + 1) * CHUNK)
            child, above = above, members.parents[above]

    def size_below(self, row: TreeRow) -> int:
        """How many features a node stands for, itself among them."""
        return self._members_of(row.family).sizes[row.feature]

    def rows(self) -> list[TreeRow]:
        """The visible nodes, from the top."""
        rows: list[TreeRow] = []
        for family in self._families.values():
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
        members = self._members_of(family)
        waiting = [TreeRow(family, family.root, 0, None)]
        while waiting:
            row = waiting.pop()
            if row.more:
                rows.append(row)
                continue
            feature, depth = row.feature, row.depth
            below = members.below.get(feature, [])
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
        members = self._members_of(family)
        found = wanted.intersection(members.parents)
        if not found and family.id not in self._wanted_families:
            return []
        matches = sorted(found, key=members.places.__getitem__)
        shown = self._shown.get((family.id, -1), MATCHES)
        kept = members.on_the_way(matches[:shown]) | {family.root}
        rows: list[TreeRow] = []
        waiting = [(family.root, 0)]
        while waiting:
            feature, depth = waiting.pop()
            children = [each for each in members.below.get(feature, ()) if each in kept]
            rows.append(TreeRow(family, feature, depth, True if children else None))
            waiting += [(child, depth + 1) for child in reversed(children)]
        if len(matches) > shown:
            rows.append(TreeRow(family, family.root, 1, None, len(matches) - shown))
        return rows

    def _members_of(self, family: "Family") -> _Members:
        if family.id not in self._members:
            self._members[family.id] = _Members(family)
        return self._members[family.id]


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
