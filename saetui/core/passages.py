"""Cut a long text into passages: whole sentences, each passage short enough for an embedder."""

import re
from itertools import islice, pairwise

from saetui.core.unspaced import UNSPACED

# The end of a sentence with the white space behind it, or a paragraph's.
_BREAK = re.compile(
    r"(?<=[.!?\u3002\uff01\uff1f\u0964])[\"'\u201d\u2019)\]]*\s+"
    r"|(?<=[\u3002\uff01\uff1f])|\n\s*\n"
)
_WORD = re.compile(r"\S+")
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
    return letters + len(_WORD.findall(UNSPACED.sub(" ", text)))


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
