"""The terms of an explanation add up to the score they explain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import real_saes, unit_rows

from saetui.core.changes import MODES, Change, Mode
from saetui.core.codec import SaeWeights, encode_dense
from saetui.core.scores import cosines, explain
from saetui.core.steering import steer_code, steered_vector

modes = st.sampled_from(MODES)


@given(
    real_saes(),
    st.integers(0, 2**32 - 1),
    modes,
    st.lists(st.floats(-3, 3, width=32), max_size=5),
    st.booleans(),
)
def test_terms_add_up_to_the_score(
    weights: SaeWeights, seed: int, mode: Mode, amounts: list[float], with_query: bool
) -> None:
    random = np.random.default_rng(seed)
    e = unit_rows(random, 1, weights.d)[0] * np.float32(with_query)
    rows = unit_rows(random, 4, weights.d).astype(np.float16).astype(np.float32)
    z = encode_dense(weights, e) if with_query else np.zeros(weights.n, dtype=np.float32)
    steering = {int(random.integers(weights.n)): Change("add", float(amount)) for amount in amounts}
    steered = steer_code(z, steering)
    vector = steered_vector(weights, e, z, steered, mode)
    explanations = explain(weights, steered, vector, rows)
    np.testing.assert_allclose(
        [explanation.total for explanation in explanations], cosines(vector, rows), atol=1e-5
    )
    if mode == "decode":
        assert max(abs(explanation.remainder) for explanation in explanations) < 1e-5
    for explanation in explanations:
        ids = [feature for feature, _ in explanation.features]
        assert sorted(ids) == np.flatnonzero(steered).tolist()
        order = [(-abs(term), feature) for feature, term in explanation.features]
        assert order == sorted(order)


@pytest.fixture
def weights() -> SaeWeights:
    random = np.random.default_rng(0)
    directions = unit_rows(random, 5, 3)
    bias = np.array([0.1, -0.2, 0.3], dtype=np.float32)
    return SaeWeights(directions, np.zeros(5, np.float32), directions, bias, 2)


def test_a_vector_of_zeros_is_explained_by_terms_that_cancel(weights: SaeWeights) -> None:
    steered = np.array([0, 1, 0, -2, 0], dtype=np.float32)
    rows = unit_rows(np.random.default_rng(1), 3, 3)
    for explanation in explain(weights, steered, np.zeros(3, np.float32), rows):
        assert explanation.total == pytest.approx(0, abs=1e-6)
        assert all(np.isfinite(term) for _, term in explanation.features)


def test_without_active_features_only_bias_and_remainder_are_left(weights: SaeWeights) -> None:
    rows = unit_rows(np.random.default_rng(1), 2, 3)
    vector = np.array([0, 0, 2], dtype=np.float32)
    for row, explanation in zip(
        rows, explain(weights, np.zeros(5, np.float32), vector, rows), strict=True
    ):
        assert explanation.features == ()
        assert explanation.bias == pytest.approx(float(weights.bias @ row) / 2, abs=1e-6)
        assert explanation.total == pytest.approx(float(row[2]), abs=1e-6)


def test_a_document_of_zeros_scores_zero(weights: SaeWeights) -> None:
    steered = np.ones(5, dtype=np.float32)
    vector = np.ones(3, dtype=np.float32)
    (explanation,) = explain(weights, steered, vector, np.zeros((1, 3), np.float32))
    assert explanation.total == 0
    assert [feature for feature, _ in explanation.features] == [0, 1, 2, 3, 4]


def test_no_documents_need_no_explanation(weights: SaeWeights) -> None:
    vector = np.ones(3, dtype=np.float32)
    assert explain(weights, np.ones(5, np.float32), vector, np.empty((0, 3), np.float32)) == []
