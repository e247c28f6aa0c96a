"""JSON Lines: one object a line. arXiv's snapshot is of this kind."""

from collections.abc import Iterator

from saetui.corpus.json_text import (
    BROKEN_CHARACTERS,
    DECODER,
    has_broken_characters,
    json_error_reason,
    kind_of,
)
from saetui.corpus.records import LONGEST_RECORD, Record
from saetui.corpus.report import Problem
from saetui.corpus.sources import ByteSource, lines


class JsonLines:
    """Reads one object a line; blank lines are no records."""

    unit = "line"

    def __init__(self, source: ByteSource) -> None:
        self._source = source

    def __iter__(self) -> Iterator[Record | Problem]:
        with self._source.opened() as stream:
            for number, line in enumerate(lines(stream), start=1):
                if line.isspace():
                    continue
                parsed = parse_line(line)
                if isinstance(parsed, str):
                    yield Problem(number, "bad", parsed)
                else:
                    yield Record(number, parsed)


def parse_line(line: bytes) -> dict[str, object] | str:
    """Give a line's object, or why there is none."""
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
        return BROKEN_CHARACTERS
    return value


def not_utf8_reason(error: UnicodeDecodeError) -> str:
    """Say where a text stops being UTF-8."""
    return f"is not UTF-8 (byte 0x{error.object[error.start]:02X} at byte {error.start + 1})"
