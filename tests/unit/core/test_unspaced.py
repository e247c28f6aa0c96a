"""Scripts without spaces between words, letter by letter."""

from hypothesis import given
from hypothesis import strategies as st

from saetui.core.words import letters_apart, search_parts

VACCINE = "\u75ab\u82d7"


def test_letters_and_pairs() -> None:
    assert letters_apart(f"a {VACCINE}, b") == "a  \u75ab \u82d7 , b"
    assert search_parts(VACCINE) == ["\u75ab \u82d7"]
    assert search_parts("\u65b0" + VACCINE) == ["\u65b0 \u75ab", "\u75ab \u82d7"]
    assert search_parts("\u75ab") == ["\u75ab"]
    assert search_parts("covid" + VACCINE) == ["covid", "\u75ab \u82d7"]
    # Triples of Thai letters, since two of them are in many words.
    assert search_parts("\u0e27\u0e31\u0e04\u0e0b") == [
        "\u0e27 \u0e31 \u0e04",
        "\u0e31 \u0e04 \u0e0b",
    ]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_letter_is_lost(text: str) -> None:
    assert "".join(letters_apart(text).split()) == "".join(text.split())
    assert "".join(search_parts(text)).replace(" ", "") or not text.strip()
