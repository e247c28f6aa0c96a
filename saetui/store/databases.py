"""SQLite files that are written once, as a whole, and then only read.

A database can hold more than data: views, triggers and computed columns are programs, which SQLite
would run for whoever reads a table of that name. A bundle's databases have none of these. One that
has is not opened, and what is read is bounded by the size of the file.
"""

import math
import re
import reprlib
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saetui.errors import BuildError, BundleDamaged
from saetui.store.atomic import atomic_write

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Allowed entries of the list of tables, by type. SQLite interprets an entry by its text, whatever
# its type says.
_REAL_TABLE = re.compile(r"CREATE TABLE ['\"]?\w+['\"]?\s*\((?P<columns>.*)\)[\w\s]*", re.DOTALL)
_FULL_TEXT = re.compile(r"CREATE VIRTUAL TABLE \w+ USING fts5\s*\(.*\)", re.DOTALL)
_INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX \w+ ON \w+\s*\([\w\s,]+\)")
_COMPUTED = re.compile(r"\b(?:AS|GENERATED)\b", re.IGNORECASE)
_MOST_TABLES = 100
_MOST_SCHEMA = 10_000

# All functions that our own statements and SQLite's full-text index call.
_FUNCTIONS = frozenset(
    {"bm25", "coalesce", "count", "group_concat", "length", "match", "max", "min", "substr"}
)
_NEVER = frozenset({sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_ATTACH})

# The most seconds of a statement; a large file adds to them.
_SECONDS = 10.0
_BYTES_PER_SECOND = 10 << 20
# SQLite calls the progress handler after this many steps, which take a few milliseconds.
_STEPS = 200_000
# The answer may be larger than a small file, because rows can repeat its content.
_SLACK = 1 << 20
# The fewest bytes of a row of a table.
_LEAST_ROW = 4

_LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


@contextmanager
def new_database(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """A database to fill; it appears at `path` when the block succeeds.

    Raises:
        BuildError: SQLite cannot write it.
    """
    with atomic_write(path) as temporary, _filled(path, temporary) as connection:
        connection.executescript(schema)
        yield connection


@contextmanager
def changed_database(path: Path, original: Path) -> Iterator[sqlite3.Connection]:
    """A copy of a database to change; it appears at `path` when the block succeeds.

    Raises:
        BuildError: SQLite cannot write it.
        BundleDamaged: The original is not the database that belongs there.
    """
    # Checked first, because a trigger in a foreign database would act on changes.
    ReadOnlyDatabase(original).close()
    with atomic_write(path) as temporary:
        shutil.copyfile(original, temporary)
        with _filled(path, temporary) as connection:
            # Removed content must not stay in the file.
            connection.execute("PRAGMA secure_delete=ON")
            yield connection


@contextmanager
def _filled(path: Path, temporary: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(temporary)
    try:
        # The file is renamed only when complete, so a journal would protect nothing.
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
        yield connection
        connection.commit()
    except sqlite3.Error as error:
        raise BuildError(
            f"{path} cannot be written ({error}).",
            "See that there is space on the disk, then try again.",
        ) from error
    finally:
        connection.close()


class ReadOnlyDatabase:
    """An open database of a bundle, in which only our own statements run.

    The caller makes sure that only one thread uses it at a time.

    Raises:
        BundleDamaged: It is missing, may not be read, or holds more than tables of data.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise BundleDamaged(f"{path.name} is missing from {path.parent}.")
        # Immutable means that SQLite does not lock the file or look for a journal.
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            size = path.stat().st_size
            self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise BundleDamaged(
                f"{path} cannot be opened ({error}).", "Mend its permissions."
            ) from None
        self._most_bytes = size + _SLACK
        # Of the thread's processor time, which does not count a stopped program or a slow disk.
        self._seconds = _SECONDS + size / _BYTES_PER_SECOND
        self._until = 0.0
        try:
            self._restrict()
        except BaseException:
            self.close()
            raise

    def _restrict(self) -> None:
        connection = self._connection
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        # No value is longer than its file.
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(self._most_bytes, 1 << 30))
        # SQLite cancels a statement for which this is true.
        connection.set_progress_handler(lambda: time.thread_time() > self._until, _STEPS)
        for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "mmap_size=0"):
            self.rows(f"PRAGMA {pragma}")
        connection.set_authorizer(_authorize)
        self._check_schema()

    def _check_schema(self) -> None:
        found = self.rows("SELECT type, name, sql FROM sqlite_master LIMIT ?", (_MOST_TABLES + 1,))
        if len(found) > _MOST_TABLES:
            raise self._refused(f"it has more than {_MOST_TABLES} tables")
        for kind, name, text in found:
            if not _is_plain(kind, text):
                raise self._refused(f"'{str(name)[:50]}' is not a plain table")

    def rows(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        """All rows that a statement returns.

        Raises:
            BundleDamaged: It is not the database that belongs there, holds rows without end, or
                is closed.
        """
        found, left = list[tuple[Any, ...]](), self._most_bytes
        with self._statement(statement, values) as passing:
            for row in passing:
                found.append(row)
                for value in row:
                    if value.__class__ is str or value.__class__ is bytes:
                        left -= len(value)
                if left < 0:
                    break
        # Damaged pages can lead to the same rows again and again.
        if left < 0 or len(found) * _LEAST_ROW > self._most_bytes:
            raise self._without_end()
        return found

    def numbers(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> "NDArray[np.float64]":
        """What a statement of two columns of numbers returns, `(m, 2)`; faster than `rows`.

        Raises:
            BundleDamaged: As from `rows`, or there is something else than numbers.
        """
        import numpy as np

        with self._statement(statement, values) as passing:
            try:
                found = np.fromiter(chain.from_iterable(passing), dtype=np.float64).reshape(-1, 2)
            except (TypeError, ValueError):
                raise self._refused("it holds something else than numbers") from None
        if len(found) * _LEAST_ROW > self._most_bytes:
            raise self._without_end()
        return found

    @contextmanager
    def _statement(
        self, statement: str, values: Sequence[object] | Mapping[str, object]
    ) -> Iterator[Iterator[tuple[Any, ...]]]:
        """The rows of a statement as they come, not many more than the file has room for."""
        self._until = time.thread_time() + self._seconds
        try:
            rows = self._connection.execute(statement, values)
            yield islice(rows, self._most_bytes // _LEAST_ROW + 1)
        # SQLite's message may quote damaged bytes, and cannot be decoded then.
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if str(error) == "interrupted":
                raise self._refused("to read it takes too long") from None
            raise self._refused(str(error)) from None

    def _without_end(self) -> BundleDamaged:
        return self._refused("there is more to read in it than it has bytes")

    def has_table(self, name: str) -> bool:
        """Whether it has a table of that name."""
        found = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        return bool(self.rows(found, (name,)))

    def _refused(self, why: str) -> BundleDamaged:
        return BundleDamaged(f"{self.path} is not the database that belongs there ({why}).")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _authorize(action: int, _: object, second: str | None, *__: object) -> int:
    """Whether a statement may do something; SQLite calls this when it compiles the statement."""
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_OK if second in _FUNCTIONS else sqlite3.SQLITE_DENY
    # Writing is refused elsewhere. Here it must pass: the full-text index declares its columns so.
    return sqlite3.SQLITE_DENY if action in _NEVER else sqlite3.SQLITE_OK


def _is_plain(kind: object, text: object) -> bool:
    """Whether an entry of the list of tables is a real table or an index."""
    # SQLite's own index of a constraint has no text.
    if text is None:
        return kind == "index"
    if not isinstance(text, str) or len(text) > _MOST_SCHEMA:
        return False
    if kind == "index":
        return _INDEX.fullmatch(text) is not None
    table = _REAL_TABLE.fullmatch(text)
    plain = table is not None and not _COMPUTED.search(table["columns"])
    return kind == "table" and (plain or _FULL_TEXT.fullmatch(text) is not None)


@contextmanager
def only_numbers(path: Path) -> Iterator[None]:
    """Use `real` and `whole`; raises BundleDamaged where a value is none."""
    try:
        yield
    except ValueError as error:
        raise BundleDamaged(f"{path} holds figures that are not numbers ({error}).") from None


def real(value: object) -> float:
    """A number that was read; SQLite can hold anything in any column.

    Raises:
        ValueError: It is not a finite number.
    """
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    raise ValueError(f"{reprlib.repr(value)} is no number")


def whole(value: object) -> int:
    """A count that was read.

    Raises:
        ValueError: It is not a count.
    """
    if isinstance(value, int) and value >= 0:
        return value
    raise ValueError(f"{reprlib.repr(value)} is no count")


def storable(text: str) -> str:
    """`text` for SQLite, which stores UTF-8: lone surrogates become `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")
