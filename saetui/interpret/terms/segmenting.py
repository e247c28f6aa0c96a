"""Words in texts that are written without spaces between them."""

import re
from collections.abc import Callable, Iterable
from functools import cache

from saetui.core.unspaced import HAN, KANA, UNSPACED

# Japanese changes script from word to word: things are written in Chinese characters or Katakana,
# and Hiragana are mostly endings and particles.
_JAPANESE = re.compile(
    r"([\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[\u30a1-\u30ff\uff66-\uff9f]+)|."
)
_THAI = re.compile("[\u0e00-\u0e7f]")
_PARTICLES = " . "


def words_apart(text: str) -> str:
    """A text with spaces between its words.

    Chinese is split by the library jieba, and Thai by pythainlp, where they are installed; without
    jieba each Chinese character is a word of its own, and frequent sequences of these are terms.
    """
    if text.isascii() or not UNSPACED.search(text):
        return text
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
        found: Iterable[str] = jieba.cut(run)
        return found

    return split


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
