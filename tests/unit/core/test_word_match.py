"""Typed words find a text by how its words begin."""

import pytest

from saetui.core.word_match import matches, words_of


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


def test_a_word_inside_another_is_not_found() -> None:
    assert not matches("Microwaves", "wave")


def test_words_end_at_everything_but_letters_and_digits() -> None:
    assert words_of("Tidal_disruption-events, Straße 2D") == [
        *("tidal", "disruption", "events", "strasse", "2d")
    ]
