"""Scripts that are written without spaces between words: Chinese, Japanese, Thai and their like.

The full-text index takes a run of letters for one word, so it would know nothing of such a text but
whole clauses. Therefore its letters are indexed one by one, and a query in such a script is looked
for by all pairs of neighbouring letters, of Thai and its neighbours by triples, as search engines
do where they have no dictionary (CJK bigrams).
"""

import re
from typing import Final

_HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3041-\u309f\u30a0-\u30ff\uff66-\uff9f"
# Thai, Lao, Tibetan, Myanmar, Khmer.
_SOUTH_EAST = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"

UNSPACED = re.compile(f"[{_HAN}{_KANA}{_SOUTH_EAST}]+")
"""A run of letters without spaces between words."""

KANA = re.compile(f"[{_KANA}]")
HAN = re.compile(f"[{_HAN}]")
_BETWEEN = re.compile(f"(?<=[{_HAN}{_KANA}{_SOUTH_EAST}]) (?=[{_HAN}{_KANA}{_SOUTH_EAST}])")
_SPELLED_BY_MANY = re.compile(f"[{_SOUTH_EAST}]")


MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06ed\u0900-\u0963\u0971-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1"
    "\u0eb4-\u0ebc\u0ec8-\u0ecd\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\u1dc0-\u1dff"
)
"""Vowels and accents that stand above, below or behind a letter, as part of a character class.

`\\w` does not know them, and so would cut words of Thai, Hindi or vowelled Arabic into pieces.
"""


def letters_apart(text: str) -> str:
    """A text with spaces between the letters of such scripts; others stay as they are."""
    if text.isascii():
        return text
    return UNSPACED.sub(lambda run: f" {' '.join(run[0])} ", text)


def without_spaces(text: str) -> str:
    """A text without spaces between letters of such scripts, as they are written."""
    return text if text.isascii() else _BETWEEN.sub("", text)


def search_parts(part: str) -> list[str]:
    """The phrases of an index of `letters_apart` by which a word or a clause is looked for.

    Args:
        part: A word as it was typed; one of other scripts is its own phrase.
    """
    if part.isascii() or not UNSPACED.search(part):
        return [part]
    parts: list[str] = []
    place = 0
    for run in UNSPACED.finditer(part):
        parts += filter(None, [part[place : run.start()].strip()])
        parts += _grams(run[0])
        place = run.end()
    return [*parts, *filter(None, [part[place:].strip()])]


def _grams(run: str) -> list[str]:
    size = 3 if _SPELLED_BY_MANY.match(run) else 2
    if len(run) <= size:
        return [" ".join(run)]
    return [" ".join(run[start : start + size]) for start in range(len(run) - size + 1)]
