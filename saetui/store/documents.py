"""Documents in SQLite, with a full-text index over title and text."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from saetui.core.documents import Document
from saetui.errors import BundleDamaged
from saetui.store.atomic import atomic_write

_SCHEMA = """
CREATE TABLE documents(
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL,
    url TEXT NOT NULL, published TEXT NOT NULL, metadata TEXT NOT NULL);
CREATE VIRTUAL TABLE documents_text USING fts5(
    title, text, content='documents', content_rowid='row', tokenize='porter unicode61');
"""
_COLUMNS = "row, id, title, text, url, published, metadata"
_BATCH = 1_000


def write_documents(path: Path, documents: Iterable[Document]) -> int:
    """Write documents in their order, numbered from 0; whole or not at all.

    Returns:
        How many there were.
    """
    with atomic_write(path) as temporary:
        connection = sqlite3.connect(temporary)
        try:
            connection.executescript(
                # The file is renamed only when whole, so a journal would protect nothing.
                "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=8192;" + _SCHEMA
            )
            count = 0
            batch: list[tuple[object, ...]] = []
            for document in documents:
                batch.append(_values(count, document))
                count += 1
                if len(batch) == _BATCH:
                    _insert(connection, batch)
                    batch.clear()
            _insert(connection, batch)
            connection.execute("INSERT INTO documents_text(documents_text) VALUES('rebuild')")
            connection.commit()
        finally:
            connection.close()
    return count


def _values(row: int, document: Document) -> tuple[object, ...]:
    metadata = json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True)
    fields = (document.id, document.title, document.text, document.url, document.published)
    # SQLite stores UTF-8, which has no room for lone surrogates.
    clean = (text.encode("utf-8", "replace").decode("utf-8") for text in (*fields, metadata))
    return (row, *clean)


def _insert(connection: sqlite3.Connection, batch: Sequence[tuple[object, ...]]) -> None:
    connection.executemany(f"INSERT INTO documents({_COLUMNS}) VALUES(?,?,?,?,?,?,?)", batch)


class DocumentStore:
    """Read access to a bundle's documents, from any thread.

    Raises:
        BundleDamaged: From any method, when the file is missing, cut short or not SQLite.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection = open_read_only(path)
        self._query("SELECT row FROM documents LIMIT 1")

    def __len__(self) -> int:
        rows = self._query("SELECT COALESCE(MAX(row) + 1, 0) FROM documents")
        return int(str(rows[0][0]))

    def document(self, row: int) -> Document:
        """The document in a row; KeyError when there is none."""
        return self.documents([row])[row]

    def documents(self, rows: Iterable[int]) -> dict[int, Document]:
        """The documents of some rows, by row."""
        found = self._by_rows(_COLUMNS, rows)
        return {int(str(values[0])): _document(values) for values in found}

    def headings(self, rows: Iterable[int]) -> dict[int, tuple[str, str, str]]:
        """`(id, title, published)` of some rows; a list of results needs no more."""
        # An untitled document is known by its first words.
        title = "CASE title WHEN '' THEN substr(text, 1, 200) ELSE title END"
        found = self._by_rows(f"row, id, {title}, published", rows)
        return {int(str(v[0])): (str(v[1]), str(v[2]), str(v[3])) for v in found}

    def row_of(self, document_id: str) -> int | None:
        """The row of the document with that id, or None."""
        found = self._query("SELECT row FROM documents WHERE id = ?", (document_id,))
        return int(str(found[0][0])) if found else None

    def __iter__(self) -> Iterator[Document]:
        start = 0
        while found := self._query(
            f"SELECT {_COLUMNS} FROM documents WHERE row >= ? ORDER BY row LIMIT {_BATCH}",
            (start,),
        ):
            yield from (_document(values) for values in found)
            start = int(str(found[-1][0])) + 1

    def span(self, start: int, stop: int) -> list[Document]:
        """Documents of rows `start` to `stop - 1`, in order."""
        found = self._query(
            f"SELECT {_COLUMNS} FROM documents WHERE row >= ? AND row < ? ORDER BY row",
            (start, stop),
        )
        return [_document(values) for values in found]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _by_rows(self, columns: str, rows: Iterable[int]) -> list[tuple[object, ...]]:
        wanted = [int(row) for row in rows]
        found: list[tuple[object, ...]] = []
        # SQLite limits the number of parameters of one statement.
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            found += self._query(f"SELECT {columns} FROM documents WHERE row IN ({marks})", part)
        return found

    def _query(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        try:
            with self._lock:
                return self._connection.execute(statement, tuple(values)).fetchall()
        except sqlite3.DatabaseError as error:
            raise BundleDamaged(
                f"{self.path} cannot be read as a database of documents ({error})."
            ) from None


def open_read_only(path: Path) -> sqlite3.Connection:
    """Connect to a database that is never written again, also on a read-only medium.

    The caller sees to it that no two threads use the connection at once.
    """
    if not path.is_file():
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.")
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, check_same_thread=False)


def _document(values: tuple[object, ...]) -> Document:
    _, document_id, title, text, url, published, metadata = (str(value) for value in values)
    return Document(document_id, title, text, url, published, json.loads(metadata))
