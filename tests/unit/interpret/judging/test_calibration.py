"""From signals to confidences."""

import numpy as np
import pytest

from saetui.interpret.judging.judges import calibrate
from saetui.interpret.judging.trials import Examples, make_trials


def trials(features=30):

    def rows(feature, start):
        return np.arange(start, start + 4, dtype=np.int32) + 100 * feature

    return make_trials(
        Examples(each, rows(each, 0), rows(each, 4), rows(each, 8), rows(each, 12))
        for each in range(features)
    )


def truth(asked):
    return asked.rows % 100 < 8


def test_a_signal_that_tells_is_followed_and_noise_is_not():
    asked = trials()
    rng = np.random.default_rng(0)
    noise = rng.normal(size=len(asked.rows))
    told = truth(asked) * 2.0 + rng.normal(size=len(asked.rows))
    found = calibrate(np.column_stack([told, noise]).astype(np.float32), asked)
    assert found.weights[0] > 5 * found.weights[1] >= 0


def test_no_weight_is_negative():
    asked = trials()
    against = -truth(asked).astype(np.float32)[:, None]
    assert calibrate(against, asked).weights == pytest.approx([0])


def test_confidence_0_lies_where_active_and_inactive_part():
    asked = trials()
    signals = np.where(truth(asked), 5.0, 3.0).astype(np.float32)[:, None]
    confidences = calibrate(signals, asked).confidences(signals)
    assert ((confidences > 0) == truth(asked)).all()
    assert np.abs(confidences).max() <= 1
    assert confidences.dtype == np.float32


def test_scale_and_origin_of_a_signal_do_not_matter():
    asked = trials()
    rng = np.random.default_rng(1)
    signals = (truth(asked) + rng.normal(size=len(asked.rows))).astype(np.float32)[:, None]
    moved = (1_000 * signals + 70).astype(np.float32)
    np.testing.assert_allclose(
        calibrate(signals, asked).confidences(signals),
        calibrate(moved, asked).confidences(moved),
        atol=1e-3,
    )


def test_without_trials_every_answer_is_no():
    found = calibrate(np.empty((0, 2), np.float32), make_trials([]))
    assert (found.confidences(np.ones((3, 2), np.float32)) < 0).all()


def test_a_judge_that_knows_little_does_not_say_yes_to_everything():
    """As F1 alone would have it: always yes is worth more than what this signal can tell."""
    asked = trials(200)
    noise = np.random.default_rng(2).normal(size=(len(asked.rows), 1)).astype(np.float32)
    signals = (noise + 0.5 * truth(asked)[:, None]).astype(np.float32)
    said = calibrate(signals, asked).confidences(signals) > 0
    assert 0.5 < said.mean() < 0.93
