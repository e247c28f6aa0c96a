"""Building families: the stated rules, and what must not matter to them."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.core.codec import Codes, build_postings
from saetui.core.families import CoOccurrence, FamilyParameters
from saetui.interpret.families.building import build_families, find_families
from saetui.progress import Silent

PARAMETERS = FamilyParameters.as_in_the_paper()
LOOSE = FamilyParameters(minimum_weight=0.05, minimum_lift=1.0, minimum_ratio=1.0)


def ranked(documents):
    """Ranks by falling number of documents, then by number."""
    documents = np.asarray(documents)
    found = np.empty(len(documents), dtype=np.int64)
    found[np.lexsort((np.arange(len(documents)), -documents))] = np.arange(len(documents))
    return found


def graph_of(edges):
    """A graph from `(i, j, weight)`, in the given order."""
    pairs = np.array([sorted(edge[:2]) for edge in edges], dtype=np.int32).reshape(-1, 2)
    weights = np.array([edge[2] for edge in edges], dtype=np.float64)
    ones = np.ones(len(edges), dtype=np.int64)
    return CoOccurrence(pairs[:, 0], pairs[:, 1], ones, weights)


def families_of(edges, documents, parameters=PARAMETERS):
    clean = np.arange(len(documents))
    return build_families(graph_of(edges), ranked(documents), clean, parameters)


def random_graph(seed, nodes=30, edges=90):
    """A graph whose weights all differ, as do the frequencies of its nodes."""
    rng = np.random.default_rng(seed)
    pairs = {tuple(sorted(rng.choice(nodes, 2, replace=False).tolist())) for _ in range(edges)}
    weights = rng.permutation(len(pairs)) / len(pairs) + 0.1
    documents = rng.permutation(nodes) + 5
    return [(*pair, weights[i]) for i, pair in enumerate(sorted(pairs))], documents


def shape(families, names=None):
    """Families as sets, under other names if given."""
    name = (lambda feature: feature) if names is None else (lambda feature: int(names[feature]))
    return {
        (
            name(family.root),
            tuple(name(member) for member in family.members),
            frozenset(
                (name(parent), name(child), weight) for parent, child, weight in family.edges
            ),
            family.round,
        )
        for family in families
    }


def test_a_star_is_one_family_denser_children_first():
    families = families_of([(0, 1, 0.5), (0, 2, 0.3), (0, 3, 0.4)], [50, 10, 30, 10])
    assert [family.members for family in families] == [(0, 2, 1, 3)]
    assert families[0].edges == ((0, 2, 0.3), (0, 1, 0.5), (0, 3, 0.4))
    assert families.forest == ((0, 1, 0.5), (0, 2, 0.3), (0, 3, 0.4))


def test_two_children_are_no_family():
    assert len(families_of([(0, 1, 0.5), (0, 2, 0.3)], [50, 10, 30])) == 0


def test_weak_edges_and_unclean_features_are_left_out():
    edges = [(0, 1, 0.5), (0, 2, 0.3), (0, 3, 0.0999)]
    assert len(families_of(edges, [50, 10, 30, 20])) == 0
    edges[2] = (0, 3, 0.1)
    assert len(families_of(edges, [50, 10, 30, 20])) == 1
    ranks = ranked([50, 10, 30, 20])
    assert len(build_families(graph_of(edges), ranks, np.array([0, 1, 2]), PARAMETERS)) == 0


def test_families_nest_below_their_root():
    # 0 over 1, 2, 3; 1 over 4, 5, 6; 2 over 7 and 8, which are too few; 7 over 9, 10, 11.
    parents = {1: 0, 2: 0, 3: 0, 4: 1, 5: 1, 6: 1, 7: 2, 8: 2, 9: 7, 10: 7, 11: 7}
    edges = [(parent, child, 0.9) for child, parent in parents.items()]
    documents = 100 - np.arange(12)
    once = families_of(edges, documents, replace(PARAMETERS, rounds=1))
    assert [family.root for family in once] == [0, 1]
    assert set(once[0].members) == set(range(12))
    assert once[1].members == (1, 4, 5, 6)
    # Without 0 and 1 the next round still finds 2 a root with two children, so 7 stays hidden.
    assert [family.root for family in families_of(edges, documents)] == [0, 1]


def test_a_later_round_finds_what_a_root_hid():
    # 1 hangs on 0 more strongly than on anything below it, and 2, 3, 4 prefer 0 to 1.
    edges = [(0, 1, 0.9), (0, 2, 0.8), (0, 3, 0.8), (0, 4, 0.8)]
    edges += [(1, 2, 0.5), (1, 3, 0.5), (1, 4, 0.5)]
    families = families_of(edges, [90, 80, 30, 20, 10], replace(PARAMETERS, maximum_overlap=0.9))
    assert [(family.root, family.round) for family in families] == [(0, 1), (1, 2)]
    assert families[1].members == (1, 2, 3, 4)


def test_a_node_may_have_two_parents_and_belong_to_both_families():
    edges = [(0, 2, 0.9), (0, 3, 0.9), (0, 4, 0.9), (1, 4, 0.8), (1, 5, 0.8), (1, 6, 0.8)]
    families = families_of(edges, [90, 80, 9, 8, 7, 6, 5])
    assert [family.members for family in families] == [(0, 2, 3, 4), (1, 4, 5, 6)]
    assert [family.id for family in families.of_feature(4)] == [0, 1]


def test_equal_weights_go_to_the_denser_pair_and_equal_pairs_to_lower_numbers():
    triangle = [(0, 1, 0.5), (1, 2, 0.5), (0, 2, 0.5)]
    assert {edge[:2] for edge in families_of(triangle, [10, 30, 20]).forest} == {(1, 0), (1, 2)}
    assert {edge[:2] for edge in families_of(triangle, [9, 9, 9]).forest} == {(0, 1), (0, 2)}


def test_of_equally_dense_parents_pairs_with_the_denser_child_come_first():
    square = [(0, 2, 0.5), (0, 3, 0.5), (1, 2, 0.5), (1, 3, 0.5)]
    forest = families_of(square, [10, 20, 30, 30]).forest
    assert {edge[:2] for edge in forest} == {(2, 1), (3, 1), (2, 0)}


def test_of_two_overlapping_families_the_larger_stays():
    # 1 has 9 of the 10 members of 0: Jaccard 0.9.
    edges = [(0, 1, 0.9)] + [(1, child, 0.8) for child in range(2, 8)]
    edges += [(0, 8, 0.7), (0, 9, 0.7)]
    documents = 100 - np.arange(10)
    assert [family.root for family in families_of(edges, documents)] == [0]
    tolerant = replace(PARAMETERS, maximum_overlap=0.7, rounds=1)
    assert [family.root for family in families_of(edges, documents, tolerant)] == [0, 1]


def test_what_is_seldom_with_the_root_is_left_out_with_all_below_it():
    # 0 over 1, 2, 3; 3 over 4, 5, 6; 6 over 7. Of these 3 is a bridge to another subject.
    parents = {1: 0, 2: 0, 3: 0, 8: 0, 4: 3, 5: 3, 6: 3, 7: 6}
    edges = [(parent, child, 0.9) for child, parent in parents.items()]
    lifts = {0: [9, 2, 1, 1, 0.9, 1.5, 0.5, 3, 2], 3: [1, 0, 0, 9, 2, 2, 2, 0.99, 0]}
    families = build_families(
        graph_of(edges),
        ranked(100 - np.arange(9)),
        np.arange(9),
        replace(PARAMETERS, minimum_root_lift=1.0),
        lambda root: np.array(lifts[root]),
    )
    # 7 is often with 0, but hangs below 6, which is not.
    assert [family.members for family in families] == [(0, 1, 2, 3, 8, 5), (3, 4, 5, 6)]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_every_family_obeys_the_rules(seed):
    edges, documents = random_graph(seed)
    families = families_of(edges, documents)
    roots = [family.root for family in families]
    assert len(set(roots)) == len(roots)
    assert [family.id for family in families] == list(range(len(families)))
    sizes = [(-len(family.members), -documents[family.root]) for family in families]
    assert sizes == sorted(sizes)
    for family in families:
        assert len(family.members) == len(set(family.members)) >= 4
        assert family.members[0] == family.root
        assert len(family.children(family.root)) >= 3
        reached = [family.root]
        for feature in reached:
            below = family.children(feature)
            assert all(documents[child] < documents[feature] for child in below)
            reached.extend(below)
        assert tuple(reached) == family.members
    for i, one in enumerate(families):
        for other in families.families[:i]:
            shared = len(set(one.members) & set(other.members))
            assert shared / len(set(one.members) | set(other.members)) <= 0.6


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_renaming_features_renames_families(seed, random):
    edges, documents = random_graph(seed)
    renamed = list(range(len(documents)))
    random.shuffle(renamed)
    moved = np.empty_like(documents)
    moved[renamed] = documents
    shuffled = [(renamed[i], renamed[j], weight) for i, j, weight in edges]
    random.shuffle(shuffled)
    before = families_of(edges, documents)
    after = families_of(shuffled, moved)
    assert shape(after) == shape(before, renamed)


def skewed_codes(rng, documents=150, n=40, k=5):
    """Codes in which features differ in frequency, many of them equally frequent."""
    popularity = rng.dirichlet(np.full(n, 0.5)) + 1e-3
    popularity /= popularity.sum()
    indices = np.array(
        [rng.choice(n, k, False, popularity) for _ in range(documents)], dtype=np.int32
    )
    values = -np.sort(-rng.uniform(0.1, 1.0, indices.shape).astype(np.float32), axis=1)
    return Codes(indices, values, n)


def found_in(codes, parameters):
    return find_families(codes, build_postings(codes), parameters, Silent())


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([PARAMETERS, LOOSE]))
def test_the_order_of_documents_does_not_matter(seed, parameters):
    rng = np.random.default_rng(seed)
    codes = skewed_codes(rng)
    order = rng.permutation(len(codes.indices))
    moved = Codes(codes.indices[order], codes.values[order], codes.n)
    assert found_in(moved, parameters) == found_in(codes, parameters)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([PARAMETERS, LOOSE]))
def test_the_order_of_features_does_not_matter(seed, parameters):
    # Frequencies and weights of 150 documents are full of ties.
    rng = np.random.default_rng(seed)
    codes = skewed_codes(rng)
    renamed = rng.permutation(codes.n)
    moved = Codes(renamed[codes.indices].astype(np.int32), codes.values, codes.n)
    before, after = found_in(codes, parameters), found_in(moved, parameters)
    assert shape(after) == shape(before, renamed)
    assert [renamed[family.root] for family in before] == [family.root for family in after]
    assert {(renamed[i], renamed[j], weight) for i, j, weight in before.forest} == set(after.forest)


@pytest.mark.parametrize("documents", [[], [7], [7, 7, 7, 7]])
def test_without_edges_there_are_no_families(documents):
    families = families_of([], documents)
    assert len(families) == 0
    assert families.forest == ()
    assert families.clean == tuple(range(len(documents)))


def test_a_chain_deeper_than_the_recursion_limit_is_walked():
    depth = sys.getrecursionlimit() + 500
    edges = [(i, i + 1, 0.5) for i in range(depth)] + [(0, depth + 1, 0.5), (0, depth + 2, 0.5)]
    families = families_of(edges, 10_000 - np.arange(depth + 3))
    assert [len(family.members) for family in families] == [depth + 3]
