"""Which documents of a corpus have the same text, such as ten times "No comment"."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

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
SCHEMA = "CREATE TABLE IF NOT EXISTS repeats(row INTEGER PRIMARY KEY, first INTEGER NOT NULL);"


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

        Args:
            eligible: The documents that may be found, bool `(N,)`; None for all.
            documents: N.

        Returns:
            A new array, or `eligible` itself where nothing is repeated.
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

    connection.execute(SCHEMA)
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
