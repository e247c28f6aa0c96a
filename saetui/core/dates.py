"""Dates of any precision, as people write them in filters: 2019, 2019-03, 2019-03-14."""

import datetime
import re

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
    # Of a year or month, so many days after its first one the next has begun.
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
