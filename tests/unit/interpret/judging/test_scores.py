"""Trials and scores, against scores worked out feature by feature."""

import numpy as np
import pytest

from saetui.interpret.judging.scores import detection_scores
from saetui.interpret.judging.trials import (
    DECILES,
    HARD,
    LEAST_EACH,
    PROTOCOLS,
    TOP,
    Examples,
    make_trials,
)


def rows(*numbers):
    return np.array(numbers, dtype=np.int32)


def examples(feature, strongest, deciles, near, random):
    return Examples(feature, rows(*strongest), rows(*deciles), rows(*near), rows(*random))


FULL = examples(2, (1, 2, 3), (1, 2, 4, 5), (20, 21, 22, 23, 24), (30, 31, 32, 33, 34))
RARE = examples(0, (7,), (7, 8, 9), (40, 41, 42), (43,))
POOR = examples(1, (6,), (6,), (50,), (51,))


def asked(trials, name):
    """`(feature, row, active)` of one protocol."""
    trial, owners = trials.protocols[name], trials.owners()
    return [
        (int(owners[place]), int(trials.rows[place]), bool(active))
        for place, active in zip(trial.places, trial.active, strict=True)
    ]


def test_protocols_ask_about_as_many_documents_for_as_against():
    trials = make_trials([FULL])
    assert asked(trials, TOP) == [(2, row, True) for row in (1, 2, 3)] + [
        (2, row, False) for row in (30, 31, 32)
    ]
    assert [row for _, row, _ in asked(trials, DECILES)] == [1, 2, 4, 5, 30, 31, 32, 33]
    assert [row for _, row, _ in asked(trials, HARD)] == [1, 2, 4, 5, 20, 21, 22, 23]


def test_a_document_is_judged_once_whatever_asks_for_it():
    trials = make_trials([FULL])
    assert trials.rows.tolist() == sorted({1, 2, 3, 4, 5, 20, 21, 22, 23, 30, 31, 32, 33})
    assert trials.rows_of(0).tolist() == trials.rows.tolist()


def test_too_few_documents_make_no_score():
    trials = make_trials([FULL, RARE, POOR])
    assert trials.features.tolist() == [0, 2]
    scores = detection_scores("judge", trials, np.ones(len(trials.rows), np.float32), 4)
    assert [score.protocol for score in scores.of(0)] == [HARD]
    assert scores.of(1) == scores.of(3) == ()
    assert len(scores.of(2)) == len(PROTOCOLS)
    assert np.isnan(scores.protocols[TOP].f1.value[[0, 1, 3]]).all()
    assert scores.protocols[HARD].documents.tolist() == [2 * LEAST_EACH, 0, 8, 0]


def test_scores_are_those_worked_out_by_hand():
    trials = make_trials([RARE, FULL])
    confidences = np.random.default_rng(0).uniform(-1, 1, len(trials.rows)).astype(np.float32)
    scores = detection_scores("judge", trials, confidences, 3)
    said = {
        (int(owner), int(row)): float(confidence)
        for owner, row, confidence in zip(trials.owners(), trials.rows, confidences, strict=True)
    }
    for name in PROTOCOLS:
        for feature in {feature for feature, _, _ in asked(trials, name)}:
            mine = [(row, active) for owner, row, active in asked(trials, name) if owner == feature]
            x = np.array([said[feature, row] for row, _ in mine])
            y = np.array([active for _, active in mine])
            hits = int(((x > 0) & y).sum())
            f1 = 2 * hits / (int((x > 0).sum()) + int(y.sum()))
            accuracy = ((x[y] > 0).mean() + (x[~y] <= 0).mean()) / 2
            found = scores.protocols[name]
            assert found.f1.value[feature] == pytest.approx(f1)
            assert found.pearson.value[feature] == pytest.approx(np.corrcoef(x, y)[0, 1])
            assert found.balanced_accuracy.value[feature] == pytest.approx(accuracy)
            for figure in (found.f1, found.pearson, found.balanced_accuracy):
                assert figure.low[feature] <= figure.value[feature] <= figure.high[feature]


def test_a_judge_that_says_the_same_of_all_learns_nothing():
    trials = make_trials([FULL])
    scores = detection_scores("yes", trials, np.full(len(trials.rows), 0.7, np.float32), 3)
    for score in scores.of(2):
        assert score.judge == "yes"
        assert score.f1[0] == pytest.approx(2 / 3)
        assert score.pearson[0] == 0
        assert score.balanced_accuracy[0] == 0.5


def test_no_examples_give_no_scores():
    trials = make_trials([])
    scores = detection_scores("judge", trials, np.empty(0, np.float32), 2)
    assert scores.of(0) == ()
    assert all(np.isnan(found.f1.value).all() for found in scores.protocols.values())
