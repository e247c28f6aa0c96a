"""Which documents count for a feature, and of how many of them its label is true."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.codec import Codes, Postings, build_postings
from saetui.core.truth import STEPS, Truth, counted_codes, counted_of, counting, counts_of, stored


def postings_of(*activations: list[float]) -> Postings:
    """Features with these activations, strongest first, on documents 0, 1, ..."""
    sizes = [len(each) for each in activations]
    rows = np.concatenate([np.arange(size) for size in sizes]).astype(np.int32)
    values = np.concatenate([np.array(each, np.float32) for each in activations])
    return Postings(np.cumsum([0, *sizes]), rows, values)


def test_probable_documents_count_and_where_none_is_the_strongest_tenth() -> None:
    postings = postings_of([5, 4, 3, 2], [*range(11, 0, -1)], [])
    said = stored(np.array([0.1, 0.9, 0.5, 0.49, *[0.1, 0.49] * 5, 0.1]))
    counts = counting(postings, said)
    assert counts.tolist() == [False, True, True, False, True, True, *[False] * 9]


def test_a_share_is_the_mean_probability_of_what_counts() -> None:
    truth = Truth(postings_of([2, 1, 0.5], [], [1]), stored(np.array([0.8, 0.6, 0.1, 0.2])))
    first, none, weak = truth.shares()
    assert first is not None
    assert first.value == pytest.approx(0.7, abs=1 / STEPS)
    assert first.low < first.value < first.high
    assert first.sentence == "true of 7 in 10 (4 to 9)"
    assert none is None
    # One document is the strongest tenth, and its probability is shown as it is.
    assert weak is not None
    assert weak.value == pytest.approx(0.2, abs=1 / STEPS)


def test_a_reader_who_says_no_lowers_the_share_and_many_answers_narrow_it() -> None:
    truth = Truth(postings_of([1.0] * 40), stored(np.full(40, 0.6)))
    before = truth.shares()[0]
    assert before is not None
    shares = [truth.judged(0, dict.fromkeys(range(count), False)) for count in (0, 1, 8, 30)]
    values = [share.value for share in shares if share is not None]
    assert values[0] == pytest.approx(before.value)
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.15
    widths = [share.high - share.low for share in shares if share is not None]
    assert widths[-1] < widths[0] / 2
    # The last document is not of the feature, and tells nothing.
    yes = truth.judged(0, {**dict.fromkeys(range(8), True), 99: False})
    assert yes is not None
    assert yes.value > before.value


@given(seed=st.integers(0, 50), cut=st.floats(0, 1))
def test_codes_that_count_are_the_postings_that_count(seed: int, cut: float) -> None:
    random = np.random.default_rng(seed)
    n, documents, k = 7, 20, 3
    indices = np.array([random.permutation(n)[:k] for _ in range(documents)], np.int32)
    indices[random.random(indices.shape) < 0.2] = -1
    values = np.where(indices >= 0, random.random(indices.shape), 0).astype(np.float32)
    values[indices >= 0] += 0.1
    codes = Codes(indices, values, n)
    kept = build_postings(codes).where(random.random(int((indices >= 0).sum())) < cut)
    found = counted_codes(codes, kept)
    some = random.permutation(documents)[:6]
    counts = counts_of(some, codes, kept)
    assert np.array_equal(counted_of(some, codes, counts).values, found.values[some])
    half = counted_of(some, codes, counts, 0.5)
    assert np.array_equal(half.indices, codes.indices[some])
    assert np.allclose(half.values, (found.values[some] + codes.values[some]) / 2)
    assert np.array_equal(found.indices >= 0, found.values > 0)
    again = build_postings(found)
    assert np.array_equal(again.indptr, kept.indptr)
    assert np.array_equal(again.rows, kept.rows)
    assert np.array_equal(again.values, kept.values)
