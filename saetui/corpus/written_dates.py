"""Dates with words in them: names of months in several languages, eras, quarters, weeks."""

import datetime
import re
import unicodedata

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
