"""Read JSON: the files of a bundle, with a message for damaged ones; long files in parts."""

import codecs
import json
import math
import reprlib
import stat
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, get_origin

from saetui.errors import BundleDamaged

Record = TypeVar("Record")

MOST_BYTES = 16 << 20
"""Of a JSON file; as values in memory it takes up to twenty times as much."""

DEEPEST = 200
"""Lists and objects inside one another; some of what is done with values recurs."""

_BRIEF = 60


def read_json(path: Path, most: int = MOST_BYTES) -> Any:  # noqa: ANN401 - JSON can be anything.
    """The value in a JSON file of at most `most` bytes.

    Raises:
        BundleDamaged: It is missing, cannot be read, is too long, or is not JSON.
    """
    try:
        return parse_json(read_regular_file(path, most).decode())
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BundleDamaged(f"{path} cannot be read as JSON ({why}).") from None


def read_regular_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """The whole content of a regular file; a pipe might never end.

    Raises:
        OSError: It cannot be read, or is not a file.
        ValueError: It has more than `most` bytes.
    """
    status = path.stat()
    # Opening a pipe would wait until somebody writes to it.
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not a file")
    if status.st_size > most:
        raise ValueError(f"it has {status.st_size:,} bytes, and no more than {most:,} belong there")
    with path.open("rb") as file:
        return file.read(most)


def parse_json(text: str) -> Any:  # noqa: ANN401
    """The value of a JSON text, all of whose numbers are finite.

    Raises:
        ValueError: It is not JSON, or is nested too deeply for those that use it.
    """
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
    # Deeply nested brackets exhaust the parser's stack.
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(value)
    return value


def _finite(text: str) -> float:
    number = float(text)
    if math.isfinite(number):
        return number
    raise ValueError(f"{text[:_BRIEF]} is no number")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise ValueError("it is nested too deeply")


def record_from(kind: type[Record], value: object) -> Record:
    """A flat dataclass from a JSON object that has its fields and no others.

    Raises:
        ValueError: A field is missing, unknown, or not of the type that the dataclass declares.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{briefly(value)} where an object belongs")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise ValueError(f"{briefly(unknown[0])} is not known")
    for name, field in known.items():
        if name not in value:
            if field.default is MISSING and field.default_factory is MISSING:
                raise ValueError(f"{name} is missing")
        # The exact type, because `isinstance` takes True for an int.
        elif type(value[name]) is not (get_origin(field.type) or field.type):
            raise ValueError(f"{name} is {briefly(value[name])}")
    return kind(**value)


def briefly(value: object) -> str:
    """`value`, shortened for a message."""
    text = reprlib.repr(value)
    return text if len(text) <= _BRIEF else text[: _BRIEF - 3] + "..."


class JsonWindow:
    """The part of a JSON text that is being decoded; decoded text is dropped.

    Args:
        stream: UTF-8, with or without a byte order mark.
        decoder: Decodes values.
        longest: The most characters of a value.
        chunk: The fewest bytes to read at a time.

    Raises:
        UnicodeDecodeError: From any method: the text is not UTF-8.
    """

    def __init__(
        self, stream: BinaryIO, decoder: json.JSONDecoder, *, longest: int, chunk: int
    ) -> None:
        self._stream = stream
        self._json = decoder
        self._longest = longest
        self._chunk = chunk
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if not self._text[self._at].isspace():
                    return self._text[self._at]
                self._at += 1
            if not self._read_more():
                return ""

    def skip(self) -> None:
        """Skip the character that `peek` returned."""
        self._at += 1

    def take(self) -> tuple[Any, str]:
        """Decode the value that begins here; also returns its text.

        Raises:
            ValueError: There is no such value, or it is too long.
            RecursionError: It is nested too deeply.
        """
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                if len(self._text) - self._at > self._longest or not self._read_more():
                    raise
                continue
            # A number at the end of the window may go on.
            if end < len(self._text) or not self._read_more():
                break
        source, self._at = self._text[self._at : end], end
        return value, source

    def _read_more(self) -> bool:
        """Drop decoded text and read a chunk, or as much as is left; False at the end."""
        rest = self._text[self._at :]
        data = self._stream.read(max(self._chunk, len(rest)))
        more = self._decoder.decode(data, final=not data)
        self._text, self._at = rest + more, 0
        return bool(data)
