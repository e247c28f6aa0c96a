"""Passages are whole sentences, short enough, and leave out nothing."""

from hypothesis import given
from hypothesis import strategies as st

from saetui.core.words import cut, first_words, length

SENTENCES = st.lists(
    st.text("ab \u6f22", min_size=1, max_size=12).map(lambda text: f"{text}. "), max_size=12
)


@given(SENTENCES, st.integers(1, 8))
def test_every_word_is_in_a_passage_that_is_short_enough(parts: list[str], longest: int) -> None:
    text = "".join(parts)
    passages = cut(text, longest)
    seen = set[int]()
    for start, stop in passages:
        assert text[start:stop].strip()
        assert length(text[start:stop]) <= longest
        seen.update(range(start, stop))
    missed = [
        place for place in range(len(text)) if place not in seen and not text[place].isspace()
    ]
    assert not "".join(missed).strip()
    assert passages == sorted(passages)


def test_sentences_stay_whole_and_a_short_last_one_is_repeated() -> None:
    text = "One two three four. Five six seven eight. Ten. Eleven twelve thirteen fourteen."
    found = [text[start:stop].strip() for start, stop in cut(text, 9)]
    assert found == [
        "One two three four. Five six seven eight. Ten.",
        "Ten. Eleven twelve thirteen fourteen.",
    ]
    assert cut("Short.", 100) == [(0, 6)]
    assert cut(" \n", 100) == []


@given(st.text("ab \u4e00\u3042.", max_size=60), st.integers(1, 20))
def test_first_words_are_as_long_as_asked(text: str, count: int) -> None:
    end = first_words(text, count)
    assert length(text[:end]) <= count
    # More of it would be longer, unless that is all.
    assert length(text[:end]) == count or length(text) <= count
