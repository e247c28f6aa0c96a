"""Which documents a search may find: by dates, fields and features; cheap to import.

Dates may be of any precision, as people write them in filters: 2019, 2019-03, 2019-03-14.
"""

import datetime
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

from saetui.errors import InputError

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_DATE_AND_TIME = re.compile(r"([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)(?:[Tt ].*)?", re.DOTALL)


def check_date(text: str) -> None:
    """Refuse a text that is not a date of the calendar, such as 2019-02-30.

    Raises:
        InputError: It is not.
    """
    if not is_date(text):
        raise InputError(f"'{text}' is not a date.", "Write 2019, 2019-03 or 2019-03-14.")


def is_date(text: str) -> bool:
    """Whether a text is a date of the calendar."""
    try:
        _first_day(text)
    except ValueError:
        return False
    return True


def date_in(text: str) -> str:
    """The date that a text begins with, without a time of day; empty if it is another text."""
    found = _DATE_AND_TIME.fullmatch(text.strip())
    return found[1] if found and is_date(found[1]) else ""


def date_before(text: str) -> str:
    """The year, month or day before one; 2018 is before 2019, 2019-02 before 2019-03."""
    day = _first_day(text) - datetime.timedelta(days=1)
    return day.isoformat()[: len(text)]


def date_after(text: str) -> str:
    """The year, month or day after one."""
    # From the first day of any year or month, this many days lead into the next one.
    days = {4: 366, 7: 31, 10: 1}[len(text)]
    return (_first_day(text) + datetime.timedelta(days=days)).isoformat()[: len(text)]


def first_and_last(text: str) -> tuple[str, str]:
    """The first and the last day of a date of any precision, as texts that sort as dates do."""
    return text + "0000-01-01"[len(text) :], text + "0000-12-31"[len(text) :]


def _first_day(text: str) -> datetime.date:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return datetime.date(int(found[1]), int(found[2] or 1), int(found[3] or 1))


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


Retrieval = Literal["hybrid", "semantic", "lexical"]
RETRIEVALS: tuple[Retrieval, ...] = get_args(Retrieval)


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents a search may find. A document must fulfil everything that is set.

    Attributes:
        after: Earliest date of publication, ISO of any precision; empty for no limit.
        until: Latest date of publication, all of its days included; empty for no limit.
        categories: The document is in at least one of these; "cs" includes "cs.LG" and the like.
        where: Metadata fields and the value of each; a field that is a list must contain the value.
            A dot leads into an object: `author.name`. Where no metadata field has that name, id,
            title, url, published, date and year are those of the document.
        having: Features for which the document counts, see `core.truth`.
        lacking: Features for which it does not count.
        compared: Conditions on numbers and dates in the metadata.
        active: Features that are active on the document, whether or not it counts for them.
        lists: Lists of the reader that the document is in.
    """

    after: str = ""
    until: str = ""
    categories: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    having: tuple[int, ...] = ()
    lacking: tuple[int, ...] = ()
    compared: tuple[Comparison, ...] = ()
    active: tuple[int, ...] = ()
    lists: tuple[str, ...] = ()

    def also(self, other: "DocumentFilter") -> "DocumentFilter":
        """Both filters together; where both have a date, the date of `other` counts."""
        return replace(
            self,
            after=other.after or self.after,
            until=other.until or self.until,
            categories=(*self.categories, *other.categories),
            where=(*self.where, *other.where),
            having=(*self.having, *other.having),
            lacking=(*self.lacking, *other.lacking),
            compared=(*self.compared, *other.compared),
            active=(*self.active, *other.active),
            lists=(*self.lists, *other.lists),
        )


EVERYTHING = DocumentFilter()
"""Lets every document through."""
