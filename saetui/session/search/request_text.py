"""Filters of documents and changes of features as text, for the app and the command line.

    after:2019-03 before:2021            published in March 2019 or later, and earlier than 2021
    year:2026  published:2019..2021      published in this year, in these years
    category:cs.LG                       in this category or one below it; of several, in any
    has:"Tidal disruption" without:12    features for which a document counts or not, by label or
                                         number
    active:12                            features that are active, however weakly
    in:to-read                           in a list of your own
    journal:Nature  author.name=Ada      any field of the metadata; of a list, one of its values
    stars>3  price<=10  citations:10..   numbers and dates compare as such

A document must fulfil all parts. A name or value with a space, or a name with one of `:=<>`, stands
in quotation marks, and so does a field of the metadata that has the name of one of the words above.

    1234=+0.3  tidal disruption=x2  family:Black holes=0  ~rare words=neg

A change names a feature by number or label, a family, or with `~` the best feature for any words.
"""

import contextlib
import math
import re
from collections.abc import Callable, Iterable, Sequence

from saetui.core.changes import Change
from saetui.core.document_filter import (
    SIGNS,
    Comparison,
    DocumentFilter,
    Sign,
    check_date,
    date_after,
    date_before,
    is_date,
    number_in,
)
from saetui.errors import InputError
from saetui.session.features.lookup import Lookup

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PART = re.compile(
    rf'\s*({_QUOTED}|[^\s":=<>]+)(\s*(?:>=|<=|>|<)\s*|[:=])({_QUOTED}|[^\s"]+)(?=\s|$)'
)
_RANGE = re.compile(r"(.*?)\.\.(.*)", re.DOTALL)
_EXAMPLES = (
    'Write for example: after:2019 category:cs.LG has:"Tidal disruption" stars>3 FIELD:VALUE'
)
_WORDS = ("after", "before", "category", "has", "without", "active", "in")
_MOST_FIELDS = 8


def parse_filter(
    text: str, feature: Callable[[str], int], fields: Callable[[], Sequence[str]] = tuple
) -> DocumentFilter:
    """Read a filter from its text; empty text lets every document through.

    Args:
        text: As described above.
        feature: Finds the number of a feature by its number or label; `Lookup.feature`.
        fields: Names the fields of the documents, for messages.

    Raises:
        InputError: The text is not a filter, or names a feature that does not exist.
    """
    dates = {"after": "", "before": ""}
    categories: list[str] = []
    where: list[tuple[str, str]] = []
    features: dict[str, list[int]] = {"has": [], "without": [], "active": []}
    compared: list[Comparison] = []
    lists: list[str] = []
    place, text = 0, text.strip()
    while place < len(text):
        found = _PART.match(text, place)
        if found is None:
            raise InputError(f"'{text[place:].strip()}' is not a filter.", _hint(fields()))
        name, sign, value = found[1], found[2].strip(), _plain(found[3])
        if name in _WORDS and sign in SIGNS:
            raise InputError(f"'{found[0].strip()}' is not a filter.", f"Write {name}:{value}")
        if name in dates:
            if dates[name]:
                raise InputError(f"The filter says {name}: twice.", "Keep one of them.")
            check_date(value)
            dates[name] = value
        elif name == "category":
            categories.append(value)
        elif name in features:
            features[name].append(feature(value))
        elif name == "in" and sign == ":":
            lists.append(value)
        elif sign in SIGNS:
            compared.append(Comparison(_plain(name), _sign(sign), value))
        elif (ends := _ends(found[3])) is not None:
            compared += [
                Comparison(_plain(name), sign, end)
                for sign, end in zip((_sign(">="), _sign("<=")), ends, strict=True)
                if end
            ]
        else:
            where.append((_plain(name), value))
        place = found.end()
    return DocumentFilter(
        dates["after"],
        dates["before"] and date_before(dates["before"]),
        tuple(categories),
        tuple(where),
        tuple(features["has"]),
        tuple(features["without"]),
        tuple(compared),
        tuple(features["active"]),
        tuple(lists),
    )


def format_filter(wanted: DocumentFilter, feature: Callable[[int], str] = str) -> str:
    """Write a filter, with features as `feature` names them, so that `parse_filter` reads it."""
    until = wanted.until
    parts = [("after", wanted.after)]
    parts += [("before", date_after(until) if is_date(until) else until)]
    parts += [("category", name) for name in wanted.categories]
    parts += [("has", feature(number)) for number in wanted.having]
    parts += [("without", feature(number)) for number in wanted.lacking]
    parts += [("active", feature(number)) for number in wanted.active]
    parts += [("in", name) for name in wanted.lists]
    texts = [f"{name}:{_quoted(value)}" for name, value in parts if value]
    texts += [f"{_field(name)}:{_quoted(value)}" for name, value in wanted.where]
    texts += [f"{_field(each.field)}{each.sign}{_quoted(each.value)}" for each in wanted.compared]
    return " ".join(texts)


def _hint(fields: Sequence[str]) -> str:
    if not fields:
        return _EXAMPLES
    named = ", ".join(fields[:_MOST_FIELDS])
    more = f" and {len(fields) - _MOST_FIELDS:,} more" if len(fields) > _MOST_FIELDS else ""
    return f"{_EXAMPLES}; fields of these documents are {named}{more}."


def _ends(value: str) -> tuple[str, str] | None:
    """The ends of a range of numbers or dates such as `10..100`; None if it is another value."""
    found = _RANGE.fullmatch(value)
    ends = (found[1], found[2]) if found else ("", "")
    known = all(not end or number_in(end) is not None or is_date(end) for end in ends)
    return ends if known and any(ends) else None


def _sign(text: str) -> Sign:
    return next(sign for sign in SIGNS if sign == text)


def _plain(text: str) -> str:
    """A part without its quotation marks."""
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _quoted(value: str) -> str:
    if value and not re.search(r'[\s"]|^=', value) and _ends(value) is None:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _field(name: str) -> str:
    if name in _WORDS or re.search(r"[:=<>]", name):
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _quoted(name)


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
