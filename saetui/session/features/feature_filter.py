"""Filters of features as text.

    supernova light curves        words of the label or terms
    ~supernova light curves       a meaning: features whose direction is near the text's embedding
    true>=0.8 density<0.01        figures
    family:any quality:mixed      words of other texts about the feature

The parts can be combined, and a feature must fulfil all of them. The words after `~` belong to the
meaning until the next figure or name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from saetui.core.features import CLEAN_DENSITY, CLEAN_F1, CLEAN_PEARSON
from saetui.store.features import FeatureRecord

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
