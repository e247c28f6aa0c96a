"""Counting pairs of features against the dense products they stand for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.core.codec import Codes, build_postings
from saetui.core.families import FamilyParameters
from saetui.interpret.families.co_occurrence import (
    count_co_occurrence,
    lifts,
)
from saetui.progress import Silent

PAPER = FamilyParameters.as_in_the_paper()


def random_codes(seed, documents=40, n=12, k=4):
    """Codes with empty slots at the end of rows, as encoding leaves them."""
    rng = np.random.default_rng(seed)
    indices = np.array([rng.permutation(n)[:k] for _ in range(documents)], dtype=np.int32)
    values = -np.sort(-rng.uniform(0.1, 1.0, (documents, k)).astype(np.float32), axis=1)
    empty = np.arange(k) >= rng.integers(0, k + 1, documents)[:, None]
    return Codes(np.where(empty, -1, indices), np.where(empty, np.float32(0), values), n)


def dense(codes):
    matrix = np.zeros((len(codes.indices), codes.n))
    rows, slots = np.nonzero(codes.indices >= 0)
    matrix[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    return matrix


def counted(codes, features, parameters, **options):
    postings = build_postings(codes)
    return count_co_occurrence(codes, postings, features, parameters, Silent(), **options)


def weight(measure, together, one, other):
    rarer, denser = sorted((one, other))
    if measure == "containment":
        return together / (rarer + 1)
    return together / np.sqrt((rarer + 1) * (denser + 1))


PARAMETERS = st.builds(
    FamilyParameters,
    measure=st.sampled_from(["cosine", "containment"]),
    minimum_weight=st.sampled_from([0.0, 0.1, 0.25, 0.5]),
    minimum_lift=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    minimum_ratio=st.sampled_from([1.0, 1.5]),
    minimum_together=st.sampled_from([0, 1, 3]),
)


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32), PARAMETERS)
def test_pairs_agree_with_the_dense_matrix(seed, limits):
    codes = random_codes(seed)
    features = np.array([7, 0, 3, 4, 11, 9])
    found = counted(codes, features, limits)
    matrix = dense(codes)
    together = (matrix > 0).T.astype(int) @ (matrix > 0).astype(int)
    frequency = np.diag(together)
    weights = {
        (i, j): weight(limits.measure, together[i, j], frequency[i], frequency[j])
        for i in sorted(features.tolist())
        for j in sorted(features.tolist())
        if i < j
    }
    expected = {
        (i, j): edge
        for (i, j), edge in weights.items()
        if together[i, j] >= max(limits.minimum_together, 1)
        and edge >= limits.minimum_weight
        and together[i, j] * 40 / (frequency[i] * frequency[j]) >= limits.minimum_lift
        and max(frequency[i], frequency[j]) >= limits.minimum_ratio * min(frequency[[i, j]])
    }
    pairs = zip(found.first.tolist(), found.second.tolist(), strict=True)
    assert list(pairs) == list(expected)
    i, j = found.first, found.second
    np.testing.assert_array_equal(found.counts, together[i, j])
    np.testing.assert_allclose(found.weights, list(expected.values()), rtol=1e-15)


def test_many_documents_are_counted_in_parts():
    codes = random_codes(3)
    whole = counted(codes, np.arange(12), PAPER)
    parts = counted(codes, np.arange(12), PAPER, at_once=3)
    np.testing.assert_array_equal(parts.counts, whole.counts)


def nine_each_and_one_together():
    indices = np.array([[0, 1]] + [[0, -1]] * 8 + [[1, -1]] * 8, dtype=np.int32)
    return Codes(indices, np.where(indices >= 0, np.float32(1), np.float32(0)), 2)


@pytest.mark.parametrize("measure", ["cosine", "containment"])
def test_a_pair_exactly_at_the_limit_is_kept(measure):
    # Each feature fires on nine documents, on one of them both: 1 / (9 + 1) is tau itself.
    parameters = replace(PAPER, measure=measure)
    found = counted(nine_each_and_one_together(), np.array([0, 1]), parameters)
    assert found.weights.tolist() == [0.1]


def test_a_pair_exactly_as_frequent_as_by_chance_has_lift_one():
    # Of four documents two activate each feature, and one both.
    indices = np.array([[0, 1], [0, -1], [1, -1], [-1, -1]], dtype=np.int32)
    codes = Codes(indices, np.where(indices >= 0, np.float32(1), np.float32(0)), 2)
    assert len(counted(codes, np.arange(2), replace(PAPER, minimum_lift=1.0)).first) == 1
    assert len(counted(codes, np.arange(2), replace(PAPER, minimum_lift=1.01)).first) == 0


def test_lifts_are_those_of_the_dense_matrix():
    codes = random_codes(5)
    active = dense(codes) > 0
    shares = active.mean(axis=0)
    for feature in range(codes.n):
        expected = (active & active[:, [feature]]).mean(axis=0) / (shares * shares[feature])
        found = lifts(codes, build_postings(codes), feature, at_once=3)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_no_features_give_no_pairs():
    found = counted(random_codes(1), np.empty(0, dtype=np.intp), PAPER)
    assert len(found.first) == len(found.weights) == 0


def test_dead_features_and_an_empty_corpus_are_no_trouble():
    parameters = replace(PAPER, minimum_weight=0.0)
    codes = Codes(np.full((3, 2), -1, np.int32), np.zeros((3, 2), np.float32), 4)
    assert len(counted(codes, np.arange(4), parameters).first) == 0
    assert not lifts(codes, build_postings(codes), 0).any()
    codes = Codes(np.empty((0, 2), np.int32), np.empty((0, 2), np.float32), 4)
    assert len(counted(codes, np.arange(4), parameters).first) == 0
