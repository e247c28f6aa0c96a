"""Sentences cover a text and do not overlap; abbreviations and numbers do not end them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.words import sentences

texts = st.text(st.sampled_from("abZ9 .!?\n\"'()\u3002\u2019"), max_size=80)


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(texts)
def test_every_letter_is_in_exactly_one_sentence(text: str) -> None:
    spans = sentences(text)
    assert all(start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    covered = "".join(text[start:end] for start, end in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(part == part.strip() for part in split(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        (
            "J. Smith et al. (2019) see Fig. 3. Then z.",
            ["J. Smith et al. (2019) see Fig. 3.", "Then z."],
        ),
        ("It is 3.5 sigma, e.g. more. So what", ["It is 3.5 sigma, e.g. more.", "So what"]),
        ('He asks "why?" and "who?" Nobody knows.', ['He asks "why?" and "who?"', "Nobody knows."]),
        ("A heading\n\nA paragraph", ["A heading", "A paragraph"]),
        ("\u4e00\u3002\u4e8c\u3002", ["\u4e00\u3002", "\u4e8c\u3002"]),
        ("", []),
    ],
)
def test_examples(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_a_text_without_marks_is_cut() -> None:
    parts = split("word " * 1_000)
    assert len(parts) > 5
    assert max(map(len, parts)) <= 600
