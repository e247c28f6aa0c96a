"""Steering is an algebra: nothing changes nothing, and what is undone is as before."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import Vectors, real_saes, unit_rows

from saetui.core.changes import (
    BY_DOCUMENTS,
    MODES,
    Change,
    Mode,
    Steering,
    feedback_changes,
    knob_of,
)
from saetui.core.codec import SaeWeights, encode_dense
from saetui.core.steering import steer_code, steered_vector
from saetui.errors import InputError

amounts = st.floats(-10, 10, width=32)
operations = st.sampled_from(["add", "set", "scale"])
changes = st.builds(Change, operations, amounts)


@st.composite
def queries(draw: st.DrawFn) -> tuple[SaeWeights, Vectors, Vectors]:
    """An SAE, a query's embedding of unit norm, and its code."""
    weights = draw(real_saes())
    e = unit_rows(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), 1, weights.d)[0]
    return weights, e, encode_dense(weights, e)


@st.composite
def steered_queries(draw: st.DrawFn) -> tuple[SaeWeights, Vectors, Vectors, Steering]:
    """A query with a few changes."""
    weights, e, z = draw(queries())
    steering = draw(st.dictionaries(st.integers(0, weights.n - 1), changes, max_size=6))
    return weights, e, z, steering


@given(queries())
def test_no_change_is_the_plain_query_bit_for_bit(
    query: tuple[SaeWeights, Vectors, Vectors],
) -> None:
    weights, e, z = query
    for steering in (
        {},
        {i: Change("add", 0.0) for i in range(weights.n)},
        {i: Change("scale", 1.0) for i in range(weights.n)},
        {i: Change("set", float(z[i])) for i in range(weights.n)},
    ):
        assert steered_vector(weights, e, z, steer_code(z, steering), "delta") is e


@given(queries(), st.data(), st.floats(-2, 2, width=32))
def test_up_then_down_returns(
    query: tuple[SaeWeights, Vectors, Vectors], data: st.DataObject, step: float
) -> None:
    weights, e, z = query
    feature = data.draw(st.integers(0, weights.n - 1))
    up = steer_code(z, {feature: Change("add", step)})
    back = steer_code(up, {feature: Change("add", -step)})
    np.testing.assert_allclose(back, z, atol=1e-6)
    np.testing.assert_allclose(steered_vector(weights, e, z, back, "delta"), e, atol=1e-6)


@given(queries())
def test_negating_twice_is_as_before(query: tuple[SaeWeights, Vectors, Vectors]) -> None:
    weights, e, z = query
    negated = {i: Change("scale", -1.0) for i in range(weights.n)}
    twice = steer_code(steer_code(z, negated), negated)
    assert np.array_equal(twice, z)
    assert steered_vector(weights, e, z, twice, "delta") is e


@given(steered_queries(), st.randoms(use_true_random=False))
def test_the_order_of_changes_does_not_matter(
    query: tuple[SaeWeights, Vectors, Vectors, Steering], random: "np.random.Generator"
) -> None:
    weights, e, z, steering = query
    shuffled = list(steering.items())
    random.shuffle(shuffled)
    together, otherwise = steer_code(z, steering), steer_code(z, dict(shuffled))
    assert np.array_equal(together, otherwise)
    one_by_one = z
    for feature, change in shuffled:
        one_by_one = steer_code(one_by_one, {feature: change})
    assert np.array_equal(together, one_by_one)
    for mode in MODES:
        assert np.array_equal(
            steered_vector(weights, e, z, together, mode),
            steered_vector(weights, e, z, one_by_one, mode),
        )


@given(steered_queries())
def test_changes_touch_their_features_only(
    query: tuple[SaeWeights, Vectors, Vectors, Steering],
) -> None:
    _, _, z, steering = query
    before = z.copy()
    steered = steer_code(z, steering)
    assert np.array_equal(z, before)
    for feature, activation in enumerate(z):
        change = steering.get(feature)
        expected = change.apply(float(activation)) if change else activation
        assert steered[feature] == np.float32(expected)


@given(steered_queries())
def test_delta_moves_along_the_changed_directions(
    query: tuple[SaeWeights, Vectors, Vectors, Steering],
) -> None:
    weights, e, z, steering = query
    steered = steer_code(z, steering)
    moved = e.astype(np.float64)
    for i in range(weights.n):
        moved += (float(steered[i]) - float(z[i])) * weights.directions[i].astype(np.float64)
    vector = steered_vector(weights, e, z, steered, "delta")
    np.testing.assert_allclose(vector, moved, atol=1e-4)


@given(steered_queries())
def test_decode_is_the_decoder_of_the_steered_code(
    query: tuple[SaeWeights, Vectors, Vectors, Steering],
) -> None:
    weights, e, z, steering = query
    steered = steer_code(z, steering)
    expected = weights.directions.astype(np.float64).T @ steered + weights.bias
    vector = steered_vector(weights, e, z, steered, "decode")
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, expected, atol=1e-4)


@given(steered_queries(), st.data())
def test_solo_turns_every_other_feature_off(
    query: tuple[SaeWeights, Vectors, Vectors, Steering], data: st.DataObject
) -> None:
    weights, _, z, steering = query
    solo = data.draw(st.integers(0, weights.n - 1))
    others = {i: Change("set", 0.0) for i in range(weights.n) if i != solo}
    expected = steer_code(steer_code(z, steering), others)
    assert np.array_equal(steer_code(z, steering, solo), expected)


@given(steered_queries(), st.data(), st.sampled_from([-0.5, -0.25, 0.25, 0.75]))
def test_up_then_down_is_as_before_in_every_mode(
    query: tuple[SaeWeights, Vectors, Vectors, Steering], data: st.DataObject, step: float
) -> None:
    weights, e, z, steering = query
    feature = data.draw(st.integers(0, weights.n - 1))
    known = steering.get(feature, Change("add", 0.0))
    up = {**steering, feature: Change(known.operation, known.amount + step)}
    back = {**up, feature: Change(known.operation, known.amount)}
    before, after = steer_code(z, {feature: known, **steering}), steer_code(z, back)
    assert np.array_equal(before, after)
    for mode in MODES:
        first = steered_vector(weights, e, z, before, mode)
        assert np.array_equal(first, steered_vector(weights, e, z, after, mode))


@given(steered_queries())
def test_steering_by_documents_leaves_the_query_alone_but_for_what_is_off(
    query: tuple[SaeWeights, Vectors, Vectors, Steering],
) -> None:
    weights, e, z, steering = query
    code = steer_code(z, steering)
    off = np.flatnonzero((code == 0) & (z != 0))
    for mode in BY_DOCUMENTS:
        vector = steered_vector(weights, e, z, code, mode)
        expected = e - z[off] @ weights.directions[off] if len(off) else e
        np.testing.assert_allclose(vector, expected, atol=1e-6)


@given(steered_queries(), st.data())
def test_muted_features_are_off_whatever_their_changes(
    query: tuple[SaeWeights, Vectors, Vectors, Steering], data: st.DataObject
) -> None:
    weights, _, z, steering = query
    muted = data.draw(st.lists(st.integers(0, weights.n - 1), max_size=4))
    solo = data.draw(st.none() | st.integers(0, weights.n - 1))
    expected = steer_code(z, steering, solo)
    expected[muted] = 0
    assert np.array_equal(steer_code(z, steering, solo, muted), expected)


@pytest.mark.parametrize("feature", [-1, 4, 10**9])
def test_features_that_do_not_exist_are_refused(feature: int) -> None:
    z = np.zeros(4, dtype=np.float32)
    with pytest.raises(InputError, match=f"no feature {feature}: this SAE has 4"):
        steer_code(z, {feature: Change("add", 1.0)})
    with pytest.raises(InputError, match=f"no feature {feature}"):
        steer_code(z, {}, solo=feature)
    with pytest.raises(InputError, match=f"no feature {feature}"):
        steer_code(z, {}, muted=[feature])


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf, 1e300, 3e38, -1e7])
@pytest.mark.parametrize("operation", ["add", "set", "scale"])
def test_amounts_that_no_query_can_bear_are_refused(operation: str, amount: float) -> None:
    z = np.ones(4, dtype=np.float32)
    with pytest.raises(InputError, match="Feature 2 cannot be steered to"):
        steer_code(z, {2: Change(operation, amount)})


@given(st.floats(-1e5, 1e5), st.floats(-10, 10))
def test_a_change_adds_sets_or_scales(activation: float, amount: float) -> None:
    assert Change("add", amount).apply(activation) == activation + amount
    assert Change("set", amount).apply(activation) == amount
    assert Change("scale", amount).apply(activation) == activation * amount


@pytest.mark.parametrize("mode", MODES)
def test_feedback_changes_features_by_their_share_or_in_both_by_its_root(mode: Mode) -> None:
    most, share = knob_of(mode).feedback, 0.5 if mode == "both" else 0.25
    toward = feedback_changes({3: 0.4, 8: 0.1}, mode)
    assert toward == {3: Change("add", most), 8: Change("add", round(most * share, 6))}
    away = feedback_changes({3: 0.4, 8: 0.1}, mode, sign=-1, strength=1.0)
    assert away == {3: Change("add", -1.0), 8: Change("add", -share)}
    assert feedback_changes({}, mode) == {}
