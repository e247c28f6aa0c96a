"""Open whatever the user named as a corpus that is ready to read, by what its first bytes show."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from saetui.core.documents import Document
from saetui.corpus.corpus import Corpus, CorpusOptions
from saetui.corpus.dates import DateReader
from saetui.corpus.fields import FieldNames
from saetui.corpus.folder import TextFolder, choose_in_folder
from saetui.corpus.json_records import (
    DECODER,
    JsonLines,
    JsonValues,
    arxiv_fields,
    is_arxiv,
    parse_line,
)
from saetui.corpus.records import Reader, Record
from saetui.corpus.sources import UTF8_MARK, ByteSource, Head, check_encoding, open_bytes
from saetui.corpus.tables import DELIMITERS, ParquetRows, Table, find_layout
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


def open_corpus(source: Path | str, options: CorpusOptions | None = None) -> Corpus:
    """Detect what `source` is and open it; only its beginning is read.

    Args:
        source: A file, gzipped or not; a folder of texts, or one that holds a single corpus file;
            "-" for standard input.
        options: How to read it; by default all of it, in the format that is detected.

    Raises:
        InputError: There is nothing to read, the format is not supported, or there is no column
            for the text.
        MissingDependency: It is Parquet, and pyarrow is not installed.
    """
    options = options or CorpusOptions()
    dates = DateReader(options.dates)
    names = FieldNames(options.columns, dates, options.vectors)
    encoding = None if options.encoding is None else check_encoding(options.encoding)
    path = Path(source)
    if str(source) != "-" and path.is_dir():
        chosen = None if options.format == "folder" else choose_in_folder(path)
        if chosen is None:
            _expect_folder(path, options.format)
            texts = TextFolder(path, encoding)
            return Corpus(
                str(path), "folder", texts, names.document, options, remarks=texts.remarks
            )
        source = chosen
    elif options.format == "folder":
        raise InputError(f"{source} is not a folder.", "Leave out --format, or give the folder.")
    found = open_bytes(source, encoding)
    corpus_format, reader = _reader(found, options.format, names)
    make_document = names.document
    if corpus_format == "arxiv":
        make_document = partial(_arxiv_document, names)
    guessed = found.encoding if encoding is None else ""
    said = [f"Read as {guessed}, a guess; --encoding names another."] if guessed else []
    return Corpus(
        found.name,
        corpus_format,
        reader,
        make_document,
        options,
        names=names,
        dates=dates,
        remarks=lambda: [*said, *names.remarks()],
    )


def _arxiv_document(names: FieldNames, record: Record, unit: str) -> Document:
    return names.document(replace(record, fields=arxiv_fields(record.fields)), unit)


def _expect_folder(path: Path, asked: str | None) -> None:
    if asked not in (None, "folder"):
        raise InputError(
            f"{path} is a folder of texts, not {asked}.", "Leave out --format, or give a file."
        )


def _reader(source: ByteSource, asked: str | None, names: FieldNames) -> tuple[str, Reader]:
    head = source.head
    if asked == "parquet" and not head.data.startswith(PARQUET_MAGIC):
        raise InputError(f"{source.name} is not Parquet.", "Leave out --format to detect it.")
    refuse_other_kinds(source.name, head)
    corpus_format = asked or detect_format(source.name, head, names)
    match corpus_format:
        case "parquet":
            return corpus_format, ParquetRows(source, names)
        case "json":
            return corpus_format, JsonValues(source)
        case "csv" | "tsv":
            return corpus_format, _table(source, corpus_format, names)
    # A JSON record may lack optional fields, so only the text and the id can be required here.
    present = {name: None for fields in first_objects(head) for name in fields}
    if present:
        names.require(source.name, present, ("text", "id"))
    return corpus_format, JsonLines(source)


def _table(source: ByteSource, kind: str, names: FieldNames) -> Table:
    delimiters = ("\t",) if kind == "tsv" else DELIMITERS
    layout = find_layout(source.head, delimiters, names)
    if layout is None:
        raise InputError(
            f"{source.name} has no header that can be read.",
            "Its first line must name the columns, separated by commas, tabs or semicolons.",
        )
    try:
        "".join(layout.columns).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"The header of {source.name} is not UTF-8.",
            "Name its encoding, such as --encoding cp1252.",
        ) from error
    names.require(source.name, layout.columns, ("text", "id", "title", "url", "published"))
    return Table(source, layout)
