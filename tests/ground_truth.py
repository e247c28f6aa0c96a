"""Whether families recover a hierarchy that is known of the corpus, and whether better than others.

Three questions, each beside what another way or chance would give:

- Do features of one family belong to the same category? Purity and normalised mutual information,
  beside as many clusters of the same features by agglomerative clustering of their directions.
- Do a child's documents lie within its parent's?
- Where documents lie in a tree of categories: does the category that a parent stands for lie above
  that of its child?
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Postings
from saetui.core.families import Families

Classes = NDArray[np.intp]


@dataclass(frozen=True)
class Agreement:
    """How well clusters of features agree with classes of features.

    Attributes:
        purity: Share of features whose class is the most frequent one of their cluster.
        information: Mutual information over the mean of both entropies, 0 to 1.
    """

    purity: float
    information: float


@dataclass(frozen=True)
class GroupTruth:
    """Families against groups of documents, one group a document.

    Attributes:
        features: How many features are in families.
        families: In how many, each feature in its largest.
        agreement: Of the families with the groups that their features stand for.
        agglomerative: Of as many clusters of the same features by their directions.
        chance: Mean of families of the same sizes, filled at random.
    """

    features: int
    families: int
    agreement: Agreement
    agglomerative: Agreement
    chance: Agreement

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class EdgeTruth:
    """Edges of families against the documents and the tree of categories. None: no such edges.

    Attributes:
        edges: Different pairs of parent and child in all families.
        within_parent: Mean share of a child's documents that its parent is active on, too.
        within_parent_by_chance: The same if the parent's documents were any.
        ordered: Edges whose two features stand for categories of which one is above the other.
        right_way: Share of them where the parent's is above.
        related: Share of all edges whose categories are the same, or one above the other.
        related_by_chance: Mean of the same with children exchanged at random.
    """

    edges: int
    within_parent: float | None
    within_parent_by_chance: float | None
    ordered: int
    right_way: float | None
    related: float | None
    related_by_chance: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def compare_with_groups(
    families: Families,
    postings: Postings,
    directions: Float,
    groups: Sequence[str],
    *,
    random_orders: int = 20,
    seed: int = 0,
) -> GroupTruth:
    """Hold families against groups of documents.

    A feature stands for the group whose share of its activation exceeds its share of the corpus
    most; of equal ones for the first by name.

    Args:
        families: Of the SAE.
        postings: Of the SAE on the corpus.
        directions: Of the SAE, float32 `(n, d)`.
        groups: Of every document.
        random_orders: How many random fillings the families are compared with.
        seed: Of these.
    """
    family_of: dict[int, int] = {}
    for family in families:
        for member in family.members:
            family_of.setdefault(member, family.id)
    features = np.array(sorted(family_of), dtype=np.intp)
    clusters = np.array([family_of[feature] for feature in features.tolist()], dtype=np.intp)
    classes = feature_groups(postings, groups)[features]
    count = len(np.unique(clusters))
    random = np.random.default_rng(seed)
    fillings = [agreement(random.permutation(clusters), classes) for _ in range(random_orders)]
    return GroupTruth(
        features=len(features),
        families=count,
        agreement=agreement(clusters, classes),
        agglomerative=agreement(agglomerative_clusters(directions[features], count), classes),
        chance=Agreement(
            float(np.mean([each.purity for each in fillings])),
            float(np.mean([each.information for each in fillings])),
        ),
    )


def feature_groups(postings: Postings, groups: Sequence[str]) -> Classes:
    """Which group each feature stands for, as a place among the groups' sorted names; `(n,)`."""
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    features = np.repeat(np.arange(postings.n), postings.counts())
    cells = features * len(names) + group_of[postings.rows]
    weights = np.bincount(cells, postings.values, minlength=postings.n * len(names))
    weights = weights.reshape(postings.n, len(names))
    totals = weights.sum(axis=1, keepdims=True)
    shares = weights / np.where(totals == 0, 1, totals)
    excess = shares - np.bincount(group_of) / len(group_of)
    return np.asarray(np.argmax(excess, axis=1), dtype=np.intp)


def agglomerative_clusters(directions: Float, count: int) -> Classes:
    """Cluster directions from the bottom up, by the mean cosine between clusters; `(m,)`.

    Args:
        directions: Float32 `(m, d)`, rows of unit norm.
        count: Of clusters.
    """
    if len(directions) <= count:
        return np.arange(len(directions))
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(directions.astype(np.float64), method="average", metric="cosine")
    clusters: Classes = np.asarray(fcluster(tree, count, criterion="maxclust"), dtype=np.intp)
    return clusters


def agreement(clusters: Classes, classes: Classes) -> Agreement:
    """Purity of clusters in classes, and the normalised mutual information of both."""
    if not len(clusters):
        return Agreement(0.0, 0.0)
    _, cluster = np.unique(clusters, return_inverse=True)
    _, group = np.unique(classes, return_inverse=True)
    joint = np.zeros((cluster.max() + 1, group.max() + 1))
    np.add.at(joint, (cluster, group), 1 / len(cluster))
    own, other = joint.sum(axis=1), joint.sum(axis=0)
    known = joint > 0
    mutual = float((joint[known] * np.log(joint[known] / np.outer(own, other)[known])).sum())
    entropy = -float((own * np.log(own)).sum() + (other * np.log(other)).sum()) / 2
    # Two partitions of one part each agree entirely.
    return Agreement(float(joint.max(axis=1).sum()), mutual / entropy if entropy else 1.0)


def compare_with_tree(
    families: Families,
    postings: Postings,
    categories: Sequence[Collection[str]],
    parents: Mapping[str, Collection[str]],
    *,
    random_orders: int = 20,
    seed: int = 0,
) -> EdgeTruth:
    """Hold the edges of families against categories that lie above one another.

    A document belongs to its categories and to all above them. A feature stands for the category
    whose documents agree with its own best by F1; of equal ones for the first by name.

    Args:
        families: Of the SAE.
        postings: Of the SAE on the corpus.
        categories: Of every document.
        parents: The categories right above each; none above those it does not name.
        random_orders: With how many random exchanges of children the edges are compared.
        seed: Of these.
    """
    edges = sorted({edge[:2] for family in families for edge in family.edges})
    if not edges:
        return EdgeTruth(0, None, None, 0, None, None, None)
    above = _Ancestors(parents)
    documents = [set().union(*map(above.and_itself, own)) for own in categories]
    stands_for = _feature_categories(postings, documents)
    parent, child = (np.array(side) for side in zip(*edges, strict=True))
    ordered = [
        above.relation(stands_for[i], stands_for[j])
        for i, j in edges
        if stands_for[i] != stands_for[j]
    ]
    downward, upward = ordered.count("above"), ordered.count("below")
    random = np.random.default_rng(seed)
    by_chance = [
        _related(above, stands_for, parent, random.permutation(child)) for _ in range(random_orders)
    ]
    shares = [_share_within(postings, i, j) for i, j in edges]
    return EdgeTruth(
        edges=len(edges),
        within_parent=float(np.mean(shares)),
        within_parent_by_chance=float(np.mean(postings.counts()[parent]) / len(categories)),
        ordered=downward + upward,
        right_way=downward / (downward + upward) if downward + upward else None,
        related=_related(above, stands_for, parent, child),
        related_by_chance=float(np.mean(by_chance)),
    )


class _Ancestors:
    """Which categories lie above which."""

    def __init__(self, parents: Mapping[str, Collection[str]]) -> None:
        self._parents = parents
        self._known: dict[str, frozenset[str]] = {}

    def and_itself(self, category: str) -> frozenset[str]:
        """A category and all above it."""
        if category not in self._known:
            found: dict[str, None] = {category: None}
            waiting = [category]
            while waiting:
                for parent in self._parents.get(waiting.pop(), ()):
                    if parent not in found:
                        found[parent] = None
                        waiting.append(parent)
            self._known[category] = frozenset(found)
        return self._known[category]

    def relation(self, one: str, other: str) -> str:
        """Where `one` lies as seen from `other`: "same", "above", "below", or "" for neither."""
        if one == other:
            return "same"
        if one in self.and_itself(other):
            return "above"
        return "below" if other in self.and_itself(one) else ""


def _feature_categories(postings: Postings, documents: Sequence[Collection[str]]) -> list[str]:
    """The category of best F1 for each feature; "" for one without documents or categories."""
    names = sorted(set().union(*documents))
    number = {name: i for i, name in enumerate(names)}
    sizes = np.zeros(len(names))
    numbered = []
    for own in documents:
        places = np.array(sorted(number[name] for name in own), dtype=np.intp)
        sizes[places] += 1
        numbered.append(places)
    found = []
    for feature in range(postings.n):
        rows, _ = postings.documents(feature)
        common = np.zeros(len(names))
        for row in rows.tolist():
            common[numbered[row]] += 1
        scores = 2 * common / (sizes + len(rows))
        found.append(names[int(np.argmax(scores))] if common.any() else "")
    return found


def _related(
    above: _Ancestors, stands_for: Sequence[str], parent: Classes, child: Classes
) -> float:
    pairs = zip(parent.tolist(), child.tolist(), strict=True)
    return float(np.mean([above.relation(stands_for[i], stands_for[j]) != "" for i, j in pairs]))


def _share_within(postings: Postings, parent: int, child: int) -> float:
    own, _ = postings.documents(child)
    return len(np.intersect1d(own, postings.documents(parent)[0])) / len(own)
