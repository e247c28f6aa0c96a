"""Counting pairs of features against the dense products they stand for."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.core.codec import Codes
from saetui.core.postings import build_postings
from saetui.interpret.co_occurrence import count_co_occurrence
from saetui.progress import Silent


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


def counted(codes, features, minimum_weight):
    return count_co_occurrence(codes, build_postings(codes), features, minimum_weight, Silent())


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.25, 0.5]))
def test_pairs_agree_with_the_dense_matrix(seed, minimum_weight):
    codes = random_codes(seed)
    features = np.array([7, 0, 3, 4, 11, 9])
    found = counted(codes, features, minimum_weight)
    matrix = dense(codes)
    together = (matrix > 0).T.astype(int) @ (matrix > 0).astype(int)
    frequency = np.diag(together)
    norms = np.linalg.norm(matrix, axis=0)
    expected = [
        (i, j)
        for i in sorted(features.tolist())
        for j in sorted(features.tolist())
        if i < j
        and together[i, j]
        and together[i, j] / (min(frequency[i], frequency[j]) + 1) >= minimum_weight
    ]
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == expected
    i, j = found.first, found.second
    np.testing.assert_array_equal(found.counts, together[i, j])
    np.testing.assert_array_equal(
        found.weights, together[i, j] / (np.minimum(frequency[i], frequency[j]) + 1)
    )
    cosines = (matrix.T @ matrix)[i, j] / (norms[i] * norms[j])
    np.testing.assert_allclose(found.similarities, cosines, rtol=1e-5)


def test_a_pair_exactly_at_the_limit_is_kept():
    # Each feature fires on nine documents, on one of them both: 1 / (9 + 1) is tau itself.
    indices = np.array([[0, 1]] + [[0, -1]] * 8 + [[1, -1]] * 8, dtype=np.int32)
    codes = Codes(indices, np.where(indices >= 0, np.float32(1), np.float32(0)), 2)
    assert counted(codes, np.array([0, 1]), 0.1).weights.tolist() == [0.1]


def test_no_features_give_no_pairs():
    found = counted(random_codes(1), np.empty(0, dtype=np.intp), 0.1)
    assert len(found.first) == len(found.weights) == len(found.similarities) == 0


def test_dead_features_and_an_empty_corpus_are_no_trouble():
    codes = Codes(np.full((3, 2), -1, np.int32), np.zeros((3, 2), np.float32), 4)
    assert len(counted(codes, np.arange(4), 0.0).first) == 0
    codes = Codes(np.empty((0, 2), np.int32), np.empty((0, 2), np.float32), 4)
    assert len(counted(codes, np.arange(4), 0.0).first) == 0
