"""An index of the words in many texts, for `saetui.core.words` at the speed of typing."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from saetui.core.words import words_of

_LAST = "\U0010ffff"


class WordIndex:
    """Which of many texts match what is typed.

    The words are kept in alphabetical order, so that all with the same beginning are neighbours.

    Args:
        texts: The texts; their positions are what is found.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._count = len(texts)
        where: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            for word in words_of(text):
                where.setdefault(word, []).append(place)
        self._words = sorted(where)
        counts = [len(where[word]) for word in self._words]
        self._starts = [0, *np.cumsum(counts, dtype=np.int64).tolist()]
        self._texts = np.array([i for word in self._words for i in where[word]], dtype=np.int64)
        self._replaced: Mapping[int, list[str]] = {}

    def replaced(self, place: int, text: str) -> "WordIndex":
        """The same index after one text changed; the other texts are not read again."""
        other = WordIndex.__new__(WordIndex)
        other.__dict__ = {**self.__dict__}
        other._replaced = {**self._replaced, place: words_of(text)}
        return other

    def matching(self, typed: str) -> NDArray[np.bool_]:
        """Which texts match typed words, bool `(texts,)`; see `saetui.core.words`."""
        beginnings = words_of(typed)
        found = np.ones(self._count, dtype=bool)
        for beginning in beginnings:
            first = bisect_left(self._words, beginning)
            last = bisect_left(self._words, beginning + _LAST)
            holds = np.zeros(self._count, dtype=bool)
            holds[self._texts[self._starts[first] : self._starts[last]]] = True
            found &= holds
        for place, words in self._replaced.items():
            found[place] = all(
                any(word.startswith(beginning) for word in words) for beginning in beginnings
            )
        return found
