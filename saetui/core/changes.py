"""What a user may do to a query's features; plain values, cheap to import."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Mode = Literal["delta", "codes", "decode", "optimise"]
MODES: tuple[Mode, ...] = get_args(Mode)

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
