"""Descending toward a wanted code: never worse, exact where it can be, and it can be stopped."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import real_saes, unit_rows

from saetui.core.codec import SaeWeights, decode, encode, encode_dense
from saetui.core.steering import optimise


def error(weights: SaeWeights, vector: np.ndarray, target: np.ndarray) -> float:
    difference = encode_dense(weights, vector) - target
    return float(difference @ difference) / (float(target @ target) or 1.0)


@given(real_saes(), st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_the_code_comes_nearer_or_stays(weights: SaeWeights, seed: int, steps: int) -> None:
    random = np.random.default_rng(seed)
    target = encode_dense(weights, unit_rows(random, 1, weights.d)[0])
    target[random.integers(weights.n)] += np.float32(random.uniform(-1, 1))
    found = optimise(weights, target, steps)
    assert found.steps <= steps
    assert found.after <= found.before
    assert found.vector.shape == (weights.d,)
    assert found.vector.dtype == np.float32
    assert found.before == pytest.approx(error(weights, decode(weights, target), target), abs=1e-4)
    assert found.after == pytest.approx(error(weights, found.vector, target), abs=1e-4)


@pytest.fixture
def trained() -> SaeWeights:
    """Directions that overlap, as those of trained SAEs do, so that decoding is not enough."""
    random = np.random.default_rng(0)
    common = 0.4 * unit_rows(random, 1, 48)
    directions = unit_rows(random, 300, 48) + common
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return SaeWeights(
        directions, np.full(300, -0.1, np.float32), directions, np.zeros(48, np.float32), 8
    )


def test_ten_steps_halve_the_error_at_least(trained: SaeWeights) -> None:
    random = np.random.default_rng(1)
    before, after = [], []
    for e in unit_rows(random, 20, 48):
        target = encode_dense(trained, e)
        target[random.integers(300)] += 0.3
        found = optimise(trained, target)
        before.append(found.before)
        after.append(found.after)
    assert np.mean(after) < 0.5 * np.mean(before)


def test_no_steps_are_the_decoded_code(trained: SaeWeights) -> None:
    target = encode_dense(trained, trained.directions[3])
    found = optimise(trained, target, 0)
    np.testing.assert_array_equal(found.vector, decode(trained, target))
    assert found.after == pytest.approx(found.before)


def test_an_interruption_gives_what_was_reached(trained: SaeWeights) -> None:
    target = encode_dense(trained, trained.directions[3])
    target[7] += 0.5
    asked = itertools.count()
    found = optimise(trained, target, 10, lambda: next(asked) >= 2)
    assert found.steps == 2
    assert found.vector.tolist() == optimise(trained, target, 2).vector.tolist()
    assert optimise(trained, target, 10, lambda: True).steps == 0


def test_a_wanted_code_of_nothing_is_no_division_by_nothing(trained: SaeWeights) -> None:
    found = optimise(trained, np.zeros(300, np.float32))
    assert np.isfinite([found.before, found.after]).all()


def test_features_that_fell_out_come_back(trained: SaeWeights) -> None:
    """The gradient of a feature that is not active is zero; its pre-activation pulls it."""
    random = np.random.default_rng(2)
    returned = 0
    for e in unit_rows(random, 40, 48):
        target = encode_dense(trained, e)
        target[random.integers(300)] = 0.15
        wanted = set(np.flatnonzero(target).tolist())

        def missing(vector: np.ndarray, wanted: set[int] = wanted) -> int:
            codes = encode(trained, vector[None, :])
            return len(wanted - set(codes.indices[0].tolist()))

        returned += missing(decode(trained, target)) - missing(optimise(trained, target).vector)
    assert returned > 0
