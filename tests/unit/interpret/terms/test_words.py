"""Which spellings are one word, and what a word may do."""

import pytest

from saetui.interpret.terms.words import (
    CONTENT,
    GENERIC,
    GENERIC_WORDS,
    MODIFIER,
    MODIFIERS,
    NUMBER,
    STOP,
    STOP_WORDS,
    kind_of,
    word_of,
)


@pytest.mark.parametrize(
    "forms",
    [
        ("galaxy", "galaxies", "Galaxy's", "GALAXIES"),
        ("star", "stars", "stars'", "Star\u2019s"),
        ("spectrum", "spectra"),
        ("nucleus", "nuclei"),
        ("nebula", "nebulae"),
        ("mass", "masses"),
        ("TDE", "TDEs"),
        ("disk", "discs"),
        ("renormalization", "renormalisation"),
        ("lens", "lenses"),
    ],
)
def test_forms_of_one_word(forms):
    assert len({word_of(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("gas", "gals"), ("analysis", "analyst"), ("focus", "fox"), ("class", "clas")],
)
def test_different_words(one, other):
    assert word_of(one) != word_of(other)


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [
        ("", STOP),
        ("The", STOP),
        ("propose", STOP),
        ("significantly", STOP),
        ("don\u2019t", STOP),
        ("family", CONTENT),
        ("fast", MODIFIER),
        ("supervised", MODIFIER),
        ("RED", CONTENT),
        ("speed", GENERIC),
        ("models", GENERIC),
        ("2015", NUMBER),
        ("0.5", NUMBER),
        ("2MASS", CONTENT),
        ("neutrino", CONTENT),
        ("\u661f", CONTENT),
    ],
)
def test_kinds(spelling, kind):
    assert kind_of(spelling) == kind


def test_no_word_is_in_two_lists():
    assert not STOP_WORDS & MODIFIERS
    assert not STOP_WORDS & GENERIC_WORDS
    assert not MODIFIERS & GENERIC_WORDS
