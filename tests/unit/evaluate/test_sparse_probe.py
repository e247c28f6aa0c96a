import numpy as np
import pytest

from saetui.core.codec import Codes, Postings, build_postings
from saetui.evaluate.sparse_probe import auc, sparse_probe

N, FEATURES = 600, 25


def postings_with(random: np.random.Generator, told: np.ndarray) -> Postings:
    """Postings in which features 0 and 1 share out what is told, and the others are noise."""
    indices = np.array([2 + random.choice(FEATURES - 2, 4, replace=False) for _ in range(N)])
    half = random.random(N) < 0.5
    indices[told & half, 0] = 0
    indices[told & ~half, 1] = 1
    values = random.random(indices.shape) + 0.5
    return build_postings(Codes(indices.astype(np.int32), values.astype(np.float32), FEATURES))


def test_the_features_that_tell_are_chosen_and_two_are_better_than_one() -> None:
    random = np.random.default_rng(0)
    told = random.random(N) < 0.4
    postings = postings_with(random, told)
    one, two, many = sparse_probe(postings, told, sizes=(1, 2, 10))
    assert {*two.chosen} == {0, 1}
    assert two.mean > 0.99
    assert one.mean < 0.85
    assert many.mean > 0.95
    assert len(two.scores) == 3


def test_numbers_are_scored_by_r2_where_they_are_known() -> None:
    random = np.random.default_rng(1)
    told = random.random(N) < 0.4
    postings = postings_with(random, told)
    numbers = np.where(told, 5.0, 1.0) + random.normal(size=N)
    numbers[:100] = np.nan
    (two,) = sparse_probe(postings, numbers, sizes=(2,))
    # Of the variance of 16 * 0.24 + 1, noise is 1, and activations vary, too.
    assert 0.65 < two.mean < 0.79


def test_what_nothing_tells_is_not_predicted() -> None:
    random = np.random.default_rng(2)
    postings = postings_with(random, random.random(N) < 0.4)
    target = random.random(N) < 0.3
    scores = sparse_probe(postings, target, embeddings=random.normal(size=(N, 8)))
    assert all(0.35 < score.mean < 0.65 for score in scores)
    assert [score.features for score in scores] == [5, 10, 20, 0]
    numbers = sparse_probe(postings, random.normal(size=N))
    assert all(score.mean < 0.05 for score in numbers)


def test_the_embedding_is_scored_on_the_same_documents() -> None:
    random = np.random.default_rng(3)
    told = random.random(N) < 0.5
    embeddings = random.normal(size=(N, 8)).astype(np.float16)
    embeddings[:, 3] += 6 * told
    *_, whole = sparse_probe(
        postings_with(random, told), told, embeddings=embeddings, sizes=(2,), most=200
    )
    assert whole.features == 0
    assert whole.mean > 0.98


def test_only_documents_that_take_part_count() -> None:
    random = np.random.default_rng(4)
    told = random.random(N) < 0.4
    postings, among = postings_with(random, told), random.random(N) < 0.5
    turned = np.where(among, told, ~told)
    (score,) = sparse_probe(postings, turned, among=among, sizes=(2,))
    assert score.mean > 0.99


def test_too_few_documents_are_refused() -> None:
    random = np.random.default_rng(5)
    told = np.zeros(N, dtype=bool)
    told[0] = True
    with pytest.raises(ValueError, match="too few"):
        sparse_probe(postings_with(random, told), told)


def test_auc_counts_ties_as_half() -> None:
    scores, yes = np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, True, False, True])
    assert auc(scores, yes) == pytest.approx(3.5 / 4)


def test_passages_of_a_paper_do_not_give_each_other_away() -> None:
    """Each paper has a feature of its own, which says nothing of other papers."""
    random = np.random.default_rng(6)
    papers = np.arange(N) // 10
    told = (random.random(N // 10) < 0.5)[papers]
    codes = Codes(papers.astype(np.int32)[:, None], np.ones((N, 1), np.float32), N // 10)
    postings = build_postings(codes)
    (leaking,) = sparse_probe(postings, told, sizes=(N // 10,))
    (apart,) = sparse_probe(postings, told, papers=papers.astype(np.int64), sizes=(N // 10,))
    assert leaking.mean > 0.9
    assert apart.mean == pytest.approx(0.5, abs=0.01)
