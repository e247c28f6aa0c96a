"""Choose features by words, by meaning and by what is known of them.

    supernova light curves        words of the label, as typed
    ~supernova light curves       meaning: features whose direction lies near the text
    f1>=0.8 density<0.01          figures
    family:any quality:mixed      what else is known

All of it may be combined; every part must hold. A word after `~` belongs to the meaning until the
next figure or name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from saetui.core.features import CLEAN_DENSITY, CLEAN_F1, CLEAN_PEARSON
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

NAMES = ("family", "quality", "label", "note", "bookmark")
"""What may stand before a colon."""

CLEAN = f"f1>={CLEAN_F1} pearson>={CLEAN_PEARSON} density<{CLEAN_DENSITY}"
"""What the paper calls a clean feature."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_CONDITION = re.compile(rf"(\w+)(<=|>=|!=|<|>|=)({_NUMBER})", re.IGNORECASE)
_NAMED = re.compile(r"(\w+):(\S+)")


@dataclass(frozen=True)
class Condition:
    """A figure compared with a number; see `feature_table` for what fulfils it."""

    figure: Figure
    comparison: str
    number: float


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
    def parse(cls, text: str) -> "FeatureFilter":
        """Read what was typed.

        What is not understood as a figure or a name counts as a word, so that half-typed text
        filters by as much of it as makes sense.
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
