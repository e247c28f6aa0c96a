"""Words, sentences and passages of a text, in any script.

Typed words find labels and names by one rule, the same in every list: a text matches if each typed
word begins one of its words. "grav wav" finds "Gravitational waves", and "wave" does not find
"Microwaves". Case does not matter, nor does the order of the words.

Chinese, Japanese, Thai and their like are written without spaces between words. The full-text index
takes a run of letters for one word, so it would know nothing of such a text but whole clauses.
Therefore its letters are indexed one by one, and a query in such a script is looked for by all
pairs of neighbouring letters, of Thai and its neighbours by triples, as search engines do where
they have no dictionary (CJK bigrams).

A long text is cut into passages of whole sentences, each short enough for an embedder.
"""

import re
from itertools import islice, pairwise
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
    """The phrases of an index of `letters_apart` by which a typed word or clause is looked for.

    A word of another script is its own phrase.
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


_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{MARKS}])*")


def words_of(text: str) -> list[str]:
    """The words of a text in lower case: runs of letters and digits."""
    return _WORD.findall(text.casefold())


def matches(text: str, typed: str) -> bool:
    """Whether each typed word begins a word of the text; without words, every text matches.

    Of scripts without spaces between words, a typed word may be anywhere in the text.
    """
    words = words_of(text)
    return all(
        any(each in word if UNSPACED.match(each) else word.startswith(each) for word in words)
        for each in words_of(typed)
    )


# The end of a sentence with the white space behind it, or a paragraph's.
_BREAK = re.compile(
    r"(?<=[.!?\u3002\uff01\uff1f\u0964])[\"'\u201d\u2019)\]]*\s+"
    r"|(?<=[\u3002\uff01\uff1f])|\n\s*\n"
)
_RUN = re.compile(r"\S+")
_UNSPACED = UNSPACED.pattern[1:-2]
# A letter of a script without spaces, or a word of others.
_PIECE = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
# A last sentence of at most this share of a passage is also the first one of the next.
_OVERLAP = 0.25


def cut(text: str, longest: int) -> list[tuple[int, int]]:
    """Begin and end of each passage of a text, in order; none is empty.

    Args:
        text: A short one is one passage.
        longest: Words of a passage at most; of scripts without spaces, letters count as words.
    """
    sentences = [piece for each in _sentences(text) for piece in _shortened(text, *each, longest)]
    passages: list[tuple[int, int]] = []
    current: list[tuple[int, int, int]] = []
    for sentence in sentences:
        if current and sum(size for *_, size in current) + sentence[2] > longest:
            passages.append((current[0][0], current[-1][1]))
            last = current[-1]
            fits = len(current) > 1 and last[2] <= _OVERLAP * longest
            current = [last] if fits and last[2] + sentence[2] <= longest else []
        current.append(sentence)
    if current:
        passages.append((current[0][0], current[-1][1]))
    return passages


def length(text: str) -> int:
    """Words of a text; of scripts without spaces, letters count as words."""
    letters = sum(len(run[0]) for run in UNSPACED.finditer(text))
    return letters + len(_RUN.findall(UNSPACED.sub(" ", text)))


def first_words(text: str, count: int) -> int:
    """How many characters of a text its first words take; counted as `length` does."""
    # No word is shorter than a character.
    if len(text) <= count:
        return len(text)
    last = next(islice(_PIECE.finditer(text), count - 1, None), None)
    return len(text) if last is None else last.end()


def _sentences(text: str) -> list[tuple[int, int]]:
    places = [0, *(found.end() for found in _BREAK.finditer(text)), len(text)]
    return [(start, stop) for start, stop in pairwise(places) if text[start:stop].strip()]


def _shortened(text: str, start: int, stop: int, longest: int) -> list[tuple[int, int, int]]:
    """A sentence with its length, in pieces if it is longer than a passage."""
    size = length(text[start:stop])
    if size <= longest:
        return [(start, stop, size)]
    words = [
        (start + found.start(), start + found.end()) for found in _PIECE.finditer(text[start:stop])
    ]
    parts = [words[place : place + longest] for place in range(0, len(words), longest)]
    return [(part[0][0], part[-1][1], len(part)) for part in parts]


Span = tuple[int, int]

# A sentence ends with one of these marks, perhaps in brackets or quotation marks, before a space,
# or where a paragraph ends.
_END = re.compile(
    "[.!?\u3002\uff01\uff1f]+[\"'\u201d\u2019)\\]]*(?=\\s|$)|\n\\s*\n|(?<=[\u3002\uff01\uff1f])"
)
# After these a full stop seldom ends a sentence.
_ABBREVIATIONS = frozenset(
    {
        *("al", "approx", "ca", "cf", "corr", "dept", "dr", "e.g", "eq", "eqs", "etc", "fig"),
        *("figs", "i.e", "inc", "jr", "mr", "mrs", "ms", "no", "nos", "pp", "prof", "ref", "refs"),
        *("resp", "sec", "sect", "st", "tab", "vol", "vs", "viz"),
    }
)
_LAST_WORD = re.compile("([^\\s(\\[]+)[.!?]+[\"'\u201d\u2019)\\]]*$")
# A longer one is cut, so that a text without any marks is not one sentence.
_LONGEST = 600


def sentences(text: str) -> list[Span]:
    """Start and end of each sentence, without the spaces around it; they do not overlap."""
    found: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        if match.end() <= start or not _ends(text, start, match.end()):
            continue
        found += _trimmed(text, start, match.end())
        start = match.end()
    return found + _trimmed(text, start, len(text))


def _ends(text: str, start: int, end: int) -> bool:
    """Whether a sentence ends there, and not an abbreviation, an initial or a number."""
    following = text[end:].lstrip()[:1]
    last = _LAST_WORD.search(text, start, end)
    if last is None or not following:
        return True
    word = last[1].casefold()
    if following.islower() or word.rstrip(".") in _ABBREVIATIONS:
        return False
    return not (len(word) == 1 and word.isalpha() and text[end - 1] == ".")


def _trimmed(text: str, start: int, end: int) -> list[Span]:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    end -= len(part) - len(part.rstrip())
    spans: list[Span] = []
    while end - start > _LONGEST:
        space = text.rfind(" ", start, start + _LONGEST)
        cut = space if space > start else start + _LONGEST
        spans.append((start, cut))
        start = cut + len(text[cut:end]) - len(text[cut:end].lstrip())
    return [*spans, (start, end)] if end > start else spans
