import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from saetui.core.codec import Codes
from saetui.core.topics import find_topics, merge, normalised_information, purity

N, FEATURES, D = 400, 12, 8


def corpus(seed: int = 0) -> tuple[Codes, NDArray[np.float32], NDArray[np.int64]]:
    """Documents of four classes, each with three features of similar direction."""
    random = np.random.default_rng(seed)
    true = random.integers(0, 4, N)
    centres = random.normal(size=(4, D))
    directions = np.repeat(centres, 3, axis=0) + 0.2 * random.normal(size=(FEATURES, D))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    indices = np.full((N, 3), -1, np.int32)
    indices[:, 0] = 3 * true + random.integers(0, 3, N)
    noisy = random.random(N) < 0.5
    indices[noisy, 1] = (indices[noisy, 0] + 1) % FEATURES
    values = np.where(indices >= 0, [1.0, 0.3, 0.0], 0.0).astype(np.float32)
    return Codes(indices, values, FEATURES), directions.astype(np.float32), true


def test_topics_are_the_classes_that_features_tell_apart() -> None:
    codes, directions, true = corpus()
    found = find_topics(codes, directions, 4)
    assert purity(found.topics, true) > 0.97
    assert normalised_information(found.topics, true) > 0.9
    assert found.sizes.sum() == N
    assert list(found.sizes) == sorted(found.sizes, reverse=True)
    assert found.strengths.min() > -1
    assert found.strengths.max() <= 1.0001


def test_the_same_is_found_again_and_each_document_has_its_nearest_topic() -> None:
    codes, directions, _ = corpus(1)
    one, two = find_topics(codes, directions, 3), find_topics(codes, directions, 3)
    assert np.array_equal(one.topics, two.topics)
    dense = np.zeros((N, FEATURES), np.float32)
    for row in range(N):
        for feature, value in zip(codes.indices[row], codes.values[row], strict=True):
            if feature >= 0:
                dense[row, feature] += value**0.75
    said = dense @ directions - one.mean
    said /= np.linalg.norm(said, axis=1, keepdims=True)
    assert np.array_equal(np.argmax(said @ one.centres.T, axis=1), one.topics)


def groups(seed: int) -> tuple[Codes, NDArray[np.float32], NDArray[np.int64]]:
    """Documents of 12 groups, each of which has four features of unequal frequency."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(12, 24))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    directions = np.repeat(centres, 4, axis=0) + 0.7 * random.normal(size=(48, 24)) / np.sqrt(24)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    first = random.choice(48, 1_200, p=random.dirichlet(np.full(48, 2.0)))
    second = random.integers(0, 48, 1_200)
    indices = np.stack([first, np.where(second == first, -1, second)], axis=1).astype(np.int32)
    values = np.where(indices >= 0, [1.0, 0.4], 0.0).astype(np.float32)
    return Codes(indices, values, 48), directions.astype(np.float32), first // 4


def test_small_clusters_are_merged_into_the_groups_that_there_are() -> None:
    """K-means alone splits some groups and joins others: its mean is below 0.95 here."""
    agreement = []
    for seed in range(6):
        codes, directions, true = groups(seed)
        found = find_topics(codes, directions, 12)
        assert len(found.sizes) == 12
        agreement.append(normalised_information(found.topics, true))
    assert np.mean(agreement) > 0.965


def test_merging_is_wards() -> None:
    random = np.random.default_rng(2)
    points = random.normal(size=(60, 3)).astype(np.float32)
    found = merge(points, np.arange(60), 5)
    expected = fcluster(linkage(points, "ward"), 5, "maxclust")
    assert normalised_information(found, expected.astype(np.int64) - 1) == pytest.approx(1)


def test_agreement_is_measured() -> None:
    true = np.array([0, 0, 1, 1])
    assert purity(np.array([0, 0, 0, 1]), true) == 0.75
    assert normalised_information(true, 1 - true) == pytest.approx(1)
    assert normalised_information(np.array([0, 1, 0, 1]), true) == pytest.approx(0)


def test_few_documents_make_few_topics() -> None:
    codes = Codes(np.array([[0], [0]], np.int32), np.ones((2, 1), np.float32), 2)
    assert len(find_topics(codes, np.eye(2, dtype=np.float32), 30).sizes) == 1
    empty = Codes(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32), 2)
    assert not len(find_topics(empty, np.eye(2, dtype=np.float32), 3).topics)
