from dataclasses import replace

import numpy as np
import pytest
from test_training import CONFIG, OPTIONS, Recorder, embeddings, train

from saetui.train.training import max_cosines, train_twice


def test_the_nearest_direction_of_each():
    directions = np.eye(3, dtype=np.float32)
    others = np.array([[0, 1, 0], [0, 0.6, 0.8]], dtype=np.float32)
    assert max_cosines(directions, others).tolist() == pytest.approx([0, 1, 0.8])


def test_blocks_do_not_change_the_result():
    rows = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    whole = max_cosines(rows, rows[:7])
    np.testing.assert_allclose(max_cosines(rows, rows[:7], block=3), whole)


def test_a_second_seed_tells_which_features_come_back(tmp_path):
    vectors = embeddings(600)
    options = replace(OPTIONS, max_epochs=15)
    twice = train_twice(
        vectors, CONFIG, options, checkpoint_dir=tmp_path / "twice", progress=Recorder()
    )
    once = train(tmp_path / "once", vectors, options=options)
    other = train(tmp_path / "other", vectors, options=replace(options, seed=1))
    assert np.array_equal(twice.weights.directions, once.weights.directions)
    expected = (once.weights.directions @ other.weights.directions.T).max(axis=1)
    np.testing.assert_allclose(twice.stability, expected, rtol=1e-5)
    figures = twice.metrics["stability"]
    assert figures["seed"] == 1
    assert figures["mean_max_cosine"] == pytest.approx(expected.mean())
    assert 0.5 < figures["mean_max_cosine"] < 1
    assert figures["found_again"] == pytest.approx((expected >= 0.7).mean())
