import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from saetui.embed.protocol import checked_query, encodable, unit_row, unit_rows
from saetui.errors import EmbedderError, InputError

_FINITE = st.floats(-1e4, 1e4, width=16).filter(lambda x: x == 0 or abs(x) > 1e-3)


@given(arrays(np.float16, (3, 5), elements=_FINITE))
def test_rows_keep_their_direction_and_get_unit_norm(rows):
    rows[:, 0] = 1
    unit = unit_rows(rows, ["a", "b", "c"], "test")
    assert unit.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)
    norms = np.linalg.norm(rows.astype(float), axis=1, keepdims=True)
    np.testing.assert_allclose(unit * norms, rows, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_extreme_norms_neither_vanish_nor_overflow(scale):
    row = unit_row(np.array([3, 4], np.float32) * np.float32(scale), "a", "test")
    np.testing.assert_allclose(row, [0.6, 0.8], rtol=1e-6)


def test_bad_rows_are_named():
    rows = np.ones((4, 2))
    rows[1, 0] = np.nan
    rows[3, 1] = np.inf
    with pytest.raises(EmbedderError, match=r"endpoint: .*finite in the vectors of b, d"):
        unit_rows(rows, list("abcd"), "endpoint")
    rows = np.ones((9, 2))
    rows[:7] = 0
    with pytest.raises(EmbedderError, match="zero for a, b, c, d, e and 2 more"):
        unit_rows(rows, list("abcdefghi"), "endpoint")


def test_the_input_is_left_alone_and_no_rows_are_fine():
    rows = np.full((2, 2), 2, np.float64)
    unit_rows(rows, ["a", "b"], "test")
    assert (rows == 2).all()
    assert unit_rows(np.empty((0, 3), np.float32), [], "test").shape == (0, 3)


@pytest.mark.parametrize("blank", ["", " ", "\n\t\u00a0"])
def test_a_blank_query_is_refused(blank):
    with pytest.raises(InputError, match="query is empty"):
        checked_query(blank)


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_every_text_becomes_encodable(text):
    cleaned = encodable(text)
    cleaned.encode()
    assert len(cleaned) == len(text)
