"""Figures of families against what the dense matrices say."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.core.codec import Codes, build_postings
from saetui.core.families import Families, Family, FamilyParameters
from saetui.interpret.families.statistics import BlockRatio, family_statistics

N = 12
LARGE = Family(0, 0, "", (0, 1, 2, 3, 4), ((0, 1, 1.0), (0, 2, 1.0), (0, 3, 1.0), (3, 4, 1.0)), 1)
SMALL = Family(1, 5, "", (5, 6, 7, 4), ((5, 6, 1.0), (5, 7, 1.0), (5, 4, 1.0)), 2, 0.9, 0.5)
CLEAN = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10)
FAMILIES = Families(FamilyParameters(), CLEAN, (LARGE, SMALL), ())


def random_codes(seed, documents=60, k=4):
    rng = np.random.default_rng(seed)
    indices = np.array([rng.permutation(N)[:k] for _ in range(documents)], dtype=np.int32)
    values = rng.uniform(0.1, 1.0, indices.shape).astype(np.float32)
    empty = rng.random(indices.shape) < 0.2
    return Codes(np.where(empty, -1, indices), np.where(empty, np.float32(0), values), N)


def figures(codes, families=FAMILIES, **options):
    return family_statistics(families, codes, build_postings(codes), **options)


def dense(codes):
    matrix = np.zeros((len(codes.indices), N))
    rows, slots = np.nonzero(codes.indices >= 0)
    matrix[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    return matrix


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_ratios_are_those_of_the_dense_matrices(seed):
    codes = random_codes(seed)
    matrix = dense(codes)
    together = (matrix > 0).T.astype(float) @ (matrix > 0)
    unit = matrix / np.linalg.norm(matrix, axis=0)
    # Feature 4 is in both families and counts in the larger.
    blocks = np.array([0, 0, 0, 0, 0, 1, 1, 1, -1, -2])
    same = (blocks[:, None] == blocks) & ~np.eye(len(CLEAN), dtype=bool)
    other = ~same & ~np.eye(len(CLEAN), dtype=bool)
    found = figures(codes)
    for ratio, of_pairs in ((found.co_occurrence, together), (found.similarity, unit.T @ unit)):
        pairs = of_pairs[np.ix_(CLEAN, CLEAN)]
        assert ratio.families == pytest.approx(pairs[same].mean() / pairs[other].mean())
    edges = [together[edge[:2]] for family in FAMILIES for edge in family.edges]
    siblings = [together[i, j] for i, j in [(1, 2), (1, 3), (2, 3), (4, 6), (4, 7), (6, 7)]]
    assert found.parent_child_ratio == pytest.approx(np.mean(edges) / np.mean(siblings))


def test_counts_sizes_shares_and_scores():
    found = figures(random_codes(1))
    assert (found.families, found.mean_size, found.largest_size) == (2, 4.5, 5)
    assert (found.clean, found.member_share) == (10, 0.8)
    assert (found.mean_f1, found.mean_pearson) == (0.9, 0.5)


def test_corpora_are_summed_in_parts():
    codes = random_codes(2)
    whole = figures(codes, random_orders=2)
    parts = figures(codes, random_orders=2, block_cells=8)
    for one, other in (
        (parts.co_occurrence, whole.co_occurrence),
        (parts.similarity, whole.similarity),
    ):
        assert asdict(one) == pytest.approx(asdict(other))


def test_families_that_fire_together_stand_out_from_random_orders():
    rng = np.random.default_rng(0)
    groups = np.array([[0, 1, 2, 3], [5, 6, 7, 4], [8, 9, 10, 11]])
    indices = groups[rng.integers(3, size=300)].astype(np.int32)
    noise = rng.random(indices.shape) < 0.3
    indices[noise] = -1
    codes = Codes(indices, np.where(noise, np.float32(0), np.float32(1)), N)
    small = replace(LARGE, members=(0, 1, 2, 3), edges=LARGE.edges[:3])
    found = figures(codes, replace(FAMILIES, families=(small, SMALL)))
    for ratio in (found.co_occurrence, found.similarity):
        assert ratio.families > 5 * ratio.random > 0
        assert ratio.random_spread > 0


def test_random_orders_follow_the_seed():
    codes = random_codes(3)
    assert figures(codes, seed=5) == figures(codes, seed=5)
    assert figures(codes, seed=5) != figures(codes, seed=6)


def test_without_families_nothing_is_said():
    none = Families(FamilyParameters(), CLEAN, (), ())
    found = figures(random_codes(4), none)
    assert (found.families, found.mean_size, found.largest_size) == (0, None, 0)
    assert (found.member_share, found.mean_f1, found.parent_child_ratio) == (0, None, None)
    assert found.co_occurrence == found.similarity == BlockRatio(None, None, None)
    assert figures(random_codes(4), replace(none, clean=())).member_share is None


def test_features_that_never_fire_are_no_trouble():
    codes = Codes(np.full((5, 2), -1, np.int32), np.zeros((5, 2), np.float32), N)
    found = figures(codes)
    assert found.parent_child_ratio is None
    assert found.co_occurrence.families is None
    json.dumps(asdict(found), allow_nan=False)
