"""Filter features by text, and sort them by their figures.

    supernova light curves        words of the label or terms
    ~supernova light curves       a meaning: features whose direction is near the text's embedding
    true>=0.8 density<0.01        figures
    family:any quality:mixed      words of other texts about the feature

The parts can be combined, and a feature must fulfil all of them. The words after `~` belong to the
meaning until the next figure or name.

Each figure is a column over all features, made when it is first needed. Comparing thousands of
records one by one would delay every key; comparing a column takes a fraction of a millisecond.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from saetui.core.families import Families
from saetui.core.features import CLEAN_DENSITY, CLEAN_F1, CLEAN_PEARSON, QUALITIES
from saetui.core.words import matches
from saetui.errors import InputError
from saetui.session.features.lookup import WordIndex
from saetui.store.features import FeatureRecord
from saetui.store.notes import FeatureNotes

Figure = Literal[
    "id",
    "density",
    "documents",
    "active",
    "true",
    "mean",
    "max",
    "f1",
    "pearson",
    "cohesion",
    "stability",
]

FIGURES: dict[Figure, Callable[[FeatureRecord], float | None]] = {
    "id": lambda record: record.id,
    "density": lambda record: record.density,
    "documents": lambda record: record.documents,
    "active": lambda record: record.active,
    "true": lambda record: None if record.true is None else record.true.value,
    "mean": lambda record: record.mean_activation,
    "max": lambda record: record.max_activation,
    "f1": lambda record: record.f1,
    "pearson": lambda record: record.pearson,
    "cohesion": lambda record: record.quality.cohesion,
    "stability": lambda record: record.quality.stability,
}
"""The figures by which features are filtered and sorted; None if unknown."""

NAMES = ("family", "quality", "label", "note", "bookmark")
"""The names that can stand before a colon."""

CLEAN = f"f1>={CLEAN_F1} pearson>={CLEAN_PEARSON} density<{CLEAN_DENSITY}"
"""The filter for what the paper calls clean features."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_CONDITION = re.compile(rf"(\w+)(<=|>=|!=|<|>|=)({_NUMBER})", re.IGNORECASE)
_NAMED = re.compile(r"(\w+):(\S+)")


@dataclass(frozen=True)
class Condition:
    """A comparison of a figure with a number."""

    figure: Figure
    comparison: str
    number: float


@dataclass(frozen=True)
class FeatureFilter:
    """A filter of features.

    Attributes:
        words: Words of the label or terms; empty for any.
        meaning: A text that the features' directions are near; empty for any.
        conditions: Comparisons of figures.
        named: Names and wanted texts, such as `("quality", "mixed")`, in lower case.
    """

    words: str = ""
    meaning: str = ""
    conditions: tuple[Condition, ...] = ()
    named: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "FeatureFilter":
        """Read a filter from text.

        Whatever is neither a figure nor a name counts as a word, so half-typed text already
        filters.
        """
        words: list[str] = []
        meaning: list[str] = []
        conditions, named = [], []
        target = words
        for token in text.split():
            condition, name = _CONDITION.fullmatch(token), _NAMED.fullmatch(token)
            figure = next(
                (each for each in FIGURES if condition and each == condition[1].lower()), None
            )
            if condition and figure:
                conditions.append(Condition(figure, condition[2], float(condition[3])))
                target = words
            elif name and name[1].lower() in NAMES:
                named.append((name[1].lower(), name[2].casefold()))
                target = words
            elif token.startswith("~"):
                target = meaning
                meaning += [token[1:]] if token[1:] else []
            else:
                target.append(token)
        return cls(" ".join(words), " ".join(meaning), tuple(conditions), tuple(named))


SORT_KEYS = ("label", "quality", "family", *FIGURES)
"""What `FeatureTable.sorted` accepts."""

Mask = NDArray[np.bool_]

_COMPARISONS: dict[str, Callable[[Any, Any], Mask]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


class FeatureTable:
    """The figures of one SAE's features, by number."""

    def __init__(self, records: Sequence[FeatureRecord], families: Families) -> None:
        self._records = records
        self._families = families
        self._columns: dict[Figure, NDArray[np.float64]] = {}
        self._places: dict[str, NDArray[np.int64]] = {}
        self._indexes: dict[str, WordIndex] = {}

    def fulfilling(self, wanted: FeatureFilter, notes: Mapping[int, FeatureNotes]) -> Mask:
        """Which features fulfil the figures and names of a filter, bool `(n,)`.

        `name:any` keeps features that have such a text, `name:none` those that have none, and any
        other `name:text` those whose text matches; see `saetui.core.words`.
        """
        found = np.ones(len(self._records), dtype=bool)
        for condition in wanted.conditions:
            found &= self._holds(condition)
        for name, text in wanted.named:
            texts = self._texts(name, notes)
            if text in ("any", "none"):
                found &= np.array([bool(each) == (text == "any") for each in texts], dtype=bool)
            elif name in ("note", "bookmark"):
                # Notes change while one filters, and few features have any.
                found &= np.array([bool(each) and matches(each, text) for each in texts], bool)
            else:
                if name not in self._indexes:
                    self._indexes[name] = WordIndex(texts)
                found &= self._indexes[name].matching(text)
        return found

    def sorted(
        self, records: Sequence[FeatureRecord], key: str, *, descending: bool
    ) -> list[FeatureRecord]:
        """Sort some features by one of `SORT_KEYS`; those without a value come last.

        Features of equal value are in order of number.

        Raises:
            InputError: There is no such key.
        """
        if key not in SORT_KEYS:
            raise InputError(
                f"Features cannot be sorted by '{key}'.", f"Choose one of: {', '.join(SORT_KEYS)}."
            )
        if key not in self._places:
            self._places[key] = _dense_places(self._keys(key))
        ids = np.fromiter((record.id for record in records), np.int64, len(records))
        places = self._places[key][ids]
        order = np.lexsort((ids, -places if descending else places, places < 0))
        return [records[i] for i in order.tolist()]

    def _holds(self, condition: Condition) -> Mask:
        """Which features fulfil a condition; an unknown figure fulfils none."""
        column = self._column(condition.figure)
        compare = _COMPARISONS[condition.comparison]
        return np.asarray(compare(column, condition.number) & ~np.isnan(column))

    def _column(self, figure: Figure) -> NDArray[np.float64]:
        """A figure of every feature, NaN if unknown."""
        if figure not in self._columns:
            values = [FIGURES[figure](record) for record in self._records]
            self._columns[figure] = np.array(
                [np.nan if value is None else value for value in values], dtype=np.float64
            )
        return self._columns[figure]

    def _keys(self, key: str) -> Sequence[Any]:
        """The value of every feature under a sort key; None if unknown."""
        if key == "label":
            return [record.label.casefold() or None for record in self._records]
        if key == "quality":
            order = {word: place for place, word in enumerate(QUALITIES)}
            return [order.get(record.quality.word) for record in self._records]
        if key == "family":
            smallest = map(self._families.smallest_of, range(len(self._records)))
            return [None if family is None else family.label.casefold() for family in smallest]
        column = self._column(next(figure for figure in FIGURES if figure == key))
        return [None if math.isnan(value) else value for value in column.tolist()]

    def _texts(self, name: str, notes: Mapping[int, FeatureNotes]) -> list[str]:
        """The text of every feature under a name; empty if it has none."""
        match name:
            case "family":
                families = (self._families.of_feature(record.id) for record in self._records)
                return ["\n".join(family.label for family in each) for each in families]
            case "quality":
                return [record.quality.word for record in self._records]
            case "label":
                return [record.label for record in self._records]
        texts = [""] * len(self._records)
        for feature, said in notes.items():
            if 0 <= feature < len(texts):
                marked = "yes" if said.bookmark else ""
                texts[feature] = said.note if name == "note" else marked
        return texts


def _dense_places(keys: Sequence[Any]) -> NDArray[np.int64]:
    """The position of each key among the distinct keys in ascending order; -1 for None."""
    known = sorted({key for key in keys if key is not None})
    places = {key: place for place, key in enumerate(known)}
    return np.array([places.get(key, -1) for key in keys], dtype=np.int64)
