"""Texts in other encodings than UTF-8: which one, and their bytes as UTF-8."""

import codecs
import io
from typing import BinaryIO, cast

from saetui.errors import InputError

# The longer marks first, since they begin as the shorter ones do.
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_BINARY = (b"\x93NUMPY", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"BZh", b"%PDF-", b"PK", b"\x1f\x8b")
_LOOKED_AT = 1 << 16
_CHUNK = 1 << 16
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

    Args:
        stream: Its bytes.
        encoding: Of the text; empty leaves the stream as it is.
    """
    if not encoding:
        return stream
    return cast(BinaryIO, io.BufferedReader(_Transcoded(stream, encoding), _CHUNK))


def decoded(data: bytes, encoding: str) -> bytes:
    """The first bytes of a text in UTF-8; a character that is cut off at their end is left out."""
    if not encoding:
        return data
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(data).removeprefix("\ufeff").encode("utf-8", "replace")


class _Transcoded(io.RawIOBase):
    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = memoryview(b"")
        self._first = True
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._ready and not self._ended:
            data = cast(io.BufferedIOBase, self._stream).read1(_CHUNK)
            self._ended = not data
            text = self._decoder.decode(data, final=self._ended)
            if self._first and text:
                text, self._first = text.removeprefix("\ufeff"), False
            self._ready = memoryview(text.encode("utf-8", "replace"))
        given = self._ready[: len(buffer)]
        self._ready = self._ready[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


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
