"""Steering as text: `1234=+0.3`, `tidal disruption=x2`, `family:Black holes=0`."""

import contextlib
import math
from collections.abc import Callable, Iterable

from saetui.core.changes import Change
from saetui.errors import InputError
from saetui.session.features.lookup import Lookup

_FORM = (
    "Write FEATURE=CHANGE, where FEATURE is a number, a label, family:NAME or ~any words, and "
    "CHANGE is +0.3 or -0.3 (add), 0.3 (set; to-0.3 below zero), 0 (off), x2 (scale) or "
    "neg (negate)."
)
_FAMILY = "family:"
_ANY_WORDS = "~"


def parse_change(text: str) -> Change:
    """Read a change from its text: `+0.3`, `-0.3`, `0.3`, `to-0.3`, `x2`, `neg`.

    Raises:
        InputError: The text is not a change.
    """
    text = text.strip()
    with contextlib.suppress(ValueError):
        change = _change(text)
        if math.isfinite(change.amount):
            return change
    raise InputError(f"'{text}' is not a change.", _FORM)


def _change(text: str) -> Change:
    if text == "neg":
        return Change("scale", -1.0)
    if text.startswith("to"):
        return Change("set", float(text[2:]))
    if text.startswith("x"):
        return Change("scale", float(text[1:]))
    if text.startswith(("+", "-")):
        return Change("add", float(text))
    return Change("set", float(text))


def format_change(change: Change) -> str:
    """Write a change as text, which `parse_change` reads back."""
    # `repr` is the shortest text that stands for exactly this number.
    amount = repr(change.amount).removesuffix(".0")
    match change.operation:
        case "add":
            return amount if amount.startswith("-") else f"+{amount}"
        case "set":
            return f"to{amount}" if amount.startswith("-") else amount
        case "scale":
            return "neg" if change.amount == -1 else f"x{amount}"


def parse_steering(
    texts: Iterable[str], lookup: Lookup, best: Callable[[str], int]
) -> dict[int, Change]:
    """Read changes from texts such as `1234=+0.3`; of two for one feature the later counts.

    Args:
        texts: The changes.
        lookup: Finds features and families by name.
        best: Returns the best feature for any words, which `~` marks.

    Raises:
        InputError: A text is not of this form, or names a feature or family that does not exist.
    """
    steering: dict[int, Change] = {}
    for text in texts:
        name, separator, amount = text.rpartition("=")
        if not separator or not name.strip():
            raise InputError(f"'{text}' does not say what to steer and how.", _FORM)
        change = parse_change(amount)
        if name.startswith(_FAMILY):
            members = lookup.family(name.removeprefix(_FAMILY)).members
        elif name.startswith(_ANY_WORDS):
            members = (best(name.removeprefix(_ANY_WORDS).strip()),)
        else:
            members = (lookup.feature(name),)
        steering.update(dict.fromkeys(members, change))
    return steering
