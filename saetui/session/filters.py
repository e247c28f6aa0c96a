"""Choose features by words, by meaning and by what is known of them.

    supernova light curves        words of the label, as typed
    ~supernova light curves       meaning: features whose direction lies near the text
    f1>=0.8 density<0.01          figures
    family:any quality:mixed      what else is known

All of it may be combined; every part must hold. A word after `~` belongs to the meaning until the
next figure or name.
"""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from saetui.errors import InputError
from saetui.store.features import FeatureRecord

Figure = Literal[
    "id", "density", "documents", "mean", "max", "f1", "pearson", "cohesion", "stability"
]

FIGURES: dict[Figure, Callable[[FeatureRecord], float | None]] = {
    "id": lambda record: record.id,
    "density": lambda record: record.density,
    "documents": lambda record: record.documents,
    "mean": lambda record: record.mean_activation,
    "max": lambda record: record.max_activation,
    "f1": lambda record: record.f1,
    "pearson": lambda record: record.pearson,
    "cohesion": lambda record: record.quality.cohesion,
    "stability": lambda record: record.quality.stability,
}
"""What a feature can be compared and sorted by; None where it is not known."""

CLEAN = "f1>=0.8 pearson>=0.8 density<0.2"
"""What the paper calls a clean feature."""

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_CONDITION = re.compile(rf"(\w+)(<=|>=|!=|<|>|=)({_NUMBER})", re.IGNORECASE)
_NAMED = re.compile(r"(\w+):(\S+)")

Facts = Callable[[int], Sequence[str]]
"""What else is known of a feature: the labels of its families, say."""


@dataclass(frozen=True)
class Condition:
    """A figure compared with a number; a figure that is not known fulfils nothing."""

    figure: Figure
    comparison: str
    number: float

    def holds(self, record: FeatureRecord) -> bool:
        """Whether a feature fulfils it."""
        value = FIGURES[self.figure](record)
        if value is None or math.isnan(value):
            return False
        return _COMPARISONS[self.comparison](value, self.number)


@dataclass(frozen=True)
class FeatureFilter:
    """What was asked for.

    Attributes:
        words: Words of the label, or empty.
        meaning: A text whose meaning features shall be near, or empty.
        conditions: On figures.
        named: Name and wanted value, such as `("quality", "mixed")`, in lower case.
    """

    words: str = ""
    meaning: str = ""
    conditions: tuple[Condition, ...] = ()
    named: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str, names: Sequence[str]) -> "FeatureFilter":
        """Read what was typed.

        What is not understood as a figure or a name counts as a word, so that half-typed text
        filters by as much of it as makes sense.

        Args:
            text: As typed.
            names: What may stand before a colon.
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
            elif name and name[1].lower() in names:
                named.append((name[1].lower(), name[2].casefold()))
                target = words
            elif token.startswith("~"):
                target = meaning
                meaning += [token[1:]] if token[1:] else []
            else:
                target.append(token)
        return cls(" ".join(words), " ".join(meaning), tuple(conditions), tuple(named))

    def holds(self, record: FeatureRecord, facts: dict[str, Facts]) -> bool:
        """Whether a feature fulfils all but words and meaning.

        Args:
            record: The feature.
            facts: By name. A feature fulfils `name:any` if there is a fact, `name:none` if there
                is none, and otherwise if one of them contains the wanted text.
        """
        if not all(condition.holds(record) for condition in self.conditions):
            return False
        for name, wanted in self.named:
            known = facts[name](record.id)
            if wanted == "any":
                fits = bool(known)
            elif wanted == "none":
                fits = not known
            else:
                fits = any(wanted in fact.casefold() for fact in known)
            if not fits:
                return False
        return True


def sort_features(
    records: Sequence[FeatureRecord], figure: str, *, descending: bool
) -> list[FeatureRecord]:
    """Features by a figure or by `label`; those without it come last, equals by number.

    Raises:
        InputError: There is no such figure.
    """
    if figure == "label":
        named = sorted((r for r in records if r.label), key=lambda r: (r.label.casefold(), r.id))
        return [*(reversed(named) if descending else named), *(r for r in records if not r.label)]
    key = next((value for name, value in FIGURES.items() if name == figure), None)
    if key is None:
        raise InputError(
            f"Features cannot be sorted by '{figure}'.",
            f"Choose one of: label, {', '.join(FIGURES)}.",
        )
    known = [(value, record) for record in records if (value := key(record)) is not None]
    sign = -1 if descending else 1
    known.sort(key=lambda pair: (sign * pair[0], pair[1].id))
    return [*(record for _, record in known), *(r for r in records if key(r) is None)]
