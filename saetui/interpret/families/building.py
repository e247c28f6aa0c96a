"""Find feature families: trees of features that occur together, from general to specific.

The method is that of section 4 of O'Neill et al. (arXiv 2408.00657), made independent of the order
of documents and features by ranking features first, see `rank_features`. Each round does this:

1. Graph. Its nodes are the clean features that are not yet the root of a family. Two nodes are
   joined if their co-occurrence fulfils all of `FamilyParameters`.
2. Forest. The maximum spanning forest of the graph, by Kruskal's algorithm. Edges are taken in this
   order: larger weight; better rank of the better-ranked feature; better rank of the other one.
3. Direction. Every edge points from the better rank to the worse, and so from the denser feature to
   the sparser. A node may have several parents, but the nodes below it form a tree, because a
   forest has no second path to a node.
4. Families. A node with at least three children and no parent is the root of a family: the node and
   all nodes below it. A chain of edges may lead from one subject to another, so nodes that are
   active with the root less often than by chance are left out, with all nodes below them. Then the
   root is removed. Its children now have no parent, so each of them with at least three children
   is the root of a family inside the first one, and so on down. Below a child with fewer children
   this round finds no family.

All roots are then removed, and the next round builds the forest of the remaining nodes, so no
feature is the root of two families. At the end families are sorted by falling size, equally large
ones by the rank of their root. A family whose Jaccard index with an earlier one is above the limit
is left out.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Postings
from saetui.core.families import CoOccurrence, Edge, Families, Family, FamilyParameters
from saetui.interpret.families.co_occurrence import count_co_occurrence, lifts
from saetui.progress import Progress

VERSION = 2
"""Of the method; raised whenever it may give other families on the same data."""

RootLifts = Callable[[int], NDArray[np.float64]]


def find_families(
    codes: Codes,
    postings: Postings,
    parameters: FamilyParameters,
    progress: Progress,
    *,
    f1: NDArray[np.floating] | None = None,
    pearson: NDArray[np.floating] | None = None,
    labels: Sequence[str] | None = None,
) -> Families:
    """Families of an SAE on a corpus, not yet named: choose features, count, and build.

    `f1`, `pearson` and `labels` are those of `clean_features`. Codes and postings may be
    memory-mapped.
    """
    clean = clean_features(
        postings.counts(), len(codes.indices), parameters, f1=f1, pearson=pearson, labels=labels
    )
    graph = count_co_occurrence(codes, postings, clean, parameters, progress)
    return build_families(
        graph, rank_features(postings), clean, parameters, partial(lifts, codes, postings)
    )


def build_families(
    graph: CoOccurrence,
    ranks: NDArray[np.integer],
    clean: NDArray[np.integer],
    parameters: FamilyParameters,
    root_lifts: RootLifts | None = None,
) -> Families:
    """Families of the clean features, not yet named.

    Args:
        graph: Co-occurring pairs of features; pairs of clean features of at least
            `parameters.minimum_weight` are used.
        ranks: Of every feature, `(n,)`, all different; see `rank_features`.
        clean: Numbers of the features that may be members.
        parameters: The settings of the method.
        root_lifts: Returns the lift of a root with every feature, `(n,)`; None to keep all nodes
            below a root.
    """
    left = np.zeros(len(ranks), dtype=bool)
    left[clean] = True
    pairs = _in_kruskal_order(graph, ranks, parameters.minimum_weight)
    found: list[Family] = []
    first_forest: list[Edge] = []
    for round_number in range(1, parameters.rounds + 1):
        forest = _Forest(pairs, ranks, left)
        if round_number == 1:
            first_forest = sorted(forest.edges(), key=lambda edge: (edge[1], edge[0]))
        families = _families_of_round(forest, round_number, parameters, root_lifts)
        if not families:
            break
        found.extend(families)
        left[[family.root for family in families]] = False
    return Families(
        parameters,
        tuple(np.unique(clean).tolist()),
        _without_overlaps(found, ranks, parameters.maximum_overlap),
        tuple(first_forest),
    )


def clean_features(
    documents: NDArray[np.integer],
    corpus_size: int,
    parameters: FamilyParameters,
    *,
    f1: NDArray[np.floating] | None = None,
    pearson: NDArray[np.floating] | None = None,
    labels: Sequence[str] | None = None,
) -> NDArray[np.intp]:
    """Features that may be in families: neither rare nor frequent, and with a good label.

    Args:
        documents: How many documents activate each feature, `(n,)`.
        corpus_size: `N`.
        parameters: The limits.
        f1: Of each feature's label, `(n,)`; a feature without a score (nan) is not excluded.
        pearson: The same for Pearson correlations.
        labels: Of each feature. If several clean features have the same label, regardless of case,
            the one with the best scores is kept (Pearson, then F1, then more documents). Empty
            labels are not compared, and without scores none are.

    Returns:
        Feature numbers, ascending.
    """
    frequent = documents >= parameters.minimum_documents
    density = documents / max(corpus_size, 1)
    clean = frequent & (density < parameters.maximum_density)
    if f1 is not None:
        clean &= ~(f1 < parameters.minimum_f1)
    if pearson is not None:
        clean &= ~(pearson < parameters.minimum_pearson)
    features = np.flatnonzero(clean)
    if labels is None or f1 is None or pearson is None:
        return features
    scores = np.stack([pearson, f1, documents.astype(np.float64)])[:, features]
    best_first = features[np.lexsort(np.nan_to_num(-scores, nan=np.inf)[::-1])]
    best: dict[str, int] = {}
    for feature in best_first.tolist():
        best.setdefault(labels[feature].casefold() or str(feature), feature)
    return np.array(sorted(best.values()), dtype=np.intp)


def rank_features(postings: Postings) -> NDArray[np.int64]:
    """Rank of every feature, from the most general to the most specific; int64 `(n,)`.

    Features are sorted by falling number of documents, equally frequent ones by their activations
    from the strongest down, and only features with equal activations by number. So the ranks do
    not depend on the order of documents and features.
    """
    documents = postings.counts()
    # The bytes of positive big-endian floats sort like the numbers.
    activations = np.asarray(postings.values, dtype=">f4")
    order = sorted(
        range(postings.n),
        key=lambda i: (
            documents[i],
            activations[postings.indptr[i] : postings.indptr[i + 1]].tobytes(),
            -i,
        ),
        reverse=True,
    )
    found = np.empty(postings.n, dtype=np.int64)
    found[order] = np.arange(postings.n)
    return found


class _Pairs(NamedTuple):
    """Joined features, the better-ranked one as parent, in the order of Kruskal's algorithm."""

    parents: NDArray[np.integer]
    children: NDArray[np.integer]
    weights: NDArray[np.float64]

    def at(self, places: NDArray[np.bool_] | NDArray[np.intp]) -> "_Pairs":
        return _Pairs(self.parents[places], self.children[places], self.weights[places])


def _in_kruskal_order(
    graph: CoOccurrence, ranks: NDArray[np.integer], minimum_weight: float
) -> _Pairs:
    """The pairs of sufficient weight, in the order of step 2 above."""
    downward = ranks[graph.first] < ranks[graph.second]
    pairs = _Pairs(
        np.where(downward, graph.first, graph.second),
        np.where(downward, graph.second, graph.first),
        graph.weights,
    ).at(graph.weights >= minimum_weight)
    return pairs.at(np.lexsort((ranks[pairs.children], ranks[pairs.parents], -pairs.weights)))


class _Forest:
    """The maximum spanning forest of one round, directed from general to specific.

    Attributes:
        children: `(child, weight)` pairs of each parent, the better-ranked child first.
        orphans: Nodes that have children but no parent, ascending.
    """

    def __init__(self, pairs: _Pairs, ranks: NDArray[np.integer], left: NDArray[np.bool_]) -> None:
        pairs = pairs.at(left[pairs.parents] & left[pairs.children])
        parents, below, weights = pairs.at(_spanning(pairs, len(ranks)))
        order = np.lexsort((ranks[below], parents))
        self.children: dict[int, list[tuple[int, float]]] = {}
        for edge in order.tolist():
            siblings = self.children.setdefault(int(parents[edge]), [])
            siblings.append((int(below[edge]), float(weights[edge])))
        self.orphans: list[int] = np.setdiff1d(parents, below).tolist()

    def edges(self) -> list[Edge]:
        """All `(parent, child, weight)`."""
        return [
            (parent, child, weight)
            for parent, children in self.children.items()
            for child, weight in children
        ]

    def edges_below(self, root: int) -> list[Edge]:
        """`(parent, child, weight)` of every edge below `root`, breadth first."""
        edges: list[Edge] = []
        waiting = deque([root])
        while waiting:
            parent = waiting.popleft()
            for child, weight in self.children.get(parent, ()):
                edges.append((parent, child, weight))
                waiting.append(child)
        return edges


def _spanning(pairs: _Pairs, nodes: int) -> NDArray[np.intp]:
    """Positions of the pairs that Kruskal's algorithm keeps, ascending."""
    if not len(pairs.parents):
        return np.empty(0, dtype=np.intp)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    # The cost of a pair is its position in the order. No two are equal, so the forest is unique.
    cost = np.arange(1, len(pairs.parents) + 1, dtype=np.float64)
    costs = csr_array((cost, (pairs.parents, pairs.children)), shape=(nodes, nodes))
    return np.sort(minimum_spanning_tree(costs).data.astype(np.intp)) - 1


def _families_of_round(
    forest: _Forest,
    round_number: int,
    parameters: FamilyParameters,
    root_lifts: RootLifts | None,
) -> list[Family]:
    families = []
    waiting = list(forest.orphans)
    while waiting:
        root = waiting.pop()
        children = forest.children.get(root, ())
        if len(children) < parameters.minimum_children:
            continue
        waiting.extend(child for child, _ in children)
        edges = forest.edges_below(root)
        if root_lifts is not None and parameters.minimum_root_lift > 0:
            edges = _fit(root, edges, root_lifts(root) >= parameters.minimum_root_lift)
        members = (root, *(child for _, child, _ in edges))
        if len(members) >= parameters.minimum_members:
            families.append(Family(-1, root, "", members, tuple(edges), round_number))
    return families


def _fit(root: int, edges: list[Edge], fit: NDArray[np.bool_]) -> list[Edge]:
    """Edges, breadth first, without the children that are not fit and the nodes below these."""
    reached = {root}
    kept = []
    for parent, child, weight in edges:
        if parent in reached and fit[child]:
            reached.add(child)
            kept.append((parent, child, weight))
    return kept


def _without_overlaps(
    families: list[Family], ranks: NDArray[np.integer], maximum_overlap: float
) -> tuple[Family, ...]:
    """Number the families by falling size, leaving out those that overlap an earlier one."""
    kept: list[Family] = []
    kept_with: dict[int, list[int]] = {}
    for family in sorted(families, key=lambda family: (-len(family.members), ranks[family.root])):
        shared = Counter(other for member in family.members for other in kept_with.get(member, ()))
        if any(
            common / (len(family.members) + len(kept[other].members) - common) > maximum_overlap
            for other, common in shared.items()
        ):
            continue
        for member in family.members:
            kept_with.setdefault(member, []).append(len(kept))
        kept.append(Family(len(kept), family.root, "", family.members, family.edges, family.round))
    return tuple(kept)
