"""Filters as text: what is written is what is meant, and what is meant can be written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.document_filter import EVERYTHING, SIGNS, Comparison, DocumentFilter
from saetui.errors import InputError
from saetui.session.search.request_text import format_filter, parse_filter

values = st.text(min_size=1, max_size=12)
filters = st.builds(
    DocumentFilter,
    after=st.sampled_from(["", "2019", "2019-03"]),
    until=st.sampled_from(["", "2021-12-31", "2020", "2020-12"]),
    categories=st.lists(values, max_size=2).map(tuple),
    where=st.lists(
        st.tuples(st.one_of(values, st.sampled_from(["after", "has"])), st.text(max_size=8)),
        max_size=2,
    ).map(tuple),
    having=st.lists(st.integers(0, 99), max_size=2).map(tuple),
    lacking=st.lists(st.integers(0, 99), max_size=2).map(tuple),
    active=st.lists(st.integers(0, 99), max_size=2).map(tuple),
    compared=st.lists(
        st.builds(
            Comparison,
            st.one_of(values, st.just("has")),
            st.sampled_from(SIGNS),
            st.one_of(st.sampled_from(["3", "-2.5", "2019-03"]), values),
        ),
        max_size=2,
    ).map(tuple),
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


def test_comparisons_ranges_and_dates() -> None:
    text = (
        'stars>3 price <= 10 author.name=Ada citations:10..100 pages:5.. year:2019..2021 a:"1..2"'
    )
    assert parse_filter(text, int) == DocumentFilter(
        where=(("author.name", "Ada"), ("a", "1..2")),
        compared=(
            Comparison("stars", ">", "3"),
            Comparison("price", "<=", "10"),
            Comparison("citations", ">=", "10"),
            Comparison("citations", "<=", "100"),
            Comparison("pages", ">=", "5"),
            Comparison("year", ">=", "2019"),
            Comparison("year", "<=", "2021"),
        ),
    )
    # What lies before a year, month or day ends with the one before it.
    for written, until in (("2026", "2025"), ("2026-03", "2026-02"), ("2026-01-01", "2025-12-31")):
        assert parse_filter(f"before:{written}", int) == DocumentFilter(until=until)
        assert format_filter(DocumentFilter(until=until)) == f"before:{written}"


@pytest.mark.parametrize(
    "text",
    ["2019", "after:", 'a:"b', ":x", 'a:b"c"', "after:1 after:2", "after>2019", "before:2019-13"],
)
def test_what_is_no_filter_is_told(text: str) -> None:
    with pytest.raises(InputError):
        parse_filter(text, int)


def test_fields_of_this_corpus_are_named() -> None:
    with pytest.raises(InputError, match="fields of these documents are price, stars") as raised:
        parse_filter("stars", int, lambda: ("price", "stars"))
    assert "stars>3" in raised.value.hint
