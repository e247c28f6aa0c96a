"""Single English words: which make no concept, which forms belong to one word.

Statistics finds the terms; the lists only keep out labels that would read badly. Texts in other
languages contain hardly any of these words, so there statistics alone decides.
"""

import re
from pathlib import Path


def word_lists(path: Path) -> dict[str, list[str]]:
    """The words below each heading in brackets of a text file; lines with "#" are comments."""
    found: dict[str, list[str]] = {}
    words: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            words = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            words += line.split()
    return found


_LISTS = word_lists(Path(__file__).with_suffix(".txt"))

DETERMINERS = frozenset(_LISTS["determiners"])
"""A word right before a determiner is a verb or a preposition, hardly ever a noun."""

STOP_WORDS = frozenset(_LISTS["stop"])
"""No phrase contains these."""

MODIFIERS = frozenset(_LISTS["modifiers"])
"""May be part of a phrase, but not its last word."""

GENERIC_WORDS = frozenset(_LISTS["generic"])
"""May be part of a phrase, but not all of it."""

LY_WORDS = frozenset(_LISTS["ly"])
"""Words in -ly that are not adverbs."""

STOP, MODIFIER, GENERIC, NUMBER, CONTENT = range(5)
"""Kinds of words; the lists above say what the first three may do in a phrase."""

# Versions, too: "3.x", "v2.0".
_FIGURES = re.compile(r"v?\d[\d.,]*x?|[\d.,]+")
# Before a name it is part of it: "L'Hopital", "d'Alembert".
_ELIDED = re.compile(r"(?:(?:[CDJLMNSTcdjlmnst]|[Qq]u)['\u2019]|d[ei] )(?=[^\W\d_A-Z])")
_PARTICIPLE = re.compile(r"\w{2,}[^e]ed")

_NOT_PLURAL = frozenset(_LISTS["singular"])
_IRREGULAR = dict(zip(_LISTS["forms"][::2], _LISTS["forms"][1::2], strict=True))


def word_of(spelling: str) -> str:
    """A key that plural, possessive, capitalised and British forms of a word have in common.

    It only tells words apart and is never shown, so a wrong stem does no harm unless two different
    words share it.
    """
    word = _folded(without_elision(spelling)).removesuffix("'s").removesuffix("'")
    word = word.replace("isation", "ization")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or word in _NOT_PLURAL or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes", "oes")):
        return word[:-2]
    if word.endswith(("s", "ae")):
        return word[:-1]
    return word


def without_elision(term: str) -> str:
    """A term without the article or preposition that is written as one with it.

    So it is in French and Italian ("l'image", "d'images"), and tokens are so written with the "de"
    of "ligne de commande".
    """
    return _ELIDED.sub("", term, count=1) if _ELIDED.match(term) else term


def kind_of(spelling: str) -> int:
    """`STOP`, `MODIFIER`, `GENERIC`, `NUMBER` or `CONTENT`; an empty spelling is a `STOP`."""
    word = _folded(spelling)
    if not word or word in STOP_WORDS or (_is_adverb(word) and word not in LY_WORDS):
        return STOP
    if word in MODIFIERS or (spelling.islower() and _PARTICIPLE.fullmatch(word)):
        return MODIFIER
    if word in GENERIC_WORDS:
        return GENERIC
    return NUMBER if _FIGURES.fullmatch(word) else CONTENT


def _folded(spelling: str) -> str:
    return spelling.lower().replace("\u2019", "'")


def _is_adverb(word: str) -> bool:
    return len(word) > 4 and word.endswith("ly")
