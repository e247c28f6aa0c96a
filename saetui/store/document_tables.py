"""Tables beside the documents: the facts of their metadata, and which have the same text.

Facts are metadata by field and value, so that a filter need not read all of it. Only the beginning
of a long value is kept: whoever looks for one compares the rest.

Repeated texts, such as ten times "No comment", are found once, when documents are written.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.documents import facts_of
from saetui.errors import BundleDamaged
from saetui.store.databases import storable

FACTS = """
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


@dataclass(frozen=True)
class Facts:
    """Reads the facts of a bundle's documents.

    `query` runs a statement on the database. `joined` reads rows that SQLite has joined to one
    text, and raises BundleDamaged if there is no such document.
    """

    query: Callable[..., list[tuple[Any, ...]]]
    joined: Callable[[object], NDArray[np.int64]]

    def fields(self) -> list[str]:
        """All fields that some document has, sorted."""
        return list(self._distinct("field", "", ()))

    def values(self, field: str) -> Iterator[str]:
        """The beginnings of all values of a field, sorted."""
        return self._distinct("value", "field = ? AND", (storable(field),))

    def by_value(self, field: str) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """The beginnings of all values of a field, sorted, each with the rows of its documents."""
        found = self.query(
            "SELECT value, group_concat(row) FROM facts WHERE field = ? GROUP BY value ORDER BY 1",
            (storable(field),),
        )
        for value, rows in found:
            yield str(value), self.joined(rows)

    def counts(self, field: str) -> list[tuple[str, int]]:
        """The beginnings of all values of a field, sorted, each with how many documents have it."""
        found = self.query(
            "SELECT value, COUNT(*) FROM facts WHERE field = ? GROUP BY value ORDER BY 1",
            (storable(field),),
        )
        return [(str(value), int(count)) for value, count in found]

    def documents(self, field: str) -> int:
        """How many documents have a field."""
        statement = "SELECT COUNT(DISTINCT row) FROM facts WHERE field = ?"
        return int(self.query(statement, (storable(field),))[0][0])

    def rows(self, field: str, value: str) -> NDArray[np.int64]:
        """Rows of documents with a value of a field, ascending.

        `field` is as the corpus spells it, `value` in lower case; only its first `LONGEST`
        characters are compared.
        """
        found = self.query(
            "SELECT group_concat(row) FROM facts WHERE field = ? AND value = ?",
            (storable(field), storable(value)[:LONGEST]),
        )
        return self.joined(found[0][0])

    def _distinct(self, column: str, among: str, known: tuple[object, ...]) -> Iterator[str]:
        # Each query jumps to the next value, past all rows that have the last one.
        statement = f"SELECT MIN({column}) FROM facts WHERE {among} {column} > ?"
        # An empty text is not greater than an empty text, so the first value needs its own query.
        first = self.query(f"SELECT MIN({column}) FROM facts WHERE {among} 1", known)[0][0]
        while first is not None:
            yield str(first)
            before, first = first, self.query(statement, (*known, first))[0][0]
            # Damaged pages can lead back, and then without end.
            if first is not None and not _follows(first, before):
                raise BundleDamaged("documents.sqlite does not hold its metadata in order.")


def _follows(value: object, before: object) -> bool:
    """Whether SQLite sorts a text after another: by its bytes."""
    return isinstance(value, str) and isinstance(before, str) and value.encode() > before.encode()


Rows = NDArray[np.int64]
Texts = Callable[[Sequence[int]], Iterable[tuple[int, str]]]

BEGINNING = 200
START = f"row, substr(title || ' ' || text, 1, {BEGINNING})"
TEXT = "row, title || ' ' || text"
"""Columns of the table of documents that `Repeats.among` reads."""

# So many letters tell nearly all texts apart.
_LETTERS = 40
# SQLite limits the number of parameters of one statement.
_BATCH = 500

# Only documents with a repeated text have a row in it; `first` is the first document of that text.
_REPEATS = "CREATE TABLE IF NOT EXISTS repeats(row INTEGER PRIMARY KEY, first INTEGER NOT NULL);"


@dataclass(frozen=True, eq=False)
class Repeats:
    """Documents whose title and text are those of another document, but for spaces and case.

    Attributes:
        rows: Their rows, int64 `(m,)`; those of one text follow each other, each in ascending
            order.
        first: Row of the first document of the same text, int64 `(m,)`, ascending.
    """

    rows: Rows
    first: Rows

    @classmethod
    def of(cls, rows: Rows, first: Rows) -> "Repeats":
        """Put rows into the order that is needed."""
        order = np.lexsort((rows, first))
        return cls(rows[order], first[order])

    @classmethod
    def among(cls, beginnings: Iterable[tuple[int, str]], texts: Texts) -> "Repeats":
        """Find the repeats of a corpus.

        Args:
            beginnings: Row and the first `BEGINNING` characters of every document. Only documents
                that begin alike are read whole, because reading all of them takes seconds.
            texts: Returns row and text of some documents.
        """
        rows, hashes, telling = [], [], True
        for row, beginning in beginnings:
            rows.append(int(row))
            letters = "".join(str(beginning).casefold().split())
            # Few letters among many spaces do not say how the text goes on.
            telling &= len(letters) >= _LETTERS or len(str(beginning)) < BEGINNING
            hashes.append(_hash(letters[:_LETTERS]))
        alike = np.array(rows, dtype=np.int64)
        if telling:
            alike = _groups(alike, hashes)[0]
        rows, hashes = [], []
        for start in range(0, len(alike), _BATCH):
            for row, text in texts(alike[start : start + _BATCH].tolist()):
                rows.append(int(row))
                hashes.append(_hash(" ".join(str(text).casefold().split())))
        return cls.of(*_groups(np.array(rows, dtype=np.int64), hashes))

    @property
    def extra(self) -> int:
        """How many documents repeat an earlier one."""
        return len(self.rows) - len(np.unique(self.first))

    def folded(
        self, eligible: NDArray[np.bool_] | None, documents: int
    ) -> NDArray[np.bool_] | None:
        """The documents that may be found if of each text only one is: the first that may be.

        `eligible` are the documents that may be found, bool `(N,)`; None for all.

        Where nothing is repeated that is `eligible` itself, otherwise a new array.
        """
        if not len(self.rows):
            return eligible
        one = np.ones(documents, dtype=bool) if eligible is None else eligible.copy()
        may = np.flatnonzero(one[self.rows])
        leading = np.ones(len(may), dtype=bool)
        leading[1:] = self.first[may[1:]] != self.first[may[:-1]]
        one[self.rows] = False
        one[self.rows[may[leading]]] = True
        return one

    def counts(self, rows: Rows, eligible: NDArray[np.bool_] | None) -> list[int]:
        """How many documents that may be found have the same text as each in `rows`, 1 or more."""
        return [self._count(int(row), eligible) for row in rows]

    def _count(self, row: int, eligible: NDArray[np.bool_] | None) -> int:
        place = self._places.get(row)
        if place is None:
            return 1
        first = self.first[place]
        start, stop = np.searchsorted(self.first, [first, first + 1])
        same = self.rows[start:stop]
        return len(same) if eligible is None else max(1, int(eligible[same].sum()))

    @cached_property
    def _places(self) -> dict[int, int]:
        return {row: place for place, row in enumerate(self.rows.tolist())}


def write_repeats(connection: sqlite3.Connection) -> None:
    """Find the repeats among the documents of a database, and write them into it."""

    def texts(rows: Sequence[int]) -> Iterable[tuple[int, str]]:
        marks = ",".join("?" * len(rows))
        return connection.execute(f"SELECT {TEXT} FROM documents WHERE row IN ({marks})", rows)

    connection.execute(_REPEATS)
    connection.execute("DELETE FROM repeats")
    beginnings = connection.execute(f"SELECT {START} FROM documents ORDER BY row")
    found = Repeats.among(beginnings, texts)
    pairs = zip(found.rows.tolist(), found.first.tolist(), strict=True)
    connection.executemany("INSERT INTO repeats VALUES(?, ?)", pairs)


def _groups(rows: Rows, hashes: Sequence[int]) -> tuple[Rows, Rows]:
    """Rows whose hash is that of another one, and the first row of the same hash."""
    _, which, counts = np.unique(
        np.array(hashes, dtype=np.uint64), return_inverse=True, return_counts=True
    )
    first = np.full(len(counts), np.iinfo(np.int64).max)
    np.minimum.at(first, which, rows)
    repeated = counts[which] > 1
    return rows[repeated], first[which][repeated]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
