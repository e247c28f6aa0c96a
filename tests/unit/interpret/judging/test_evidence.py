"""The documents for and against a feature, against brute force."""

import numpy as np
import pytest

from saetui.core.codec import Codes, build_postings
from saetui.interpret.judging.evidence import HARD_NEGATIVES, STRONGEST, Sample, gather_evidence
from saetui.interpret.judging.split import restricted


def corpus(documents=300, d=8, n=5, seed=3):
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(documents, d)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    indices = rng.integers(0, n - 1, (documents, 1)).astype(np.int32)  # The last feature is dead.
    indices[::3] = -1
    values = np.where(indices < 0, 0, rng.uniform(0.1, 1, indices.shape)).astype(np.float32)
    return embeddings.astype(np.float16), build_postings(Codes(indices, values, n))


def every(embeddings, **options):
    return Sample(embeddings, np.arange(len(embeddings), dtype=np.int32), **options)


def test_evidence_is_that_of_brute_force():
    embeddings, postings = corpus()
    x = embeddings.astype(np.float64)
    found = gather_evidence(postings, embeddings, every(embeddings))
    assert [each.feature for each in found] == [0, 1, 2, 3]
    for each in found:
        rows, activations = postings.documents(each.feature)
        strongest, weights = rows[:STRONGEST], activations[:STRONGEST] / activations[0]
        np.testing.assert_array_equal(each.rows, strongest)
        np.testing.assert_allclose(each.weights, weights, rtol=1e-6)
        centroid = weights @ x[strongest] / weights.sum()
        np.testing.assert_allclose(each.centroid, centroid, atol=1e-6)
        np.testing.assert_allclose(each.shift, centroid - x.mean(axis=0), atol=1e-6)
        others = np.setdiff1d(np.arange(len(x)), rows)
        nearest = others[np.argsort(-(x[others] @ centroid), kind="stable")][:HARD_NEGATIVES]
        np.testing.assert_array_equal(each.negatives, nearest)
        assert each.root_size == pytest.approx(weights.sum() / np.sqrt((weights**2).sum()))


def test_blocks_do_not_change_anything():
    embeddings, postings = corpus()
    whole = gather_evidence(postings, embeddings, every(embeddings))
    single = gather_evidence(postings, embeddings, every(embeddings), block_bytes=1)
    for one, other in zip(whole, single, strict=True):
        np.testing.assert_array_equal(one.negatives, other.negatives)
        np.testing.assert_allclose(one.shift, other.shift, rtol=1e-5)


def test_a_sample_of_a_large_corpus_is_spread_over_it():
    embeddings, postings = corpus(documents=301)
    sample = every(embeddings, most=100)
    assert sample.rows.tolist() == list(range(0, 301, 4))
    assert sample.places(np.array([0, 3, 4, 300], dtype=np.int32)).tolist() == [0, 1, 75]
    for each in gather_evidence(postings, embeddings, sample):
        assert set(each.negatives) <= set(sample.rows)
        assert not set(each.negatives) & set(postings.documents(each.feature)[0])


def test_documents_outside_the_sample_are_not_evidence():
    embeddings, postings = corpus()
    rows = np.arange(1, 300, 2, dtype=np.int32)
    seen = restricted(postings, rows)
    for each in gather_evidence(seen, embeddings, Sample(embeddings, rows)):
        assert set(each.rows) <= set(rows)
        assert set(each.negatives) <= set(rows)
        assert not set(each.negatives) & set(postings.documents(each.feature)[0])


def test_the_covariance_is_that_of_numpy():
    embeddings, _ = corpus()
    expected = np.cov(embeddings.astype(np.float64), rowvar=False, bias=True)
    np.testing.assert_allclose(every(embeddings).covariance(), expected, atol=1e-6)


def test_a_feature_of_all_documents_has_no_negatives():
    embeddings, _ = corpus(documents=4)
    codes = Codes(np.zeros((4, 1), np.int32), np.ones((4, 1), np.float32), 1)
    (each,) = gather_evidence(build_postings(codes), embeddings, every(embeddings))
    assert len(each.negatives) == 0
