"""Which phrases set documents apart, and how far the meaning of a term does."""

import numpy as np
import pytest

from saetui.errors import EmbedderError
from saetui.interpret.judging.evidence import Evidence
from saetui.interpret.terms.contrast import PhraseContrast, separations
from saetui.interpret.terms.phrases import find_phrases, spell
from saetui.interpret.terms.tokens import tokenize
from saetui.progress import Silent


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


VECTORS = {"along": [2.0, 0.0], "across": [0.0, 2.0], "between": [1.0, 1.0], "nowhere": [0.0, 0.0]}
COVARIANCE = np.diag([0.04, 0.01]).astype(np.float32)


def shifted(shift, weights=(1.0, 1.0, 1.0, 1.0)):
    none, origin = np.empty(0, dtype=np.int32), np.zeros(2, dtype=np.float32)
    rows = np.arange(len(weights), dtype=np.int32)
    return Evidence(0, rows, np.array(weights), none, np.array(shift, np.float32), origin)


def embed(terms):
    return np.array([VECTORS[term] for term in terms], dtype=np.float32)


def separated(terms, each, embed=embed, covariance=COVARIANCE):
    return separations({0: terms}, {0: each}, covariance, embed, Silent())


def test_shifts_are_measured_in_standard_errors():
    scores = separated(list(VECTORS), shifted([0.1, 0.1]))
    # Shift over spread times the root of four documents.
    assert scores[0, "along"] == pytest.approx(0.1 / 0.2 * 2)
    assert scores[0, "across"] == pytest.approx(0.1 / 0.1 * 2)
    assert scores[0, "between"] == pytest.approx(0.2 / np.sqrt(0.05) * 2)
    assert scores[0, "nowhere"] == 0


def test_unequal_weights_are_worth_fewer_documents():
    scores = separated(["along"], shifted([0.1, 0.0], weights=(1.0, 0.5)))
    assert scores[0, "along"] == pytest.approx(0.5 * 1.5 / np.sqrt(1.25))


def test_where_documents_do_not_differ_rounding_is_not_blown_up():
    noise = shifted([1e-7, -1e-7])
    scores = separated(["along", "across"], noise, covariance=np.zeros((2, 2), np.float32))
    assert all(abs(score) < 0.01 for score in scores.values())


def test_each_term_is_embedded_once_in_batches_by_alphabet():
    batches = []

    def noted(terms):
        batches.append(list(terms))
        return embed(terms)

    each = shifted([0.1, 0.1])
    terms = {0: ["between", "across"], 1: ["nowhere", "across"], 2: []}
    evidence = dict.fromkeys(range(3), each)
    scores = separations(terms, evidence, COVARIANCE, noted, Silent(), at_once=2)
    assert batches == [["across", "between"], ["nowhere"]]
    assert set(scores) == {(0, "between"), (0, "across"), (1, "nowhere"), (1, "across")}


@pytest.mark.parametrize(
    "returned",
    [np.zeros((1, 3)), np.zeros((2, 2)), np.zeros(2), np.full((1, 2), np.nan), np.empty((0, 2))],
)
def test_an_embedder_that_returns_something_else_is_refused(returned):
    with pytest.raises(EmbedderError, match="width 2"):
        separated(["along"], shifted([0.1, 0.1]), embed=lambda terms: returned)


def test_no_terms_need_no_embedder():
    assert separated([], shifted([0.1, 0.1]), embed=None) == {}
