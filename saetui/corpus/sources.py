"""Bytes of files and pipes, decompressed if they are gzipped, as UTF-8 whatever their encoding."""

import codecs
import gzip
import io
import stat
import sys
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from saetui.corpus.records import LONGEST_RECORD, BrokenSource
from saetui.errors import InputError

# The longer marks first, since they begin as the shorter ones do.
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_BINARY = (b"\x93NUMPY", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"BZh", b"%PDF-", b"PK", b"\x1f\x8b")
_LOOKED_AT = 1 << 16
# Letters of Western languages and the signs of typesetters. Those that stand for frequent letters
# of Hungarian, Czech, Polish or Turkish in the code pages of these are left out.
_WESTERN = frozenset(
    "àâäáãåçéèêëíîïìñóôöòøúüùßæœÀÂÄÁÃÅÇÉÈÊËÍÎÏÑÓÔÖØÚÜÆŒ€£°§©®·¿¡\xa0"
    "\u2018\u2019\u201c\u201d\u201e\xab\xbb\u2013\u2014\u2022\u2026"
)
# The others that texts of today may be in; the library knows many that only look like these.
_LIKELY = [
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r"),
    *("gb18030", "big5", "cp932", "euc_jp", "cp949", "tis_620", "iso8859_2", "iso8859_15"),
]
_MOSTLY = 0.9
# Texts of Western languages are mostly ASCII.
_MOST_OTHERS = 0.35
# So many letters of a text with spaces and digits are of the first 256, in any language of Europe.
_ZEROS = 0.8


def encoding_of(data: bytes) -> str:
    """The encoding of a text by its first bytes; empty for UTF-8, and for what is no text.

    A file with more lines that are UTF-8 than lines that are not is damaged UTF-8.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if data.startswith(_BINARY):
        return ""
    if b"\0" in data:
        return _without_mark(data)
    # The last line may be cut short.
    whole = data[: data.rfind(b"\n") + 1] or data
    odd = [line for line in whole.split(b"\n") if not line.isascii()]
    wrong = [line for line in odd if not _is_utf8(line)]
    return _guessed(b"\n".join(wrong)[:_LOOKED_AT]) if 2 * len(wrong) > len(odd) else ""


def _without_mark(data: bytes) -> str:
    """UTF-16 without the mark that it should begin with: every other byte is zero, or nearly so."""
    pairs = max(len(data) // 2, 1)
    even, odd = (data[place::2].count(0) / pairs for place in (0, 1))
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros > _ZEROS and others < 1 - _ZEROS:
            return name
    return ""


def check_encoding(name: str) -> str:
    """The name of an encoding as Python spells it; empty for UTF-8.

    Raises:
        InputError: Python knows no encoding of that name.
    """
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        raise InputError(
            f"There is no encoding '{name}'.", "Names are such as latin-1, cp1252, utf-16, gb18030."
        ) from None
    return "" if found in ("utf-8", "ascii") else found


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """The same text in UTF-8; what the encoding does not know becomes U+FFFD.

    An empty encoding leaves the stream as it is.
    """
    if not encoding:
        return stream
    decoder = codecs.getincrementaldecoder(encoding)("replace")

    def more(size: int) -> bytes:
        text, ended = "", False
        while not text and not ended:
            data = _read_some(stream, size)
            ended = not data
            text = decoder.decode(data, final=ended)
        return text.encode("utf-8", "replace")

    return _stream(more)


def decoded(data: bytes, encoding: str) -> bytes:
    """The first bytes of a text in UTF-8; a character that is cut off at their end is left out."""
    if not encoding:
        return data
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(data).removeprefix("\ufeff").encode("utf-8", "replace")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _guessed(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    if _is_western(sample):
        return "cp1252"
    best = from_bytes(sample, cp_isolation=_LIKELY).best()
    return "" if best is None else best.encoding


def _is_western(sample: bytes) -> bool:
    """Whether a text is likely to be one of Western Europe, which the library often misses."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    others = [character for character in text if not character.isascii()]
    letters = [character for character in text if character.isalpha()]
    marked = sum(not character.isascii() for character in letters)
    usual = sum(character in _WESTERN for character in others)
    return usual >= _MOSTLY * len(others) and marked <= _MOST_OTHERS * len(letters)


READ_ERRORS = (EOFError, zlib.error, OSError, BrokenSource)
"""What reading a damaged source may raise."""

UTF8_MARK = b"\xef\xbb\xbf"
_GZIP_MAGIC = b"\x1f\x8b"
_HEAD_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 17


@dataclass(frozen=True, slots=True)
class Head:
    """Up to a mebibyte of the beginning of a source, decompressed, and whether it is all of it."""

    data: bytes
    whole: bool

    def lines(self) -> list[bytes]:
        """Return the complete lines that are not blank, without a byte order mark."""
        lines = self.data.removeprefix(UTF8_MARK).split(b"\n")
        if not self.whole:
            lines.pop()
        return [line for line in lines if line.strip()]


class ByteSource:
    """The bytes of a file or a pipe, decompressed and in UTF-8.

    `encoding` is then as given or guessed, and `head` in UTF-8.

    Args:
        name: For messages.
        head: The first bytes, decompressed.
        encoding: Of the text; empty for UTF-8 and for what is no text, None to guess it.
        opened: Opens the decompressed bytes from the beginning; a pipe only once.
        plain_path: Of a file that is not gzipped.
    """

    def __init__(
        self,
        name: str,
        head: Head,
        encoding: str | None,
        opened: Callable[[], AbstractContextManager[BinaryIO]],
        *,
        plain_path: Path | None = None,
    ) -> None:
        self.name = name
        self.plain_path = plain_path
        self.encoding = encoding_of(head.data) if encoding is None else encoding
        self.head = Head(decoded(head.data, self.encoding), head.whole)
        self._opened = opened

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the bytes from the beginning, as UTF-8.

        Raises:
            InputError: It is a pipe that was read before.
        """
        with self._opened() as stream:
            yield as_utf8(stream, self.encoding)


def _file(path: Path, encoding: str | None) -> ByteSource:
    with path.open("rb") as raw:
        gzipped = raw.read(2) == _GZIP_MAGIC
    with opened_file(path) as stream:
        head = _read_head(stream)
    plain_path = None if gzipped else path
    return ByteSource(str(path), head, encoding, partial(opened_file, path), plain_path=plain_path)


def _pipe(name: str, raw: BinaryIO, encoding: str | None) -> ByteSource:
    magic = raw.read(2)
    stream = _replayed(magic, raw)
    if magic == _GZIP_MAGIC:
        stream = _gunzipped(stream)
    head = _read_head(stream)
    unread = [_replayed(head.data, stream)]

    @contextmanager
    def once() -> Iterator[BinaryIO]:
        if not unread:
            raise InputError(
                f"{name} can be read only once.", "Save it in a file first, and give that."
            )
        yield unread.pop()

    return ByteSource(name, head, encoding, once)


@contextmanager
def opened_file(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file, decompressed."""
    with path.open("rb", buffering=_BUFFER_BYTES) as raw:
        gzipped = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        yield _gunzipped(raw) if gzipped else raw


def open_bytes(source: Path | str, encoding: str | None = None) -> ByteSource:
    """Open a file, a pipe with a name, or for "-" standard input.

    `encoding` is of its text; empty for UTF-8, None to guess it.

    Raises:
        InputError: It is missing, may not be read, is empty, or is damaged at its beginning.
    """
    name = "Standard input" if str(source) == "-" else str(source)
    try:
        if str(source) == "-":
            found = _standard_input(name, encoding)
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


def _standard_input(name: str, encoding: str | None) -> ByteSource:
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError(
            "Nothing is piped to standard input.",
            "Pipe a corpus to it: zcat papers.gz | saetui ...",
        )
    return _pipe(name, cast(BinaryIO, sys.stdin.buffer), encoding)


def _named(path: Path, encoding: str | None) -> ByteSource:
    if stat.S_ISREG(path.stat().st_mode):
        return _file(path, encoding)
    # A named pipe or <(...) of a shell: opening it twice would lose what was read the first time.
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("rb"))
        source = _pipe(str(path), raw, encoding)
        weakref.finalize(source, stack.pop_all().close)
    return source


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


class _Stream(io.RawIOBase):
    """Bytes in pieces of any size, which `more` returns; none at the end."""

    def __init__(self, more: Callable[[int], bytes], head: bytes) -> None:
        self._more = more
        self._ready = memoryview(head)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._ready:
            self._ready = memoryview(self._more(len(buffer)))
        given = self._ready[: len(buffer)]
        self._ready = self._ready[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


def _stream(more: Callable[[int], bytes], head: bytes = b"") -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Stream(more, head), _BUFFER_BYTES))


def _replayed(head: bytes, rest: BinaryIO) -> BinaryIO:
    """A stream whose first bytes were already read: these bytes, then the rest."""
    return _stream(partial(_read_some, rest), head)


def _gunzipped(compressed: BinaryIO) -> BinaryIO:
    return _replayed(b"", cast(BinaryIO, gzip.GzipFile(fileobj=compressed, mode="rb")))
