"""What a user may do to a query's features; plain values, cheap to import."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Mode = Literal["delta", "codes", "decode", "optimise"]
MODES: tuple[Mode, ...] = get_args(Mode)

DEFAULT_MODE: Mode = "codes"
"""At equal nearness of the results to the query, judges that know nothing of the SAE recognise what
was raised at least as often as in any other mode, and more documents activate it; `saetui evaluate
steering` measures it."""

Operation = Literal["add", "set", "scale"]


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to one feature's activation.

    Attributes:
        operation: `add` to it, `set` it, or `scale` it; a scale of -1 negates.
        amount: By, to, or with how much.
    """

    operation: Operation
    amount: float

    def apply(self, activation: float) -> float:
        """The activation after the change."""
        match self.operation:
            case "add":
                return activation + self.amount
            case "set":
                return self.amount
            case "scale":
                return activation * self.amount


Steering = Mapping[int, Change]


@dataclass(frozen=True, slots=True)
class Knob:
    """How far keys turn a feature in a mode.

    On abstracts of astro-ph one `step` of a feature that the query has replaces 1.5 of ten results
    and moves four others in either kind of mode, one `leap` five; an `added` feature is then
    active on a quarter to a third of the results, which keep 0.93 of their nearness to the query.

    Attributes:
        step: A small change.
        leap: A large one.
        added: What a feature that the query lacks is added with.
    """

    step: float
    leap: float
    added: float


_BY_CODES = Knob(0.05, 0.25, 0.3)
# A change by codes does as much as one and a half to twice of it along a direction.
_BY_VECTORS = Knob(0.1, 0.4, 0.5)


def knob_of(mode: Mode) -> Knob:
    """How far keys turn a feature in a mode."""
    return _BY_CODES if mode == "codes" else _BY_VECTORS
