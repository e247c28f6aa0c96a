"""The documents of a bundle in SQLite, with a full-text index over title and text."""

import hashlib
import json
import math
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.documents import Content, Document
from saetui.core.words import letters_apart
from saetui.errors import BundleDamaged, InputError
from saetui.store.databases import ReadOnlyDatabase, changed_database, new_database, storable
from saetui.store.document_tables import (
    FACTS,
    START,
    TEXT,
    Facts,
    Repeats,
    change_facts,
    insert_facts,
    sort_facts,
    write_repeats,
)
from saetui.store.json_files import parse_json
from saetui.store.passages import Papers

COLUMNS = "row, id, title, text, url, published, metadata"
_BATCH = 1_000

_SCHEMA = """
PRAGMA page_size=8192;
CREATE TABLE documents(
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL,
    url TEXT NOT NULL, published TEXT NOT NULL, metadata TEXT NOT NULL);
CREATE INDEX documents_by_date ON documents(published);
CREATE VIRTUAL TABLE documents_text USING fts5(
    title, text, content='documents', content_rowid='row', tokenize='porter unicode61');
"""
# The version of databases whose full-text index has the letters of some scripts one by one.
_LETTERS_APART = 1


def content_of_values(values: Sequence[object]) -> Content:
    """Hashes of one document, given what its columns hold except for the row."""
    document_id, title, text = (str(value) for value in values[:3])
    embedded = Document(document_id, title, text).embedding_text
    whole = "\0".join(str(value) for value in values)
    return Content(document_id, _digest(embedded), _digest(whole))


def content_of(document: Document) -> Content:
    """Hashes of one document in a bundle, by which changed documents are recognised."""
    return content_of_values([str(value) for value in _values(0, document)[1:]])


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class DocumentStore:
    """Read access to a bundle's documents, from any thread.

    Raises:
        BundleDamaged: From any method, if the file is missing, cut short or not SQLite.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._database = ReadOnlyDatabase(path)
        try:
            self._query("SELECT row FROM documents LIMIT 1")
        except BundleDamaged:
            self.close()
            raise

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _count(self) -> int:
        return int(self._query("SELECT COALESCE(MAX(row) + 1, 0) FROM documents")[0][0])

    def _has(self, table: str) -> bool:
        with self._lock:
            return self._database.has_table(table)

    def count(self) -> int:
        """The number of documents, counted one by one; `len` takes it from the last row."""
        return int(self._query("SELECT COUNT(*) FROM documents")[0][0])

    def document(self, row: int) -> Document:
        """The document in a row, which must be there."""
        return self._document(self._by_rows(COLUMNS, [row])[0])

    def headings(self, rows: Iterable[int]) -> dict[int, tuple[str, str, str]]:
        """`(id, title, published)` of some rows; a list of results needs no more."""
        # The first words of a document stand for a missing title.
        title = "CASE title WHEN '' THEN substr(text, 1, 200) ELSE title END"
        found = self._by_rows(f"row, id, {title}, published", rows)
        return {v[0]: (str(v[1]), str(v[2]), str(v[3])) for v in found}

    def id_of(self, row: int) -> str:
        """The id of the document in a row."""
        return self.headings([row])[row][0]

    def title_of(self, row: int) -> str:
        """The title of the document in a row, or its first words."""
        return self.headings([row])[row][1]

    def row_of(self, document_id: str) -> int | None:
        """The row of the document with that id, or None."""
        found = self._query("SELECT row FROM documents WHERE id = ?", (storable(document_id),))
        return self._checked([row for (row,) in found])[0] if found else None

    def rows_of(self, ids: Iterable[str]) -> dict[str, int]:
        """The rows of documents by id; ids that no document has are left out."""
        wanted = [storable(each) for each in dict.fromkeys(ids)]
        found = dict(self._where("SELECT id, row FROM documents WHERE id", wanted))
        self._checked(list(found.values()))
        return found

    def by_date(self) -> list[tuple[str, NDArray[np.int64]]]:
        """Dates of publication in order, each with the rows of its documents; "" if unknown."""
        found = self._query(
            "SELECT published, group_concat(row) FROM documents GROUP BY published ORDER BY 1"
        )
        return [(str(date), self._rows(rows)) for date, rows in found]

    def _rows(self, text: object) -> NDArray[np.int64]:
        """Rows that SQLite has joined to one text, since an object for each takes most time."""
        joined = str(text or "")
        if joined.encode().translate(None, b"0123456789,-"):
            raise self._lacking()
        rows = np.sort(np.fromstring(joined, dtype=np.int64, sep=","))
        self._checked(rows[:1].tolist() + rows[-1:].tolist())
        return rows

    def __iter__(self) -> Iterator[Document]:
        return map(self._document, self._all(COLUMNS))

    def some(self, rows: Sequence[int]) -> list[Document]:
        """Documents of some rows, which must be there, in the order given."""
        found = {values[0]: values for values in self._by_rows(COLUMNS, rows)}
        return [self._document(found[int(row)]) for row in rows]

    def contents(self) -> Iterator[Content]:
        """Hashes of every document, in order of rows."""
        return (content_of_values(values[1:]) for values in self._all(COLUMNS))

    def added(self) -> NDArray[np.int64]:
        """Rows of the documents that are not from the corpus's own file, ascending."""
        found = self._query("SELECT row FROM added ORDER BY row") if self._has("added") else []
        return np.array(self._checked([row for (row,) in found]), dtype=np.int64)

    @cached_property
    def repeats(self) -> Repeats:
        """Documents of the same text; found anew in a bundle of an older version."""
        if not self._has("repeats"):
            return Repeats.among(self._all(START), lambda rows: self._by_rows(TEXT, rows))
        found = self._query("SELECT row, first FROM repeats ORDER BY first, row")
        rows, first = (self._checked([pair[place] for pair in found]) for place in (0, 1))
        return Repeats.of(np.array(rows, dtype=np.int64), np.array(first, dtype=np.int64))

    def within(self, after: str, before: str) -> NDArray[np.int64]:
        """Rows of the documents that were certainly published in a period, ascending.

        A date of less precision stands for all its days: "2019" lies within 2019-01 to 2020, but
        not within 2019-03 to 2020. A document without a date lies within no span.

        `after` and `before` are ISO dates of any precision, or empty for any; all days of `before`
        are included.
        """
        # An imprecise date is extended to its first and last day. That takes time, and it is needed
        # only in the first and the last year of the period.
        first = "substr(published || substr('0000-01-01', length(published) + 1), 1, 10)"
        last = "substr(published || substr('0000-12-31', length(published) + 1), 1, 10)"
        found = self._query(
            "SELECT group_concat(row) FROM documents "
            "WHERE published >= :from AND published < :to || '~' "
            f"AND (published > :from || '~' OR {first} >= :first) "
            f"AND (published < :to OR {last} <= :last)",
            {
                "from": after[:4] or "0",
                "to": before[:4] or "9999",
                "first": after + "0000-01-01"[len(after) :],
                "last": before + "9999-12-31"[len(before) :],
            },
        )
        return self._rows(found[0][0])

    @cached_property
    def facts(self) -> Facts | None:
        """Values of metadata by field; None in a bundle of an older version."""
        return Facts(self._query, self._rows) if self._has("facts") else None

    @cached_property
    def papers(self) -> Papers | None:
        """Which documents are passages of the same paper; None where none are."""
        return Papers.of(self.facts, len(self)) if self.facts is not None else None

    def metadata_of(self, rows: Iterable[int]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Row and metadata of some documents, in order of rows."""
        return ((int(row), self._facts(text)) for row, text in self._by_rows("row, metadata", rows))

    def metadata(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Row and metadata of every document, in order."""
        return ((int(row), self._facts(text)) for row, text in self._all("row, metadata"))

    def matching(self, expression: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows of all documents that match an expression of FTS5, and their BM25.

        The rows are ascending, int64 `(m,)`; the scores float32 `(m,)`.
        """
        statement = (
            "SELECT rowid, bm25(documents_text) FROM documents_text WHERE documents_text MATCH ? "
            "ORDER BY rowid"
        )
        with self._lock:
            rows, scores = self._database.numbers(statement, (storable(expression),)).T
        if len(rows) and not (rows.min() >= 0 and rows.max() < len(self)):
            raise self._lacking()
        # SQLite returns a lower number for a better match.
        return rows.astype(np.int64), -scores.astype(np.float32)

    def count_matching(self, expression: str) -> int:
        """How many documents match an expression of FTS5."""
        count = "SELECT COUNT(*) FROM documents_text WHERE documents_text MATCH ?"
        return int(self._query(count, (storable(expression),))[0][0])

    def idf(self, expression: str) -> float:
        """Inverse document frequency of what an expression of FTS5 matches, as in its BM25."""
        matching = self.count_matching(expression)
        if not matching:
            return 0.0
        # The weight of a word in most documents would be negative, but is set to nearly zero.
        return max(math.log((len(self) - matching + 0.5) / (matching + 0.5)), 1e-6)

    def close(self) -> None:
        """Close the file, after other threads have finished reading."""
        with self._lock:
            self._database.close()

    def _by_rows(self, columns: str, rows: Iterable[int]) -> list[tuple[Any, ...]]:
        """Columns of some rows, all of which must exist, in order of rows; `row` comes first."""
        wanted = sorted({int(row) for row in rows})
        found = self._where(f"SELECT {columns} FROM documents WHERE row", wanted, "ORDER BY row")
        if [values[0] for values in found] != wanted:
            raise BundleDamaged(f"{self.path} lacks documents that the bundle should hold.")
        return found

    def _where(
        self, statement: str, wanted: Sequence[object], order: str = ""
    ) -> list[tuple[Any, ...]]:
        """What a statement finds whose last column is one of the wanted values."""
        found: list[tuple[Any, ...]] = []
        # SQLite limits the number of parameters of one statement.
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            found += self._query(f"{statement} IN ({marks}) {order}", part)
        return found

    def _checked(self, rows: list[Any]) -> list[int]:
        """`rows`, unchanged, if all of them have documents."""
        if not all(type(row) is int and 0 <= row < len(self) for row in rows):
            raise self._lacking()
        return rows

    def _lacking(self) -> BundleDamaged:
        return BundleDamaged(f"{self.path} names rows that hold no document.")

    def _all(self, columns: str) -> Iterator[Any]:
        """Columns of every document, `row` first among them, in order of rows."""
        start = 0
        while found := self._query(
            f"SELECT {columns} FROM documents WHERE row >= ? ORDER BY row LIMIT {_BATCH}", (start,)
        ):
            yield from found
            # Damaged pages can lead back.
            if found[-1][0] < start:
                raise BundleDamaged(f"{self.path} does not hold its documents in order.")
            start = int(found[-1][0]) + 1

    def _query(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.rows(statement, values)

    def _document(self, values: Sequence[object]) -> Document:
        _, document_id, title, text, url, published, metadata = map(str, values)
        return Document(document_id, title, text, url, published, self._facts(metadata))

    def _facts(self, metadata: object) -> dict[str, Any]:
        try:
            facts = parse_json(str(metadata))
        except ValueError:
            facts = None
        if not isinstance(facts, dict):
            raise BundleDamaged(f"{self.path} holds metadata that cannot be read.")
        return facts


def write_documents(path: Path, documents: Iterable[Document]) -> int:
    """Write documents in their order, numbered from 0, whole or not at all; returns how many.

    Raises:
        InputError: Two documents have the same id.
        BuildError: The file cannot be written.
    """
    with new_database(path, _SCHEMA + FACTS) as connection:

        def rows() -> Iterator[tuple[object, ...]]:
            for row, document in enumerate(documents):
                insert_facts(connection, row, document.metadata)
                yield _values(row, document)

        _insert(connection, rows())
        connection.create_function("letters_apart", 1, letters_apart, deterministic=True)
        connection.execute(
            "INSERT INTO documents_text(rowid, title, text) "
            "SELECT row, letters_apart(title), letters_apart(text) FROM documents"
        )
        connection.execute(f"PRAGMA user_version={_LETTERS_APART}")
        sort_facts(connection)
        write_repeats(connection)
        return int(connection.execute("SELECT COUNT(*) FROM documents").fetchone()[0])


def change_documents(
    path: Path,
    old: DocumentStore,
    *,
    cleared: Iterable[int],
    written: Iterable[tuple[int, Document]],
    added: Iterable[int],
) -> None:
    """Write a copy of a corpus with some documents replaced; whole or not at all.

    Only changed documents are indexed again.

    Args:
        path: Of the copy.
        old: The corpus, which is left as it is. It must have facts.
        cleared: Rows whose documents are removed, before any is written.
        written: New documents by row.
        added: Rows, in the copy, of documents that are not from the corpus's own file.

    Raises:
        InputError: Two documents would have the same id.
        BuildError: The file cannot be written.
    """
    with changed_database(path, old.path) as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        # What is removed from the index must be what was put into it.
        apart = letters_apart if version >= _LETTERS_APART else str
        for row in cleared:
            document = old.document(row)
            connection.execute(
                "INSERT INTO documents_text(documents_text, rowid, title, text) "
                "VALUES('delete', ?, ?, ?)",
                (row, apart(storable(document.title)), apart(storable(document.text))),
            )
            change_facts(connection, row, document.metadata, has=False)
            connection.execute("DELETE FROM documents WHERE row = ?", (row,))
        for row, document in written:
            values = _values(row, document)
            _insert(connection, [values])
            connection.execute(
                "INSERT INTO documents_text(rowid, title, text) VALUES(?, ?, ?)",
                (row, *(apart(str(value)) for value in values[2:4])),
            )
            change_facts(connection, row, document.metadata, has=True)
        connection.execute("CREATE TABLE IF NOT EXISTS added(row INTEGER PRIMARY KEY)")
        connection.execute("DELETE FROM added")
        connection.executemany("INSERT INTO added VALUES (?)", [(int(row),) for row in added])
        write_repeats(connection)


def _values(row: int, document: Document) -> tuple[object, ...]:
    metadata = json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True)
    fields = (document.id, document.title, document.text, document.url, document.published)
    return (row, *(storable(text) for text in (*fields, metadata)))


def _insert(connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    try:
        connection.executemany(f"INSERT INTO documents({COLUMNS}) VALUES(?,?,?,?,?,?,?)", rows)
    except sqlite3.IntegrityError:
        raise InputError("Two documents have the same id.", "Give each its own.") from None
