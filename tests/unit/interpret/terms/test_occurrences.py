"""Names of a vocabulary in texts, found by all ways to write them."""

from hypothesis import given
from hypothesis import strategies as st

from saetui.interpret.terms.tokens import tokenize
from saetui.interpret.terms.vocabulary import Concept, Vocabulary
from saetui.interpret.terms.vocabulary_choice import find_names

VOCABULARY = Vocabulary(
    (
        Concept("Black holes"),
        Concept("Low-mass stars"),
        Concept("Dark matter haloes"),
        Concept("Active galactic nuclei", ("AGN", "Black holes")),
        Concept("Black hole spin"),
        Concept("Stars: general"),
    )
)


def said(*texts):
    found = find_names(tokenize(("", text) for text in texts), VOCABULARY)
    return [
        {VOCABULARY.concepts[place].name for place in found.members[start:end].tolist()}
        for start, end in zip(found.indptr[:-1], found.indptr[1:], strict=True)
    ]


def test_plurals_capitals_hyphens_and_alternatives_are_found():
    assert said(
        "A BLACK HOLE of low mass star formation",
        "dark-matter halos, and low-mass stars",
        "An AGN; active galactic nucleus",
        "black. hole spin",
        "the spin of stars",
        "black hole spins",
    ) == [
        {"Black holes", "Low-mass stars"},
        {"Dark matter haloes", "Low-mass stars"},
        {"Active galactic nuclei"},
        set(),
        set(),
        {"Black holes", "Black hole spin"},
    ]


def test_titles_and_bodies_are_told_apart():
    found = find_names(tokenize([("Black holes", "An AGN"), ("x", "y")]), VOCABULARY)
    assert found.members.tolist() == [0, 3]
    assert found.in_title.tolist() == [True, False]
    assert found.indptr.tolist() == [0, 2, 2]


WORDS = st.lists(st.sampled_from(["black", "hole", "spin", ".", "dark"]), max_size=12)


@given(st.lists(WORDS, max_size=4))
def test_as_a_plain_search_finds_them(documents):
    texts = [" ".join(words) for words in documents]
    expected = [
        {
            name
            for name, words in {
                "Black holes": "black hole",
                "Black hole spin": "black hole spin",
            }.items()
            if f" {words} " in f" {text} "
        }
        for text in texts
    ]
    assert said(*texts) == expected
