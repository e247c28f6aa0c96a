"""JSON that is not in lines: one array of objects, or objects that span lines."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

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
            window = _Window(stream)
            in_array = window.next_character() == "["
            if in_array:
                window.skip()
            number = 0
            while character := window.next_character():
                if in_array and character == "]":
                    window.skip()
                    if window.next_character():
                        raise BrokenSource("there is more after the end of its array")
                    return
                if in_array and number and character == ",":
                    window.skip()
                    continue
                number += 1
                yield window.take(number)
            if in_array:
                raise BrokenSource(f"its array has no end after item {number}")


class _Window:
    """The part of a text that is being decoded."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0

    def next_character(self) -> str:
        """Skip white space and look at what follows; empty at the end of the text."""
        while True:
            while self._at < len(self._text):
                if not self._text[self._at].isspace():
                    return self._text[self._at]
                self._at += 1
            if not self._read_more():
                return ""

    def skip(self) -> None:
        """Go past the character that was looked at."""
        self._at += 1

    def take(self, number: int) -> Record | Problem:
        """Decode the value that begins here."""
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._text) - self._at > LONGEST_RECORD or not self._read_more():
                    # The position is one in the window, which says nothing to the reader.
                    reason = json_error_reason(error).partition(" at character ")[0]
                    raise BrokenSource(f"item {number} is {reason}") from error
                continue
            # A number at the window's end may have more digits behind it.
            if end < len(self._text) or not self._read_more():
                break
        source, self._at = self._text[self._at : end], end
        if not isinstance(value, dict):
            return Problem(number, "bad", f"is {kind_of(value)}, not an object")
        if has_broken_characters(source, value):
            return Problem(number, "bad", BROKEN_CHARACTERS)
        return Record(number, value)

    def _read_more(self) -> bool:
        """Drop what was decoded and read as much again as is left, or a chunk; False at the end."""
        rest = self._text[self._at :]
        data = self._stream.read(max(_CHUNK_BYTES, len(rest)))
        try:
            more = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise BrokenSource("its text is not UTF-8") from error
        self._text, self._at = rest + more, 0
        return bool(data)
