"""Bytes of files and pipes, decompressed where their first bytes say that they are gzipped."""

import gzip
import io
import stat
import sys
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from saetui.corpus.encodings import as_utf8, decoded, encoding_of
from saetui.corpus.records import LONGEST_RECORD, BrokenSource
from saetui.errors import InputError

READ_ERRORS = (EOFError, zlib.error, OSError, BrokenSource)
"""What reading a damaged source may raise."""

UTF8_MARK = b"\xef\xbb\xbf"
_GZIP_MAGIC = b"\x1f\x8b"
_HEAD_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 17


@dataclass(frozen=True, slots=True)
class Head:
    """A source's first bytes, decompressed.

    Attributes:
        data: Up to a mebibyte.
        whole: Whether that is all of it.
    """

    data: bytes
    whole: bool

    def lines(self) -> list[bytes]:
        """Return the complete lines that are not blank, without a byte order mark."""
        lines = self.data.removeprefix(UTF8_MARK).split(b"\n")
        if not self.whole:
            lines.pop()
        return [line for line in lines if line.strip()]


class FileBytes:
    """A file's bytes, decompressed and in UTF-8; it can be read any number of times.

    Args:
        path: Of the file.
        encoding: Of its text; empty for UTF-8 and for what is no text, None to guess it.

    Attributes:
        name: The path, for messages.
        encoding: As given or guessed.
        head: Its first bytes.
        plain_path: The path when the file is not gzipped, else None.
    """

    def __init__(self, path: Path, encoding: str | None = "") -> None:
        self.name = str(path)
        self._path = path
        with path.open("rb") as raw:
            self.plain_path = None if raw.read(2) == _GZIP_MAGIC else path
        with opened_file(self._path) as stream:
            head = _read_head(stream)
        self.encoding = encoding_of(head.data) if encoding is None else encoding
        self.head = Head(decoded(head.data, self.encoding), head.whole)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the bytes from the beginning, as UTF-8."""
        with opened_file(self._path) as stream:
            yield as_utf8(stream, self.encoding)


class PipeBytes:
    """A pipe's bytes, decompressed and in UTF-8; it can be read once.

    Args:
        name: For messages.
        raw: The pipe.
        close: Whether to close it with this object.
        encoding: Of its text; empty for UTF-8 and for what is no text, None to guess it.

    Attributes:
        name: For messages.
        encoding: As given or guessed.
        head: Its first bytes; they come again when the pipe is read.
        plain_path: None.
    """

    plain_path: Path | None = None

    def __init__(self, name: str, raw: BinaryIO, *, close: bool, encoding: str | None = "") -> None:
        self.name = name
        if close:
            weakref.finalize(self, raw.close)
        magic = raw.read(2)
        stream = _replayed(magic, raw)
        if magic == _GZIP_MAGIC:
            stream = _gunzipped(stream)
        head = _read_head(stream)
        self.encoding = encoding_of(head.data) if encoding is None else encoding
        self.head = Head(decoded(head.data, self.encoding), head.whole)
        self._stream: BinaryIO | None = _replayed(head.data, stream)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the bytes; possible once.

        Raises:
            InputError: They were read before.
        """
        stream, self._stream = self._stream, None
        if stream is None:
            raise InputError(
                f"{self.name} can be read only once.", "Save it in a file first, and give that."
            )
        yield as_utf8(stream, self.encoding)


ByteSource = FileBytes | PipeBytes


@contextmanager
def opened_file(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file, decompressed."""
    with path.open("rb", buffering=_BUFFER_BYTES) as raw:
        gzipped = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        yield _gunzipped(raw) if gzipped else raw


def open_bytes(source: Path | str, encoding: str | None = None) -> ByteSource:
    """Open a file, a pipe with a name, or for "-" standard input.

    Args:
        source: Its path.
        encoding: Of its text; empty for UTF-8, None to guess it.

    Raises:
        InputError: It is missing, may not be read, is empty, or is damaged at its beginning.
    """
    name = "Standard input" if str(source) == "-" else str(source)
    try:
        if str(source) == "-":
            found: ByteSource = _standard_input(name, encoding)
        else:
            found = _named(Path(source), encoding)
    except FileNotFoundError as error:
        raise InputError(
            f"There is no file {name}.", "Check the path for typing errors."
        ) from error
    except READ_ERRORS as error:
        raise InputError(f"{name} cannot be read: {read_error_reason(error)}.") from error
    if not found.head.data.removeprefix(UTF8_MARK).strip():
        raise InputError(f"{name} is empty.", "Give a file that holds documents.")
    return found


def _standard_input(name: str, encoding: str | None) -> PipeBytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError(
            "Nothing is piped to standard input.",
            "Pipe a corpus to it: zcat papers.gz | saetui ...",
        )
    return PipeBytes(name, cast(BinaryIO, sys.stdin.buffer), close=False, encoding=encoding)


def _named(path: Path, encoding: str | None) -> ByteSource:
    if stat.S_ISREG(path.stat().st_mode):
        return FileBytes(path, encoding)
    # A named pipe or <(...) of a shell: opening it twice would lose what was read the first time.
    return PipeBytes(str(path), path.open("rb"), close=True, encoding=encoding)


def read_error_reason(error: BaseException) -> str:
    """Say in plain words why reading failed."""
    if isinstance(error, EOFError):
        return "its gzip data end too early"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return f"its gzip data are damaged ({error})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield each line with its end; of a longer one, the first `LONGEST_RECORD` + 1 bytes.

    The rest of such a line is read and dropped, so that memory stays bounded.
    """
    first = True
    while line := stream.readline(LONGEST_RECORD + 1):
        rest = line if len(line) > LONGEST_RECORD else b""
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST_RECORD)
        yield line.removeprefix(UTF8_MARK) if first and len(line) <= LONGEST_RECORD else line
        first = False


def _read_head(stream: BinaryIO) -> Head:
    """Read the first bytes; damage after them is reported when the rest is read."""
    data = b""
    try:
        while len(data) <= _HEAD_BYTES:
            chunk = _read_some(stream, _HEAD_BYTES + 1 - len(data))
            if not chunk:
                return Head(data, whole=True)
            data += chunk
    except READ_ERRORS:
        if not data:
            raise
    return Head(data, whole=False)


def _read_some(stream: BinaryIO, size: int) -> bytes:
    """Read what one system call or one step of decompression returns.

    Where the data are damaged, a plain `read` would raise and lose the good bytes before that.
    """
    return cast(io.BufferedIOBase, stream).read1(size)


class _Replay(io.RawIOBase):
    """A stream whose first bytes were already read: these bytes, then the rest."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._head:
            self._head = memoryview(_read_some(self._rest, len(buffer)))
        given = self._head[: len(buffer)]
        self._head = self._head[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


def _replayed(head: bytes, rest: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Replay(head, rest), _BUFFER_BYTES))


def _gunzipped(compressed: BinaryIO) -> BinaryIO:
    return _replayed(b"", cast(BinaryIO, gzip.GzipFile(fileobj=compressed, mode="rb")))
