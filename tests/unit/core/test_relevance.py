"""What a query asks about: which features come first, and what makes one probable."""

import math

import numpy as np
import pytest

from saetui.core.query_features import FIRST, SURE, Relevance, log_lift, probability


def relevance(chances: list[float], near: list[int]) -> Relevance:
    return Relevance(np.array(chances, dtype=np.float32), np.array(near, dtype=np.int64), 10)


def test_features_that_are_sure_come_first_even_if_only_near_documents_have_them() -> None:
    z = np.array([0.5, 0.1, 0, 0, 0.3], dtype=np.float32)
    asked = relevance([0.1, 0.9, 0.6, 0.99, 0.02], [3, 9, 8, 0, 1])
    # 3 is probable, but no near document has it, so nothing that is found speaks for it.
    assert asked.first(z)[:2] == [1, 2]
    assert set(asked.first(z)) == {0, 1, 2, 4}
    assert [asked.sure(i) for i in (1, 2, 0)] == [True, True, False]


def test_every_feature_that_the_query_activates_is_listed() -> None:
    z = np.full(40, 0.1, dtype=np.float32)
    assert sorted(relevance([0.0] * 40, [0] * 40).first(z)) == list(range(40))


def test_what_only_near_documents_have_and_is_not_sure_fills_up_the_first_places() -> None:
    z = np.zeros(40, dtype=np.float32)
    z[:2] = 0.2
    few = relevance([0.01, 0.02] + [0.05] * 38, [1] * 40)
    assert few.first(z) == [1, 0, *range(2, FIRST)]
    likely = relevance([0.01, 0.02] + [SURE - 0.01] * 38, [1] * 40)
    assert likely.first(z) == [*range(2, 2 + FIRST), 1, 0]
    many = relevance([SURE] * 20 + [0.3] * 20, [2] * 40)
    assert many.first(z) == list(range(20))


@pytest.mark.parametrize("argument", range(4))
def test_each_kind_of_evidence_makes_a_feature_more_probable(argument: int) -> None:
    some = [np.full(3, 0.1, dtype=np.float32) for _ in range(4)]
    some[argument] = np.array([0.0, 0.3, 0.9], dtype=np.float32)
    found = probability(*some)
    assert found[0] < found[1] < found[2]


def test_a_rare_feature_needs_more_than_one_document() -> None:
    near, everywhere = np.array([0.05, 0.6, 0.2]), np.array([0.0001, 0.02, 0.2])
    rare, common, usual = log_lift(near.astype(np.float32), everywhere.astype(np.float32)).tolist()
    assert rare < common
    assert usual == pytest.approx(0, abs=1e-6)
    assert common == pytest.approx(math.log(0.62 / 0.04), abs=1e-5)
