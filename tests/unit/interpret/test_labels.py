"""How names are made to read well and to differ."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.interpret.labels import (
    LONGEST_LABEL,
    abbreviates,
    completed,
    contains,
    distinct_names,
    distinct_terms,
    key_of,
    sentence_case,
    shorten,
)


def test_keys_ignore_case_hyphens_and_number():
    assert key_of("Gamma-ray bursts") == key_of("gamma ray burst") == ("gamma", "ray", "burst")
    assert key_of("gamma ray") != key_of("ray gamma")


def test_containing_is_about_whole_runs_of_words():
    assert contains(("a", "b", "c"), ("b", "c"))
    assert contains(("a",), ("a",))
    assert not contains(("a", "b", "c"), ("a", "c"))
    assert not contains(("b",), ("a", "b"))


@pytest.mark.parametrize(
    ("short", "term", "expected"),
    [
        ("TDEs", "tidal disruption events", True),
        ("GRB", "gamma-ray burst", True),
        ("AGN", "active galactic nuclei", True),
        ("S", "stars", False),
        ("tde", "tidal disruption events", False),
        ("TDE", "tidal disruption", False),
    ],
)
def test_abbreviations_are_recognised_by_their_initials(short, term, expected):
    assert abbreviates(short, term) is expected


@pytest.mark.parametrize(
    ("term", "cased"),
    [
        ("tidal disruption events", "Tidal disruption events"),
        ("k-means", "K-means"),
        ("odd-Z elements", "Odd-Z elements"),
        ("eROSITA survey", "eROSITA survey"),
        ("X-ray binaries", "X-ray binaries"),
        ("21 cm line", "21 cm line"),
        ("", ""),
    ],
)
def test_sentence_case_keeps_capitals_of_its_own(term, cased):
    assert sentence_case(term) == cased


def test_terms_of_a_feature_do_not_repeat_each_other():
    terms = ["black hole", "supermassive black holes", "hole", "SBH", "TDEs", "jets", "jet"]
    assert distinct_terms(terms, 3) == ("black hole", "SBH", "TDEs")
    assert distinct_terms(["tidal disruption events", "TDEs"], 3) == ("tidal disruption events",)
    assert distinct_terms([], 3) == ()


def test_the_stronger_feature_keeps_a_name_and_the_weaker_one_is_told_apart():
    ranked = [(["black holes", "jets"], 1.0), (["black hole", "accretion"], 2.0)]
    assert distinct_names(ranked) == ["Black holes, jets", "Black hole"]


def test_a_term_that_shares_a_word_or_abbreviates_stands_alone():
    ranked = [
        (["black holes"], 9.0),
        (["black holes", "supermassive black holes"], 8.0),
        (["primordial nebulae"], 7.0),
        (["primordial nebulae", "PN masses"], 6.0),
    ]
    assert distinct_names(ranked)[1::2] == ["Supermassive black holes", "PN masses"]


def test_features_of_equal_strength_choose_in_order():
    assert distinct_names([(["dust", "gas"], 1.0)] * 2) == ["Dust", "Dust, gas"]


def test_where_no_term_is_left_names_are_shared():
    assert distinct_names([(["dust"], 1.0)] * 2) == ["Dust", "Dust"]


def test_names_that_are_too_long_are_passed_over():
    endless = "spectra of " + "v" * LONGEST_LABEL
    ranked = [(["dust"], 3.0), (["dust", endless, "v" * 45, "gas"], 2.0), ([endless, "jets"], 1.0)]
    assert distinct_names(ranked) == ["Dust", "Dust, gas", "Jets"]


def test_a_term_that_is_too_long_is_cut_if_it_is_the_only_one():
    assert distinct_names([(["spectra of " + "v" * LONGEST_LABEL], 1.0)]) == ["Spectra of\u2026"]


TERM = st.text(alphabet="abAB- ", min_size=1, max_size=40).filter(lambda term: key_of(term) != ())
RANKED = st.lists(st.tuples(st.lists(TERM, min_size=1, max_size=4), st.floats(0, 9)), max_size=8)


@settings(deadline=None)
@given(RANKED)
def test_every_feature_gets_a_name_of_bounded_length(ranked):
    names = distinct_names(ranked)
    assert len(names) == len(ranked)
    assert all(0 < len(name) <= LONGEST_LABEL for name in names)


def test_shortened_text_ends_at_a_word():
    assert shorten("short enough") == "short enough"
    long = "A title that goes on, and on, for ever and then, some more words"
    assert shorten(long) == "A title that goes on, and on, for ever and then\u2026"
    assert len(shorten("\u661f" * 80)) == LONGEST_LABEL


def test_a_part_of_terms_iscompleted_by_the_shortest_that_is_nearly_as_good():
    scores = {"Bayesian": 10.0, "exact Bayesian inference": 9.5, "Bayesian inference": 8.0}
    parts = {"Bayesian", "exact"}
    assert next(iter(completed(scores, parts))) == "Bayesian inference"
    assert completed(scores, {"exact"}) == scores
    assert next(iter(completed({"Bayesian": 10.0, "Bayesian model": 5.0}, parts))) == "Bayesian"
    assert next(iter(completed({"NGC": 10.0, "NGC 4278": 9.0}, {"NGC"}))) == "NGC"
    assert completed({}, parts) == {}
