"""Find features and families by what they are called."""

import copy
import re
from collections.abc import Sequence
from functools import cached_property
from typing import TypeVar

from saetui.core.families import Family
from saetui.errors import InputError
from saetui.store.features import FeatureRecord

Value = TypeVar("Value")

_WORDS = re.compile(r"\w+")
_BETWEEN_WORDS = re.compile(r"[^\w\n]+")


def _spaced(texts: Sequence[str]) -> list[str]:
    """The words of each text with a space before every one, so that ` wo` finds where one begins.

    All texts are read as one, which takes a fraction of the time.
    """
    if not texts:
        return []
    whole = "\n".join(f" {text}".replace("\n", " ") for text in texts)
    return _BETWEEN_WORDS.sub(" ", whole).split("\n")


def _number(name: str) -> int | None:
    """The whole number that `name` spells, or None."""
    try:
        return int(name)
    except ValueError:
        return None


def _replaced(values: Sequence[Value], place: int, value: Value) -> list[Value]:
    return [*values[:place], value, *values[place + 1 :]]


class Lookup:
    """Features and families of one SAE by their names."""

    def __init__(self, features: Sequence[FeatureRecord], families: Sequence[Family]) -> None:
        self._features = features
        self._families = families
        self._names = [feature.name.casefold() for feature in features]

    @cached_property
    def _labels(self) -> list[str]:
        """The words of each name, a space before every one."""
        return _spaced(self._names)

    @cached_property
    def _texts(self) -> list[str]:
        """The words of each name and its terms, a space before every one."""
        texts = zip(self._names, self._features, strict=True)
        return _spaced([" ".join((name, *feature.terms)).casefold() for name, feature in texts])

    @cached_property
    def _order(self) -> list[int]:
        """Features, the most frequent first."""
        documents = [feature.documents for feature in self._features]
        return sorted(range(len(documents)), key=lambda i: (-documents[i], i))

    @cached_property
    def _places(self) -> list[int]:
        """Where each feature stands in `_order`."""
        places = [0] * len(self._features)
        for place, feature in enumerate(self._order):
            places[feature] = place
        return places

    def warm(self) -> None:
        """Read every name, so that the first word looked for does not wait for it."""
        _ = self._labels, self._texts, self._places

    def renamed(self, feature: FeatureRecord) -> "Lookup":
        """The same after one feature got another label; the texts of the others are kept."""
        other, place, name = copy.copy(self), feature.id, feature.name.casefold()
        other._features = _replaced(self._features, place, feature)
        other._names = _replaced(self._names, place, name)
        texts = {"_labels": [name], "_texts": [" ".join((name, *feature.terms)).casefold()]}
        for made, text in texts.items():
            if made in self.__dict__:
                other.__dict__[made] = _replaced(getattr(self, made), place, _spaced(text)[0])
        return other

    def matching(self, words: str) -> list[int]:
        """Features whose label or terms hold every one of `words`, the best match first.

        A word matches where some word begins with it. Labels that begin with the whole text come
        first, then labels that hold all words, then features of which only the terms do; the
        more frequent feature comes first among equals. A number matches the feature of that
        number. Empty text matches all, in order of number.
        """
        wanted = _WORDS.findall(words.casefold())
        if not wanted:
            return list(range(len(self._features)))
        phrase = " ".join(wanted)
        # A plain search of each text is many times faster than a regular expression.
        found: Sequence[int] = range(len(self._features))
        begun = [f" {word}" for word in wanted]
        texts, labels = self._texts, self._labels
        for word in begun:
            found = [i for i in found if word in texts[i]]
        named = {i for i in found if all(word in labels[i] for word in begun)}
        beginning = {i for i in named if self._names[i].startswith(phrase)}
        # Places among equals are known beforehand, so that numbers alone are sorted.
        places, count = self._places, len(self._features)
        ranked = [
            places[i] + (0 if i in beginning else count if i in named else 2 * count) for i in found
        ]
        order = self._order
        best = [order[place % count] for place in sorted(ranked)]
        number = _number(phrase)
        if number is None or str(number) != phrase or not 0 <= number < len(self._features):
            return best
        return [number, *(i for i in best if i != number)]

    def feature(self, name: str) -> int:
        """The one feature that `name` means: its number, or its label.

        Raises:
            InputError: None is called so, or several are.
        """
        number = _number(name)
        if number is not None:
            if 0 <= number < len(self._features):
                return number
            raise InputError(f"There is no feature {number}: this SAE has {len(self._features):,}.")
        folded = name.strip().casefold()
        exact = [i for i, known in enumerate(self._names) if known == folded]
        # What holds no word would match all of them.
        found = exact or (self.matching(name) if _WORDS.search(name) else [])
        if len(found) == 1:
            return found[0]
        raise self._unclear("feature", name, [f"{i} {self._features[i].name}" for i in found])

    def family(self, name: str) -> Family:
        """The one family that `name` means: its number, or its label.

        Raises:
            InputError: None is called so, or several are.
        """
        folded, number = name.strip().casefold(), _number(name)
        if number is not None:
            exact = [family for family in self._families if family.id == number]
        else:
            exact = [family for family in self._families if family.label.casefold() == folded]
        within = [family for family in self._families if folded in family.label.casefold()]
        # Nothing is part of every label, and all there is of an empty one.
        found = (exact or within) if folded else []
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
