"""A corpus as one row of numbers."""

import numpy as np

from saetui.interpret.terms.tokens import GAP, MAXIMUM_CHARACTERS, tokenize


def spelled(tokens, document):
    span = slice(int(tokens.starts[document]), int(tokens.starts[document + 1]))
    return [tokens.spellings[form] for form in tokens.forms[span]]


def test_titles_bodies_and_documents_are_kept_apart():
    tokens = tokenize([("A title", "One body."), ("", "X-ray (2MASS) \u2014 Kepler's 21.5 d")])
    assert tokens.documents == 2
    assert spelled(tokens, 0) == ["A", "title", "", "One", "body", "", ""]
    assert spelled(tokens, 1) == (["", "X-ray", "", "2MASS", "", "", "Kepler's", "21.5", "d", ""])
    bodies = [tokens.spellings[form] for form in tokens.forms[tokens.bodies]]
    assert bodies == ["One", "X-ray"]
    assert tokens.document_of(tokens.bodies).tolist() == [0, 1]
    assert tokens.forms[0] == tokens.forms[-1] == GAP


def test_forms_of_a_word_share_its_number():
    tokens = tokenize([("", "Star stars dust")])
    star, stars, dust = tokens.forms[tokens.bodies[0] : tokens.bodies[0] + 3]
    assert star != stars
    assert tokens.words[star] == tokens.words[stars] != tokens.words[dust]


def test_endless_words_and_long_texts_are_cut():
    tokens = tokenize([("", "x" * 41 + " " + "word " * 1_000_000)])
    assert "x" * 41 not in tokens.spellings
    assert np.count_nonzero(tokens.forms) < MAXIMUM_CHARACTERS / 5


def test_openings_are_titles_or_the_beginning_of_the_text():
    tokens = tokenize([(" A title ", "text"), ("  ", "text " * 100), ("", "")])
    assert tokens.openings[0] == "A title"
    assert tokens.openings[1] == ("text " * 100)[:200]
    assert tokens.openings[2] == ""


def test_an_empty_corpus_has_no_documents():
    tokens = tokenize([])
    assert tokens.documents == 0
    assert tokens.forms.tolist() == [GAP]


def test_the_tokens_of_some_documents_are_those_of_a_corpus_of_them():
    documents = [("A title", "One body."), ("", "second text"), ("Third", "a b c"), ("", "")]
    some = tokenize(documents).only(np.array([0, 2, 3]))
    alone = tokenize([documents[row] for row in (0, 2, 3)])
    assert [spelled(some, row) for row in range(3)] == [spelled(alone, row) for row in range(3)]
    np.testing.assert_array_equal(some.starts, alone.starts)
    np.testing.assert_array_equal(some.bodies, alone.bodies)
    assert some.openings == alone.openings
    assert some.forms[0] == some.forms[-1] == GAP


def test_of_documents_that_are_not_read_the_opening_is_kept():
    documents = [("One title", "one body"), ("Two title", "two body"), ("", "three body")]
    some = tokenize(documents, np.array([1], dtype=np.int32))
    assert some.openings == tokenize(documents).openings
    assert some.documents == 3
    assert some.spellings == ["", "Two", "title", "two", "body"]
    assert np.diff(some.starts).tolist() == [2, 6, 2]


def test_a_title_that_documents_share_is_read_once() -> None:
    shared = "On the Motion of Comets"
    found = tokenize([(shared, "Ice melts."), (shared, "Dust flies."), (shared, ""), ("Dust", "")])
    read = [
        [found.spellings[form] for form in found.forms[start:end].tolist() if form]
        for start, end in zip(found.starts, found.starts[1:], strict=False)
    ]
    assert read == [
        ["On", "the", "Motion", "of", "Comets", "Ice", "melts"],
        ["Dust", "flies"],
        ["On", "the", "Motion", "of", "Comets"],
        ["Dust"],
    ]
