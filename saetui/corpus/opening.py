"""Open whatever the user named as a corpus that is ready to read."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from saetui.core.documents import Document
from saetui.corpus.arxiv import arxiv_fields
from saetui.corpus.corpus import Corpus
from saetui.corpus.dates import DateReader
from saetui.corpus.detect import (
    PARQUET_MAGIC,
    detect_format,
    first_objects,
    refuse_other_kinds,
)
from saetui.corpus.encodings import check_encoding
from saetui.corpus.fields import FieldNames
from saetui.corpus.folder import TextFolder, choose_in_folder
from saetui.corpus.json_records import JsonLines, JsonValues
from saetui.corpus.options import CorpusOptions
from saetui.corpus.parquet import ParquetRows
from saetui.corpus.records import Reader, Record
from saetui.corpus.sources import ByteSource, open_bytes
from saetui.corpus.tables import DELIMITERS, Table, find_layout
from saetui.errors import InputError


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
    """Choose the reader, and make sure that the source has what the reader needs."""
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
