import numpy as np
import pytest

from saetui.core import feature_layout
from saetui.core.codec import Float
from saetui.core.feature_layout import Layout, laid_out


def topics(count: int, each: int, d: int = 24, spread: float = 0.5) -> Float:
    """Directions around a few nearly orthogonal ones."""
    chance = np.random.default_rng(0)
    middles = np.linalg.qr(chance.normal(size=(d, d)))[0][:count]
    noise = chance.normal(size=(count * each, d)) * spread / np.sqrt(d)
    return np.asarray(np.repeat(middles, each, axis=0) + noise, dtype=np.float32)


def finished(directions: Float) -> Layout:
    *_, last = laid_out(directions)
    assert last.done == last.total
    return last


def trustworthiness(directions: Float, places: Float, k: int) -> float:
    """How few of the k nearest on the map are far away by cosine (Venna and Kaski, 2001)."""
    n = len(places)
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    cosines = unit @ unit.T
    apart = np.square(places[:, None] - places[None]).sum(axis=2)
    np.fill_diagonal(cosines, np.inf)
    np.fill_diagonal(apart, -1)
    ranks = np.argsort(np.argsort(-cosines, axis=1), axis=1)
    near = np.argsort(apart, axis=1)[:, 1 : k + 1]
    over = np.maximum(np.take_along_axis(ranks, near, axis=1) - k, 0).sum()
    return float(1 - 2 * over / (n * k * (2 * n - 3 * k - 1)))


def test_features_of_one_topic_are_beside_each_other() -> None:
    directions = topics(6, 20)
    places = finished(directions).places
    assert places.shape == (120, 2)
    assert (places.min(), places.max()) == (0, 1)
    assert trustworthiness(directions, places, 15) > 0.95


def test_the_same_features_have_the_same_map() -> None:
    directions = topics(3, 8)
    assert np.array_equal(finished(directions).places, finished(directions).places)


def test_many_features_are_laid_out_from_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_layout, "_MANY", 60)
    monkeypatch.setattr(feature_layout, "_FIRST", 40)
    monkeypatch.setattr(feature_layout, "_MOST", 110)
    directions = topics(6, 20)
    seen = list(laid_out(directions))
    # Whoever watches sees all of them from the beginning.
    assert all(each.places.shape == (120, 2) for each in seen)
    assert [each.done for each in seen] == sorted({each.done for each in seen})
    assert trustworthiness(directions, seen[-1].places, 15) > 0.93


@pytest.mark.parametrize("directions", [np.zeros((20, 4)), np.ones((20, 4)), np.eye(8)])
def test_directions_that_say_nothing_have_a_map(directions: Float) -> None:
    places = finished(np.asarray(directions, dtype=np.float32)).places
    assert ((places >= 0) & (places <= 1)).all()
