"""Documents about both: how far they show a feature, and what conditions make of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.codec import Codes, build_postings
from saetui.core.scores import Term
from saetui.core.steering import RATE, Shown, shown

# Feature 0 is active on documents 0 (strongest) and 2, feature 1 on none.
POSTINGS = build_postings(
    Codes(
        np.array([[0], [-1], [0], [-1]], dtype=np.int32),
        np.array([[0.8], [0], [0.2], [0]], dtype=np.float32),
        2,
    )
)
NAMED = Term(np.array([1, 2]), np.array([3.0, 6.0], dtype=np.float32))


def degrees(found: Shown) -> dict[int, float]:
    return dict(zip(found.rows.tolist(), found.degrees.tolist(), strict=True))


def logistic(x: float) -> float:
    return 1 / (1 + np.exp(-x))


def degree(activation: float = 0, label: float = 0, terms: float = 0) -> float:
    """`F` as the module's docstring has it."""
    p = logistic(-4.3 + 5 * label + 2.8 * terms + 1.4 * np.sqrt(activation))
    return float((p - logistic(-4.3)) / (1 - logistic(-4.3)))


def test_activation_words_of_the_label_and_terms_show_a_feature_together() -> None:
    assert degrees(shown(POSTINGS, 1, NAMED)) == pytest.approx({1: degree(0, 0.5), 2: degree(0, 1)})
    all_of_it = degrees(shown(POSTINGS, 0, NAMED, Term(np.array([2, 3]), NAMED.values)))
    assert all_of_it == pytest.approx(
        {0: degree(1), 1: degree(0, 0.5), 2: degree(0.25, 1, 0.5), 3: degree(0, 0, 1)}
    )
    assert max(all_of_it, key=lambda row: all_of_it[row]) == 2


def test_without_any_words_activation_shows_a_feature_by_its_root() -> None:
    assert degrees(shown(POSTINGS, 0)) == pytest.approx({0: 1.0, 2: 0.5})


def test_what_is_required_leaves_out_all_other_documents() -> None:
    term = shown(POSTINGS, 0).changed(1)
    assert term.elsewhere == -np.inf
    assert term.of(np.arange(4)).tolist() == pytest.approx(
        [0, -np.inf, RATE * np.log(0.5), -np.inf]
    )


def test_what_is_lowered_to_the_end_may_not_be_shown() -> None:
    term = shown(POSTINGS, 0).changed(-1)
    assert term.elsewhere == 0
    assert term.of(np.arange(4)).tolist() == pytest.approx([-np.inf, 0, RATE * np.log(0.5), 0])


@given(st.floats(-1, 1), st.floats(0.01, 0.5))
def test_a_larger_change_sets_documents_further_apart(change: float, more: float) -> None:
    found = shown(POSTINGS, 0)
    here, there = found.changed(change), found.changed(max(-1, min(1, change + more)))
    assert here.of(np.array([0]))[0] <= 0
    # What shows the feature gains on what does not, the higher the feature is raised.
    with np.errstate(invalid="ignore"):
        before, after = (np.diff(term.of(np.array([1, 0])))[0] for term in (here, there))
    assert np.isinf(after) or np.isinf(before) or after >= before - 1e-6


def test_no_change_changes_nothing() -> None:
    assert not shown(POSTINGS, 0, NAMED).changed(0.0).of(np.arange(4)).any()
