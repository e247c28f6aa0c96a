"""Figures, examples and neighbours of features, against slow counting."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import dense, real_saes, sparse_codes

from saetui.core.codec import Codes, SaeWeights, build_postings
from saetui.core.features import (
    DECILES,
    co_occurring,
    decile_positions,
    histogram,
    lift_of,
    nearest_and_opposed,
    statistics,
)

activations = st.lists(st.floats(0, 2.0**100, width=32, exclude_min=True), max_size=40).map(
    lambda values: np.array(sorted(values, reverse=True), dtype=np.float32)
)


@given(sparse_codes())
def test_statistics_are_those_of_the_columns(codes: Codes) -> None:
    z = dense(codes)
    figures = statistics(build_postings(codes), len(z))
    for feature, column in enumerate(z.T):
        active = column[column > 0].astype(np.float64)
        assert figures.documents[feature] == len(active)
        assert figures.density[feature] == (len(active) / len(z) if len(z) else 0)
        mean = active.mean() if len(active) else 0
        assert figures.mean_activation[feature] == pytest.approx(mean)
        assert figures.max_activation[feature] == column.max(initial=0)


@given(activations, st.integers(1, 40))
def test_a_histogram_counts_every_activation_once(values: np.ndarray, bins: int) -> None:
    counts = histogram(values, bins)
    assert counts.shape == (bins,)
    assert counts.sum() == len(values)
    if len(values):
        assert counts[-1] >= 1


def test_a_histogram_has_equal_steps_from_zero() -> None:
    values = np.array([1.0, 0.76, 0.74, 0.5, 0.26, 0.01], dtype=np.float32)
    assert histogram(values, 4).tolist() == [1, 1, 2, 2]


def test_a_histogram_of_the_smallest_numbers_has_steps_too() -> None:
    assert histogram(np.array([1e-45], dtype=np.float32), 32).sum() == 1


@given(st.integers(0, 400), st.integers(0, 5))
def test_tenths_do_not_overlap_and_cover_the_range(count: int, per_decile: int) -> None:
    spans = [span.tolist() for span in decile_positions(count, per_decile)]
    assert len(spans) == DECILES
    positions = [position for span in spans for position in span]
    assert positions == sorted(set(positions))
    assert all(0 <= position < count for position in positions)
    assert all(len(span) <= per_decile for span in spans)
    if per_decile and count >= DECILES:
        assert positions[0] == 0
        assert all(len(span) == min(per_decile, len(span)) for span in spans)
        for low, high in pairwise(span[0] for span in spans):
            assert abs((high - low) - count / DECILES) <= 1
    if per_decile and count < DECILES:
        assert positions == list(range(count))


@given(real_saes(), st.data(), st.integers(0, 60))
def test_neighbours_are_ranked_by_cosine(
    weights: SaeWeights, data: st.DataObject, limit: int
) -> None:
    feature = data.draw(st.integers(0, weights.n - 1))
    cosine = weights.directions @ weights.directions[feature]
    others = [i for i in range(weights.n) if i != feature]
    nearest, opposed = nearest_and_opposed(weights, feature, limit)
    assert [i for i, _ in nearest] == sorted(others, key=lambda i: (-cosine[i], i))[:limit]
    assert [i for i, _ in opposed] == sorted(others, key=lambda i: (cosine[i], i))[:limit]
    assert all(value == cosine[i] for i, value in [*nearest, *opposed])


@given(sparse_codes(), st.data(), st.integers(0, 10))
def test_features_that_occur_together_are_counted(
    codes: Codes, data: st.DataObject, limit: int
) -> None:
    feature = data.draw(st.integers(0, codes.n - 1))
    active = dense(codes) > 0
    together = (active[:, [feature]] & active).sum(axis=0)
    others = [i for i in range(codes.n) if i != feature and together[i]]
    counts = active.sum(axis=0)
    surest = {i: lift_of(together[i], counts[feature], counts[i], len(active)).low for i in others}
    found = co_occurring(codes, build_postings(codes), feature, limit)
    assert found == [(i, together[i]) for i, _ in found]
    assert len(found) == min(limit, len(others))
    lows = [surest[i] for i, _ in found]
    assert lows == sorted(lows, reverse=True)
    assert not lows or lows[0] == max(surest.values())


def test_what_is_everywhere_does_not_come_first() -> None:
    # Feature 1 is on all documents, feature 2 on those of feature 0 alone.
    indices = np.full((200, 3), -1, np.int32)
    indices[:, 0] = 1
    indices[:20, 1] = 0
    indices[:15, 2] = 2
    codes = Codes(indices, np.where(indices >= 0, 1.0, 0.0).astype(np.float32), 3)
    assert co_occurring(codes, build_postings(codes), 0, 2) == [(2, 15), (1, 20)]
    lift = lift_of(15, 20, 15, 200)
    assert lift.low < lift.times < lift.high
    assert lift.times == pytest.approx((15.5 / 20.5) / (0.5 / 180.5))
    assert lift_of(20, 20, 200, 200).times == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("corpus_size", [0, 7])
def test_a_feature_that_never_fires_has_zeros(corpus_size: int) -> None:
    codes = Codes(
        np.full((corpus_size, 2), -1, np.int32), np.zeros((corpus_size, 2), np.float32), 3
    )
    figures = statistics(build_postings(codes), corpus_size)
    for values in (
        figures.documents,
        figures.density,
        figures.mean_activation,
        figures.max_activation,
    ):
        assert values.tolist() == [0, 0, 0]
