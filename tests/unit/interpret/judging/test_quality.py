"""Features without a label."""

import numpy as np
import pytest

from saetui.core.codec import Codes, build_postings
from saetui.core.features import DEAD, MIXED, ONE, RARE, TWO, WORD
from saetui.interpret.judging.quality import LabelEvidence, assess

N, D = 1_000, 24


@pytest.fixture(scope="module")
def corpus():
    """Features: 0 of like documents, 1 mixed, 2 rare, 3 on for half of all documents, 4 dead."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, D))
    indices = np.full((N, 2), -1)
    indices[:20, 0], indices[20:40, 0], indices[40:45, 0] = 0, 1, 2
    indices[:20, 1] = indices[200:680, 1] = 3
    x[:20, 0] += 9
    x[200:680, 1] += 9
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    values = np.where(indices >= 0, 1.0, 0.0).astype(np.float32)
    values[:20, 1] = 0.5
    return x.astype(np.float16), build_postings(Codes(indices.astype(np.int32), values, 5))


def test_every_feature_has_its_word(corpus):
    embeddings, postings = corpus
    found = assess(postings, embeddings)
    assert found.words == (ONE, MIXED, RARE, ONE, DEAD)
    assert found.density[3] == 0.5
    assert np.isnan(found.stability).all()


def test_cohesion_is_the_mean_cosine_over_the_corpus_mean(corpus):
    embeddings, postings = corpus
    x = embeddings.astype(np.float64)
    found = assess(postings, embeddings)
    for feature in range(4):
        rows = postings.documents(feature)[0][:20]
        centred = x[rows] - x.mean(axis=0)
        centred /= np.linalg.norm(centred, axis=1, keepdims=True)
        cosines = (centred @ centred.T)[np.triu_indices(len(rows), 1)]
        assert found.cohesion[feature] == pytest.approx(cosines.mean(), abs=1e-4)
    assert np.isnan(found.cohesion[4])


def test_documents_drawn_at_random_have_none(corpus):
    embeddings, _ = corpus
    rows = np.random.default_rng(1).choice(N, 20, replace=False)
    indices = np.full((N, 1), -1, dtype=np.int32)
    indices[rows] = 0
    postings = build_postings(Codes(indices, np.ones((N, 1), np.float32), 1))
    assert abs(assess(postings, embeddings).cohesion[0]) < 0.1


def test_stability_is_passed_on(corpus):
    embeddings, postings = corpus
    stability = np.linspace(0, 1, 5, dtype=np.float32)
    np.testing.assert_allclose(assess(postings, embeddings, stability).stability, stability)


def test_an_empty_corpus_has_dead_features_only():
    postings = build_postings(Codes(np.empty((0, 1), np.int32), np.empty((0, 1), np.float32), 2))
    found = assess(postings, np.empty((0, 4), np.float16))
    assert found.words == (DEAD, DEAD)


def test_a_loose_feature_whose_label_is_rarely_true_is_not_one_concept(corpus):
    embeddings, _ = corpus
    loose = np.random.default_rng(1).choice(N, 40, replace=False)
    indices = np.full((N, 1), -1, dtype=np.int32)
    indices[loose] = 0
    scattered = build_postings(Codes(indices, np.ones((N, 1), np.float32), 1))

    def word(true: float, near: float, named: float, double: bool) -> str:
        figures = (np.array([each]) for each in (true, near, named))
        told = LabelEvidence(*figures, np.array([double]))
        return assess(scattered, embeddings, None, told).words[0]

    assert word(0.0, 0.0, 0.9, False) == WORD
    assert word(0.0, 0.0, 0.9, True) == TWO
    assert word(0.0, 0.0, 0.1, True) == MIXED
    assert word(0.9, 0.0, 0.9, False) == ONE
    assert word(0.4, 0.0, 0.9, False) == WORD
    assert word(0.4, 0.9, 0.9, False) == ONE


def test_the_strongest_feature_of_its_documents_is_rather_one_concept():
    x = np.random.default_rng(2).normal(size=(N, D))
    # A mean cosine of about .2, too little to tell.
    x[:40, 0] += 3.2
    indices, values = np.full((N, 2), -1, dtype=np.int32), np.zeros((N, 2), np.float32)
    indices[:40], values[:40] = (0, 1), (2.0, 1.0)
    embeddings = x / np.linalg.norm(x, axis=1, keepdims=True)
    found = assess(build_postings(Codes(indices, values, 2)), embeddings)
    assert found.cohesion[0] == found.cohesion[1]
    assert found.words == (ONE, MIXED)
