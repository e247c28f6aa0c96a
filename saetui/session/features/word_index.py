"""Texts by the words in them, to find those that hold words that begin in some way."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_LAST = "\U0010ffff"


class WordIndex:
    """Words of some texts in order, so that all that begin alike lie side by side.

    Args:
        texts: In lower case.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._count = len(texts)
        where: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            for word in _WORD.findall(text):
                where.setdefault(word, []).append(place)
        self._words = sorted(where)
        counts = [len(where[word]) for word in self._words]
        self._starts = [0, *np.cumsum(counts, dtype=np.int64).tolist()]
        self._texts = np.array([i for word in self._words for i in where[word]], dtype=np.int64)
        self._replaced: Mapping[int, list[str]] = {}

    def replaced(self, place: int, text: str) -> "WordIndex":
        """The same after one text became another; nothing is read anew."""
        other = WordIndex.__new__(WordIndex)
        other.__dict__ = {**self.__dict__}
        other._replaced = {**self._replaced, place: _WORD.findall(text)}
        return other

    def holding(self, beginnings: Sequence[str]) -> NDArray[np.bool_]:
        """Which texts hold, for each beginning, a word that begins so; bool `(texts,)`."""
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
