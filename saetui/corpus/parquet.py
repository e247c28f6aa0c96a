"""Parquet, read batch by batch; needs pyarrow."""

import datetime
import math
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from saetui.corpus.fields import SHORTEST_VECTOR, FieldNames, unique_names
from saetui.corpus.records import BrokenSource, Problem, Record
from saetui.corpus.sources import READ_ERRORS, ByteSource, read_error_reason
from saetui.errors import InputError, MissingDependency

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

_BATCH_ROWS = 256
_BUFFER_BYTES = 1 << 20


class ParquetRows:
    """Reads a table's rows; a value that Python cannot hold makes its row bad.

    Parquet keeps its directory at the end, so a gzipped file or a pipe is first decompressed into
    a temporary file.

    Args:
        source: The bytes.
        names: Must find the text among the columns.

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
    """Whether a column has lists of many floats."""
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
