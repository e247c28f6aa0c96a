"""CSV, TSV and Parquet, one record a row.

Of CSV and TSV the delimiter, the quoting and the columns are found first. Parquet needs pyarrow.
"""

import csv
import datetime
import io
import math
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from saetui.corpus.fields import SHORTEST_VECTOR, FieldNames, unique_names
from saetui.corpus.json_records import not_utf8_reason
from saetui.corpus.records import LONGEST_RECORD, BrokenSource, Problem, Record, counted
from saetui.corpus.sources import READ_ERRORS, UTF8_MARK, ByteSource, Head, lines, read_error_reason
from saetui.errors import InputError, MissingDependency

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

DELIMITERS = (",", "\t", ";", "|")
_ROWS_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class TableLayout:
    """A delimiter, whether quotes enclose fields, and the names of the columns, all different."""

    delimiter: str
    quoted: bool
    columns: tuple[str, ...]


def find_layout(head: Head, delimiters: Iterable[str], names: FieldNames) -> TableLayout | None:
    """Choose the layout with a text column and with the most rows as long as the header.

    The first row of `head` that is not blank is the header. None where no header can be read.
    """
    candidates = [(delimiter, True) for delimiter in delimiters]
    if "\t" in delimiters:
        # Many TSV files do not quote, and a field may begin with a quote that never ends.
        candidates.append(("\t", False))
    text = head.data.removeprefix(UTF8_MARK).decode(errors="surrogateescape")
    if not head.whole:
        text = text[: text.rfind("\n") + 1]
    best: TableLayout | None = None
    best_score = (False, 0.0, 0)
    for delimiter, quoted in candidates:
        rows = _first_rows(text, delimiter, quoted)
        header = rows[0] if rows else None
        if not isinstance(header, list):
            continue
        columns = unique_names(header)
        fitting = sum(isinstance(row, list) and len(row) == len(header) for row in rows)
        score = (names.has_text(columns), fitting / len(rows), len(columns))
        if score > best_score:
            best_score = score
            best = TableLayout(delimiter, quoted, columns)
    return best


def _first_rows(text: str, delimiter: str, quoted: bool) -> list[list[str] | csv.Error]:
    found = _rows(io.StringIO(text, newline="\n"), delimiter, quoted)
    return [row for _, _, row in islice(found, _ROWS_LOOKED_AT)]


def _rows(
    lines: Iterable[str], delimiter: str, quoted: bool
) -> Iterator[tuple[int, int, list[str] | csv.Error]]:
    """Yield the rows that are not blank, with their first and last line, by the rules of RFC 4180.

    In place of a row that breaks these rules comes what is wrong with it.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    if not quoted:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
    while True:
        first = reader.line_num + 1
        try:
            row: list[str] | csv.Error = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row = error
        if row:
            yield first, reader.line_num, row


@dataclass(frozen=True)
class Table:
    """Reads the rows below a header; blank lines are skipped.

    A row that breaks the rules for quotes (RFC 4180), or that has more or fewer fields than the
    header, is bad: nobody can tell what was meant.
    """

    unit = "line"

    source: ByteSource
    layout: TableLayout

    def __iter__(self) -> Iterator[Record | Problem]:
        columns = self.layout.columns
        # The limit is global to the csv module, so it is only ever raised.
        csv.field_size_limit(max(LONGEST_RECORD, csv.field_size_limit()))
        with self.source.opened() as stream:
            header_passed = False
            lines = _TextLines(stream)
            for first, last, row in _rows(lines, self.layout.delimiter, self.layout.quoted):
                if isinstance(row, csv.Error):
                    yield Problem(first, "bad", _reason(row, last - first))
                elif header_passed:
                    yield _record(first, columns, row)
                header_passed = header_passed or isinstance(row, list)


class _TextLines:
    """Decodes a stream's lines; bytes that are not UTF-8 become surrogates, to be reported by row.

    A csv reader can go on after an exception from this class; after one from a generator it cannot.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = lines(stream)

    def __iter__(self) -> "_TextLines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if len(line) > LONGEST_RECORD:
            raise csv.Error(f"longer than {LONGEST_RECORD >> 20} MiB")
        return line.decode(errors="surrogateescape")


def _record(line: int, columns: tuple[str, ...], row: list[str]) -> Record | Problem:
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return Problem(line, "bad", _not_utf8(row))
    if len(row) != len(columns):
        fields = counted(len(row), "field", "fields")
        return Problem(line, "bad", f"has {fields} where the header has {len(columns)}")
    return Record(line, dict(zip(columns, row, strict=True)))


def _not_utf8(row: list[str]) -> str:
    try:
        "".join(row).encode(errors="surrogateescape").decode()
    except UnicodeDecodeError as error:
        return not_utf8_reason(error).partition(" at byte ")[0] + ")"
    return "is not UTF-8"


def _reason(error: csv.Error, further_lines: int) -> str:
    """Say what is wrong with a row, and how many further lines it swallowed."""
    lost = ""
    if further_lines > 0:
        lost = f" ({counted(further_lines, 'further line is', 'further lines are')} lost with it)"
    text = str(error)
    if "field limit" in text or "longer than" in text:
        return f"is longer than {LONGEST_RECORD >> 20} MiB{lost}"
    if "unexpected end" in text:
        return f"opens a quote that is never closed{lost}"
    if "expected after" in text:
        return f"has text after a closing quote{lost}"
    if "new-line character" in text:
        return f"holds a carriage return outside quotes{lost}"
    return f"cannot be read: {text}{lost}"


_BATCH_ROWS = 256
_BUFFER_BYTES = 1 << 20


class ParquetRows:
    """Reads a table's rows; a value that Python cannot hold makes its row bad.

    Parquet keeps its directory at the end, so a gzipped file or a pipe is first decompressed into a
    temporary file.

    Raises:
        MissingDependency: pyarrow is not installed.
        InputError: It is not a whole Parquet file, or has no text column.
    """

    unit = "row"

    def __init__(self, source: ByteSource, names: FieldNames) -> None:
        try:
            import pyarrow.parquet
        except ImportError as error:
            raise MissingDependency("pyarrow", "Reading Parquet", "parquet") from error
        self._file: Path | IO[bytes] = source.plain_path or self._copied(source)
        try:
            with self._opened() as table:
                self._columns = unique_names(table.schema_arrow.names)
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(
                f"{source.name} is not a whole Parquet file: {error}.",
                "Download or write it again.",
            ) from error
        names.require(source.name, self._columns, ("text", "id", "title", "url", "published"))

    def __iter__(self) -> Iterator[Record | Problem]:
        import pyarrow

        number = 0
        try:
            with self._opened() as table:
                for fields in self._all_rows(table):
                    number += 1
                    if isinstance(fields, str):
                        yield Problem(number, "bad", fields)
                    else:
                        yield Record(number, fields)
        except pyarrow.ArrowException as error:
            raise BrokenSource(f"after row {number:,}: {error}") from error

    def _opened(self) -> "AbstractContextManager[pyarrow.parquet.ParquetFile]":
        import pyarrow.parquet

        if not isinstance(self._file, Path):
            self._file.seek(0)
        # With pre_buffer a whole row group would be in memory at once.
        opened: AbstractContextManager[pyarrow.parquet.ParquetFile] = pyarrow.parquet.ParquetFile(
            self._file, buffer_size=_BUFFER_BYTES, pre_buffer=False
        )
        return opened

    def _copied(self, source: ByteSource) -> IO[bytes]:
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this reader
        weakref.finalize(self, copy.close)
        try:
            with source.opened() as stream:
                shutil.copyfileobj(stream, copy)
        except READ_ERRORS as error:
            raise InputError(
                f"{source.name} cannot be read to its end: {read_error_reason(error)}."
            ) from error
        return copy

    def _all_rows(self, table: "pyarrow.parquet.ParquetFile") -> Iterator[dict[str, object] | str]:
        # Group by group: of a batch that spans two, damage in the second would lose the first.
        for group in range(table.num_row_groups):
            for batch in table.iter_batches(batch_size=_BATCH_ROWS, row_groups=[group]):
                yield from self._rows(batch)

    def _rows(self, batch: "pyarrow.RecordBatch") -> Iterator[dict[str, object] | str]:
        """Yield each row's values, or the reason why they cannot be read."""
        import pyarrow

        columns = [_in_microseconds(column) for column in batch.columns]
        vectors = [_holds_vectors(column) for column in columns]
        for row in range(batch.num_rows):
            fields: dict[str, object] = {}
            for name, column, is_vector in zip(self._columns, columns, vectors, strict=True):
                try:
                    # Number by number, a vector would take as long as all other columns.
                    vector = column[row].values if is_vector else None
                    fields[name] = (
                        json_value(column[row].as_py())
                        if vector is None
                        else vector.to_numpy(zero_copy_only=False)
                    )
                except (ValueError, OverflowError, pyarrow.ArrowException) as error:
                    yield f"has a value in its column '{name}' that cannot be read: {error}"
                    break
            else:
                yield fields


def _holds_vectors(column: "pyarrow.Array") -> bool:
    from pyarrow import types

    kind = column.type
    if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        return False
    return bool(
        types.is_floating(kind.value_type)
        and len(column.flatten()) >= SHORTEST_VECTOR * (len(column) - column.null_count)
    )


def _in_microseconds(column: "pyarrow.Array") -> "pyarrow.Array":
    """Round timestamps to what Python can hold; a document's date needs no nanoseconds."""
    import pyarrow

    if pyarrow.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pyarrow.timestamp("us", column.type.tz), safe=False)
    return column


def json_value(value: object) -> object:
    """Convert a value of Parquet's types to JSON's: dates to ISO texts, NaN to null."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case datetime.date() | datetime.time():
            return value.isoformat()
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return f"<{len(value):,} bytes>"
        case list() | tuple():
            return [json_value(item) for item in value]
        case dict():
            return {str(name): json_value(item) for name, item in value.items()}
    return str(value)
