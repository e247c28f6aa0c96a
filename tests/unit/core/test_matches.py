"""Recurrent, split, novel and lost features."""

import numpy as np

from saetui.core.matches import Matches, compare


def matches(nearest, cosines):
    features = np.array(nearest, dtype=np.int32)[:, None]
    return Matches(
        features,
        np.array(cosines, dtype=np.float32)[:, None],
        np.zeros_like(features),
    )


def test_each_feature_is_sorted_by_what_became_of_it():
    # Small 0 recurs as 3; small 1 splits into 4 and 0; small 2 is lost; large 1 is novel, 2 dead.
    found = compare(
        matches([1, 2, 0, 0, 1], [0.6, 0.4, 0.9, 0.9, 0.8]),
        np.array([10, 10, 10]),
        np.array([5, 5, 0, 5, 5]),
    )
    assert found.recurrent == ((0, 3),)
    assert found.split == {1: (4, 0)}
    assert found.novel == (1,)
    assert found.lost == (2,)
    assert found.inactive == (2,)


def test_the_least_cosine_decides_and_is_included():
    nearest = matches([0, 0], [0.5, 0.75])
    counts = np.array([3]), np.array([3, 3])
    assert compare(nearest, *counts, least_cosine=0.5).split == {0: (1, 0)}
    assert compare(nearest, *counts, least_cosine=0.75).recurrent == ((0, 1),)
    assert compare(nearest, *counts, least_cosine=0.9).novel == (0, 1)


def test_small_features_without_documents_have_no_matches():
    found = compare(matches([0], [0.9]), np.array([0]), np.array([3]))
    assert (found.recurrent, found.novel, found.lost) == ((), (0,), ())


def test_every_active_feature_is_counted_once():
    rng = np.random.default_rng(0)
    large, small = rng.integers(0, 3, 200), rng.integers(0, 3, 50)
    found = compare(matches(rng.integers(0, 50, 200), rng.uniform(0, 1, 200)), small, large)
    split = [feature for features in found.split.values() for feature in features]
    recurrent = [feature for _, feature in found.recurrent]
    assert sorted([*split, *recurrent, *found.novel, *found.inactive]) == list(range(200))
    kept = [*found.split, *(feature for feature, _ in found.recurrent), *found.lost]
    assert sorted(kept) == np.flatnonzero(small).tolist()
