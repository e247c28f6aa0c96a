"""Judges asked question by question."""

import numpy as np
import pytest

from saetui.interpret.judging.judges import (
    AND_TERMS,
    EMBEDDER,
    WORDS,
    WORDS_AND_EMBEDDER,
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
    return {judge.name: judge for judge in offline_judges(signals, measured, trials)}


def asked(judge, *questions):
    """Confidences about (topic, rows, terms or None for those of the topic), all asked at once."""
    labels = list(WORDS_OF.items())
    readings = judge.signals.read(
        [(labels[topic][0], terms or labels[topic][1].split()) for topic, _, terms in questions],
        Silent(),
    )
    sizes = [len(rows) for _, rows, _ in questions]
    rows = np.array([row for _, rows, _ in questions for row in rows], dtype=np.int32)
    owners = np.repeat(np.arange(len(questions)), sizes)
    found = judge.confidences(measure(judge.signals, readings, owners, rows))
    return np.split(found, np.cumsum(sizes)[:-1])


@pytest.mark.parametrize("kind", [WORDS, EMBEDDER, WORDS_AND_EMBEDDER])
def test_documents_not_seen_before_are_told_apart_by_terms(judges, kind):
    rows = np.arange(60, 90)
    for topic, said in enumerate(
        asked(judges[kind + AND_TERMS], *((topic, rows, None) for topic in range(3)))
    ):
        assert said.dtype == np.float32
        assert np.abs(said).max() <= 1
        np.testing.assert_array_equal(said > 0, rows % 3 == topic)


def test_questions_do_not_influence_each_other(judges):
    judge = judges[WORDS_AND_EMBEDDER]
    together = asked(judge, (0, range(60, 90), None), (1, range(70, 75), None))
    (alone,) = asked(judge, (1, range(70, 75), None))
    np.testing.assert_allclose(together[1], alone, atol=1e-5)
    assert [len(each) for each in together] == [30, 5]


def test_a_judge_that_reads_labels_only_does_not_read_terms(judges):
    rows = range(60, 90)
    one, same = (asked(judges[WORDS_AND_EMBEDDER], (0, rows, each)) for each in (None, ["quasar"]))
    np.testing.assert_allclose(one, same, atol=1e-6)
    with_terms = judges[WORDS_AND_EMBEDDER + AND_TERMS]
    one, changed = (asked(with_terms, (0, rows, each)) for each in (None, ["quasar"]))
    assert np.abs(np.subtract(one, changed)).max() > 0.1
