"""Find features and families by their names, at the speed of typing."""

import copy
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from saetui.core.families import Family
from saetui.core.features import check_feature
from saetui.core.words import UNSPACED, matches, words_of
from saetui.errors import InputError
from saetui.store.features import FeatureRecord

_LAST = "\U0010ffff"


class WordIndex:
    """Which of many texts match what is typed, by their positions.

    The words are kept in alphabetical order, so that all with the same beginning are neighbours.
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
        self._replaced: Mapping[int, str] = {}

    def replaced(self, place: int, text: str) -> "WordIndex":
        """The same index after one text changed; the other texts are not read again."""
        other = WordIndex.__new__(WordIndex)
        other.__dict__ = {**self.__dict__}
        other._replaced = {**self._replaced, place: text}
        return other

    def matching(self, typed: str) -> NDArray[np.bool_]:
        """Which texts match typed words, bool `(texts,)`; see `saetui.core.words`."""
        found = np.ones(self._count, dtype=bool)
        for part in words_of(typed):
            holds = np.zeros(self._count, dtype=bool)
            if UNSPACED.match(part):
                # It may be anywhere in a word, so that every word is looked at.
                for place in [i for i, word in enumerate(self._words) if part in word]:
                    holds[self._texts[self._starts[place] : self._starts[place + 1]]] = True
            else:
                first = bisect_left(self._words, part)
                last = bisect_left(self._words, part + _LAST)
                holds[self._texts[self._starts[first] : self._starts[last]]] = True
            found &= holds
        for place, text in self._replaced.items():
            found[place] = matches(text, typed)
        return found


def _number(name: str) -> int | None:
    """The whole number that `name` spells, or None."""
    try:
        return int(name)
    except ValueError:
        return None


def _text(feature: FeatureRecord) -> str:
    """The text in which words are looked for: label and terms."""
    return " ".join((feature.name, *feature.terms))


class Lookup:
    """Features and families of one SAE by their names."""

    def __init__(self, features: Sequence[FeatureRecord], families: Sequence[Family]) -> None:
        self._features = list(features)
        self._families = families
        self._names = [feature.name.casefold() for feature in features]

    @cached_property
    def _labels(self) -> WordIndex:
        """The words of each name."""
        return WordIndex([feature.name for feature in self._features])

    @cached_property
    def _texts(self) -> WordIndex:
        """The words of each name and its terms."""
        return WordIndex([_text(feature) for feature in self._features])

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        """Features, the most frequent first."""
        return np.argsort([-feature.documents for feature in self._features], kind="stable")

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """Where each feature stands in `_order`."""
        return np.argsort(self._order)

    def warm(self) -> None:
        """Index all names, so that the first search does not wait for it."""
        _ = self._labels, self._texts, self._places

    def renamed(self, feature: FeatureRecord) -> "Lookup":
        """The same names after one feature got another label; others are not read again."""
        other, place = copy.copy(self), feature.id
        other._features, other._names = list(self._features), list(self._names)
        other._features[place], other._names[place] = feature, feature.name.casefold()
        for made, text in {"_labels": feature.name, "_texts": _text(feature)}.items():
            if made in self.__dict__:
                other.__dict__[made] = getattr(self, made).replaced(place, text)
        return other

    def named(self, words: str) -> list[int]:
        """Features whose label matches typed words, or whose number is typed, best match first."""
        named = self._labels.matching(words)
        number = _number(words)
        return [i for i in self.matching(words) if named[i] or i == number]

    def matching(self, words: str) -> list[int]:
        """Features whose label or terms match typed words, the best match first.

        Labels that begin with the whole text come first, then other labels that match, then
        features of which only label and terms together match; of equals the more frequent feature
        comes first. A number also matches the feature of that number. Without words all features
        match, in order of number.
        """
        wanted = words_of(words)
        if not wanted:
            return list(range(len(self._features)))
        phrase = " ".join(wanted)
        named = self._labels.matching(words)
        rank = np.where(named, 1, 2)
        beginning = [i for i in np.flatnonzero(named).tolist() if self._names[i].startswith(phrase)]
        rank[beginning] = 0
        found = np.flatnonzero(self._texts.matching(words))
        # The order among equals is known already, so one sort of numbers is enough.
        count = len(self._features)
        ranked = np.sort(self._places[found] + count * rank[found])
        best: list[int] = self._order[ranked % count].tolist()
        number = _number(phrase)
        if number is None or str(number) != phrase or not 0 <= number < count:
            return best
        return [number, *(i for i in best if i != number)]

    def families(self, words: str) -> list[Family]:
        """Families whose label matches typed words, largest first."""
        return [family for family in self._families if matches(family.label, words)]

    def feature(self, name: str) -> int:
        """The feature with a number or label; the label may be abbreviated to some of its words.

        Raises:
            InputError: No feature matches, or several do.
        """
        number = _number(name)
        if number is not None:
            check_feature(number, len(self._features))
            return number
        folded = name.strip().casefold()
        exact = [i for i, known in enumerate(self._names) if known == folded]
        # Text without words would match every feature.
        found = exact or (self.matching(name) if words_of(name) else [])
        if len(found) == 1:
            return found[0]
        raise self._unclear("feature", name, [f"{i} {self._features[i].name}" for i in found])

    def family(self, name: str) -> Family:
        """The family with a number or label; the label may be abbreviated to some of its words.

        Raises:
            InputError: No family matches, or several do.
        """
        folded, number = name.strip().casefold(), _number(name)
        if number is not None:
            exact = [family for family in self._families if family.id == number]
        else:
            exact = [family for family in self._families if family.label.casefold() == folded]
        # Text without words would match every family, and some families have no label.
        found = (exact or self.families(name)) if words_of(name) else []
        if len(found) == 1:
            return found[0]
        raise self._unclear("family", name, [f"{family.id} {family.label}" for family in found])

    @staticmethod
    def _unclear(kind: str, name: str, found: Sequence[str]) -> InputError:
        if not found:
            return InputError(
                f"No {kind} is called '{name}'.",
                f"See them with: saetui {'features' if kind == 'feature' else 'families'} BUNDLE",
            )
        shown = "; ".join(found[:5]) + ("; ..." if len(found) > 5 else "")
        return InputError(
            f"'{name}' could mean {len(found)} {'features' if kind == 'feature' else 'families'}: "
            f"{shown}.",
            "Give the number.",
        )
