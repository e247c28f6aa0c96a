"""Exact ranking is what sorting everything gives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import unit_rows

from saetui.core.scores import cosines, distinct, top, unit

scores = st.lists(
    st.one_of(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), st.floats(-1, 1, width=32)), max_size=30
)


@given(scores, st.integers(0, 40))
def test_top_is_the_head_of_a_full_sort(values: list[float], limit: int) -> None:
    expected = sorted(range(len(values)), key=lambda i: (-values[i], i))[:limit]
    assert top(np.array(values, dtype=np.float32), limit).tolist() == expected


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, 40))
def test_counts_are_ranked_too(values: list[int], limit: int) -> None:
    expected = sorted(range(len(values)), key=lambda i: (-values[i], i))[:limit]
    assert top(np.array(values, dtype=np.int64), limit).tolist() == expected


@given(st.lists(st.sampled_from([math.nan, -math.inf, 0.0, 1.0]), max_size=12), st.integers(0, 12))
def test_what_is_not_a_number_comes_last(values: list[float], limit: int) -> None:
    ranking = [-math.inf if math.isnan(value) else value for value in values]
    expected = sorted(range(len(values)), key=lambda i: (-ranking[i], i))[:limit]
    assert top(np.array(values, dtype=np.float32), limit).tolist() == expected


@pytest.mark.parametrize("block_bytes", [1, 100, 1_000, 1 << 20])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_cosines_do_not_depend_on_blocks(block_bytes: int, dtype: type[np.floating]) -> None:
    random = np.random.default_rng(3)
    embeddings = unit_rows(random, 57, 7).astype(dtype)
    vector = 5 * unit_rows(random, 1, 7)[0]
    expected = embeddings.astype(np.float64) @ (vector / np.linalg.norm(vector.astype(np.float64)))
    found = cosines(vector, embeddings, block_bytes=block_bytes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_cosines_of_no_documents() -> None:
    assert cosines(np.ones(3, np.float32), np.empty((0, 3), np.float16)).shape == (0,)


def test_unit_scales_all_but_zero() -> None:
    assert unit(np.array([3, 4], dtype=np.float32)).tolist() == pytest.approx([0.6, 0.8])
    assert unit(np.zeros(2, dtype=np.float32)).tolist() == [0, 0]
    assert cosines(np.zeros(2, np.float32), np.ones((2, 2), np.float32)).tolist() == [0, 0]


@pytest.mark.parametrize("d", [3, 32, 384])
def test_equal_documents_score_alike_wherever_they_stand(d: int) -> None:
    random = np.random.default_rng(0)
    vector, document = unit_rows(random, 2, d)
    alone = cosines(vector, document[None, :])[0]
    for count in (2, 3, 7, 30, 61, 1_000):
        scores = cosines(vector, np.repeat(document[None, :], count, axis=0).astype(np.float32))
        assert set(scores.tolist()) == {float(alone)}


@given(st.lists(st.lists(st.integers(-5, 30), max_size=20), min_size=1, max_size=3))
def test_distinct_numbers_rise(several: list[list[int]]) -> None:
    found = distinct(*(np.array(numbers, dtype=np.int32) for numbers in several))
    assert found.dtype == np.int64
    assert found.tolist() == sorted({number for numbers in several for number in numbers})
