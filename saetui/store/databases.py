"""SQLite files that are written once, whole, and from then on only read."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from saetui.errors import BuildError, BundleDamaged
from saetui.store.atomic import atomic_write


@contextmanager
def new_database(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """A database to fill; it appears at `path`, whole, when the block ends well.

    Raises:
        BuildError: SQLite cannot write it.
    """
    with atomic_write(path) as temporary:
        connection = sqlite3.connect(temporary)
        try:
            # The file is renamed only when whole, so a journal would protect nothing.
            connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + schema)
            yield connection
            connection.commit()
        except sqlite3.Error as error:
            raise unwritable(path, error) from error
        finally:
            connection.close()


def unwritable(path: Path, error: sqlite3.Error) -> BuildError:
    """What to raise when SQLite cannot write a file."""
    return BuildError(
        f"{path} cannot be written ({error}).",
        "See that there is space on the disk, then try again.",
    )


def open_read_only(path: Path) -> sqlite3.Connection:
    """Connect to a database that is never written again, also on a read-only medium.

    The caller sees to it that no two threads use the connection at once.

    Raises:
        BundleDamaged: It is missing or may not be read.
    """
    if not path.is_file():
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.")
    # Immutable: SQLite neither locks the file nor looks for a journal beside it.
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        return sqlite3.connect(address, uri=True, check_same_thread=False)
    except sqlite3.Error as error:
        raise BundleDamaged(
            f"{path} cannot be opened ({error}).", "Mend its permissions."
        ) from None


def read_rows(
    connection: sqlite3.Connection,
    path: Path,
    statement: str,
    values: Sequence[object] | Mapping[str, object] = (),
) -> list[tuple[Any, ...]]:
    """All rows that a statement gives; `path` is where the database lies.

    Raises:
        BundleDamaged: It is not the database that belongs there, or is closed.
    """
    try:
        return connection.execute(statement, values).fetchall()
    # SQLite may quote damaged bytes in its message, which then is not text.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise BundleDamaged(f"{path} is not the database that belongs there ({error}).") from None


def storable(text: str) -> str:
    """`text` as SQLite takes it: UTF-8 has no room for lone surrogates, which become `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")
