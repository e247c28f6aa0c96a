"""Filters as text: what is written is what is meant, and what is meant can be written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.document_filter import EVERYTHING, DocumentFilter
from saetui.errors import InputError
from saetui.session.search.filter_text import format_filter, parse_filter

values = st.text(min_size=1, max_size=12)
filters = st.builds(
    DocumentFilter,
    after=st.sampled_from(["", "2019", "2019-03"]),
    before=st.sampled_from(["", "2021-12-31"]),
    categories=st.lists(values, max_size=2).map(tuple),
    where=st.lists(
        st.tuples(st.one_of(values, st.sampled_from(["after", "has"])), st.text(max_size=8)),
        max_size=2,
    ).map(tuple),
    having=st.lists(st.integers(0, 99), max_size=2).map(tuple),
    lacking=st.lists(st.integers(0, 99), max_size=2).map(tuple),
)


@given(filters)
def test_a_filter_comes_back_from_its_text(wanted: DocumentFilter) -> None:
    assert parse_filter(format_filter(wanted), int) == wanted


def test_every_word_is_understood() -> None:
    names = {"Tidal disruption": 3, "12": 12}
    text = 'after:2019 category:cs.LG  has:"Tidal disruption" without:12 "journal ref":"A: b" x:y'
    wanted = DocumentFilter(
        "2019", "", ("cs.LG",), (("journal ref", "A: b"), ("x", "y")), (3,), (12,)
    )
    assert parse_filter(text, names.__getitem__) == wanted
    assert parse_filter("  ", int) == EVERYTHING


@pytest.mark.parametrize("text", ["2019", "after:", 'a:"b', ":x", 'a:b"c"', "after:1 after:2"])
def test_what_is_no_filter_is_told(text: str) -> None:
    with pytest.raises(InputError):
        parse_filter(text, int)
