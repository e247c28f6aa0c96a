"""Find feature families: which features occur together, from the general one down.

After section 4 of O'Neill et al. (arXiv 2408.00657), made independent of the order of documents
and features. One round works as follows.

1. The graph. Nodes are the clean features that have not yet rooted a family. Two of them are
   joined where `C_ij / (min(f_i, f_j) + 1) >= tau`: `C_ij` documents activate both, `f_i` documents
   activate `i`.
2. The forest. Its maximum spanning forest by Kruskal's rule, edges in this order: larger weight;
   larger `max(f_i, f_j)`; larger `min(f_i, f_j)`; lower `min(i, j)`; lower `max(i, j)`. The numbers
   of the features thus decide complete ties only, where several forests are equally good.
3. Its direction. Every edge points from the denser feature to the sparser one; of two equally
   dense ones, from the lower number. A node may have several parents, but what lies below a node
   is a tree, because in a forest no node is reached by two paths.
4. The families. A node without parent and with at least three children roots a family: itself and
   all nodes below it. With that root taken away its children have no parent, so each of them that
   has at least three children roots a family inside the first one, and so on down. Below a child
   with fewer the round finds nothing.

All roots found are then removed and the next round builds the forest of what is left; so no
feature roots two families. At the end the families are ordered from the largest down, of equally
large ones the lower root first, and one that overlaps a family kept before it by a Jaccard index
above the limit is dropped.
"""

from collections import Counter, deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from saetui.core.families import CoOccurrence, Edge, Families, Family, FamilyParameters


def clean_features(
    documents: NDArray[np.integer], corpus_size: int, parameters: FamilyParameters
) -> NDArray[np.intp]:
    """Features fit for families: active on enough documents, yet not on too large a share.

    Args:
        documents: How many documents activate each feature, `(n,)`.
        corpus_size: `N`.
        parameters: Hold both limits.

    Returns:
        Feature numbers, ascending.
    """
    frequent = documents >= parameters.minimum_documents
    density = documents / max(corpus_size, 1)
    return np.flatnonzero(frequent & (density < parameters.maximum_density))


def build_families(
    graph: CoOccurrence,
    documents: NDArray[np.integer],
    clean: NDArray[np.integer],
    parameters: FamilyParameters,
) -> Families:
    """Families of the clean features, not yet named.

    Args:
        graph: Co-occurring pairs of features, of which those among `clean` and of at least
            `parameters.minimum_weight` are used.
        documents: How many documents activate each feature, `(n,)`.
        clean: Numbers of the features that may be members.
        parameters: What decides which families there are.
    """
    left = np.zeros(len(documents), dtype=bool)
    left[clean] = True
    pairs = _in_kruskal_order(graph, documents, parameters.minimum_weight)
    found: list[Family] = []
    first_forest: list[Edge] = []
    for round_number in range(1, parameters.rounds + 1):
        forest = _Forest(pairs, documents, left)
        if round_number == 1:
            first_forest = sorted(forest.edges(), key=lambda edge: (edge[1], edge[0]))
        families = _families_of_round(forest, round_number, parameters)
        if not families:
            break
        found.extend(families)
        left[[family.root for family in families]] = False
    return Families(
        parameters,
        tuple(np.unique(clean).tolist()),
        _without_overlaps(found, parameters.maximum_overlap),
        tuple(first_forest),
    )


class _Pairs(NamedTuple):
    """Joined features, `first` of the lower number, in the order that Kruskal's rule takes them."""

    first: NDArray[np.integer]
    second: NDArray[np.integer]
    weights: NDArray[np.float64]

    def at(self, places: NDArray[np.bool_] | NDArray[np.intp]) -> "_Pairs":
        return _Pairs(self.first[places], self.second[places], self.weights[places])


def _in_kruskal_order(
    graph: CoOccurrence, documents: NDArray[np.integer], minimum_weight: float
) -> _Pairs:
    """The pairs of sufficient weight, in the order stated above."""
    pairs = _Pairs(graph.first, graph.second, graph.weights).at(graph.weights >= minimum_weight)
    denser = np.maximum(documents[pairs.first], documents[pairs.second])
    sparser = np.minimum(documents[pairs.first], documents[pairs.second])
    return pairs.at(np.lexsort((pairs.second, pairs.first, -sparser, -denser, -pairs.weights)))


class _Forest:
    """The maximum spanning forest of one round, directed from denser to sparser.

    Attributes:
        children: `(child, weight)` pairs of each parent, denser child first, then lower number.
        orphans: Parents that have no parent themselves, ascending.
    """

    def __init__(
        self, pairs: _Pairs, documents: NDArray[np.integer], left: NDArray[np.bool_]
    ) -> None:
        pairs = pairs.at(left[pairs.first] & left[pairs.second])
        first, second, weights = pairs.at(_spanning(pairs, len(documents)))
        # `first` is the lower number, so it also is the parent of an equally dense `second`.
        downward = documents[first] >= documents[second]
        parents = np.where(downward, first, second)
        below = np.where(downward, second, first)
        order = np.lexsort((below, -documents[below], parents))
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
        """`(parent, child, weight)` of everything below `root`, breadth first."""
        edges: list[Edge] = []
        waiting = deque([root])
        while waiting:
            parent = waiting.popleft()
            for child, weight in self.children.get(parent, ()):
                edges.append((parent, child, weight))
                waiting.append(child)
        return edges


def _spanning(pairs: _Pairs, nodes: int) -> NDArray[np.intp]:
    """Places of the pairs that Kruskal's rule keeps, ascending."""
    if not len(pairs.first):
        return np.empty(0, dtype=np.intp)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    # A pair's place in the order is its cost: all costs differ, so there is one cheapest forest.
    cost = np.arange(1, len(pairs.first) + 1, dtype=np.float64)
    costs = csr_array((cost, (pairs.first, pairs.second)), shape=(nodes, nodes))
    return np.sort(minimum_spanning_tree(costs).data.astype(np.intp)) - 1


def _families_of_round(
    forest: _Forest, round_number: int, parameters: FamilyParameters
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
        members = (root, *(child for _, child, _ in edges))
        if len(members) >= parameters.minimum_members:
            families.append(Family(-1, root, "", members, tuple(edges), round_number))
    return families


def _without_overlaps(families: list[Family], maximum_overlap: float) -> tuple[Family, ...]:
    """Number the families from the largest down, dropping what overlaps one before it."""
    kept: list[Family] = []
    kept_with: dict[int, list[int]] = {}
    for family in sorted(families, key=lambda family: (-len(family.members), family.root)):
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
