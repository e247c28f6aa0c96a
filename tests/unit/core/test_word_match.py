"""Typed words find a text by how its words begin."""

import pytest

from saetui.core.words import matches, words_of


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("grav", True),
        ("WAVES grav", True),
        ("grav wav", True),
        ("ravitational", False),
        ("wave micro", False),
        ("", True),
        ("...", True),
        ("gravitational-waves", True),
    ],
)
def test_each_typed_word_begins_a_word(typed: str, found: bool) -> None:
    assert matches("Gravitational waves (LIGO)", typed) is found


def test_words_without_spaces_between_them_are_found_anywhere() -> None:
    assert matches("\u623f\u5730\u4ea7\u5e02\u573a (PDF)", "\u5e02\u573a pdf")
    assert not matches("\u623f\u5730\u4ea7\u5e02\u573a", "\u75ab\u82d7")


def test_a_word_inside_another_is_not_found() -> None:
    assert not matches("Microwaves", "wave")


def test_words_end_at_everything_but_letters_and_digits() -> None:
    assert words_of("Tidal_disruption-events, Straße 2D") == [
        *("tidal", "disruption", "events", "strasse", "2d")
    ]
