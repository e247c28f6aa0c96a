"""Which features may be members of families, and how they rank."""

import numpy as np

from saetui.core.codec import Codes, build_postings
from saetui.core.families import FamilyParameters
from saetui.interpret.families.building import clean_features, rank_features

PARAMETERS = FamilyParameters()


def test_clean_features_are_neither_rare_nor_everywhere():
    documents = np.array([0, 4, 5, 19, 20, 100])
    assert clean_features(documents, 100, PARAMETERS).tolist() == [2, 3]
    assert clean_features(documents, 0, PARAMETERS).tolist() == []


def test_ranks_go_by_frequency_then_activations_then_number():
    # Documents of features: 0 one, 1 two, 2 one, 3 none, 4 two (stronger at second place), 5 none.
    indices = np.array([[1, 4, 0], [4, 1, 2]], dtype=np.int32)
    values = np.array([[0.9, 0.9, 0.3], [0.8, 0.7, 0.2]], dtype=np.float32)
    ranks = rank_features(build_postings(Codes(indices, values, 6)))
    assert np.argsort(ranks).tolist() == [4, 1, 0, 2, 3, 5]


def test_activations_are_compared_as_numbers():
    indices = np.array([[0], [1], [2]], dtype=np.int32)
    values = np.array([[1e-3], [300.0], [2.0]], dtype=np.float32)
    assert rank_features(build_postings(Codes(indices, values, 3))).tolist() == [2, 0, 1]


def test_scores_exclude_features_and_missing_ones_do_not():
    documents = np.full(5, 10)
    f1 = np.array([0.8, 0.79, 0.9, np.nan, 0.9])
    pearson = np.array([0.8, 0.9, 0.79, np.nan, np.nan])
    found = clean_features(documents, 100, PARAMETERS, f1=f1, pearson=pearson)
    assert found.tolist() == [0, 3, 4]
    assert clean_features(documents, 100, PARAMETERS, f1=f1).tolist() == [0, 2, 3, 4]


def test_of_features_with_one_label_the_best_scored_is_clean():
    documents = np.array([10, 10, 11, 10, 10, 10, 10])
    labels = ["Stars", "stars", "STARS", "Gas", "", "", "Gas"]
    pearson = np.array([0.9, 0.95, 0.95, np.nan, 0.9, 0.9, 0.8])
    f1 = np.array([1.0, 0.9, 0.9, np.nan, 0.9, 0.9, 0.8])
    found = clean_features(documents, 100, PARAMETERS, f1=f1, pearson=pearson, labels=labels)
    assert found.tolist() == [2, 4, 5, 6]
    assert len(clean_features(documents, 100, PARAMETERS, labels=labels)) == 7
