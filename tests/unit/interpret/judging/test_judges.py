"""Judges asked question by question."""

import numpy as np
import pytest

from saetui.interpret.judging.judges import (
    AND_TERMS,
    EMBEDDER,
    WORDS,
    WORDS_AND_EMBEDDER,
    LabelToJudge,
    measure,
    offline_judges,
)
from saetui.interpret.judging.signals import Signals
from saetui.interpret.judging.trials import Examples, make_trials
from saetui.interpret.terms.tokens import tokenize
from saetui.progress import Silent

WORDS_OF = {"comets": "comet tail ice", "quasars": "quasar jet radio", "stars": "star core fusion"}
AXES = {word: axis for axis, topic in enumerate(WORDS_OF.values()) for word in topic.split()}


def embed(texts):
    vectors = np.full((len(texts), 4), 0.05, dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().replace(".", "").split():
            if word.rstrip("s") in AXES:
                vectors[row, AXES[word.rstrip("s")]] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def judges():
    rng = np.random.default_rng(0)
    topics = list(WORDS_OF.values())
    texts = [
        " ".join([*rng.permutation(topics[row % 3].split())[:2], f"filler{row % 7}", "observation"])
        for row in range(90)
    ]
    tokens, vectors = tokenize(("", text) for text in texts), embed(texts)
    rows = np.arange(60, dtype=np.int32)
    signals = Signals(tokens, vectors, rows, embed, seed=0)
    trials = make_trials(
        Examples(
            topic,
            rows[topic::3][:10],
            rows[topic::3][10:],
            rows[(topic + 1) % 3 :: 3][:10],
            rows[(topic + 2) % 3 :: 3][:10],
        )
        for topic in range(3)
    )
    labels = [(label, tuple(words.split())) for label, words in WORDS_OF.items()]
    readings = signals.read(labels, Silent())
    measured = measure(signals, readings, trials.owners(), trials.rows)
    return {
        judge.name: judge for judge in offline_judges(signals, readings[0].names, measured, trials)
    }


def ask(judge, topic, rows=range(60, 90)):
    label, words = list(WORDS_OF.items())[topic]
    rows = np.array(list(rows), dtype=np.int32)
    return LabelToJudge(topic, label, tuple(words.split()), rows)


@pytest.mark.parametrize("kind", [WORDS, EMBEDDER, WORDS_AND_EMBEDDER])
def test_documents_not_seen_before_are_told_apart_by_terms(judges, kind):
    judge = judges[kind + AND_TERMS]
    questions = [ask(judge, topic) for topic in range(3)]
    for question, confidences in zip(
        questions, judge.confidences(questions, Silent()), strict=True
    ):
        assert confidences.dtype == np.float32
        assert np.abs(confidences).max() <= 1
        np.testing.assert_array_equal(confidences > 0, question.rows % 3 == question.feature)


def test_questions_do_not_influence_each_other(judges):
    judge = judges[WORDS_AND_EMBEDDER]
    together = judge.confidences([ask(judge, 0), ask(judge, 1, range(70, 75))], Silent())
    alone = judge.confidences([ask(judge, 1, range(70, 75))], Silent())
    np.testing.assert_allclose(together[1], alone[0], atol=1e-5)
    assert [len(each) for each in together] == [30, 5]
    assert judge.confidences([], Silent()) == []


def test_a_judge_that_reads_labels_only_does_not_read_terms(judges):
    judge = judges[WORDS_AND_EMBEDDER]
    question = ask(judge, 0)
    other = LabelToJudge(0, question.label, ("quasar",), question.rows)
    (one,), (same,) = (judge.confidences([each], Silent()) for each in (question, other))
    np.testing.assert_allclose(one, same, atol=1e-6)
    with_terms = judges[WORDS_AND_EMBEDDER + AND_TERMS]
    (one,), (changed,) = (with_terms.confidences([each], Silent()) for each in (question, other))
    assert np.abs(one - changed).max() > 0.1
