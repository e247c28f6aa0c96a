"""Dates of any precision, as people write them in filters."""

import datetime
import re

from saetui.errors import InputError

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def check_date(text: str) -> None:
    """Refuse a text that is not a date of the calendar, such as 2019-02-30.

    Raises:
        InputError: It is not.
    """
    found = _DATE.fullmatch(text)
    try:
        if found is not None:
            datetime.date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
            return
    except ValueError:
        pass
    raise InputError(f"'{text}' is not a date.", "Write 2019, 2019-03 or 2019-03-14.")
