"""Matrices in files (`.npy`, `.npz`, columns of Parquet and Arrow), and files of rows' ids."""

import json
import tempfile
import weakref
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saetui.errors import InputError, MissingDependency

if TYPE_CHECKING:
    import pyarrow

_TABLES = (".parquet", ".arrow", ".feather")
_BATCH_ROWS = 1_024


def open_matrix(name: str) -> tuple[NDArray[Any], list[str] | None]:
    """The matrix in a file, and the ids of its rows where a table has a column `id`.

    Args:
        name: The path; of an archive or a table, `:NAME` may follow with that of the matrix.

    Returns:
        `(N, d)` of floats or small signed integers: mapped, or on disk in a temporary file.

    Raises:
        InputError: It cannot be read, or holds no such matrix.
        MissingDependency: It is a table, and pyarrow is not installed.
    """
    path, inner = _split(name)
    if path.suffix.lower() in _TABLES:
        return _from_table(path, inner)
    matrix = _from_numpy(path, inner)
    _check(matrix, name)
    return matrix, None


def path_of(name: str) -> Path:
    """The file that a name of `open_matrix` is in."""
    return _split(name)[0]


def _split(name: str) -> tuple[Path, str]:
    before, colon, after = name.rpartition(":")
    if colon and not Path(name).exists() and Path(before).suffix.lower() in (*_TABLES, ".npz"):
        return Path(before), after
    return Path(name), ""


def _from_numpy(path: Path, inner: str) -> NDArray[Any]:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(found, np.lib.npyio.NpzFile):
            return np.asanyarray(found)
        with found as archive:
            name = inner or (archive.files[0] if len(archive.files) == 1 else "")
            if name not in archive.files:
                known = ", ".join(archive.files) or "nothing"
                raise InputError(
                    f"{path} is an archive that holds {known}.",
                    f"Say which is meant: precomputed:{path}:NAME",
                )
            matrix: NDArray[Any] = archive[name]
            return matrix
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the path.") from None
    except InputError:
        raise
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} is cut short or not a numpy array ({error}).") from None


def _check(matrix: NDArray[Any], name: str) -> None:
    fits = np.issubdtype(matrix.dtype, np.floating) or matrix.dtype in (np.int8, np.int16)
    if matrix.ndim != 2 or not fits or not matrix.size:
        found = f"{matrix.dtype} {' x '.join(map(str, matrix.shape))}".strip()
        raise InputError(
            f"{name} must hold a matrix of floats or of int8, one row a vector; it holds {found}."
        )


def _from_table(path: Path, column: str) -> tuple[NDArray[Any], list[str] | None]:
    ids: list[str] | None = None
    with _opened_table(path) as (schema, batches):
        named = column or next((each for each in schema.names if _holds_lists(schema, each)), "")
        if named not in schema.names:
            raise InputError(
                f"{path} has no column '{named}' of vectors. Its columns are: "
                f"{', '.join(schema.names)}.",
                f"Say which is meant: precomputed:{path}:COLUMN",
            )
        if "id" in schema.names:
            ids = []
        writer = MatrixWriter()
        for batch in batches:
            writer.extend(_rows(batch.column(batch.schema.get_field_index(named)), path, named))
            if ids is not None:
                ids += map(str, batch.column(batch.schema.get_field_index("id")).to_pylist())
    matrix = writer.matrix(f"{path}:{named}")
    return matrix, ids


@contextmanager
def _opened_table(
    path: Path,
) -> "Iterator[tuple[pyarrow.Schema, Iterable[pyarrow.RecordBatch]]]":
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingDependency("pyarrow", "Reading Parquet and Arrow", "parquet") from error
    try:
        if path.suffix.lower() == ".parquet":
            with pyarrow.parquet.ParquetFile(path, pre_buffer=False) as file:
                yield file.schema_arrow, file.iter_batches(batch_size=_BATCH_ROWS)
        else:
            with pyarrow.memory_map(str(path)) as source:
                reader = pyarrow.ipc.open_file(source)
                numbers = range(reader.num_record_batches)
                yield reader.schema, (reader.get_batch(number) for number in numbers)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the path.") from None
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read ({error}).") from None


def _holds_lists(schema: "pyarrow.Schema", name: str) -> bool:
    from pyarrow import types

    kind = schema.field(name).type
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(lists and (types.is_floating(kind.value_type) or types.is_integer(kind.value_type)))


def _rows(column: "pyarrow.Array", path: Path, name: str) -> Iterator[NDArray[Any]]:
    for number, value in enumerate(column):
        numbers = None if value.as_py() is None else value.values
        if numbers is None or numbers.null_count:
            raise InputError(f"{path} has no whole vector in row {number + 1} of '{name}'.")
        yield numbers.to_numpy(zero_copy_only=False)


class MatrixWriter:
    """Collects vectors row by row in a temporary file, so that memory holds one batch."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as its matrix
        weakref.finalize(self, self._file.close)
        self._width: int | None = None
        self._count = 0

    def extend(self, rows: Iterable[NDArray[Any]]) -> None:
        """Add vectors.

        Raises:
            InputError: One has another width than those before.
        """
        for row in rows:
            vector = np.asarray(row, dtype=np.float32)
            width = len(vector) if vector.ndim == 1 else -1
            if self._width is None:
                self._width = width
            if width != self._width or width <= 0:
                raise InputError(
                    f"Vector {self._count + 1} has {width:,} numbers, the first {self._width:,}.",
                    "All vectors must be made by one model.",
                )
            self._file.write(vector.tobytes())
            self._count += 1

    def matrix(self, name: str) -> NDArray[np.float32]:
        """All vectors, mapped; float32 `(N, d)`.

        Raises:
            InputError: There are none.
        """
        if not self._count or self._width is None:
            raise InputError(f"{name} holds no vector.")
        self._file.flush()
        return np.memmap(self._file, dtype=np.float32, mode="r", shape=(self._count, self._width))


_NAMED = 5


def read_ids(path: Path) -> list[str]:
    """The ids in a file, in order.

    Args:
        path: `.txt` with one id a line; `.json` with a list; or `.jsonl` with an id, or an object
            with an `id`, on each line. Numbers become their digits.

    Raises:
        InputError: The file cannot be read, is of another kind, or names a document twice.
    """
    readers = {".txt": _read_lines, ".json": _read_list, ".jsonl": _read_records}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path} is not a list of ids that saetui reads.", "Use a .txt, .json or .jsonl file."
        )
    try:
        ids = reader(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}).") from None
    except ValueError as error:
        raise InputError(f"{path} is not a list of ids: {error}.") from None
    repeated = [id_ for id_, count in Counter(ids).items() if count > 1]
    if repeated:
        raise InputError(
            f"{path} names documents more than once: {', '.join(repeated[:_NAMED])}"
            f"{', ...' if len(repeated) > _NAMED else ''}."
        )
    return ids


def _read_lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _read_list(text: str) -> list[str]:
    values = json.loads(text)
    if not isinstance(values, list):
        raise ValueError("the file holds no list")
    return [_id_of(value, f"entry {number}") for number, value in enumerate(values, 1)]


def _read_records(text: str) -> list[str]:
    ids = []
    for number, line in enumerate(_read_lines(text), 1):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {number} is not JSON ({error})") from None
        ids.append(_id_of(value.get("id") if isinstance(value, dict) else value, f"line {number}"))
    return ids


def _id_of(value: object, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{place} holds no id")
    return str(value)
