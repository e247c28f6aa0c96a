"""What a user may do to a query's features; plain values, cheap to import."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Mode = Literal["delta", "codes", "decode", "optimise"]
MODES: tuple[Mode, ...] = get_args(Mode)

DEFAULT_MODE: Mode = "codes"
"""At equal nearness of the results to the query, judges that do not know the SAE recognise the
raised feature at least as often in this mode as in any other, and more of the results activate it.
`saetui evaluate steering` measures both."""

Operation = Literal["add", "set", "scale"]


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to one feature's activation.

    Attributes:
        operation: `add` to it, `set` it, or `scale` it; a scale of -1 negates it.
        amount: The summand, the new activation, or the factor.
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
    """How much one key press changes a feature.

    Measured on abstracts of astro-ph, in every mode: one `step` of a feature that the query has
    replaces 1.5 of ten results and moves four others, one `leap` replaces five. A feature that was
    added with `added` is then active on a quarter to a third of the results, and these keep 0.93 of
    their cosine to the query.

    Attributes:
        step: The small change.
        leap: The large change.
        added: The first change to a feature that the query lacks.
    """

    step: float
    leap: float
    added: float


_BY_CODES = Knob(0.05, 0.25, 0.3)
# A change in `codes` has the effect of one 1.5 to 2 times as large in the other modes.
_BY_VECTORS = Knob(0.1, 0.4, 0.5)


def knob_of(mode: Mode) -> Knob:
    """The step sizes of a mode."""
    return _BY_CODES if mode == "codes" else _BY_VECTORS
