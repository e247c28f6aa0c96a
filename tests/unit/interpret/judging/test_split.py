"""Which documents labels are made from, and which they are scored on."""

import numpy as np
import pytest

from saetui.core.codec import Codes, build_postings
from saetui.interpret.judging.split import HELD_OUT, restricted, split_documents
from saetui.interpret.terms.tokens import tokenize


def tokens(count):
    return tokenize(("", f"number{row} text{row}") for row in range(count))


def test_parts_are_disjoint_and_of_the_stated_size():
    split = split_documents(tokens(3_000), seed=0)
    assert not set(split.labelling) & set(split.held_out)
    assert len(split.labelling) + len(split.held_out) == 3_000
    assert len(split.held_out) / 3_000 == pytest.approx(HELD_OUT, abs=0.03)
    assert (np.diff(split.labelling) > 0).all()
    assert (np.diff(split.held_out) > 0).all()


def test_documents_keep_their_side_when_others_are_added():
    few, many = split_documents(tokens(300), seed=4), split_documents(tokens(600), seed=4)
    np.testing.assert_array_equal(few.held_out, many.held_out[many.held_out < 300])


def test_another_seed_splits_otherwise():
    one, other = (split_documents(tokens(300), seed) for seed in (0, 1))
    assert set(one.held_out) != set(other.held_out)


def test_repetitions_are_on_no_side():
    documents = [("", f"number{row} text{row}") for row in range(50)]
    split = split_documents(tokenize(documents + documents), seed=0)
    assert sorted([*split.labelling, *split.held_out]) == list(range(50))


def test_an_empty_corpus_has_two_empty_parts():
    split = split_documents(tokens(0), seed=0)
    assert len(split.labelling) == len(split.held_out) == 0


def test_restricted_postings_keep_order_and_numbers():
    rng = np.random.default_rng(0)
    indices = rng.integers(-1, 6, (40, 1)).astype(np.int32)
    values = np.where(indices < 0, 0, rng.uniform(0.1, 1, indices.shape)).astype(np.float32)
    postings = build_postings(Codes(indices, values, 7))
    rows = np.array([3, 4, 9, 20, 39], dtype=np.int32)
    seen = restricted(postings, rows)
    assert seen.n == 7
    for feature in range(7):
        all_rows, all_values = postings.documents(feature)
        keep = np.isin(all_rows, rows)
        np.testing.assert_array_equal(seen.documents(feature)[0], all_rows[keep])
        np.testing.assert_array_equal(seen.documents(feature)[1], all_values[keep])
