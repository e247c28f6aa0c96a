"""Facts: the metadata of documents by field and value, so that a filter need not read all of it.

Only the beginning of a long value is kept: whoever looks for one sees for themselves whether the
rest agrees.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from saetui.core.documents import facts_of
from saetui.errors import BundleDamaged
from saetui.store.databases import storable

SCHEMA = """
CREATE TABLE facts(
    field TEXT NOT NULL, value TEXT NOT NULL, row INTEGER NOT NULL,
    PRIMARY KEY(field, value, row)) WITHOUT ROWID;
CREATE TEMP TABLE new_facts(field, value, row);
"""

LONGEST = 64
"""How many characters of a value are stored."""


def insert_facts(connection: sqlite3.Connection, row: int, metadata: Mapping[str, Any]) -> None:
    """Collect the facts of a document for `sort_facts`."""
    connection.executemany("INSERT INTO new_facts VALUES (?, ?, ?)", _facts(row, metadata))


def change_facts(
    connection: sqlite3.Connection, row: int, metadata: Mapping[str, Any], *, has: bool
) -> None:
    """Store the facts of one document, or (if `has` is false) remove them."""
    statement = (
        "INSERT OR IGNORE INTO facts VALUES (?, ?, ?)"
        if has
        else "DELETE FROM facts WHERE field = ? AND value = ? AND row = ?"
    )
    connection.executemany(statement, _facts(row, metadata))


def _facts(row: int, metadata: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    return [(storable(field), storable(text)[:LONGEST], row) for field, text in facts_of(metadata)]


def sort_facts(connection: sqlite3.Connection) -> None:
    """Store all collected facts in sorted order, which is far faster than one by one."""
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
        query: Runs a statement on the database.
        joined: Reads rows that SQLite has joined to one text, ascending; raises BundleDamaged if
            there is no such document.
    """

    def __init__(
        self,
        query: _Query,
        joined: Callable[[object], NDArray[np.int64]],
    ) -> None:
        self._query = query
        self._joined = joined

    def fields(self) -> list[str]:
        """All fields that some document has, sorted."""
        return list(self._distinct("field", "", ()))

    def values(self, field: str) -> Iterator[str]:
        """The beginnings of all values of a field, sorted."""
        return self._distinct("value", "field = ? AND", (storable(field),))

    def by_value(self, field: str) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """The beginnings of all values of a field, sorted, each with the rows of its documents."""
        found = self._query(
            "SELECT value, group_concat(row) FROM facts WHERE field = ? GROUP BY value ORDER BY 1",
            (storable(field),),
        )
        for value, rows in found:
            yield str(value), self._joined(rows)

    def counts(self, field: str) -> list[tuple[str, int]]:
        """The beginnings of all values of a field, sorted, each with how many documents have it."""
        found = self._query(
            "SELECT value, COUNT(*) FROM facts WHERE field = ? GROUP BY value ORDER BY 1",
            (storable(field),),
        )
        return [(str(value), int(count)) for value, count in found]

    def documents(self, field: str) -> int:
        """How many documents have a field."""
        statement = "SELECT COUNT(DISTINCT row) FROM facts WHERE field = ?"
        return int(self._query(statement, (storable(field),))[0][0])

    def rows(self, field: str, value: str) -> NDArray[np.int64]:
        """Rows of documents with a value of a field, ascending.

        Args:
            field: As the corpus spells it.
            value: In lower case; only the first `LONGEST` characters are compared.
        """
        found = self._query(
            "SELECT group_concat(row) FROM facts WHERE field = ? AND value = ?",
            (storable(field), storable(value)[:LONGEST]),
        )
        return self._joined(found[0][0])

    def _distinct(self, column: str, among: str, known: tuple[object, ...]) -> Iterator[str]:
        # Each query jumps to the next value, past all rows that have the last one.
        statement = f"SELECT MIN({column}) FROM facts WHERE {among} {column} > ?"
        # An empty text is not greater than an empty text, so the first value needs its own query.
        first = self._query(f"SELECT MIN({column}) FROM facts WHERE {among} 1", known)[0][0]
        while first is not None:
            yield str(first)
            before, first = first, self._query(statement, (*known, first))[0][0]
            # Damaged pages can lead back, and then without end.
            if first is not None and not _follows(first, before):
                raise BundleDamaged("documents.sqlite does not hold its metadata in order.")


def _follows(value: object, before: object) -> bool:
    """Whether SQLite sorts a text after another: by its bytes."""
    return isinstance(value, str) and isinstance(before, str) and value.encode() > before.encode()
