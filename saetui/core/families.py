"""Feature families: trees of a general feature and the special features that occur with it.

`saetui.interpret.families.building` finds families. Here they are looked up, named, stored and
exported.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.core.features import CLEAN_DENSITY, CLEAN_F1, CLEAN_PEARSON
from saetui.errors import BundleDamaged

if TYPE_CHECKING:
    import networkx as nx

Edge = tuple[int, int, float]


Measure = Literal["cosine", "containment"]


@dataclass(frozen=True)
class FamilyParameters:
    """The settings by which families are found.

    The defaults differ from the paper's, which `as_in_the_paper` gives. Of `N` documents, `f_i`
    activate feature `i` and `C_ij` activate both `i` and `j`.

    Attributes:
        measure: The weight of an edge. With "cosine", `C_ij / sqrt((f_i + 1) (f_j + 1))`, a
            feature's parent is the narrowest feature that still covers it. With "containment",
            `C_ij / (min(f_i, f_j) + 1)`, it is the broadest.
        minimum_weight: `tau`, the least weight of an edge.
        minimum_lift: The least `C_ij N / (f_i f_j)` of an edge: how many times more often than by
            chance the two features occur together.
        minimum_ratio: The least `max(f_i, f_j) / min(f_i, f_j)` of an edge; it keeps features of
            about the same frequency from becoming parent and child.
        minimum_together: The least `C_ij` of an edge.
        minimum_root_lift: The least lift of a member with the root of its family. A member below
            it is left out with everything below that member.
        maximum_density: Features active on this share of documents or more are left out.
        minimum_documents: Features active on fewer documents are left out.
        minimum_f1: Features whose label has a lower F1 are left out.
        minimum_pearson: Features whose label has a lower Pearson correlation are left out.
        rounds: How many times roots are found, removed, and the forest built again.
        minimum_children: The fewest children of a root.
        minimum_members: The fewest members of a family, its root included.
        maximum_overlap: Of two families with a higher Jaccard overlap the smaller one is left out.

    Raises:
        ValueError: There is no such measure.
    """

    measure: Measure = "cosine"
    minimum_weight: float = 0.1
    minimum_lift: float = 2.5
    minimum_ratio: float = 1.5
    minimum_together: int = 3
    minimum_root_lift: float = 1.0
    maximum_density: float = CLEAN_DENSITY
    minimum_documents: int = 5
    minimum_f1: float = CLEAN_F1
    minimum_pearson: float = CLEAN_PEARSON
    rounds: int = 3
    minimum_children: int = 3
    minimum_members: int = 4
    maximum_overlap: float = 0.6

    def __post_init__(self) -> None:
        if self.measure not in get_args(Measure):
            raise ValueError(f"{self.measure!r} is no measure of co-occurrence")

    @staticmethod
    def as_in_the_paper() -> "FamilyParameters":
        """Weights by containment and no other conditions, as in section 4 of arXiv 2408.00657."""
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
        second: int32 `(m,)`, the higher feature number.
        counts: int64 `(m,)`, `C_ij`, how many documents activate both.
        weights: float64 `(m,)`, by `FamilyParameters.measure`.
    """

    first: Int
    second: Int
    counts: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class FamilyLabel:
    """One label that a family has or had: where it comes from and how far to trust it.

    Attributes:
        text: The label.
        method: "terms" if made of terms that members share, "llm" if by a language model.
        model: The language model, or empty.
        prompt_version: The version of its prompt, or empty.
        created: ISO date, or empty.
        judge: The judge that scored it; empty if it was not scored.
        f1: How well the judge predicts from the label which documents activate the family strongly.
        pearson: The same as a Pearson correlation.
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
        label: The current label.
        members: The root first, then by depth; the denser of two siblings first, then by number.
        edges: `(parent, child, weight)` for each member but the root, in the order of `members`.
        round: The round in which it was found, counted from 1.
        f1: How well the label predicts which documents activate the family; None if not scored.
        pearson: The same as a Pearson correlation.
        labels: Every label it has had, oldest first, the current one last.
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
        """The same family with a new label; the earlier labels are kept."""
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
        """The current label; without its origin if that was not recorded."""
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
        """The children of a member, denser first; empty for a leaf."""
        return self._children.get(feature, ())


@dataclass(frozen=True)
class Families:
    """All families of one SAE on one corpus.

    Attributes:
        parameters: The settings by which they were found.
        clean: Features that could become members, ascending.
        families: The larger first, of equally large ones that with the lower root.
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
        """The families of which a feature is a member, largest first."""
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
        numbers of its families separated by blanks. The root of a family also has the attributes
        `family`, the family's number, and `family_label`. An edge has `weight`, the `families` that
        it is in, and `forest`, which says whether it belongs to the forest of the first round;
        edges of families found in later rounds may not. All values are plain, so every writer of
        networkx takes the graph. `labels` and `density` are those of every feature of the SAE.
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
        """Read what `as_dict` returned, also after a trip through JSON.

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
