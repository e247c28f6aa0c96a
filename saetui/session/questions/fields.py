"""Which fields documents have, and what they say: numbers, categories, or when."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from saetui.core.document_filter import date_in, number_in
from saetui.core.documents import facts_of, texts_in
from saetui.errors import InputError
from saetui.session.questions.units import once_per_session
from saetui.session.search.document_masks import DATES
from saetui.session.session import Session

Period = Literal["year", "quarter", "month"]
PERIODS: tuple[Period, ...] = get_args(Period)
_MOSTLY = 0.9
# What `common_values` lists.
_MOST_VALUES = 2_000
_COMMON = 0.05
# How many of the commonest values are spelled as documents spell them.
_SPELLED = 40
_MONTHS: dict[Period, int] = {"year": 12, "quarter": 3, "month": 1}
# The first periods are shown as one until they hold this many documents, or one in a hundred.
_FEW = 20
# A span of more periods than this is shown by the next longer ones.
_MOST_PERIODS = 36


@dataclass(frozen=True)
class Field:
    """A field of the metadata.

    Attributes:
        name: As the corpus spells it.
        numbers: One for each document, `(N,)`, NaN where it has none; None if it is no number.
        values: Each value with the rows of its documents, the commonest first.
        dates: Whether the numbers are dates, in years.
    """

    name: str
    numbers: NDArray[np.float64] | None
    values: tuple[tuple[str, NDArray[np.int64]], ...]
    dates: bool = False


@dataclass(frozen=True)
class Timeline:
    """When documents were published.

    Attributes:
        period: The length of a period.
        names: Of all periods from the first to the last: `2019`, `2019-Q3`, `2019-07`.
        places: The period of each document, int64 `(N,)`; -1 if its date is missing or less
            precise.
    """

    period: Period
    names: tuple[str, ...]
    places: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many documents each period has."""
        return np.bincount(self.places[self.places >= 0], minlength=len(self.names))

    def of(self, mask: NDArray[np.bool_]) -> "Timeline":
        """The timeline of some documents; sparse periods at its beginning become one.

        A corpus that has three documents of the last century would else be a line of gaps.

        Raises:
            InputError: None of them has a date.
        """
        places = np.where(mask, self.places, -1)
        sizes = np.bincount(places[places >= 0], minlength=len(self.names))
        if not sizes.any():
            raise InputError("No document that counts has a date.", "Ask without the filter.")
        used = np.flatnonzero(sizes)
        start, stop = int(used[0]), int(used[-1]) + 1
        running = np.cumsum(sizes)
        early = int(np.searchsorted(running, min(_FEW, 0.01 * running[-1]), side="right"))
        first = max(start, min(early, stop - 1))
        # One period takes in all that is before it.
        moved = np.where(places >= 0, np.maximum(places, first) - first, -1)
        names = list(self.names[first:stop])
        if first > start:
            names[0] = f"until {names[0]}"
        return Timeline(self.period, tuple(names), moved)


@once_per_session
def field(session: Session, name: str) -> Field:
    """A field of the metadata, or the date of publication as years (`DATES`).

    Raises:
        InputError: No document has it.
    """
    fields = session.field_names()
    if name in fields:
        values = sorted(_by_value(session, name), key=lambda each: (-len(each[1]), each[0]))
        numbers = _numbers(values, len(session.bundle))
        if numbers is None:
            values[:_SPELLED] = [
                (spelled(session, name, value, rows), rows) for value, rows in values[:_SPELLED]
            ]
        return Field(name, numbers, tuple(values))
    if name.casefold() in DATES:
        return Field(name, _years(session), (), dates=True)
    raise InputError(
        f"No document has a field called '{name}'.",
        f"Fields of these documents: {', '.join([*fields, 'published'])}.",
    )


@once_per_session
def common_values(session: Session, name: str) -> tuple[tuple[str, NDArray[np.int64]], ...]:
    """The values that at least one document in twenty has, each with its rows, as they are spelled.

    None of a field with very many values, which is an identifier rather than a category.
    """
    facts, documents = session.bundle.documents.facts, len(session.bundle)
    if facts is None:
        return ()
    counts = facts.counts(name)
    if len(counts) > _MOST_VALUES:
        return ()
    found = []
    for value, count in counts:
        if value and count >= _COMMON * documents:
            rows = facts.rows(name, value)
            found.append((spelled(session, name, value, rows), rows))
    return tuple(found)


def _by_value(session: Session, name: str) -> Iterator[tuple[str, NDArray[np.int64]]]:
    facts = session.bundle.documents.facts
    if facts is not None:
        yield from ((value, rows) for value, rows in facts.by_value(name) if value)
        return
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row, metadata in session.bundle.documents.metadata():
        for text in set(texts_in(metadata, name)):
            found[text].append(row)
    yield from ((value, np.array(rows)) for value, rows in found.items() if value)


def spelled(session: Session, name: str, value: str, rows: NDArray[np.int64]) -> str:
    """A value as its first document spells it; the index keeps values short, in lower case."""
    for _, metadata in session.bundle.documents.metadata_of(rows[:1].tolist()):
        for each in _texts(metadata, name):
            if each.strip().casefold().startswith(value):
                return each.strip()
    return value


def _texts(value: object, name: str) -> Iterator[str]:
    """The texts of a field of metadata as they are written; dots lead into objects."""
    if isinstance(value, str) and not name:
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, name)
    elif isinstance(value, Mapping):
        for outer, inner in value.items():
            if name == outer or name.startswith(f"{outer}."):
                yield from _texts(inner, name[len(outer) + 1 :])


def _numbers(
    values: list[tuple[str, NDArray[np.int64]]], documents: int
) -> NDArray[np.float64] | None:
    """The values as numbers, if nearly all of them are some and there are more than two."""
    numbers = np.full(documents, np.nan)
    read = distinct = 0
    for value, rows in values:
        try:
            number = float(value)
        except ValueError:
            continue
        if np.isfinite(number):
            numbers[rows] = number
            read += len(rows)
            distinct += 1
    total = sum(len(rows) for _, rows in values)
    return numbers if distinct > 2 and read >= _MOSTLY * total else None


def _dates(session: Session) -> Iterator[tuple[int, int, int, NDArray[np.int64]]]:
    """Year, month and day of every date (0 where it is less precise) with its documents' rows."""
    for text, rows in session.bundle.documents.by_date():
        parts = [int(part) for part in text[:10].split("-") if part.isdigit()]
        if parts:
            year, month, day = [*parts, 0, 0][:3]
            yield year, month if month <= 12 else 0, day, rows


def _years(session: Session) -> NDArray[np.float64]:
    """The date of publication in years, `(N,)`; the middle of what is less precise, else NaN."""
    found = np.full(len(session.bundle), np.nan)
    for year, month, day, rows in _dates(session):
        within = (month - 1 + ((day - 0.5) / 31 if day else 0.5)) / 12 if month else 0.5
        found[rows] = year + within
    return found


@once_per_session
def timeline(session: Session, period: Period | None = None) -> Timeline:
    """The periods of a corpus, and in which of them each document was published.

    Args:
        session: An open bundle.
        period: Their length; None for the shortest that makes 36 periods at most.

    Raises:
        InputError: No document has a date of that precision.
    """
    months = np.full(len(session.bundle), -1, dtype=np.int64)
    years = np.full(len(session.bundle), -1, dtype=np.int64)
    for year, month, _, rows in _dates(session):
        years[rows] = year
        if month:
            months[rows] = 12 * year + month - 1
    if period is None:
        period = _usual_period(years, months)
    places = years if period == "year" else np.where(months >= 0, months // _MONTHS[period], -1)
    if not (places >= 0).any():
        raise InputError(
            f"No document has a date that says the {period}.",
            "Dates come from the corpus's field 'published'.",
        )
    first, last = int(places[places >= 0].min()), int(places.max())
    names = tuple(_name(place, period) for place in range(first, last + 1))
    return Timeline(period, names, np.where(places >= 0, places - first, -1))


def _usual_period(years: NDArray[np.int64], months: NDArray[np.int64]) -> Period:
    """The shortest period of which 36 hold nearly all documents; a few much older do not count."""
    dated = np.sort(months[months >= 0])
    if len(dated) < _MOSTLY * max((years >= 0).sum(), 1) or not len(dated):
        return "year"
    few = int(0.01 * len(dated))
    span = dated[len(dated) - 1 - few] - dated[few] + 1
    fitting = (each for each in PERIODS[::-1] if span / _MONTHS[each] <= _MOST_PERIODS)
    return next(fitting, "year")


def _name(place: int, period: Period) -> str:
    if period == "year":
        return str(place)
    if period == "quarter":
        return f"{place // 4}-Q{place % 4 + 1}"
    return f"{place // 12}-{place % 12 + 1:02d}"


Kind = Literal["number", "date", "text"]

_EXAMPLES = 3


@dataclass(frozen=True)
class FieldSummary:
    """What is known of one field of the metadata.

    It is of numbers or dates only if all of its values are; `lowest` and `highest` are empty for
    texts. `several` says whether a document may have more than one value.
    """

    name: str
    kind: Kind
    documents: int
    distinct: int
    lowest: str
    highest: str
    examples: tuple[str, ...]
    several: bool


def list_fields(session: Session) -> list[FieldSummary]:
    """Every field of the metadata, and the date of publication if documents have one."""
    documents = session.bundle.documents
    found = []
    dates = [(date, len(rows)) for date, rows in documents.by_date() if date]
    if dates:
        found.append(_summary("published", dates, sum(count for _, count in dates)))
    facts = documents.facts
    if facts is not None:
        for name in facts.fields():
            summary = _summary(name, facts.counts(name), facts.documents(name))
            # The index keeps values in lower case.
            texts = [
                spelled(session, name, value, facts.rows(name, value)) for value in summary.examples
            ]
            found.append(replace(summary, examples=tuple(texts)))
        return found
    counts: dict[str, dict[str, int]] = {}
    having: dict[str, int] = {}
    for _, metadata in documents.metadata():
        own = set(facts_of(metadata))
        for name, text in own:
            values = counts.setdefault(name, {})
            values[text] = values.get(text, 0) + 1
        for name in {name for name, _ in own}:
            having[name] = having.get(name, 0) + 1
    return found + [_summary(name, counts[name].items(), having[name]) for name in sorted(counts)]


def _summary(name: str, counts: Iterable[tuple[str, int]], documents: int) -> FieldSummary:
    known = [(value, count) for value, count in counts if value]
    commonest = sorted(known, key=lambda each: (-each[1], each[0]))
    examples = tuple(value for value, _ in commonest[:_EXAMPLES])
    numbers = [number for value, _ in known if (number := number_in(value)) is not None]
    dates = [date for value, _ in known if (date := date_in(value))]
    kind, lowest, highest = _kind(name, len(known), numbers, dates)
    several = sum(count for _, count in known) > documents
    return FieldSummary(name, kind, documents, len(known), lowest, highest, examples, several)


def _kind(name: str, values: int, numbers: list[float], dates: list[str]) -> tuple[Kind, str, str]:
    # Years are dates only in the field that is known to hold dates.
    if values and len(dates) == values and (name == "published" or len(numbers) < values):
        return "date", min(dates), max(dates)
    if values and len(numbers) == values:
        return "number", f"{min(numbers):g}", f"{max(numbers):g}"
    return "text", "", ""
