"""The most frequent function words of some languages; they name nothing.

A list is used only if a corpus has many of its words, because "die" and "on" are words of content
elsewhere. English has a list of its own in `saetui.interpret.terms.words`.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from saetui.core.words import HAN, KANA
from saetui.interpret.terms.words import STOP_WORDS

_APOSTROPHE = re.compile("['\u2019]")
_FILE = Path(__file__).with_suffix(".txt")
# In running text these lists make up a quarter of all words and more; in another language a few
# hundredths.
_LEAST_SHARE = 0.08
# Chinese has no Kana at all, but for a name here and there.
_LEAST_KANA = 0.03


@cache
def languages() -> Mapping[str, frozenset[str]]:
    """The function words of every language that is known, in lower case."""
    found: dict[str, list[str]] = {}
    words: list[str] = []
    for line in _FILE.read_text("utf-8").splitlines():
        if line.startswith("["):
            words = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            words += line.split()
    return {name: frozenset(words) for name, words in found.items()}


def languages_in(counts: Mapping[str, int]) -> list[str]:
    """The languages other than English that a corpus is in, as `languages` names them.

    Args:
        counts: How often each word, in lower case, occurs in the corpus.
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


LINKS: Final = {"French": "de", "Italian": "di", "Portuguese": "de", "Spanish": "de"}
"""What stands between the two nouns of a compound, such as "ligne de commande"."""


def is_made_of(form: str, words: frozenset[str]) -> bool:
    """Whether a word is a function word, or two that are written as one: "d'une", "\u8fd9\u662f".

    Args:
        form: As it is written.
        words: Function words in lower case.
    """
    lower = form.lower()
    if lower in words:
        return True
    parts = list(lower) if HAN.match(lower) else _APOSTROPHE.split(lower)
    return len(parts) > 1 and words.issuperset(parts)


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
