"""Detect the format of a source by its content."""

from collections.abc import Mapping

from saetui.corpus.arxiv import is_arxiv
from saetui.corpus.fields import FieldNames
from saetui.corpus.json_records import DECODER, parse_line
from saetui.corpus.sources import UTF8_MARK, Head
from saetui.corpus.tables import DELIMITERS, find_layout
from saetui.errors import InputError

PARQUET_MAGIC = b"PAR1"
_OTHER_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF", "Extract its text first, for example with pdftotext."),
    (b"PK\x03\x04", "a zip archive (or a Word or Excel file)", "Unpack it, or save it as CSV."),
    (b"\x1f\x8b", "compressed with gzip twice", "Decompress it once: gunzip FILE"),
    (b"BZh91AY&SY", "compressed with bzip2", "Decompress it: bzcat FILE | saetui build -"),
    (b"\xfd7zXZ", "compressed with xz", "Decompress it: xzcat FILE | saetui build -"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Decompress it: zstdcat FILE | saetui build -"),
    (b"SQLite format 3", "an SQLite database", "Export the table with its texts as CSV."),
    (b"ARROW1", "an Arrow file", "Write it as Parquet."),
    (b"\x93NUMPY", "a NumPy array", "Give the texts, not their embeddings."),
)
_SUPPORTED = (
    "Give JSON Lines, CSV or TSV with a header, Parquet, arXiv's snapshot or a folder of texts."
)

_LINES_LOOKED_AT = 50
_MOST_UNREADABLE = 0.1


def refuse_other_kinds(name: str, head: Head) -> None:
    """Refuse a file that is known to be something else, whatever its name says.

    Raises:
        InputError: It names the kind of file, and what to do with it.
    """
    for magic, what, hint in _OTHER_KINDS:
        if head.data.startswith(magic):
            raise InputError(f"{name} is {what}, which is not a corpus.", hint)


def detect_format(name: str, head: Head, names: FieldNames) -> str:
    """Return "jsonl", "arxiv", "json", "csv", "tsv" or "parquet", by the first bytes.

    The name decides only where the content does not: ".jsonl" whose first lines cannot be read.

    Raises:
        InputError: It is none of them.
    """
    if head.data.startswith(PARQUET_MAGIC):
        return "parquet"
    text = head.data.removeprefix(UTF8_MARK).lstrip()
    if _spans_lines(text, head):
        return "json"
    objects = first_objects(head)
    if objects:
        return "arxiv" if any(is_arxiv(fields) for fields in objects) else "jsonl"
    if text.startswith((b"{", b"[")):
        return "jsonl"
    if name.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        return "jsonl"
    if text.startswith(b"<"):
        raise InputError(f"{name} is XML or HTML, which is not a corpus.", _SUPPORTED)
    if _unreadable_share(text) > _MOST_UNREADABLE:
        raise InputError(
            f"{name} is not text in UTF-8.",
            "If it is text, name its encoding, such as --encoding cp1252.",
        )
    layout = find_layout(head, DELIMITERS, names)
    if layout is None or (len(layout.columns) == 1 and not names.has_text(layout.columns)):
        raise InputError(f"{name} is in no format that saetui reads.", _SUPPORTED)
    return "tsv" if layout.delimiter == "\t" else "csv"


def first_objects(head: Head) -> list[Mapping[str, object]]:
    """Return the JSON objects among the first lines."""
    parsed = (parse_line(line) for line in head.lines()[:_LINES_LOOKED_AT])
    return [fields for fields in parsed if isinstance(fields, dict)]


def _spans_lines(text: bytes, head: Head) -> bool:
    """Tell whether this is JSON in one array, or in objects that span several lines."""
    lines = head.lines() or [text]
    first = lines[0].strip()
    if text.startswith(b"["):
        return len(lines) == 1 or not _is_json(first)
    # Broken JSON Lines may end like this too, but then the next line begins an object.
    open_ended = text.startswith(b"{") and first.endswith((b"{", b"[", b",", b":"))
    return open_ended and len(lines) > 1 and not lines[1].startswith(b"{")


def _is_json(line: bytes) -> bool:
    try:
        DECODER.decode(line.decode())
    except (ValueError, RecursionError):
        return False
    return True


def _unreadable_share(data: bytes) -> float:
    """Return the share of characters that are control characters or not UTF-8."""
    text = data.decode(errors="replace")
    unreadable = sum(
        character == "\ufffd" or (character < " " and character not in "\t\n\r\f\v")
        for character in text[:20_000]
    )
    return unreadable / len(text[:20_000])
