"""Documents along directions, in standard deviations."""

import numpy as np
import pytest

from saetui.interpret.judging.signals import Projection


def corpus():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(4_000, 3)) * [3.0, 1.0, 0.2] + [5.0, 0, 0]).astype(np.float32)


def test_places_have_mean_0_and_variance_1():
    x = corpus()
    projection = Projection(x)
    queries = np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 7.0]], dtype=np.float32)
    for directions in (projection.towards(queries), projection.discriminating(queries)):
        places = directions.place(x)
        np.testing.assert_allclose(places.mean(axis=1), 0, atol=1e-3)
        np.testing.assert_allclose(places.std(axis=1), 1, rtol=1e-3)


def test_discrimination_trusts_what_documents_hardly_vary_in():
    x = corpus()
    query = x.mean(axis=0, keepdims=True) + np.array([[1.0, 0.0, 1.0]], dtype=np.float32)
    plain = Projection(x).towards(query - x.mean(axis=0)).vectors[0]
    fisher = Projection(x).discriminating(query).vectors[0]
    assert abs(fisher[2] / fisher[0]) > abs(plain[2] / plain[0])


def test_where_documents_do_not_differ_nothing_is_blown_up():
    same = np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (5, 1))
    for directions in (
        Projection(same).towards(same[:1]),
        Projection(same).discriminating(np.array([[0.0, 1.0]], dtype=np.float32)),
    ):
        assert directions.place(same) == pytest.approx(np.zeros((1, 5)), abs=1e-3)
