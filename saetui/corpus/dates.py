"""Dates in the forms that corpora have: ISO, e-mail, seconds since 1970, and with words.

Words are names of months in several languages, eras, quarters and weeks.
"""

import datetime
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, get_args

from saetui.core.document_filter import date_in
from saetui.errors import InputError

# By month, without accents, in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish
# and Russian, in the form that stands in dates. Of each its first letters also count, from four on.
_NAMES = """
january januar janner janvier enero gennaio janeiro januari stycznia января
february februar fevrier febrero febbraio fevereiro februari lutego февраля
march marz maerz mars marzo marco maart marca марта
april avril abril aprile kwietnia апреля
may mai mayo maggio maio mei maja мая
june juni juin junio giugno junho czerwca июня
july juli juillet julio luglio julho lipca июля
august aout agosto augustus sierpnia августа
september septembre septiembre settembre setembro wrzesnia сентября
october oktober octobre octubre ottobre outubro pazdziernika октября
november novembre noviembre novembro listopada ноября
december dezember decembre diciembre dicembre dezembro grudnia декабря
"""
# Abbreviations of three letters that no other month has.
_SHORT = """
jan ene gen sty янв | feb fev fevr lut фев | mar mrz maa marz мар | apr abr avr kwi апр
| may mai mag maj мая | jun giu cze июн | jul juil lug lip июл | aug aou ago sie авг
| sep sept set wrz сен | oct okt ott out paz окт | nov lis ноя | dec dez dic gru дек
"""
_MONTHS = {
    word: month for month, line in enumerate(_NAMES.split("\n")[1:13], 1) for word in line.split()
} | {word: month for month, part in enumerate(_SHORT.split("|"), 1) for word in part.split()}
_LEAST = 4

_DAY_MONTH_YEAR = re.compile(
    r"(?:[^\W\d]+\.?,?\s+)?(?:(\d{1,2})(?:er|st|nd|rd|th|[.ºª°])?[\s-]*)?(?:de\s+|of\s+|d')?"
    r"([^\W\d]{3,})\.?[\s,-]*(?:de\s+|del\s+)?'?(\d{4}|(?<=[-\s'])\d{2})(?!\d)"
    r"(?:[,T\s].*)?",
    re.DOTALL,
)
_MONTH_DAY_YEAR = re.compile(
    r"([^\W\d]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+'?(\d{4}|(?<=')\d{2})(?!\d)(?:[,T\s].*)?",
    re.DOTALL,
)
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_ERA = re.compile(
    r"(明治|大正|昭和|平成|令和)(\d{1,2}|元)年(?:(\d{1,2})月(?:(\d{1,2})日)?)?.*", re.DOTALL
)
_WEEK = re.compile(r"(\d{4})-?W(\d{2})(?:-?[1-7])?", re.IGNORECASE)
_QUARTER = re.compile(r"(?:(\d{4})[-\s]?Q[1-4]|Q[1-4][-\s/]?(\d{4}))", re.IGNORECASE)
_ONE_YEAR = re.compile(r"[^\d]*\b([12]\d{3})\b[^\d]*")
# "In 2007 there were" is no date.
_MOST_WORDS = 3


def plain_digits(text: str) -> str:
    """A text with the digits of any script as 0 to 9, as wide as these are elsewhere."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return "".join(str(int(each)) if each.isdecimal() else each for each in text)


def written_parts(text: str) -> tuple[int, ...]:
    """Year, month and day, or as many of them as are told; empty if there is no date."""
    era = _ERA.fullmatch(text)
    if era is not None:
        first = 1 if era[2] == "元" else int(era[2])
        return (_ERAS[era[1]] + first, *(int(part) for part in era.groups()[2:] if part))
    week = _WEEK.fullmatch(text)
    if week is not None:
        return _month_of_week(int(week[1]), int(week[2]))
    quarter = _QUARTER.fullmatch(text)
    if quarter is not None:
        return (int(quarter[1] or quarter[2]),)
    plain = _without_accents(text)
    day_first = _DAY_MONTH_YEAR.fullmatch(plain)
    if day_first is not None and (month := _month(day_first[2])):
        day = [int(day_first[1])] if day_first[1] else []
        # "May-11" may be a day as well.
        return (_year(day_first[3]), month, *day) if day or len(day_first[3]) == 4 else ()
    month_first = _MONTH_DAY_YEAR.fullmatch(plain)
    if month_first is not None and (month := _month(month_first[1])):
        return _year(month_first[3]), month, int(month_first[2])
    return ()


def only_year(text: str) -> tuple[int, ...]:
    """The year of a text that has no other number, such as "c. 1900" and "Spring 2007"."""
    found = _ONE_YEAR.fullmatch(text)
    if found is None or len(text.split()) > _MOST_WORDS:
        return ()
    return (int(found[1]),)


def _month(word: str) -> int:
    word = word.rstrip(".")
    if word in _MONTHS:
        return _MONTHS[word]
    beginning = {month for name, month in _MONTHS.items() if name.startswith(word)}
    return beginning.pop() if len(word) >= _LEAST and len(beginning) == 1 else 0


def _year(text: str) -> int:
    """Two digits are of the hundred years around now, as of numeric dates."""
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < 69 else 1900)


def _month_of_week(year: int, week: int) -> tuple[int, ...]:
    """Year and month of a week's Thursday, which is the day that decides its year."""
    try:
        day = datetime.date.fromisocalendar(year, week, 4)
    except ValueError:
        return ()
    return day.year, day.month


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


Order = Literal["dmy", "mdy"]
ORDERS: tuple[Order, ...] = get_args(Order)

_ISO = re.compile(
    r"(\d{4})(?:\.0|[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ].*)?)?|\.(\d\d)(?:\.(\d\d)(?:[T ].*)?)?)?",
    re.DOTALL | re.ASCII,
)
# Perhaps with a time of day: 20070402T191842Z, 20070402191842.
_COMPACT = re.compile(r"([12]\d{3})(\d\d)(?:(\d\d)(?:T?\d{4}(?:\d\d)?Z?)?)?", re.ASCII)
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})[./-](\d{4})", re.ASCII)
_CHINESE = re.compile(r"(\d{4})\s*[年년]\s*(?:(\d{1,2})\s*[月월]\s*(?:(\d{1,2})\s*[日일])?)?.*")
# Day and month, or month and day, then the year, perhaps with a time of day.
_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[,T ].*)?", re.DOTALL | re.ASCII)
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)", re.ASCII)
_LETTERS = re.compile(r"[A-Za-z]{3}")
_LONGEST = 64
_YEARS = range(1000, 3000)
_NUMBER = re.compile(r"(\d{5,16})(?:\.\d*)?", re.ASCII)
# The least precise date is a month, for a field that is only called as dates are.
_LEAST_PRECISE = len("2019-03")
# Of numbers: seconds and milliseconds since 1970.
_SECONDS = range(10**8, 5 * 10**9)
_MILLISECONDS = range(10**11, 5 * 10**12)
_MICROSECONDS = range(10**14, 5 * 10**15)
# Two dates that agree in no part: what two readings have in common was written.
_DEFAULTS = (datetime.datetime(1, 1, 1), datetime.datetime(4, 2, 2))


@dataclass
class DateReader:
    """Reads dates, and counts those that it cannot read or whose order it had to assume.

    `unreadable` counts documents with a date that cannot be read, `unsure` dates that could be read
    in both orders; an example is the first of them.

    Args:
        asked: The order of day and month in dates such as 04/02/2007; None: as `learn` finds it,
            else the month first.
    """

    asked: Order | None = None
    unreadable: int = 0
    unreadable_example: str = ""
    unsure: int = 0
    unsure_example: str = ""
    _seen: "Counter[Order]" = field(default_factory=Counter)

    @property
    def order(self) -> Order:
        """The order of day and month in dates that could be read both ways."""
        return self.asked or ("dmy" if self._seen["dmy"] > self._seen["mdy"] else "mdy")

    def begin(self) -> None:
        """Count from the beginning; what is known of the order stays."""
        self.unreadable = self.unsure = 0
        self.unreadable_example = self.unsure_example = ""

    def learn(self, value: object) -> bool:
        """Take in the order of a date that is possible in one order only; whether it was one."""
        possible = _possible_orders(value)
        if len(possible) != 1:
            return False
        self._seen[possible[0]] += 1
        return True

    def is_unsure(self, value: object) -> bool:
        """Whether the order of a date is not known, and may be learnt from other dates."""
        return self.asked is None and not self._seen and len(_possible_orders(value)) > 1

    def read(self, values: Iterable[object]) -> tuple[int, str]:
        """The first of some values that is a date: its place, and what `read_date` makes of it.

        Values that are no dates are counted once for all. Without a date the place is -1.
        """
        refused = ""
        for place, value in enumerate(values):
            date = read_date(value, self.order)
            if date:
                self._count_if_assumed(value)
                return place, date
            refused = refused or ("" if value is None else str(value).strip())
        if refused:
            self.unreadable += 1
            self.unreadable_example = self.unreadable_example or refused
        return -1, ""

    def plain(self, value: object) -> object:
        """A value of a field of dates as `read_date` writes it, so that it can be compared.

        What is no date, or is written so already, perhaps with a time, stays as it is.
        """
        if not isinstance(value, str) or date_in(value) or _NUMBER.fullmatch(value):
            return value
        date = read_date(value, self.order)
        if len(date) < _LEAST_PRECISE:
            return value
        self._count_if_assumed(value)
        return date

    def _count_if_assumed(self, value: object) -> None:
        if self.asked is None and len(_possible_orders(value)) > 1:
            self.unsure += 1
            self.unsure_example = self.unsure_example or str(value).strip()

    def remarks(self) -> list[str]:
        """What the reader should know about the dates, a sentence each."""
        said = []
        if self.unsure:
            names = {"dmy": "day/month/year", "mdy": "month/day/year"}
            other = next(each for each in ORDERS if each != self.order)
            why = ", as others must be" if self._seen else ""
            said.append(
                f"{_dates(self.unsure)} such as '{self.unsure_example}' read as "
                f"{names[self.order]}{why}; --dates {other} reads them as {names[other]}."
            )
        if self.unreadable:
            said.append(
                f"{_dates(self.unreadable)} could not be read, such as "
                f"'{self.unreadable_example[:_LONGEST]}'; no date is kept of these."
            )
        return said


def _dates(count: int) -> str:
    return f"{count:,} {'date' if count == 1 else 'dates'}"


def check_order(order: str) -> Order:
    """The order of a name.

    Raises:
        InputError: There is no such order.
    """
    found = next((each for each in ORDERS if each == order), None)
    if found is None:
        raise InputError(
            f"'{order}' is not an order of dates.", "Write dmy (day first) or mdy (month first)."
        )
    return found


def read_date(value: object, order: Order = "mdy") -> str:
    """Return `value` as "2019", "2019-03" or "2019-03-14"; empty when it is no such date.

    A time of day is dropped, and so is its zone: the day is the one that was written.

    Args:
        value: A text or a number; years may be numbers, also as pandas writes a column with gaps
            ("2019.0"). A list or an object of year, month and day, as databases export them.
        order: Of day and month where both are numbers before the year.
    """
    if isinstance(value, dict | list):
        return _of_parts(value, order)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    if isinstance(value, float):
        if not math.isfinite(value) or not (value.is_integer() or _is_time(int(value))):
            return ""
        return _read(str(int(value)), order)
    return _read(plain_digits(str(value)).strip(), order)


def _of_parts(value: dict[str, object] | list[object], order: Order) -> str:
    """A date in parts: `[2007, 4, 2]`, Crossref's `date-parts`, MongoDB's `$date`, or by name."""
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], list):
            return _of_parts(value[0], order)
        whole = 1 <= len(value) <= 3 and all(type(part) is int for part in value)
        return _iso(*value) if whole and value[0] in _YEARS else ""  # type: ignore[arg-type]
    for name in ("$date", "date-parts", "date_parts"):
        if name in value:
            return read_date(value[name], order)
    parts = [value[name] for name in ("year", "month", "day") if value.get(name)]
    return _of_parts(parts, order) if "year" in value else ""


def _possible_orders(value: object) -> tuple[Order, ...]:
    """The orders in which a date that has days and months as numbers can be read."""
    found = _NUMERIC.fullmatch(value.strip()) if isinstance(value, str) else None
    # With dots the day is always first, and of equal numbers the order does not matter.
    if found is None or found[2] == "." or int(found[1]) == int(found[3]):
        return ()
    months: dict[Order, int] = {"dmy": int(found[3]), "mdy": int(found[1])}
    return tuple(order for order in ORDERS if months[order] <= 12)


# Dates recur; the library for written ones takes a tenth of a millisecond for each.
@lru_cache(1 << 16)
def _read(text: str, order: Order) -> str:
    if not text or len(text) > _LONGEST:
        return ""
    found = _ISO.fullmatch(text) or _CHINESE.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is not None:
        # Databases write a zero for a month or a day that is not known.
        parts = [int(part) for part in found.groups() if part is not None]
        known = _iso(*parts[: parts.index(0)] if 0 in parts[1:] else parts)
        if known or found.re is not _COMPACT:
            return known
    month = _MONTH_AND_YEAR.fullmatch(text)
    if month is not None:
        return _iso(int(month[2]), int(month[1]))
    number = _NUMBER.fullmatch(text)
    if number is not None:
        return _from_number(int(number[1]))
    numeric = _NUMERIC.fullmatch(text)
    if numeric is not None:
        return _from_parts(numeric, order)
    written = written_parts(text)
    if written:
        return _iso(*written)
    if not _YEAR.search(text):
        return ""
    return (_written(text) if _LETTERS.search(text) else "") or _iso(*only_year(text))


def _is_time(number: int) -> bool:
    return any(number in times for times in (_SECONDS, _MILLISECONDS, _MICROSECONDS))


def _from_number(number: int) -> str:
    if not _is_time(number):
        return ""
    while number not in _SECONDS:
        number //= 1_000
    return datetime.datetime.fromtimestamp(number, datetime.UTC).date().isoformat()


def _from_parts(found: re.Match[str], order: Order) -> str:
    """A date of two numbers and a year; with dots the day is always first."""
    first, second, year = int(found[1]), int(found[3]), _year(found[4])
    day_first = first > 12 or (second <= 12 and (found[2] == "." or order == "dmy"))
    return _iso(year, second, first) if day_first else _iso(year, first, second)


def _written(text: str) -> str:
    """A date with the name of a month, or in another form that the library knows."""
    from dateutil.parser import ParserError, parse

    try:
        readings = [parse(text, default=default, ignoretz=True) for default in _DEFAULTS]
    except (ParserError, ValueError, OverflowError, TypeError):
        return ""
    one, other = readings
    if one.year != other.year:
        return ""
    if one.month != other.month:
        return _iso(one.year)
    return _iso(one.year, one.month, *([one.day] if one.day == other.day else []))


def _iso(*parts: int) -> str:
    if not parts:
        return ""
    try:
        datetime.date(*[*parts, 1, 1][:3])
    except ValueError:
        return ""
    return "-".join([f"{parts[0]:04d}", *(f"{part:02d}" for part in parts[1:])])
