"""What documents have in their metadata, by field and value, so that a filter need not read all.

Only the beginning of a long value is kept: whoever looks for one sees for themselves whether the
rest agrees.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from saetui.core.documents import fact_texts
from saetui.errors import BundleDamaged
from saetui.store.databases import storable

SCHEMA = """
CREATE TABLE facts(
    field TEXT NOT NULL, value TEXT NOT NULL, row INTEGER NOT NULL,
    PRIMARY KEY(field, value, row)) WITHOUT ROWID;
CREATE TEMP TABLE new_facts(field, value, row);
"""

LONGEST = 64
"""Characters of a value that are kept."""


def insert_facts(connection: sqlite3.Connection, row: int, metadata: Mapping[str, Any]) -> None:
    """Note what a document has, until `sort_facts`."""
    connection.executemany("INSERT INTO new_facts VALUES (?, ?, ?)", _facts(row, metadata))


def change_facts(
    connection: sqlite3.Connection, row: int, metadata: Mapping[str, Any], *, has: bool
) -> None:
    """Note at once what one document has, or (`has` false) no longer has."""
    statement = (
        "INSERT OR IGNORE INTO facts VALUES (?, ?, ?)"
        if has
        else "DELETE FROM facts WHERE field = ? AND value = ? AND row = ?"
    )
    connection.executemany(statement, _facts(row, metadata))


def _facts(row: int, metadata: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    return [
        (storable(field), storable(text)[:LONGEST], row)
        for field, value in metadata.items()
        for text in fact_texts(value)
    ]


def sort_facts(connection: sqlite3.Connection) -> None:
    """Put everything that was noted in order, which to do one by one would take far longer."""
    connection.execute(
        "INSERT OR IGNORE INTO facts SELECT field, value, row FROM new_facts ORDER BY 1, 2, 3"
    )
    connection.execute("DROP TABLE new_facts")


class _Query(Protocol):
    def __call__(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows that a statement gives."""


class Facts:
    """Reads the facts of a bundle's documents.

    Args:
        query: Asks the database.
        checked: Returns rows as they are, or raises BundleDamaged when there is no such document.
    """

    def __init__(self, query: _Query, checked: Callable[[list[Any]], list[int]]) -> None:
        self._query = query
        self._checked = checked

    def fields(self) -> list[str]:
        """Every field that some document has, in order."""
        return list(self._distinct("field", "", ()))

    def values(self, field: str) -> Iterator[str]:
        """The beginning of every value that a field has, in order."""
        return self._distinct("value", "field = ? AND", (storable(field),))

    def rows(self, field: str, value: str) -> list[int]:
        """Documents of which a field has a value that begins so, ascending.

        Args:
            field: As it is written.
            value: In lower case; a shorter one than `LONGEST` is all of it.
        """
        found = self._query(
            "SELECT row FROM facts WHERE field = ? AND value = ? ORDER BY row",
            (storable(field), storable(value)[:LONGEST]),
        )
        return self._checked([row for (row,) in found])

    def _distinct(self, column: str, among: str, known: tuple[object, ...]) -> Iterator[str]:
        # From each value one goes on to the next, past all rows that have it.
        statement = f"SELECT MIN({column}) FROM facts WHERE {among} {column} > ?"
        # Nothing is below an empty text, so the first is looked for by another way.
        first = self._query(f"SELECT MIN({column}) FROM facts WHERE {among} 1", known)[0][0]
        while first is not None:
            yield str(first)
            before, first = first, self._query(statement, (*known, first))[0][0]
            # Damaged pages can lead back, and then without end.
            if first is not None and not _follows(first, before):
                raise BundleDamaged("documents.sqlite does not hold its metadata in order.")


def _follows(value: object, before: object) -> bool:
    """Whether SQLite sorts a text behind another: by its bytes."""
    return isinstance(value, str) and isinstance(before, str) and value.encode() > before.encode()
