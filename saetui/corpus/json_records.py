"""JSON Lines, an array of objects, or objects that span lines; and records of arXiv's snapshot."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saetui.corpus.records import LONGEST_RECORD, BrokenSource, Problem, Record
from saetui.corpus.sources import ByteSource, lines
from saetui.store.json_files import JsonWindow

CHUNK_BYTES = 1 << 16
"""Bytes of an array that are read at a time."""


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=lambda _: None)
"""Reads NaN and Infinity, which Python writes but JSON does not have, and 1e400 as null."""


def json_error_reason(error: ValueError | RecursionError) -> str:
    """Say why a text is not JSON; completes "Line 12 is ..."."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.pos + 1}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"not JSON that can be read: {error}"


def has_broken_characters(source: str, value: object) -> bool:
    """Tell whether a string in `value` holds half of a surrogate pair.

    JSON can write one as an escape (a backslash, u, d800), but UTF-8 cannot, so it could not be
    stored. `source` is the text that `value` was decoded from.
    """
    if "\\ud" not in source and "\\uD" not in source:
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def kind_of(value: object) -> str:
    """Name a JSON value's type in plain words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "a string", int: "a number", float: "a number", list: "a list"}
    return kinds.get(type(value), "an object")


_BROKEN_CHARACTERS = "holds half of a surrogate pair (such as \\ud800), which is not text"


@dataclass(frozen=True)
class JsonLines:
    """Reads one object from each line that is not blank; arXiv's snapshot is of this kind."""

    unit = "line"

    source: ByteSource

    def __iter__(self) -> Iterator[Record | Problem]:
        with self.source.opened() as stream:
            for number, line in enumerate(lines(stream), start=1):
                if line.isspace():
                    continue
                parsed = parse_line(line)
                if isinstance(parsed, str):
                    yield Problem(number, "bad", parsed)
                else:
                    yield Record(number, parsed)


def parse_line(line: bytes) -> dict[str, object] | str:
    """Return a line's object, or the reason why it has none."""
    if len(line) > LONGEST_RECORD:
        return f"is longer than {LONGEST_RECORD >> 20} MiB"
    try:
        text = line.decode().strip()
    except UnicodeDecodeError as error:
        return not_utf8_reason(error)
    try:
        value = DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        return f"is {json_error_reason(error)}"
    if not isinstance(value, dict):
        return f"is {kind_of(value)}, not an object"
    if has_broken_characters(text, value):
        return _BROKEN_CHARACTERS
    return value


def not_utf8_reason(error: UnicodeDecodeError) -> str:
    """Say where a text stops being UTF-8."""
    return f"is not UTF-8 (byte 0x{error.object[error.start]:02X} at byte {error.start + 1})"


@dataclass(frozen=True)
class JsonValues:
    """Reads the items of an array, or a series of objects, one at a time.

    A syntax error ends the reading, since nothing shows where the next item begins.
    """

    unit = "item"

    source: ByteSource

    def __iter__(self) -> Iterator[Record | Problem]:
        with self.source.opened() as stream:
            window = JsonWindow(stream, DECODER, longest=LONGEST_RECORD, chunk=CHUNK_BYTES)
            try:
                yield from self._items(window)
            except UnicodeDecodeError as error:
                raise BrokenSource("its text is not UTF-8") from error

    def _items(self, window: JsonWindow) -> Iterator[Record | Problem]:
        in_array = window.peek() == "["
        if in_array:
            window.skip()
        number = 0
        while character := window.peek():
            if in_array and character == "]":
                window.skip()
                if window.peek():
                    raise BrokenSource("there is more after the end of its array")
                return
            if in_array and number and character == ",":
                window.skip()
                continue
            number += 1
            yield self._take(window, number)
        if in_array:
            raise BrokenSource(f"its array has no end after item {number}")

    def _take(self, window: JsonWindow, number: int) -> Record | Problem:
        try:
            value, source = window.take()
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            # Its position counts from the beginning of the window, not of the file.
            reason = json_error_reason(error).partition(" at character ")[0]
            raise BrokenSource(f"item {number} is {reason}") from error
        if not isinstance(value, dict):
            return Problem(number, "bad", f"is {kind_of(value)}, not an object")
        if has_broken_characters(source, value):
            return Problem(number, "bad", _BROKEN_CHARACTERS)
        return Record(number, value)


_IDENTIFIER = re.compile(
    r"(?:arXiv:)?(?:(?P<archive>[a-z-]+)(?:\.[A-Za-z-]+)?/)?(?P<year>\d\d)(?P<month>\d\d)"
    r"(?(archive)\d{3}|\.\d{4,5})(?:v\d+)?",
    re.IGNORECASE,
)
_FIRST_YEAR = 91

_ONE_LINE = ("title", "authors", "comments", "journal-ref")
_PARAGRAPHS = ("abstract", "text")
# Bulky and redundant: the id dates the first version, and `authors` names the authors.
_DROPPED = ("versions", "authors_parsed")


def is_arxiv(fields: Mapping[str, object]) -> bool:
    """Tell whether a record comes from the snapshot."""
    return (
        isinstance(fields.get("abstract"), str)
        and isinstance(fields.get("categories"), str)
        and any(name in fields for name in ("update_date", "versions", "authors_parsed"))
    )


def arxiv_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """Tidy a record: join wrapped lines, split the categories, add url and month from the id."""
    tidy = {name: value for name, value in fields.items() if name not in _DROPPED}
    for name, value in tidy.items():
        if not isinstance(value, str):
            continue
        if name in _ONE_LINE:
            tidy[name] = " ".join(value.split())
        elif name in _PARAGRAPHS:
            tidy[name] = unwrapped(value)
        elif name == "categories":
            tidy[name] = value.split()
    identifier = fields.get("id")
    month = submission_month(identifier) if isinstance(identifier, str) else ""
    if month:
        tidy.setdefault("url", f"https://arxiv.org/abs/{without_prefix(str(identifier))}")
        tidy.setdefault("published", month)
    return tidy


def unwrapped(abstract: str) -> str:
    """Join an abstract's hard-wrapped lines.

    A line that begins with white space begins a paragraph: see
    https://info.arxiv.org/help/prep.html.
    """
    paragraphs = re.split(r"\n(?=[ \t]+\S)", abstract.strip())
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def submission_month(identifier: str) -> str:
    """Read "YYYY-MM" from an arXiv id of the old or the new style; empty for anything else.

    Old: "astro-ph/9901001", "math.GT/0309136" (1991 to March 2007); new: "0704.0001",
    "2408.00657v2".
    """
    found = _IDENTIFIER.fullmatch(identifier.strip())
    if found is None:
        return ""
    year, month = int(found["year"]), int(found["month"])
    if not 1 <= month <= 12:
        return ""
    old = found["archive"] is not None
    century = 1900 if old and year >= _FIRST_YEAR else 2000
    return f"{century + year}-{month:02d}"


def without_prefix(identifier: str) -> str:
    """An arXiv id without the prefix `arXiv:`."""
    return re.sub(r"^arXiv:", "", identifier.strip(), flags=re.IGNORECASE)
