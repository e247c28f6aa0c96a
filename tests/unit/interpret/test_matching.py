"""Features of one SAE in another, against dense products."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.core.codec import SaeWeights, build_postings, encode
from saetui.core.matches import match_features
from saetui.progress import Silent

D = 6


def random_sae(rng, n):
    directions = rng.standard_normal((n, D)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    bias = np.zeros(D, dtype=np.float32)
    return SaeWeights(directions, np.zeros(n, dtype=np.float32), directions, bias, 3)


def dense(codes):
    matrix = np.zeros((len(codes.indices), codes.n))
    rows, slots = np.nonzero(codes.indices >= 0)
    matrix[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    return matrix


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([1, 3, 50]))
def test_matches_are_the_nearest_with_their_common_documents(seed, count):
    rng = np.random.default_rng(seed)
    one, other = random_sae(rng, 9), random_sae(rng, 14)
    x = rng.standard_normal((40, D)).astype(np.float32)
    codes, other_codes = encode(one, x), encode(other, x)
    found = match_features(
        one.directions,
        build_postings(codes),
        other.directions,
        other_codes,
        progress=Silent(),
        count=count,
    )
    cosines = one.directions @ other.directions.T
    order = np.argsort(-cosines, axis=1)[:, :count]
    np.testing.assert_array_equal(found.features, order)
    np.testing.assert_allclose(found.cosines, np.take_along_axis(cosines, order, 1), atol=1e-6)
    together = (dense(codes) > 0).T.astype(int) @ (dense(other_codes) > 0)
    np.testing.assert_array_equal(found.together, np.take_along_axis(together, order, 1))


def test_an_sae_matches_itself():
    rng = np.random.default_rng(0)
    sae = random_sae(rng, 12)
    codes = encode(sae, rng.standard_normal((50, D)).astype(np.float32))
    postings = build_postings(codes)
    found = match_features(sae.directions, postings, sae.directions, codes, progress=Silent())
    assert found.features[:, 0].tolist() == list(range(12))
    assert found.cosines[:, 0] == pytest.approx(np.ones(12))
    assert found.together[:, 0].tolist() == postings.counts().tolist()


def test_many_features_are_matched_in_parts():
    rng = np.random.default_rng(1)
    one, other = random_sae(rng, 11), random_sae(rng, 7)
    x = rng.standard_normal((30, D)).astype(np.float32)
    arguments = one.directions, build_postings(encode(one, x)), other.directions, encode(other, x)
    whole = match_features(*arguments, progress=Silent())
    parts = match_features(*arguments, progress=Silent(), at_once=4)
    np.testing.assert_array_equal(parts.features, whole.features)
    np.testing.assert_array_equal(parts.together, whole.together)
