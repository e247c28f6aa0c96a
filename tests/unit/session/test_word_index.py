"""Texts are found by how their words begin, also after one of them changed."""

import re

from hypothesis import given
from hypothesis import strategies as st

from saetui.session.features.word_index import WordIndex

texts = st.lists(st.text("ab é-\n1", max_size=8), max_size=6)
beginnings = st.lists(st.text("abé1", min_size=1, max_size=3), max_size=3)


def naive(several: list[str], wanted: list[str]) -> list[bool]:
    return [
        all(any(word.startswith(each) for word in re.findall(r"\w+", text)) for each in wanted)
        for text in several
    ]


@given(several=texts, wanted=beginnings)
def test_texts_that_hold_all_are_found(several: list[str], wanted: list[str]) -> None:
    assert WordIndex(several).holding(wanted).tolist() == naive(several, wanted)


@given(several=texts.filter(bool), wanted=beginnings, data=st.data())
def test_a_text_becomes_another(several: list[str], wanted: list[str], data: st.DataObject) -> None:
    before = WordIndex(several)
    after, now = before, list(several)
    for _ in range(2):
        place = data.draw(st.integers(0, len(several) - 1))
        now[place] = data.draw(st.text("ab é1", max_size=8))
        after = after.replaced(place, now[place])
    assert after.holding(wanted).tolist() == naive(now, wanted)
    assert before.holding(wanted).tolist() == naive(several, wanted)
