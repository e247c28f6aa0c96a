"""What a short text is made of: shifted, with a say for what is near, without what is usual."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import real_saes, unit_rows

from saetui.core.codec import Codes, encode, encode_dense
from saetui.core.query_features import SHARE, ShortTexts, activations, query_code, shortness


def nothing(n: int, d: int) -> ShortTexts:
    return ShortTexts(np.zeros(d, dtype=np.float32), np.zeros(n, dtype=np.float32))


NEAR_NONE = np.empty(0, dtype=np.float32)


@given(real_saes(), st.integers(0, 2**32 - 1))
def test_a_long_text_by_itself_is_encoded_as_documents_are(weights, seed: int) -> None:
    e = unit_rows(np.random.default_rng(seed), 1, weights.d)[0]
    short = ShortTexts(
        np.full(weights.d, 0.3, dtype=np.float32), np.full(weights.n, 9, dtype=np.float32)
    )
    none = Codes(
        np.empty((0, weights.k), np.int32), np.empty((0, weights.k), np.float32), weights.n
    )
    found = query_code(weights, e, short, 0.0, near=none, scores=NEAR_NONE)
    if not weights.threshold:
        np.testing.assert_allclose(found, encode_dense(weights, e), atol=1e-5)
    assert np.count_nonzero(found) <= weights.k


@given(real_saes(), st.integers(0, 2**32 - 1))
def test_the_shift_of_short_texts_is_taken_out(weights, seed: int) -> None:
    random = np.random.default_rng(seed)
    documents = unit_rows(random, 5, weights.d)
    shift = random.standard_normal(weights.d).astype(np.float32)
    short = ShortTexts(shift, np.zeros(weights.n, dtype=np.float32))
    none = Codes(
        np.empty((0, weights.k), np.int32), np.empty((0, weights.k), np.float32), weights.n
    )
    for x in documents:
        found = query_code(weights, x + shift, short, 1.0, near=none, scores=NEAR_NONE)
        plain = query_code(
            weights, x, nothing(weights.n, weights.d), 1.0, near=none, scores=NEAR_NONE
        )
        np.testing.assert_allclose(found, plain, atol=1e-4)


@given(real_saes(), st.integers(0, 2**32 - 1))
def test_near_documents_have_their_share(weights, seed: int) -> None:
    random = np.random.default_rng(seed)
    e, twin = unit_rows(random, 2, weights.d)
    near = encode(weights, np.stack([twin, twin, twin]))
    scores = np.array([0.9, 0.5, 0.1], dtype=np.float32)
    found = query_code(weights, e, nothing(weights.n, weights.d), 1.0, near=near, scores=scores)
    own, theirs = activations(weights, e[np.newaxis])[0], encode_dense(weights, twin)
    expected = (1 - SHARE) * own + SHARE * theirs
    expected[np.argsort(-expected, kind="stable")[weights.k :]] = 0
    np.testing.assert_allclose(found, expected, atol=1e-5)


@given(real_saes(), st.integers(0, 2**32 - 1))
def test_what_every_short_text_has_counts_only_beyond_that(weights, seed: int) -> None:
    random = np.random.default_rng(seed)
    texts = unit_rows(random, 6, weights.d)
    short = ShortTexts.of(weights, texts, np.zeros(weights.d, dtype=np.float32))
    np.testing.assert_allclose(short.usual, activations(weights, texts).mean(axis=0), atol=1e-5)
    none = Codes(
        np.empty((0, weights.k), np.int32), np.empty((0, weights.k), np.float32), weights.n
    )
    found = query_code(weights, texts[0], short, 1.0, near=none, scores=NEAR_NONE)
    own = activations(weights, texts[:1])[0]
    kept = found > 0
    np.testing.assert_allclose(found[kept], (own - short.usual)[kept], atol=1e-5)


@pytest.mark.parametrize(
    ("words", "expected"), [(1, 1.0), (20, 1.0), (60, 0.5), (100, 0.0), (500, 0.0)]
)
def test_short_is_a_matter_of_degree(words: int, expected: float) -> None:
    assert shortness("word " * words) == expected


@given(real_saes(), st.integers(0, 2**32 - 1))
def test_what_a_text_names_is_doubted_half_as_much(weights, seed: int) -> None:
    random = np.random.default_rng(seed)
    e, twin = unit_rows(random, 2, weights.d)
    near, scores = encode(weights, twin[np.newaxis]), np.ones(1, dtype=np.float32)
    named = (random.random(weights.n) < 0.5).astype(np.float32)
    found = query_code(
        weights, e, nothing(weights.n, weights.d), 1.0, near=near, scores=scores, named=named
    )
    own, theirs = activations(weights, e[np.newaxis])[0], encode_dense(weights, twin)
    expected = (1 - SHARE + SHARE / 2 * named) * own + SHARE * theirs
    expected[np.argsort(-expected, kind="stable")[weights.k :]] = 0
    np.testing.assert_allclose(found, expected, atol=1e-5)
