"""Names of features in other languages are words of content."""

import sys
import unicodedata

import numpy as np
import pytest

from saetui.core.codec import Codes, build_postings
from saetui.core.words import without_spaces, words_of
from saetui.interpret.judging.word_space import WordSpace
from saetui.interpret.labels import is_joined
from saetui.interpret.terms.languages import (
    _chinese,
    is_made_of,
    languages,
    languages_in,
    words_apart,
)
from saetui.interpret.terms.naming import name_features
from saetui.interpret.terms.phrases import find_phrases, spell
from saetui.interpret.terms.tokens import tokenize
from saetui.interpret.terms.words import (
    CONTENT,
    MODIFIER,
    NUMBER,
    STOP,
    STOP_WORDS,
    kind_of,
    without_elision,
)
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
    _chinese.cache_clear()
    try:
        assert words_apart(VACCINE).split() == list(VACCINE)
    finally:
        _chinese.cache_clear()


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


def kinds_of(text: str) -> dict[str, int]:
    """The kind of each word of a corpus of nine such texts."""
    tokens = tokenize([("", text)] * 9)
    return dict(zip(tokens.spellings, tokens.kinds.tolist(), strict=True))


def names_of(text: str) -> set[str]:
    """What a corpus of nine such texts could name features by."""
    phrases = find_phrases(tokenize([("", text)] * 9))
    return {spell(phrases, number) for number in range(len(phrases))}


def test_a_word_that_a_line_end_cuts_is_one_word() -> None:
    pytest.importorskip("jieba")
    assert words_apart(f"{BLACK_HOLE[0]}\n{BLACK_HOLE[1]}").split() == [BLACK_HOLE]
    wrapped = "\u4f5c\u696d\u74b0 \u5883\u306e\u30c7\u30b9\u30af\n\u30c8\u30c3\u30d7"
    assert words_apart(wrapped).split()[::2] == [
        "\u4f5c\u696d\u74b0\u5883",
        "\u30c7\u30b9\u30af\u30c8\u30c3\u30d7",
    ]


def test_words_that_only_a_guess_joins_lose_their_function_words() -> None:
    """ "This package is of KDE": the segmenter takes "package is" for a word."""
    pytest.importorskip("jieba")
    assert words_apart("\u8fd9\u4e2a\u5305\u662fKDE\u7684").split() == [
        "\u8fd9\u4e2a",
        "\u5305",
        "\u662f",
        "KDE",
        "\u7684",
    ]


def test_verbs_of_reports_and_adjectives_of_chinese_end_no_name() -> None:
    """ "Spectra reveal": the verb is none of the name; "for GTK", "powerful"."""
    pytest.importorskip("jieba")
    spectra = "\u5149\u8c31"
    text = f"{spectra}\u63ed\u793a\u4e86{BLACK_HOLE}\u3002\u9488\u5bf9GTK\u3002\u5f3a\u5927\u3002"
    assert names_of(text) == {spectra, BLACK_HOLE, "GTK"}
    assert kinds_of(text)["\u5f3a\u5927"] == MODIFIER


def test_stems_of_verbs_and_for_what_a_thing_is_are_no_nouns_of_japanese() -> None:
    """ "Sees stars", "for development"."""
    kinds = kinds_of(
        "\u661f\u3092\u898b\u308b\u3002\u958b\u767a\u7528\u30d5\u30a1\u30a4\u30eb\u3002"
    )
    assert "\u898b" not in kinds and kinds["\u661f"] == CONTENT
    assert kinds["\u958b\u767a\u7528"] == MODIFIER


@pytest.mark.parametrize("version", ["3.x", "v3", "V2.0", "2"])
def test_versions_name_nothing_alone(version: str) -> None:
    assert kind_of(version) == NUMBER
    assert kind_of("3D") == CONTENT


def test_compounds_with_a_preposition_are_named_whole() -> None:
    """The command line; the architecture, without its article."""
    text = (
        "la ligne de commande est dans la base. l'architecture est de la nuit. les jeux d'arcade "
        "sont en marche dans le ciel. L'architecture et la ligne de commande"
    )
    assert {"ligne de commande", "architecture", "jeux d'arcade"} <= names_of(text)
    assert not {"commande", "de commande", "l'architecture", "d'arcade"} & names_of(text)
    assert without_elision("L'H\u00f4pital") == "L'H\u00f4pital"
    assert tokenize([("", text)]).words_in("ligne de commande") == ["ligne", "de commande"]
    # English has no such compounds: there they are three words.
    assert tokenize([("", f"{'stars shine in the night ' * 9} a virus de novo")]).words_in(
        "virus de novo"
    ) == [
        "virus",
        "de",
        "novo",
    ]


def test_a_name_of_chinese_does_not_run_on_into_a_name_in_latin_letters() -> None:
    """ "The kernel of Linux" is a name, "for the calls of the vaccine OpenGL API" none."""
    pytest.importorskip("jieba")
    names = names_of(f"Linux {BLACK_HOLE}\u3002{VACCINE} OpenGL API\u3002OpenGL API\u3002")
    assert {f"Linux {BLACK_HOLE}", "OpenGL API"} <= names
    assert not any(VACCINE in name and " " in name for name in names)


def test_japanese_names_of_languages_are_one_word() -> None:
    """ "German" is Katakana and a character for language."""
    german = "\u30c9\u30a4\u30c4\u8a9e"
    assert words_apart(f"{german}\u306e").split()[0] == german


@pytest.mark.parametrize("name", ["C++", "C#", "Code::Blocks", ".NET", "libstdc++"])
def test_signs_that_are_part_of_a_name_stay(name: str) -> None:
    assert name in tokenize([("", f"the {name} code, and ({name})")]).spellings


def test_two_names_of_another_language_are_not_joined_by_an_english_word() -> None:
    assert tokenize([("", FRENCH)]).languages == ("French",)
    assert tokenize([("", "plain words of stars")]).languages == ()
    assert is_joined("ligne & commande") and is_joined("one and two") and not is_joined("AT&T")


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
    assert language in languages_in(counts)
    assert not languages_in({f"word{i}": 1 for i in range(100)})
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
