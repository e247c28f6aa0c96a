"""Long lists inside one JSON object, read an item at a time.

`{"doc_ids": [...], "abstracts": [...]}` of half a million abstracts is a line of 600 MB; decoded
at once it would take three times as much memory.
"""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from saetui.errors import InputError

_CHUNK_BYTES = 1 << 20
# An item that is longer than this is no text, but a file without the end of a string.
_LONGEST_ITEM = 64 << 20


class JsonColumns:
    """A JSON file that holds one object, some of whose values are lists.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def items(self, column: str) -> Iterator[Any]:
        """The items of the list named `column`, one at a time.

        Raises:
            InputError: The file cannot be read, is cut short, is not such an object, or has no
                such list.
        """
        try:
            with self.path.open("rb") as stream:
                yield from self._items(_Window(self.path, stream), column)
        except FileNotFoundError:
            raise InputError(
                f"{self.path.name} is missing from {self.path.parent}.", "Copy it there."
            ) from None
        except OSError as error:
            raise InputError(f"{self.path} cannot be read ({error.strerror or error}).") from None

    def _items(self, window: "_Window", column: str) -> Iterator[Any]:
        window.expect("{", "the object that it should be")
        while window.peek() != "}":
            name = window.take("the names of its lists")
            window.expect(":", f"what follows '{name}'")
            if name == column:
                if window.peek() != "[":
                    raise InputError(f"'{column}' in {self.path} is not a list.")
                yield from window.list_items(name)
                return
            if window.peek() == "[":
                for _ in window.list_items(str(name)):
                    pass
            else:
                window.take(f"'{name}'")
            if window.peek() == ",":
                window.skip()
        raise InputError(
            f"{self.path} has no list '{column}'.",
            "It must hold one object with the lists 'doc_ids' and 'abstracts'.",
        )


class _Window:
    """The part of a text that is being decoded."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder()
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
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

    def expect(self, character: str, where: str) -> None:
        """Go past a character that must come now."""
        if self.peek() != character:
            raise self._broken(where)
        self.skip()

    def list_items(self, name: str) -> Iterator[Any]:
        """The items of the list that begins here; goes past its end."""
        self.skip()
        number = 0
        while self.peek() != "]":
            if number:
                self.expect(",", f"'{name}' after item {number:,}")
            yield self.take(f"'{name}' after item {number:,}")
            number += 1
        self.skip()

    def take(self, where: str) -> Any:  # noqa: ANN401 - JSON can be anything.
        """Decode the value that begins here."""
        if not self.peek():
            raise self._broken(where)
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._text) - self._at > _LONGEST_ITEM or not self._read_more():
                    raise self._broken(where, ended=_ends_early(error)) from None
                continue
            # A number at the window's end may have more digits behind it.
            if end < len(self._text) or not self._read_more():
                break
        self._at = min(end, len(self._text))
        return value

    def _broken(self, where: str, *, ended: bool = False) -> InputError:
        if ended or not self.peek():
            return InputError(f"{self._path} is cut short: it ends in {where}.", "Copy it again.")
        return InputError(f"{self._path} is not JSON that can be read: see {where}.")

    def _read_more(self) -> bool:
        """Drop what was decoded and read on; False at the end."""
        rest = self._text[self._at :]
        data = self._stream.read(max(_CHUNK_BYTES, len(rest)))
        try:
            more = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError:
            raise InputError(f"{self._path} is not UTF-8 text.", "Copy it again.") from None
        self._text, self._at = rest + more, 0
        return bool(data)


def _ends_early(error: ValueError | RecursionError) -> bool:
    """Whether a text is no JSON for want of its end."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip())
