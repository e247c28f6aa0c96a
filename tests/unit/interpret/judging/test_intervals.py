"""Confidence intervals against published values and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.interpret.judging.scores import of_correlation, of_f1, of_mean_of_two, wilson


def one(function, *arguments):
    low, high = function(*(np.array([argument], dtype=float) for argument in arguments))
    return float(low[0]), float(high[0])


def test_wilson_is_as_published():
    # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I.
    assert one(wilson, 81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert one(wilson, 15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert one(wilson, 0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert one(wilson, 0, 0) == pytest.approx((0, 1))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_intervals_of_f1_contain_it(hits, misses, alarms):
    low, high = one(of_f1, hits, misses, alarms)
    f1 = 2 * hits / max(2 * hits + misses + alarms, 1)
    assert 0 <= low <= f1 + 1e-9
    assert f1 - 1e-9 <= high <= 1 or hits + misses + alarms == 0


def test_intervals_of_f1_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    active = rng.multinomial(20, [0.7, 0.3], 4_000)
    alarms = rng.binomial(20, 0.25, 4_000)
    low, high = of_f1(*active.T.astype(float), alarms.astype(float))
    truth = 2 * 0.7 / (2 * 0.7 + 0.3 + 0.25)
    assert 0.93 < np.mean((low <= truth) & (truth <= high)) < 0.99


def test_a_mean_of_two_equal_proportions_is_known_better_than_each():
    counts = np.array([12.0]), np.array([20.0])
    low, high = of_mean_of_two(counts, counts)
    alone_low, alone_high = wilson(*counts)
    assert alone_low < low < 0.6 < high < alone_high
    assert (0.6 - low[0]) / (0.6 - alone_low[0]) == pytest.approx(np.sqrt(0.5))


def test_correlations_by_fisher():
    low, high = one(of_correlation, 0.5, 28)
    assert (low, high) == pytest.approx(
        (np.tanh(np.arctanh(0.5) - 1.96 / 5), np.tanh(np.arctanh(0.5) + 1.96 / 5)), abs=1e-4
    )
    assert one(of_correlation, 0.9, 3) == (-1, 1)
    assert one(of_correlation, 1, 40)[1] <= 1
