"""Names of features in other languages are words of content."""

import sys
import unicodedata

import numpy as np
import pytest

from saetui.core.codec import Codes
from saetui.core.postings import build_postings
from saetui.core.unspaced import without_spaces
from saetui.core.word_match import words_of
from saetui.interpret.judging.word_space import WordSpace
from saetui.interpret.terms import segmenting
from saetui.interpret.terms.function_words import function_words, is_made_of, languages
from saetui.interpret.terms.naming import name_features
from saetui.interpret.terms.phrases import find_phrases, spell
from saetui.interpret.terms.segmenting import words_apart
from saetui.interpret.terms.tokens import tokenize
from saetui.interpret.terms.words import STOP, STOP_WORDS
from saetui.progress import Silent

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


def test_what_is_written_without_spaces_is_named_without_spaces() -> None:
    """And found again by its words, wherever labels are read."""
    pytest.importorskip("jieba")
    assert without_spaces(f"deep {BLACK_HOLE} {VACCINE} 2 \u0e01 \u0e02") == (
        f"deep {BLACK_HOLE}{VACCINE} 2 \u0e01\u0e02"
    )
    rows = np.arange(12)
    texts = [("", CHINESE if row % 2 else f"\u65b0\u578b{VACCINE}\u6709\u6548") for row in rows]
    tokens = tokenize(texts)
    space = WordSpace(tokens, rows.astype(np.int32), 0)
    apart = space.queries([f"\u661f\u7cfb {BLACK_HOLE}"])
    assert apart.nnz == 2
    assert (space.queries([f"\u661f\u7cfb{BLACK_HOLE}"]) != apart).nnz == 0
    codes = Codes((rows[:, None] % 2).astype(np.int32), np.ones((12, 1), np.float32), 2)
    postings = build_postings(codes)
    embeddings = np.eye(2, dtype=np.float32)[rows % 2]
    found = name_features(
        tokens,
        postings,
        rows.astype(np.int32),
        embeddings=embeddings,
        embed=None,
        progress=Silent(),
    )
    for label in found.labels:
        assert label.text and not any(" " in text for text in (label.text, *label.terms))


def test_numbers_of_reports_in_chinese_are_no_names() -> None:
    pytest.importorskip("jieba")
    # The aircraft Boeing 747; figure 32 shows.
    numbered = "\u6ce2\u97f3747\u98de\u673a\u3002\u56fe32\u663e\u793a"
    phrases = find_phrases(tokenize([("", f"{CHINESE}{numbered}\u3002")] * 30))
    found = {spell(phrases, number) for number in range(len(phrases))}
    assert not any(character.isdigit() for phrase in found for character in phrase)


def test_frequent_words_of_japanese_name_nothing_although_particles_are_left_out() -> None:
    """Provide, black hole, data."""
    text = f"{BLACK_HOLE}\u306e\u30c7\u30fc\u30bf\u3092\u63d0\u4f9b\u3059\u308b"
    # So seldom that its share does not tell the language.
    tokens = tokenize([("", text)] + [("", JAPANESE)] * 20)
    kinds = dict(zip(tokens.spellings, tokens.kinds.tolist(), strict=True))
    assert kinds["\u63d0\u4f9b"] == STOP
    assert kinds[BLACK_HOLE] != STOP
    # A Chinese text has no Kana, and the same two letters are a word of its own list.
    chinese = tokenize([("", CHINESE)] * 9)
    assert dict(zip(chinese.spellings, chinese.kinds.tolist(), strict=True))["\u7684"] == STOP


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("\u0e01\u0e25\u0e49\u0e2d\u0e07 \u0e2b\u0e25\u0e38\u0e21\u0e14\u0e33", "Thai"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940 \u092d\u093e\u0937\u093e", "Hindi"),
        ("\u0643\u0650\u062a\u064e\u0627\u0628 \u0639\u0631\u0628\u064a\u0651", "Arabic"),
        ("e\u0301toile bleue", "French, decomposed"),
    ],
)
def test_vowels_above_and_below_letters_cut_no_word(words: str, language: str) -> None:
    tokens = tokenize([("", words)], None)
    assert tokens.spellings[1:] == unicodedata.normalize("NFC", words).split(), language
    assert words_of(words) == words.split()


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


@pytest.mark.parametrize(
    ("word", "function"),
    [
        ("D\u2019une", True),
        ("l'image", False),
        ("\u8fd9\u662f", True),
        (BLACK_HOLE, False),
        ("image", False),
    ],
)
def test_function_words_written_as_one_are_function_words(word: str, function: bool) -> None:
    words = languages()["French"] | languages()["Chinese"]
    assert is_made_of(word, words) == function
