"""Encoding keeps the k largest, whatever the order in which they are found."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import Vectors, dense, integer_inputs, integer_saes, integers, real_saes

from saetui.core.codec import (
    Codes,
    SaeWeights,
    decode,
    decoded,
    encode,
    encode_dense,
    encode_in_blocks,
    preactivations,
)


def slow_code(weights: SaeWeights, x: Vectors) -> list[tuple[int, float]]:
    """Features and activations of one embedding, as the definition reads."""
    a = [
        sum(
            float(w) * (float(value) - float(bias))
            for w, value, bias in zip(row, x, weights.bias, strict=True)
        )
        + float(offset)
        for row, offset in zip(weights.encoder, weights.encoder_bias, strict=True)
    ]
    ranking = sorted(range(weights.n), key=lambda i: (-a[i], i))[: weights.k]
    return [(i, a[i]) for i in ranking if a[i] > 0]


def used(codes: Codes, row: int) -> list[tuple[int, float]]:
    active = codes.indices[row] >= 0
    return list(
        zip(codes.indices[row][active].tolist(), codes.values[row][active].tolist(), strict=True)
    )


@given(integer_inputs())
def test_codes_are_those_of_the_definition(case: tuple[SaeWeights, Vectors]) -> None:
    weights, x = case
    codes = encode(weights, x)
    assert [used(codes, row) for row in range(len(x))] == [slow_code(weights, row) for row in x]


@given(integer_inputs())
def test_unused_slots_come_last_and_are_empty(case: tuple[SaeWeights, Vectors]) -> None:
    weights, x = case
    codes = encode(weights, x)
    assert codes.indices.shape == codes.values.shape == (len(x), min(weights.k, weights.n))
    assert codes.indices.dtype == np.int32
    assert codes.values.dtype == np.float32
    active = codes.indices >= 0
    assert np.array_equal(active, codes.values > 0)
    assert np.array_equal(active, np.sort(active, axis=1)[:, ::-1])
    assert (codes.indices[~active] == -1).all()
    assert (codes.values[~active] == 0).all()


@given(integer_inputs(), st.integers(1, 3))
def test_a_batch_is_encoded_as_its_documents_are(
    case: tuple[SaeWeights, Vectors], block: int
) -> None:
    weights, x = case
    whole = encode(weights, x)
    for parts in (
        [encode(weights, row[None, :]) for row in x],
        list(encode_in_blocks(weights, x, block)),
    ):
        empty = np.empty((0, whole.indices.shape[1]))
        assert np.array_equal(whole.indices, np.concatenate([empty, *(p.indices for p in parts)]))
        assert np.array_equal(whole.values, np.concatenate([empty, *(p.values for p in parts)]))
    assert all(
        np.array_equal(dense(whole)[row], encode_dense(weights, x[row])) for row in range(len(x))
    )


@given(real_saes(), st.integers(0, 2**32 - 1))
def test_no_inactive_feature_is_stronger_than_an_active_one(weights: SaeWeights, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((4, weights.d)).astype(np.float32)
    a, codes = preactivations(weights, x), encode(weights, x)
    assert ((codes.indices >= 0).sum(axis=1) <= weights.k).all()
    for row in range(len(x)):
        kept = codes.indices[row][codes.indices[row] >= 0]
        assert len(set(kept.tolist())) == len(kept)
        assert np.array_equal(a[row][kept], codes.values[row][: len(kept)])
        left = np.delete(a[row], kept)
        if len(kept) == weights.k:
            assert left.max(initial=-np.inf) <= a[row][kept].min()
        else:
            assert left.max(initial=-np.inf) <= 0


def test_equal_activations_go_to_the_lower_feature() -> None:
    # A partial sort leaves equal values in any order once rows are long.
    n, k = 1_000, 7
    encoder = np.ones((n, 1), dtype=np.float32)
    encoder[500:503] = 2
    weights = SaeWeights(encoder, np.zeros(n, np.float32), encoder, np.zeros(1, np.float32), k)
    codes = encode(weights, np.ones((1, 1), dtype=np.float32))
    assert codes.indices.tolist() == [[500, 501, 502, 0, 1, 2, 3]]


def test_half_precision_embeddings_are_encoded_in_single_precision() -> None:
    weights = SaeWeights(*(np.ones(s, np.float32) for s in ((1, 2), 1, (1, 2), 2)), k=1)
    # 2049 is no half-precision number, but the sum of two.
    (codes,) = encode_in_blocks(weights, np.array([[2048, 2]], dtype=np.float16), 8)
    assert codes.values.tolist() == [[2049.0]]


@st.composite
def decodings(draw: st.DrawFn) -> tuple[SaeWeights, Vectors, Vectors]:
    weights = draw(integer_saes())
    return weights, integers(draw, weights.n), integers(draw, weights.n)


@given(decodings())
def test_decoding_is_linear_but_for_the_bias(case: tuple[SaeWeights, Vectors, Vectors]) -> None:
    weights, first, second = case
    assert np.array_equal(
        decode(weights, 2 * first + second) - weights.bias,
        2 * (decode(weights, first) - weights.bias) + (decode(weights, second) - weights.bias),
    )
    assert np.array_equal(decode(weights, np.zeros_like(first)), weights.bias)


@given(integer_inputs())
def test_decoding_a_code_sums_its_directions(case: tuple[SaeWeights, Vectors]) -> None:
    weights, x = case
    for row in x:
        expected = weights.bias.copy()
        for feature, activation in slow_code(weights, row):
            expected += activation * weights.directions[feature]
        assert np.array_equal(decode(weights, encode_dense(weights, row)), expected)


@pytest.mark.parametrize("k", [1, 3])
def test_no_documents_have_no_codes(k: int) -> None:
    weights = SaeWeights(*(np.ones(s, np.float32) for s in ((3, 2), 3, (3, 2), 2)), k=k)
    assert encode(weights, np.empty((0, 2), dtype=np.float32)).indices.shape == (0, k)
    assert list(encode_in_blocks(weights, np.empty((0, 2), dtype=np.float16), 4)) == []


@given(real_saes(), st.integers(0, 2**32 - 1))
def test_each_feature_has_its_own_threshold(weights: SaeWeights, seed: int) -> None:
    random = np.random.default_rng(seed)
    thresholds = np.abs(random.standard_normal(weights.n)).astype(np.float32)
    x = random.standard_normal((3, weights.d)).astype(np.float32)
    a = preactivations(weights, x)
    # One is exactly at its threshold.
    thresholds[0] = max(a[0, 0], 0)
    found = dense(encode(replace(weights, threshold=thresholds, k=weights.n), x))
    assert np.array_equal(found, np.where(a > thresholds, a, 0))
    # What is below its threshold takes no place from what is above.
    few = encode(replace(weights, threshold=thresholds), x)
    wanted = np.minimum((a > thresholds).sum(axis=1), weights.k)
    assert np.array_equal((few.indices >= 0).sum(axis=1), wanted)


@given(real_saes(), st.integers(0, 2**32 - 1))
def test_a_threshold_of_zero_for_each_feature_is_a_relu(weights: SaeWeights, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((3, weights.d)).astype(np.float32)
    relu = replace(weights, threshold=np.zeros(weights.n, dtype=np.float32), k=weights.n)
    assert relu.has_threshold
    assert np.array_equal(dense(encode(relu, x)), np.maximum(preactivations(weights, x), 0))


def test_the_largest_may_be_chosen_by_other_numbers() -> None:
    weights = SaeWeights(
        encoder=np.eye(3, dtype=np.float32),
        encoder_bias=np.zeros(3, dtype=np.float32),
        directions=np.eye(3, dtype=np.float32),
        bias=np.zeros(3, dtype=np.float32),
        k=1,
        selection=np.array([1, 10, 1], dtype=np.float32),
    )
    codes = encode(weights, np.array([[3, 2, 1]], dtype=np.float32))
    assert codes.indices.tolist() == [[1]]
    assert codes.values.tolist() == [[2]]


@given(real_saes(), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_added_features_explain_what_the_others_leave(
    weights: SaeWeights, added: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = random.standard_normal((4, weights.d)).astype(np.float32)
    rows = random.standard_normal((added, weights.d)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    k = 1 + added // 2
    more = replace(
        weights,
        encoder=np.concatenate([weights.encoder, rows]),
        encoder_bias=np.concatenate([weights.encoder_bias, np.zeros(added, dtype=np.float32)]),
        directions=np.concatenate([weights.directions, rows]),
        k=weights.k + k,
        added=added,
        added_k=k,
    )
    own, found = encode(weights, x), dense(encode(more, x))
    assert np.array_equal(found[:, : weights.n], dense(own))
    left = x - decoded(weights, own) - weights.bias
    a = left @ rows.T
    wanted = np.where(a >= -np.sort(-a, axis=1)[:, [k - 1]], np.maximum(a, 0), 0)
    np.testing.assert_allclose(found[:, weights.n :], wanted, atol=1e-4)
    np.testing.assert_allclose(dense(encode(more, x[:1]))[0], encode_dense(more, x[0]), atol=1e-5)
    assert more.given.n == weights.n


def test_layer_normalisation_ignores_length_and_mean() -> None:
    random = np.random.default_rng(0)
    encoder = random.standard_normal((5, 8)).astype(np.float32)
    encoder -= encoder.mean(axis=1, keepdims=True)
    zeros = np.zeros(5, dtype=np.float32)
    weights = SaeWeights(encoder, zeros, encoder, np.zeros(8, dtype=np.float32), 5, layer_norm=True)
    x = random.standard_normal((3, 8)).astype(np.float32)
    np.testing.assert_allclose(
        preactivations(weights, x), preactivations(weights, 7 * x + 2), rtol=1e-3
    )
    # An embedding of unit norm and mean 0 is what the encoder was made for.
    x -= x.mean(axis=1, keepdims=True)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(preactivations(weights, x), x @ encoder.T, rtol=1e-5)
