"""Families against known groups and trees, on codes whose truth is known."""

import json

import numpy as np
import pytest
from ground_truth import (
    Agreement,
    agglomerative_clusters,
    agreement,
    compare_with_groups,
    compare_with_tree,
    feature_groups,
)

from saetui.core.codec import Codes, build_postings
from saetui.core.families import Families, Family, FamilyParameters


def family(number, *members):
    edges = tuple((members[0], child, 0.5) for child in members[1:])
    return Family(number, members[0], "", members, edges, 1)


def families(*found):
    return Families(FamilyParameters(), tuple(range(8)), found, ())


# Features 0 to 3 on documents about stars, 4 to 7 on documents about reefs; 0 and 4 are general.
STARS, REEFS = (0, 1, 2, 3), (4, 5, 6, 7)
INDICES = np.array(
    [[0, 1], [0, 1], [0, 2], [0, 2], [0, 3], [0, 3], [4, 5], [4, 5], [4, 6], [4, 6], [4, 7]],
    dtype=np.int32,
)
POSTINGS = build_postings(Codes(INDICES, np.ones(INDICES.shape, np.float32), 8))
GROUPS = ["stars"] * 6 + ["reefs"] * 5
RIGHT = families(family(0, *STARS), family(1, *REEFS))
WRONG = families(family(0, 0, 1, 4, 5), family(1, 2, 3, 6, 7))


def test_agreement_of_the_same_partition_is_whole():
    clusters = np.array([0, 0, 1, 2, 2])
    assert agreement(clusters, 7 - clusters) == Agreement(1.0, pytest.approx(1.0))
    assert agreement(np.zeros(3, dtype=int), np.ones(3, dtype=int)) == Agreement(1.0, 1.0)
    assert agreement(np.empty(0, dtype=int), np.empty(0, dtype=int)) == Agreement(0.0, 0.0)


def test_agreement_of_independent_partitions_is_none():
    found = agreement(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert found == Agreement(0.5, pytest.approx(0.0, abs=1e-12))


def test_agreement_is_that_of_a_worked_example():
    # Entropies are log 2 both; the joint table is 2/6, 1/6, 1/6, 2/6.
    found = agreement(np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 0, 1, 1]))
    mutual = (2 * np.log(4 / 3) + np.log(2 / 3)) / 3
    assert found == Agreement(pytest.approx(4 / 6), pytest.approx(mutual / np.log(2)))


def test_a_feature_stands_for_the_group_it_prefers_not_for_the_largest():
    # Feature 0 is active on half of the rare group and a third of the frequent one.
    indices = np.array([[0], [0], [-1], [-1], [-1], [-1], [0], [-1]], dtype=np.int32)
    codes = Codes(indices, np.where(indices >= 0, 1, 0).astype(np.float32), 2)
    groups = ["many"] * 6 + ["few"] * 2
    assert feature_groups(build_postings(codes), groups).tolist() == [0, 0]
    assert feature_groups(POSTINGS, GROUPS).tolist() == [1] * 4 + [0] * 4


def test_right_families_agree_with_groups_and_wrong_ones_do_not():
    directions = np.eye(8, dtype=np.float32)
    right = compare_with_groups(RIGHT, POSTINGS, directions, GROUPS)
    assert (right.features, right.families) == (8, 2)
    assert right.agreement == Agreement(1.0, pytest.approx(1.0))
    assert right.chance.purity < 1
    wrong = compare_with_groups(WRONG, POSTINGS, directions, GROUPS)
    assert wrong.agreement == Agreement(0.5, pytest.approx(0.0, abs=1e-12))
    json.dumps(right.to_json(), allow_nan=False)


def test_without_families_there_is_nothing_to_agree():
    found = compare_with_groups(families(), POSTINGS, np.eye(8, dtype=np.float32), GROUPS)
    assert (found.features, found.agreement) == (0, Agreement(0.0, 0.0))
    assert compare_with_tree(families(), POSTINGS, [()] * 11, {}).edges == 0


def test_near_directions_are_clustered():
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(3, 10), 5, axis=0)
    directions = centres + 0.05 * rng.standard_normal(centres.shape)
    directions = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)
    clusters = agglomerative_clusters(directions, 3)
    assert agreement(clusters, np.repeat(np.arange(3), 5)) == Agreement(1.0, pytest.approx(1.0))
    assert len(set(agglomerative_clusters(directions, 99).tolist())) == 15


# A document on a special topic belongs to it; the tree says what is above.
TOPICS = [
    topic for topic in ("novae", "dwarfs", "giants", "fish", "corals", "algae") for _ in range(2)
][:-1]
TREE = {
    "novae": ["stars"],
    "dwarfs": ["stars"],
    "giants": ["stars"],
    "fish": ["reefs"],
    "corals": ["reefs"],
    "algae": ["reefs"],
}


def test_edges_down_the_tree_are_the_right_way():
    found = compare_with_tree(RIGHT, POSTINGS, [(topic,) for topic in TOPICS], TREE)
    assert (found.edges, found.ordered) == (6, 6)
    assert (found.right_way, found.related, found.within_parent) == (1.0, 1.0, 1.0)
    assert found.within_parent_by_chance == pytest.approx(5.5 / 11)
    assert found.related_by_chance < 1
    json.dumps(found.to_json(), allow_nan=False)


def test_edges_up_the_tree_are_the_wrong_way():
    upward = Family(0, 1, "", (1, 0), ((1, 0, 0.5),), 1)
    found = compare_with_tree(families(upward), POSTINGS, [(topic,) for topic in TOPICS], TREE)
    assert (found.ordered, found.right_way, found.related) == (1, 0.0, 1.0)
    assert found.within_parent == pytest.approx(2 / 6)


def test_edges_across_the_tree_are_unrelated():
    across = families(family(0, 1, 2), family(1, 0, 5))
    found = compare_with_tree(across, POSTINGS, [(topic,) for topic in TOPICS], TREE)
    assert (found.ordered, found.right_way, found.related) == (0, None, 0.0)
    assert found.within_parent == 0


def test_a_circle_of_categories_is_walked_once():
    circle = {"a": ["b"], "b": ["a"]}
    found = compare_with_tree(RIGHT, POSTINGS, [("a",)] * 11, circle)
    assert found.related == 1.0
