"""Which fields the documents have, and what can be asked of each."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from saetui.core.document_filter import date_in, number_in
from saetui.core.documents import facts_of
from saetui.session.questions.fields import spelled
from saetui.session.session import Session

Kind = Literal["number", "date", "text"]

_EXAMPLES = 3


@dataclass(frozen=True)
class FieldSummary:
    """What is known of one field.

    Attributes:
        name: As a filter names it.
        kind: Number or date if all of its values are, else text.
        documents: How many documents have it.
        distinct: How many values it has.
        lowest: Its lowest number or earliest date; empty for texts.
        highest: Its highest number or latest date; empty for texts.
        examples: Its commonest values.
        several: Whether a document may have more than one value.
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
