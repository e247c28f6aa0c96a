"""Feature families: a general feature and the special ones that occur with it, as trees.

`saetui.interpret.families.building` finds them; here they are looked up, named, stored and
exported.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.errors import BundleDamaged

if TYPE_CHECKING:
    import networkx as nx

Edge = tuple[int, int, float]


Measure = Literal["cosine", "containment"]


@dataclass(frozen=True)
class FamilyParameters:
    """What decides which families there are.

    The defaults differ from the paper's: `as_in_the_paper` has those. With `f_i` documents that
    activate `i`, `C_ij` that activate both, and `N` in all:

    Attributes:
        measure: What an edge weighs. "cosine": `C_ij / sqrt((f_i + 1) (f_j + 1))`, which hangs a
            feature below the narrowest one that still covers it. "containment":
            `C_ij / (min(f_i, f_j) + 1)`, which hangs it below the broadest.
        minimum_weight: `tau`, the least weight of an edge.
        minimum_lift: Least `C_ij N / (f_i f_j)` of an edge: how many times more often both
            features are active together than they would be by chance.
        minimum_ratio: Least `max(f_i, f_j) / min(f_i, f_j)` of an edge, so that equals do not
            stand above each other.
        minimum_together: Least `C_ij` of an edge.
        minimum_root_lift: Least lift of every member with its family's root, directly or not
            joined to it: what hangs below a feature that is not fit is left out as well.
        maximum_density: Features active on this share of documents or more are left out.
        minimum_documents: Features active on fewer documents are left out.
        minimum_f1: Features with a lower F1 of their label are left out.
        minimum_pearson: Features with a lower Pearson correlation of it are left out.
        rounds: How often roots are looked for, removed, and the forest rebuilt.
        minimum_children: Of a root.
        minimum_members: Of a family, its root among them.
        maximum_overlap: Jaccard overlap above which the smaller of two families goes.

    Raises:
        ValueError: There is no such measure.
    """

    measure: Measure = "cosine"
    minimum_weight: float = 0.1
    minimum_lift: float = 2.5
    minimum_ratio: float = 1.5
    minimum_together: int = 3
    minimum_root_lift: float = 1.0
    maximum_density: float = 0.2
    minimum_documents: int = 5
    minimum_f1: float = 0.8
    minimum_pearson: float = 0.8
    rounds: int = 3
    minimum_children: int = 3
    minimum_members: int = 4
    maximum_overlap: float = 0.6

    def __post_init__(self) -> None:
        if self.measure not in get_args(Measure):
            raise ValueError(f"{self.measure!r} is no measure of co-occurrence")

    @staticmethod
    def as_in_the_paper() -> "FamilyParameters":
        """Edges by containment alone, after section 4 of O'Neill et al. (arXiv 2408.00657)."""
        return FamilyParameters(
            "containment",
            minimum_lift=0.0,
            minimum_ratio=1.0,
            minimum_together=1,
            minimum_root_lift=0.0,
        )


@dataclass(frozen=True)
class CoOccurrence:
    """Pairs of features that occur together, each pair once.

    Attributes:
        first: int32 `(m,)`, the lower feature number of each pair.
        second: int32 `(m,)`, the higher one.
        counts: int64 `(m,)`, `C_ij`: documents that activate both.
        weights: float64 `(m,)`, by the measure of `FamilyParameters`.
    """

    first: Int
    second: Int
    counts: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class FamilyLabel:
    """One label that a family has had, with where it came from and how far to trust it.

    Attributes:
        text: The label.
        method: "terms" for what members share, "llm" for a language model's.
        model: Which language model; empty for none.
        prompt_version: With which prompt; empty for none.
        created: ISO date, or empty.
        judge: Who scored it; empty for nobody.
        f1: How well the judge tells from the label which documents activate the family strongly.
        pearson: The same as a correlation.
    """

    text: str
    method: str
    model: str = ""
    prompt_version: str = ""
    created: str = ""
    judge: str = ""
    f1: float | None = None
    pearson: float | None = None


@dataclass(frozen=True)
class Family:
    """A root feature and all features below it in the forest of its round.

    Attributes:
        id: Position in `Families.families`.
        root: The densest member.
        label: What the family is called now.
        members: Root first, then by depth; siblings denser first, then by number.
        edges: `(parent, child, weight)`, one per member but the root, in the order of children.
        round: In which round it was found, counted from 1.
        f1: How well the label predicts which documents activate the family; None if not scored.
        pearson: The same as a correlation.
        labels: Every label it has had, oldest first; the newest is the one above.
    """

    id: int
    root: int
    label: str
    members: tuple[int, ...]
    edges: tuple[Edge, ...]
    round: int
    f1: float | None = None
    pearson: float | None = None
    labels: tuple[FamilyLabel, ...] = ()

    def called(self, label: FamilyLabel) -> "Family":
        """The same family by another name; the names it had are kept."""
        before = self.labels or ((self.newest_label,) if self.label else ())
        return replace(
            self,
            label=label.text,
            f1=label.f1,
            pearson=label.pearson,
            labels=(*before, label),
        )

    @property
    def newest_label(self) -> FamilyLabel:
        """The label it has now; where nobody wrote down where it is from, without that."""
        if self.labels:
            return self.labels[-1]
        return FamilyLabel(self.label, "", f1=self.f1, pearson=self.pearson)

    @cached_property
    def _children(self) -> dict[int, tuple[int, ...]]:
        children: dict[int, list[int]] = {}
        for parent, child, _ in self.edges:
            children.setdefault(parent, []).append(child)
        return {parent: tuple(below) for parent, below in children.items()}

    def children(self, feature: int) -> tuple[int, ...]:
        """Members right below a member, denser first; empty for a leaf."""
        return self._children.get(feature, ())


@dataclass(frozen=True)
class Families:
    """All families of one SAE on one corpus.

    Attributes:
        parameters: They were built with.
        clean: The features that could become members, ascending.
        families: Larger ones first, of equally large ones the lower root first.
        forest: `(parent, child, weight)` of the first round's forest, by child, then parent.
    """

    parameters: FamilyParameters
    clean: tuple[int, ...]
    families: tuple[Family, ...]
    forest: tuple[Edge, ...]

    def __len__(self) -> int:
        return len(self.families)

    def __iter__(self) -> Iterator[Family]:
        return iter(self.families)

    def __getitem__(self, family: int) -> Family:
        return self.families[family]

    @cached_property
    def _memberships(self) -> dict[int, tuple[Family, ...]]:
        memberships: dict[int, list[Family]] = {}
        for family in self.families:
            for member in family.members:
                memberships.setdefault(member, []).append(family)
        return {feature: tuple(found) for feature, found in memberships.items()}

    def of_feature(self, feature: int) -> tuple[Family, ...]:
        """Families that a feature is a member of, largest first."""
        return self._memberships.get(feature, ())

    def smallest_of(self, feature: int) -> Family | None:
        """The family that stands for a feature where one is shown; None if it is in none.

        Of several families the smallest says most about the feature. Lists, sorting, keys and the
        command line all go by this one.
        """
        families = self.of_feature(feature)
        return families[-1] if families else None

    def to_networkx(self, labels: Sequence[str], density: NDArray[np.floating]) -> "nx.DiGraph":
        """Forest and families as one directed graph, from general to specific.

        Every clean feature is a node with the attributes `label`, `density` and `families`, the
        numbers of its families with blanks between; the root of a family also has `family`, its
        number, with its label as `family_label`. Edges have `weight`, the `families` they are in,
        and `forest`: whether they are of the first round's forest, as those of families that later
        rounds found may not be. All are plain values, so that any of networkx's writers takes the
        graph.

        Args:
            labels: Of every feature of the SAE.
            density: The same.
        """
        import networkx as nx

        graph = nx.DiGraph()
        for feature in self.clean:
            graph.add_node(
                feature,
                label=labels[feature],
                density=float(density[feature]),
                families=" ".join(str(family.id) for family in self.of_feature(feature)),
            )
        for parent, child, weight in self.forest:
            graph.add_edge(parent, child, weight=weight, forest=True, families="")
        for family in self.families:
            graph.add_node(family.root, family=family.id, family_label=family.label)
            for parent, child, weight in family.edges:
                if not graph.has_edge(parent, child):
                    graph.add_edge(parent, child, weight=weight, forest=False, families="")
                edge = graph.edges[parent, child]
                edge["families"] = f"{edge['families']} {family.id}".strip()
        return graph

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` reads them back unchanged."""
        return asdict(self)

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "Families":
        """Read what `as_dict` wrote, be it through JSON.

        Raises:
            BundleDamaged: Something is missing or of the wrong kind.
        """
        try:
            return Families(
                FamilyParameters(**value["parameters"]),
                tuple(int(feature) for feature in value["clean"]),
                tuple(_family(each) for each in value["families"]),
                _edges(value["forest"]),
            )
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise BundleDamaged(
                f"The feature families cannot be read: {error!r}.", "Build the families again."
            ) from error


def _family(value: Mapping[str, Any]) -> Family:
    root, members = int(value["root"]), tuple(int(feature) for feature in value["members"])
    edges = _edges(value["edges"])
    reached = {root}
    for parent, child, _ in edges:
        if parent not in reached or child in reached:
            raise ValueError(f"the edges of the family of {root} are no tree")
        reached.add(child)
    if members != (root, *(child for _, child, _ in edges)):
        raise ValueError(f"the edges of the family of {root} do not lead to its members")
    return Family(
        int(value["id"]),
        root,
        str(value["label"]),
        members,
        edges,
        int(value["round"]),
        _score(value.get("f1")),
        _score(value.get("pearson")),
        tuple(_label(each) for each in value.get("labels", ())),
    )


def _label(value: Mapping[str, Any]) -> FamilyLabel:
    return FamilyLabel(
        text=str(value["text"]),
        method=str(value["method"]),
        model=str(value["model"]),
        prompt_version=str(value["prompt_version"]),
        created=str(value["created"]),
        judge=str(value["judge"]),
        f1=_score(value["f1"]),
        pearson=_score(value["pearson"]),
    )


def _score(value: Any) -> float | None:  # noqa: ANN401 - JSON can be anything.
    return None if value is None else float(value)


def _edges(value: Sequence[Sequence[Any]]) -> tuple[Edge, ...]:
    return tuple((int(parent), int(child), float(weight)) for parent, child, weight in value)
