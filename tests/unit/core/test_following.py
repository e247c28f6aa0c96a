"""A feature is found again in another SAE, or not at all; never is it taken for another one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.codec import Codes
from saetui.core.matches import Anchor, Match, follow

N, D = 12, 24


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


DIRECTIONS = unit(np.random.default_rng(0).standard_normal((N, D)))
# Document r activates features r and r + 1.
CODES = Codes(
    np.array([[r, (r + 1) % N] for r in range(N)], dtype=np.int32),
    np.ones((N, 2), dtype=np.float32),
    N,
)


def near(feature: int, cosine: float) -> np.ndarray:
    """A unit vector with that cosine to a feature's direction, far from all others."""
    direction = DIRECTIONS[feature].astype(np.float64)
    aside = np.random.default_rng(1).standard_normal(D)
    for other in DIRECTIONS:
        aside -= (aside @ other) * other
    basis = np.linalg.qr(DIRECTIONS.T.astype(np.float64))[0]
    aside -= basis @ (basis.T @ aside)
    aside /= np.linalg.norm(aside)
    return (cosine * direction + np.sqrt(1 - cosine**2) * aside).astype(np.float32)


def found(anchors: list[Anchor], rows: list[list[int]], **options: object) -> list[Match | None]:
    return follow(anchors, rows, DIRECTIONS, CODES, **options)[0]  # type: ignore[arg-type]


@given(st.permutations(range(N)))
def test_features_in_another_order_are_all_found(order: list[int]) -> None:
    anchors = [Anchor(DIRECTIONS[feature], ()) for feature in order]
    assert [m and m.feature for m in found(anchors, [[]] * N)] == order


@pytest.mark.parametrize(
    ("cosine", "rows", "is_found"),
    [
        (0.95, [], True),
        (0.75, [], True),
        (0.65, [], False),
        # Both of its documents activate the feature, or only one does.
        (0.65, [3, 2], True),
        (0.65, [3, 8], False),
        (0.45, [3, 2], False),
    ],
)
def test_the_less_alike_the_more_documents_must_say(
    cosine: float, rows: list[int], is_found: bool
) -> None:
    (match,) = found([Anchor(near(3, cosine), ())], [rows])
    assert (match is not None) == is_found
    if match is not None:
        assert match.feature == 3
        assert match.cosine == pytest.approx(cosine, abs=0.01)


def test_no_two_features_become_one() -> None:
    anchors = [Anchor(near(5, 0.8), ()), Anchor(near(5, 0.9), ())]
    first, second = found(anchors, [[], []])
    assert first is None
    assert second is not None and second.feature == 5
    assert found(anchors, [[], []], taken={5}) == [None, None]
    nearest = follow(anchors, [[], []], DIRECTIONS, CODES)[1]
    assert [each.feature for each in nearest] == [5, 5]


def test_without_a_comparable_direction_documents_decide() -> None:
    codes = Codes(np.full((8, 1), 7, dtype=np.int32), np.ones((8, 1), np.float32), N)
    codes.indices[6:] = 2
    for direction in (None, np.ones(D + 3, dtype=np.float32)):
        (match,), _ = follow([Anchor(direction, ())], [list(range(8))], DIRECTIONS, codes)
        assert match == Match(7, None, 6, 8)
        (few,), _ = follow([Anchor(direction, ())], [[0, 1, 2]], DIRECTIONS, codes)
        assert few is None
        (mixed,), _ = follow([Anchor(direction, ())], [[0, 1, 2, 3, 6, 7, 6, 7]], DIRECTIONS, codes)
        assert mixed is None
