"""Documents by their words alone."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from saetui.interpret.judging.word_space import WIDTH, WordSpace, _principal_axes
from saetui.interpret.terms.tokens import tokenize

TEXTS = (
    ["The quasar jet. A radio jet of the quasar."] * 3
    + ["A blazar jet at radio wavelengths."] * 3
    + ["The comet tail. Dust in the comet tail."] * 3
    + ["A comet of ice and dust."] * 3
)
ROWS = np.arange(len(TEXTS), dtype=np.int32)


@pytest.fixture(scope="module")
def space():
    return WordSpace(tokenize(("", text) for text in TEXTS), ROWS, seed=0)


def coverage(space, *queries):
    return (space.queries(queries) @ space.saturated.T).toarray()


def test_a_query_is_covered_by_documents_with_all_its_words(space):
    (scores,) = coverage(space, "Quasar jets")
    assert scores[:3].min() > scores[3:6].max() > 0
    assert scores[6:].max() == 0


def test_each_word_counts_by_its_rarity(space):
    weights = space.queries(["quasar comet"]).toarray().ravel()
    assert weights.sum() == pytest.approx(1)
    rarer, commoner = sorted(weights[weights > 0], reverse=True)
    assert rarer > commoner  # Of twelve documents three have quasars, six comets.


def test_compounds_fall_apart_and_unknown_words_count_for_nothing(space):
    together, apart, unknown = space.queries(["quasar-jet", "quasar jet", "tokamak"]).toarray()
    np.testing.assert_array_equal(together, apart)
    assert unknown.sum() == 0
    assert not space.query_vectors(space.queries(["tokamak"])).any()


def test_words_used_alike_are_alike(space):
    narrow = WordSpace(tokenize(("", text) for text in TEXTS), ROWS, seed=0, width=2)
    vectors = narrow.query_vectors(narrow.queries(["blazar", "quasar", "ice"]))
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.5
    np.testing.assert_allclose(np.linalg.norm(space.vectors, axis=1), 1, rtol=1e-5)


def test_only_the_rows_given_are_learnt_from():
    tokens = tokenize(("", text) for text in TEXTS)
    first = WordSpace(tokens, ROWS[:6], seed=0)
    assert first.queries(["comet"]).nnz == 0
    assert not first.vectors[6:].any()


def test_vectors_are_the_same_every_time_and_of_bounded_width():
    rng = np.random.default_rng(0)
    words = [f"w{number}" for number in range(400)]
    texts = [("", " ".join(rng.choice(words, 30))) for _ in range(900)]
    rows = np.arange(900, dtype=np.int32)
    one, same = (WordSpace(tokenize(texts), rows, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.vectors, same.vectors)
    assert one.vectors.shape == (900, WIDTH)


def test_a_corpus_without_words_has_empty_vectors():
    space = WordSpace(tokenize([("", "1 2 3"), ("", "!")]), np.arange(2, dtype=np.int32), seed=0)
    assert not space.vectors.any()
    assert space.queries(["anything"]).nnz == 0


def test_axes_are_those_of_the_singular_value_decomposition():
    rng = np.random.default_rng(0)
    matrix = csr_matrix(rng.normal(size=(60, 8)) @ rng.normal(size=(8, 40)))
    axes = _principal_axes(matrix, 8, seed=0)
    expected = np.linalg.svd(matrix.toarray())[2][:8].T
    np.testing.assert_allclose(np.abs(axes.T @ expected), np.eye(8), atol=1e-6)


def test_how_many_are_counted_at_once_changes_nothing():
    tokens = tokenize([("", text) for text in (*TEXTS, "", *TEXTS)])
    rows = np.arange(tokens.documents, dtype=np.int32)
    at_once = WordSpace(tokens, rows, seed=0)
    for size in (1, 3):
        in_parts = WordSpace(tokens, rows, seed=0, at_once=size)
        np.testing.assert_array_equal(in_parts.vectors, at_once.vectors)
        np.testing.assert_array_equal(in_parts.saturated.data, at_once.saturated.data)
        np.testing.assert_array_equal(in_parts.saturated.indices, at_once.saturated.indices)
