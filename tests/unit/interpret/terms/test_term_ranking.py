"""Candidates are tried on documents before one becomes a label."""

import numpy as np
import pytest

from saetui.interpret.judging.judges import label_judge, measure
from saetui.interpret.judging.signals import Signals
from saetui.interpret.judging.trials import Examples, Trial, Trials, make_trials
from saetui.interpret.labels import LONGEST_LABEL
from saetui.interpret.terms import term_ranking
from saetui.interpret.terms.term_ranking import try_terms
from saetui.interpret.terms.tokens import tokenize
from saetui.progress import Silent

TOPICS = ("comet tail ice", "quasar jet radio", "star core fusion", "planet orbit transit")
NAMES = ("comet", "quasar", "star", "planet")
WORDS = [word for topic in TOPICS for word in topic.split()]
ROWS = np.arange(160, dtype=np.int32)
# Features 0 to 3 are one topic each; feature 4 is comets and quasars both.
BOTH = 4


def embed(texts):
    vectors = np.full((len(texts), len(WORDS) + 1), 0.05, dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split():
            vectors[row, WORDS.index(word) if word in WORDS else -1] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def examples(feature, active, inactive):
    return Examples(feature, active[:20], active[:20], inactive[:20], inactive[20:40])


@pytest.fixture(scope="module")
def tried_with():
    """A judge and the documents that it is asked about."""
    rng = np.random.default_rng(0)
    texts = [" ".join([*rng.permutation(TOPICS[row % 4].split()), "view"]) for row in ROWS]
    signals = Signals(tokenize(("", text) for text in texts), embed(texts), ROWS, embed, seed=0)
    asked = [examples(i, ROWS[i == ROWS % 4], ROWS[i != ROWS % 4]) for i in range(4)]
    asked.append(examples(BOTH, ROWS[ROWS % 4 <= 1], ROWS[ROWS % 4 >= 2]))
    trials = make_trials(asked)
    readings = signals.read([(name, ()) for name in (*NAMES, "comet")], Silent())
    measured = measure(signals, readings, trials.owners(), trials.rows)
    return label_judge(signals, measured, trials), trials


def tried(tried_with, feature, scores, parts=()):
    judge, trials = tried_with
    return try_terms({feature: scores}, parts, judge, trials, Silent())[feature]


def test_a_term_that_tells_other_documents_gives_way(tried_with):
    found = tried(tried_with, 0, {"star": 10.0, "comet": 9.0, "orbit": 2.0})
    assert list(found.terms) == ["comet", "star", "orbit"]
    assert found.joined == ""


def test_evidence_decides_between_terms_recognised_alike(tried_with):
    assert next(iter(tried(tried_with, 0, {"comet": 10.0, "ice": 9.0}).terms)) == "comet"
    assert next(iter(tried(tried_with, 0, {"ice": 10.0, "comet": 9.0}).terms)) == "ice"


def chosen(confidences, mentioned):
    """Of "RF" and "wireless" on eight documents, of which the first four are active."""
    active = np.arange(8) < 4
    read = term_ranking._Read(
        np.array(confidences, np.float32), np.array(mentioned, bool), [Trial(np.arange(8), active)]
    )
    return term_ranking._tried({"RF": 10.0, "wireless": 9.0}, (), read, " and ")


def test_between_terms_recognised_alike_the_one_that_more_documents_use_is_chosen():
    alike = [[1, 1, 1, 1, 0, 0, 0, 0]] * 2
    assert next(iter(chosen(alike, [[1, 0, 0, 0] * 2, [1, 1, 1, 1] * 2]).terms)) == "wireless"
    assert next(iter(chosen(alike, [[1, 1, 1, 1] * 2, [1, 1, 1, 1] * 2]).terms)) == "RF"


def test_two_terms_are_joined_only_if_they_tell_more_than_either_alone():
    well, fairly = [1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0.6, 0, 0, 0]
    found = chosen([well, fairly], [[0] * 8, [1] * 8])
    assert (next(iter(found.terms)), found.joined) == ("wireless", "")


def test_a_feature_with_two_heads_is_named_after_both(tried_with):
    found = tried(tried_with, BOTH, {"comet": 10.0, "quasar": 9.0, "planet": 8.0})
    assert found.joined in ("comet and quasar", "quasar and comet")
    assert set(found.terms) == {"comet", "quasar", "planet"}


@pytest.mark.parametrize(
    "scores",
    [
        {"comet": 10.0, "quasar": 5.0},
        {"comet": 10.0, "comet quasar": 9.0},
        {"comet": 10.0, "cometary quasar": 9.0},
        {"comet": 10.0, "quasar " * (LONGEST_LABEL // 8): 9.0},
    ],
)
def test_what_is_weak_repeats_or_is_too_long_is_not_joined(tried_with, scores):
    assert tried(tried_with, BOTH, scores).joined == ""


def test_a_part_is_completed(tried_with):
    found = tried(tried_with, 0, {"comet": 10.0, "comet tail": 9.5}, parts={"comet"})
    assert next(iter(found.terms)) == "comet tail"


@pytest.mark.parametrize("before", [7, 8])
def test_only_the_first_eight_candidates_are_tried(tried_with, before):
    # Evidence for "comet" is hardly less than for those before it, and documents tell of it alone.
    scores = {f"view{'s' * number}": 10.0 for number in range(before)} | {"comet": 9.9}
    found = tried(tried_with, 0, scores).terms
    assert set(found) == set(list(scores)[:8])
    assert (next(iter(found)) == "comet") == (before == 7)


def test_a_feature_without_trials_keeps_its_order(tried_with):
    scores = {"view": 10.0, "comet": 9.0}
    assert tried(tried_with, 9, scores).terms == scores
    assert tried(tried_with, 0, {}).terms == {}
    judge, _ = tried_with
    none = make_trials([])
    assert isinstance(none, Trials)
    assert try_terms({0: scores}, (), judge, none, Silent())[0].terms == scores


def test_a_grid_of_signals_is_what_is_measured_one_by_one(tried_with):
    judge, _ = tried_with
    signals, rows = judge.signals, ROWS[:7]
    texts = ["comet", "quasar jet", "unheard"]
    each = signals.read_each(texts)
    alone = signals.read([(text, ()) for text in texts], Silent())[0]
    owners = np.array([2, 0, 1])
    grid = signals.grid(each, owners, rows)
    one_by_one = signals.measure(alone, np.repeat(owners, len(rows)), np.tile(rows, 3))
    np.testing.assert_allclose(grid.reshape(one_by_one.shape), one_by_one, atol=2e-3)
