"""Names of features in other languages are words of content."""

import sys

import numpy as np
import pytest

from saetui.interpret.terms import segmenting
from saetui.interpret.terms.function_words import function_words, languages
from saetui.interpret.terms.phrases import find_phrases, spell
from saetui.interpret.terms.segmenting import words_apart
from saetui.interpret.terms.tokens import tokenize
from saetui.interpret.terms.words import STOP, STOP_WORDS

# "We study the black hole of a galaxy", "the vaccine prevents infection", in Chinese.
BLACK_HOLE, VACCINE = "\u9ed1\u6d1e", "\u75ab\u82d7"
CHINESE = f"\u6211\u4eec\u7814\u7a76\u4e86\u661f\u7cfb\u4e2d\u5fc3\u7684{BLACK_HOLE}\u3002"
JAPANESE = "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3092\u691c\u7d22\u3059\u308b"
FRENCH = "les galaxies de la nuit et les \u00e9toiles dans le ciel sont en marche"


def test_chinese_is_split_into_words() -> None:
    pytest.importorskip("jieba")
    assert BLACK_HOLE in words_apart(CHINESE).split()
    tokens = tokenize([("", CHINESE)] * 30)
    phrases = find_phrases(tokens)
    found = {spell(phrases, number) for number in range(len(phrases))}
    assert BLACK_HOLE in found
    # No clause, and no function word by itself.
    assert max(map(len, found)) < 10 and "\u7684" not in found


def test_without_a_dictionary_each_character_is_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jieba", None)
    segmenting._chinese.cache_clear()
    try:
        assert words_apart(VACCINE).split() == list(VACCINE)
    finally:
        segmenting._chinese.cache_clear()


def test_japanese_is_split_where_the_script_changes() -> None:
    words = [word for word in words_apart(JAPANESE).split() if word != "."]
    assert words == ["\u65e5\u672c\u8a9e", "\u30c6\u30ad\u30b9\u30c8", "\u691c\u7d22"]


def test_other_texts_stay_as_they_are() -> None:
    for text in ("plain words", FRENCH, "\uc548\ub155 \ud558\uc138\uc694"):
        assert words_apart(text) == text


def test_function_words_of_the_language_of_a_corpus_name_nothing() -> None:
    tokens = tokenize([("", FRENCH)] * 5)
    kinds = dict(zip(tokens.spellings, tokens.kinds.tolist(), strict=True))
    assert kinds["les"] == kinds["dans"] == STOP
    assert kinds["galaxies"] != STOP
    english = tokenize([("", f"{'stars shine in the night ' * 9} les")] * 5)
    assert dict(zip(english.spellings, english.kinds.tolist(), strict=True))["les"] != STOP


@pytest.mark.parametrize("language", list(languages()))
def test_lists_are_recognised_by_their_own_words(language: str) -> None:
    own = sorted(languages()[language] - STOP_WORDS)
    counts = dict.fromkeys(own, 2) | {f"word{i}": 1 for i in range(4 * len(own))}
    assert set(own) <= function_words(counts)
    assert not function_words({f"word{i}": 1 for i in range(100)})
    assert np.all([word == word.lower() for word in own])
