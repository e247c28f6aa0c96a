"""JSON that is not in lines: one array of objects, or objects that span lines."""

from collections.abc import Iterator

from saetui.corpus.json_text import (
    BROKEN_CHARACTERS,
    DECODER,
    has_broken_characters,
    json_error_reason,
    kind_of,
)
from saetui.corpus.records import LONGEST_RECORD, BrokenSource, Record
from saetui.corpus.report import Problem
from saetui.corpus.sources import ByteSource
from saetui.store.json_window import JsonWindow

_CHUNK_BYTES = 1 << 16


class JsonValues:
    """Reads the items of an array, or objects one after the other, one at a time.

    A syntax error ends the reading: without lines nobody knows where the next item begins.
    """

    unit = "item"

    def __init__(self, source: ByteSource) -> None:
        self._source = source

    def __iter__(self) -> Iterator[Record | Problem]:
        with self._source.opened() as stream:
            window = JsonWindow(stream, DECODER, longest=LONGEST_RECORD, chunk=_CHUNK_BYTES)
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
            # The position is one in the window, which says nothing to the reader.
            reason = json_error_reason(error).partition(" at character ")[0]
            raise BrokenSource(f"item {number} is {reason}") from error
        if not isinstance(value, dict):
            return Problem(number, "bad", f"is {kind_of(value)}, not an object")
        if has_broken_characters(source, value):
            return Problem(number, "bad", BROKEN_CHARACTERS)
        return Record(number, value)
