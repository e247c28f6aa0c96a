"""Words of languages other than English: how texts are split into them, and which name nothing.

Some languages are written without spaces between words. Of others, `languages.txt` lists the most
frequent function words. A list is used only if a corpus has many of its words, because "die" and
"on" are words of content elsewhere. English has lists of its own in `saetui.interpret.terms.words`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from saetui.core.words import HAN, KANA, UNSPACED
from saetui.interpret.terms.words import MODIFIER, STOP, STOP_WORDS, word_lists

_HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HIRAGANA = "\u3041-\u3096"
# The first letters of particles.
_PARTICLE = (
    "\u306e\u3092\u306b\u304c\u306f\u3068\u3082\u3067\u3078\u3084\u304b\u3088\u307e\u306a\u3060"
)
# Language and person, as in the Japanese for "German".
_OF_COUNTRY = "[\u8a9e\u4eba]"
# Japanese changes script from word to word: things are written in Chinese characters or Katakana,
# and Hiragana are mostly endings and particles. A single character before an ending is a verb or an
# adjective, before a particle a noun.
_JAPANESE = re.compile(
    rf"(?<![{_HAN}])[{_HAN}](?=[{_HIRAGANA}])(?![{_PARTICLE}])"
    rf"|([{_HAN}]+|[\u30a1-\u30ff\uff66-\uff9f]+(?:{_OF_COUNTRY}(?![{_HAN}]))?)|."
)
_THAI = re.compile("[\u0e00-\u0e7f]")
_PARTICLES = " . "
_FOR = "\u7528\u7684"
_LETTER = f"(?:{HAN.pattern}|{KANA.pattern})"
# A line that was wrapped in the middle of a word; nobody writes spaces between these letters.
_WRAPPED = re.compile(rf"(?<={_LETTER})\s(?={_LETTER})")
# Tags of jieba's dictionary: particles, prepositions, conjunctions, numerals and pronouns; adverbs
# and adjectives.
_STOPS, _MODIFIERS = "c e m mq o p r rg rr rz u ud ug uj ul uv uz y", "a ad b d z"
_KINDS_OF_TAGS = dict.fromkeys(_STOPS.split(), STOP) | dict.fromkeys(_MODIFIERS.split(), MODIFIER)
# jieba takes "\u5305\u662f" ("package is"), which its dictionary lacks, for a word.
_AT_WORD_ENDS = frozenset(
    "\u662f\u7684\u4e86\u5728\u548c\u4e0e\u4e3a\u6709\u53ca\u6216\u88ab\u628a\u4ece\u5c06"
    "\u7531\u5411\u8fd9\u90a3\u5176\u8be5\u6b64\u5e76\u4e14\u800c\u4e5f\u90fd\u5c31\u8bf7"
    "\u4f7f\u8ba9\u4e0d\u4f1a\u80fd\u53ef\u8981\u9700"
)
_APOSTROPHE = re.compile("['\u2019]")
_FILE = Path(__file__).with_suffix(".txt")
# In running text these lists make up a quarter of all words and more; in another language a few
# hundredths.
_LEAST_SHARE = 0.08
# Chinese has no Kana at all, but for a name here and there.
_LEAST_KANA = 0.03

LINKS: Final = {"French": "de", "Italian": "di", "Portuguese": "de", "Spanish": "de"}
"""What stands between the two nouns of a compound, such as "ligne de commande"."""


@cache
def languages() -> Mapping[str, frozenset[str]]:
    """The function words of every language that is known, in lower case."""
    return {name: frozenset(words) for name, words in word_lists(_FILE).items()}


def languages_in(counts: Mapping[str, int]) -> list[str]:
    """The languages other than English that a corpus is in, as `languages` names them.

    `counts` says how often each word, in lower case, occurs in the corpus.
    """
    total = max(sum(counts.values()), 1)
    written = _by_script(counts, total)

    def share(words: frozenset[str]) -> float:
        return sum(counts.get(word, 0) for word in words) / total

    # Dutch has "of" and "is", too, which would be found in every English text, and Spanish has "de"
    # and "la" of French: what a language shares with those that the corpus is in does not count.
    found, explained = [], STOP_WORDS
    for name in sorted(languages(), key=lambda name: -share(languages()[name] - STOP_WORDS)):
        if share(languages()[name] - explained) >= _LEAST_SHARE or name == written:
            found.append(name)
            explained = explained | languages()[name]
    return found


def _by_script(counts: Mapping[str, int], total: int) -> str:
    """The language whose letters tell it, since few of its function words are left as words.

    Of Japanese the splitting into words keeps Chinese characters and Katakana alone, and headlines
    of Chinese do with hardly any function words.
    """
    kana = sum(count for word, count in counts.items() if KANA.match(word))
    han = sum(count for word, count in counts.items() if HAN.match(word))
    if kana + han < _LEAST_SHARE * total:
        return ""
    return "Japanese" if kana >= _LEAST_KANA * (kana + han) else "Chinese"


def is_made_of(form: str, words: frozenset[str]) -> bool:
    """Whether a word is a function word, or two that are written as one: "d'une", "\u8fd9\u662f".

    Function words are in lower case.
    """
    lower = form.lower()
    if lower in words:
        return True
    parts = list(lower) if HAN.match(lower) else _APOSTROPHE.split(lower)
    return len(parts) > 1 and words.issuperset(parts)


def words_apart(text: str) -> str:
    """A text with spaces between its words.

    Chinese is split by the library jieba, and Thai by pythainlp, where they are installed; without
    jieba each Chinese character is a word of its own, and frequent sequences of these are terms.
    """
    if text.isascii() or not UNSPACED.search(text):
        return text
    text = _WRAPPED.sub("", text)
    japanese = KANA.search(text) is not None
    return UNSPACED.sub(lambda run: f" {_split(run[0], japanese=japanese)} ", text)


def _split(run: str, *, japanese: bool) -> str:
    if japanese:
        # No phrase continues across a particle.
        return " ".join(piece[1] or _PARTICLES for piece in _JAPANESE.finditer(run))
    if HAN.match(run):
        return " ".join(_chinese()(run))
    if _THAI.match(run):
        return " ".join(_thai()(run))
    return run


@cache
def _chinese() -> Callable[[str], Iterable[str]]:
    try:
        import jieba
    except ImportError:
        return list
    import logging

    # It says on the terminal how long its dictionary took.
    jieba.setLogLevel(logging.WARNING)

    def split(run: str) -> Iterable[str]:
        for word in jieba.cut(run):
            yield from [word] if jieba.dt.FREQ.get(word) else _without_ends(word)

    return split


def _without_ends(word: str) -> Iterator[str]:
    """A word that no dictionary has, without the function words it begins or ends with."""
    start, end = 0, len(word)
    while start < end and word[start] in _AT_WORD_ENDS:
        start += 1
    while start < end and word[end - 1] in _AT_WORD_ENDS:
        end -= 1
    yield from word[:start]
    yield from filter(None, [word[start:end]])
    yield from word[end:]


def japanese_kinds(words: Iterable[str]) -> dict[str, int]:
    """`MODIFIER` for words such as "\u958b\u767a\u7528" ("for development")."""
    return {
        word: MODIFIER for word in words if len(word) > 2 and word[-1] in _FOR and HAN.match(word)
    }


def chinese_kinds(words: Iterable[str]) -> dict[str, int]:
    """`STOP` or `MODIFIER` for words of Chinese that the dictionary of jieba calls so.

    Words that the dictionary lacks are left out.
    """
    try:
        import jieba.posseg as tagged
    except ImportError:
        return {}
    tags = tagged.dt.word_tag_tab
    return {word: _KINDS_OF_TAGS[tags[word]] for word in words if tags.get(word) in _KINDS_OF_TAGS}


@cache
def _thai() -> Callable[[str], Iterable[str]]:
    try:
        from pythainlp.tokenize import word_tokenize
    except ImportError:
        return lambda run: [run]

    def split(run: str) -> Iterable[str]:
        found: list[str] = word_tokenize(run, keep_whitespace=False)
        return found

    return split
