"""Which phrases set documents apart."""

import numpy as np
import pytest

from saetui.interpret.judging.evidence import Evidence
from saetui.interpret.terms.log_odds import PhraseContrast
from saetui.interpret.terms.phrases import find_phrases
from saetui.interpret.terms.spelling import spell
from saetui.interpret.terms.tokens import tokenize


def ranked(documents, rows, negatives=(), weights=None, limit=20):
    phrases = find_phrases(tokenize(documents))
    weights = np.ones(len(rows)) if weights is None else np.array(weights)
    rows, negatives = np.array(rows, dtype=np.int32), np.array(negatives, dtype=np.int32)
    origin = np.zeros(2, np.float32)
    evidence = Evidence(0, rows, weights, negatives, origin, origin)
    scored = PhraseContrast(phrases).strongest(evidence, limit)
    return [(spell(phrases, phrase), score) for phrase, score in scored]


def texts(*parts):
    return [("", text) for text in parts]


BACKGROUND = texts(*["The comet of the galaxy."] * 8)


def names(scored):
    return [name for name, _ in scored]


def test_what_only_these_documents_say_comes_first():
    documents = texts("The quasar of a galaxy.", "A quasar of the galaxy.") + BACKGROUND
    scored = ranked(documents, [0, 1])
    assert names(scored) == ["quasar", "galaxy"]
    assert scored[0][1] > scored[1][1]


def test_the_documents_beside_the_feature_count_against_a_phrase():
    documents = texts(*["The quasar of the blazar."] * 2, *["The quasar."] * 3, "The blazar.")
    documents += texts("The blazar.", "The blazar.") + BACKGROUND
    alike = dict(ranked(documents, [0, 1]))
    assert alike["quasar"] == alike["blazar"]
    beside = dict(ranked(documents, [0, 1], negatives=[2, 3, 4]))
    assert beside["quasar"] < beside["blazar"]


def test_titles_and_strong_documents_weigh_more():
    # Of equal scores the one of more words would come first.
    documents = [("A quasar", "The Seyfert nebula."), *texts("The nebula."), *BACKGROUND]
    assert names(ranked(documents, [0]))[0] == "quasar"
    assert names(ranked(documents, [0, 1], weights=[0.2, 1.0]))[0] == "nebula"


def test_equal_scores_go_to_more_words_then_to_what_comes_first():
    documents = texts("The quasar and the blazar and the Seyfert nebula.") + BACKGROUND
    assert names(ranked(documents, [0])) == ["Seyfert nebula", "quasar", "blazar"]


def test_a_part_of_phrases_counts_less_than_a_whole_one():
    kinds = ("stragglers", "giants", "galaxies", "spirals", "variables", "dwarfs")
    documents = texts(*[f"The blue {kind} of a quasar." for kind in kinds]) + BACKGROUND
    scores = dict(ranked(documents, range(6)))
    assert scores["blue"] == pytest.approx(0.6 * scores["quasar"])


def test_the_limit_is_kept_and_scores_fall():
    documents = texts("The quasar. The blazar. The nebula. The galaxy.") + BACKGROUND
    scores = [score for _, score in ranked(documents, [0], limit=3)]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)


def test_one_document_alone_and_identical_documents_have_finite_scores():
    for documents in ([("Quasar", "The quasar.")], [("Quasar", "The quasar.")] * 7):
        scored = ranked(documents, [0])
        assert names(scored) == ["quasar"]
        assert np.isfinite(scored[0][1])


def test_documents_without_phrases_score_nothing():
    assert ranked([("", "1 2 3"), ("", "of the")], [0], negatives=[1]) == []
