"""Dates of publication, as precise as the corpus has them."""

import datetime
import re

_ISO_DATE = re.compile(
    r"(\d{4})(?:\.0|[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ].*)?)?)?", re.DOTALL | re.ASCII
)


def iso_date(value: object) -> str:
    """Give `value` as "2019", "2019-03" or "2019-03-14"; empty when it is no such date.

    Years may be numbers, also as a table with gaps writes them ("2019.0"); a time of day is cut
    off; slashes count as dashes.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    found = _ISO_DATE.fullmatch(str(value).strip())
    if found is None:
        return ""
    parts = [int(part) for part in found.groups() if part is not None]
    try:
        datetime.date(*[*parts, 1, 1][:3])
    except ValueError:
        return ""
    return "-".join([f"{parts[0]:04d}", *(f"{part:02d}" for part in parts[1:])])
