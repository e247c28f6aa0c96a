"""Foreign text cannot act on a terminal, and what is cut says so."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.text import visible, visible_line

# Characters that a terminal, a font or an encoder would act on, often beside plain ones.
HOSTILE = "\x00\x07\x08\x1b\x7f\x85\x9b\u061c\u200b\u200e\u202e\u2028\u2066\ud800\udfff\ufeff\r\n\t"
hostile_texts = st.text(
    st.one_of(st.sampled_from(HOSTILE), st.sampled_from("ab \u00e9\u4e00"), st.characters()),
    max_size=60,
)
steady = settings(derandomize=True, deadline=None, database=None)


def harmless(text: str, breaks: str) -> bool:
    return not any(
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or character in "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c"
        for character in text
        if character not in breaks
    )


@steady
@given(hostile_texts)
def test_no_control_character_is_left(text: str) -> None:
    assert harmless(visible(text), breaks="\n\t")
    assert harmless(visible_line(text), breaks="")
    visible(text).encode("utf-8")


@steady
@given(hostile_texts)
def test_making_visible_twice_changes_nothing_more(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert visible_line(visible_line(text)) == visible_line(text)
    assert visible_line(visible(text)) == visible_line(text)


@steady
@given(hostile_texts, st.integers(1, 80))
def test_a_line_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    line = visible_line(text, limit)
    assert len(line) <= limit
    assert visible_line(line, limit) == line
    whole = visible_line(text)
    assert line == whole or (line.endswith("\u2026") and whole.startswith(line[:-1]))


@steady
@given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=40))
def test_plain_text_stays_as_it_is(text: str) -> None:
    kept = "".join(c for c in text if c not in "\ufe0f\u034f")
    assert visible(kept) == kept
    assert visible_line(kept) == kept


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\u241b[31mb"),
        ("a\x00b\x7f", "a\u2400b\u2421"),
        ("\x9b2J", "<U+009B>2J"),
        ("\u202eabc", "<U+202E>abc"),
        ("\u2066abc\u2069", "<U+2066>abc<U+2069>"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("so\u00adft zero\u200bwidth \ufeffmark", "soft zerowidth mark"),
        ("old\u206b format", "old format"),
        ("one\r\ntwo\rthree\x85four\u2028five", "one\ntwo\nthree\nfour\nfive"),
    ],
)
def test_what_is_dangerous_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_white_space_is_folded_on_a_line() -> None:
    assert visible_line("  a\t b\r\n\u2028 c\u00a0\u3000d ") == "a b c d"


def test_a_cut_says_so() -> None:
    assert visible_line("abcdef", 6) == "abcdef"
    assert visible_line("abcdefg", 6) == "abcde\u2026"
    assert visible_line("ab", 1) == "\u2026"


def test_a_cut_says_so_when_only_invisible_characters_come_before_it() -> None:
    assert visible_line("a" + "\u200b" * 100 + "end", 10) == "a\u2026"


def test_a_line_made_of_a_huge_text_is_cheap() -> None:
    assert len(visible_line("\x1b" * 2_000_000, 80)) == 80
