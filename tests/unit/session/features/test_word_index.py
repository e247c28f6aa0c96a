"""An index of words finds what the rule for single texts finds, also after a text changed."""

from hypothesis import given
from hypothesis import strategies as st

from saetui.core.words import matches
from saetui.session.features.lookup import WordIndex

# Of a script without spaces between words, what is typed may be anywhere in a word.
texts = st.lists(st.text("ab éA-_\n1暗物", max_size=8), max_size=6)
typed = st.text("abéA1 -暗物", max_size=8)


@given(several=texts, words=typed)
def test_the_index_finds_what_matches(several: list[str], words: str) -> None:
    assert WordIndex(several).matching(words).tolist() == [matches(each, words) for each in several]


@given(several=texts.filter(bool), words=typed, data=st.data())
def test_a_text_becomes_another(several: list[str], words: str, data: st.DataObject) -> None:
    before = WordIndex(several)
    after, now = before, list(several)
    for _ in range(2):
        place = data.draw(st.integers(0, len(several) - 1))
        now[place] = data.draw(st.text("ab é1暗物", max_size=8))
        after = after.replaced(place, now[place])
    assert after.matching(words).tolist() == [matches(each, words) for each in now]
    assert before.matching(words).tolist() == [matches(each, words) for each in several]
