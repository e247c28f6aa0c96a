"""Comparisons of metadata with numbers and dates, such as `stars>3`."""

import math
import operator
import re
from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

from saetui.core.dates import date_in, first_and_last, is_date
from saetui.errors import InputError

Sign = Literal["<", "<=", ">", ">="]
SIGNS: tuple[Sign, ...] = get_args(Sign)

_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+|(?=\.[0-9]))(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?"
)
_BESIDE = "$\u20ac\u00a3\u00a5\u20b9% \u00a0"
_HOLDS: dict[Sign, Callable[[object, object], bool]] = {
    "<": operator.lt,  # type: ignore[dict-item]
    "<=": operator.le,  # type: ignore[dict-item]
    ">": operator.gt,  # type: ignore[dict-item]
    ">=": operator.ge,  # type: ignore[dict-item]
}


def number_in(text: str) -> float | None:
    """The number that a text is, or None.

    Thousands may have commas between them, and a currency or a per cent sign may stand beside it.
    """
    text = text.strip(_BESIDE)
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text.replace(",", ""))
    return number if math.isfinite(number) else None


class Comparison(NamedTuple):
    """A condition on a field of the metadata.

    Attributes:
        field: Name of the field.
        sign: How its value compares with `value`.
        value: A number, or a date of any precision.
    """

    field: str
    sign: Sign
    value: str

    def __str__(self) -> str:
        return f"{self.field}{self.sign}{self.value}"

    def test(self) -> Callable[[str], bool]:
        """What tells whether a value, as `fact_texts` writes it, fulfils the condition.

        Numbers compare as numbers, dates as dates; of a date of less precision all days must do.

        Raises:
            InputError: The condition names neither a number nor a date.
        """
        holds, number = _HOLDS[self.sign], number_in(self.value)
        date = self.value if is_date(self.value) else ""
        if number is None and not date:
            raise InputError(
                f"'{self.value}' is neither a number nor a date.",
                "Write for example: stars>3 or updated>=2019-03",
            )

        def fulfils(text: str) -> bool:
            own = number_in(text)
            if own is not None and number is not None:
                return holds(own, number)
            if not date or not (day := date_in(text)):
                return False
            # Whether all days of a vague date are as late as that, the first or the last one tells.
            nearest = first_and_last(day)[0 if self.sign in (">", ">=") else 1]
            return holds(nearest[: len(date)], date)

        return fulfils
