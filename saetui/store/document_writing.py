"""Write the documents of a corpus, with a full-text index over title and text, into SQLite."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from saetui.core.documents import Content, Document
from saetui.core.words import letters_apart
from saetui.errors import InputError
from saetui.store.databases import changed_database, new_database, storable
from saetui.store.documents import COLUMNS, DocumentStore, content_of_values
from saetui.store.facts import SCHEMA as FACTS
from saetui.store.facts import change_facts, insert_facts, sort_facts
from saetui.store.repeats import write_repeats

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
# Only a corpus with documents from elsewhere than its own file has this table.
_ADDED = "CREATE TABLE IF NOT EXISTS added(row INTEGER PRIMARY KEY)"
_BATCH = 1_000


def write_documents(path: Path, documents: Iterable[Document]) -> int:
    """Write documents in their order, numbered from 0; whole or not at all.

    Returns:
        How many there were.

    Raises:
        InputError: Two documents have the same id.
        BuildError: The file cannot be written.
    """
    with new_database(path, _SCHEMA + FACTS) as connection:
        count = 0
        batch: list[tuple[object, ...]] = []
        for document in documents:
            batch.append(_values(count, document))
            insert_facts(connection, count, document.metadata)
            count += 1
            if len(batch) == _BATCH:
                _insert(connection, batch)
                batch.clear()
        _insert(connection, batch)
        connection.create_function("letters_apart", 1, letters_apart, deterministic=True)
        connection.execute(
            "INSERT INTO documents_text(rowid, title, text) "
            "SELECT row, letters_apart(title), letters_apart(text) FROM documents"
        )
        connection.execute(f"PRAGMA user_version={_LETTERS_APART}")
        sort_facts(connection)
        write_repeats(connection)
    return count


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
        connection.execute(_ADDED)
        connection.execute("DELETE FROM added")
        connection.executemany("INSERT INTO added VALUES (?)", [(int(row),) for row in added])
        write_repeats(connection)


def _values(row: int, document: Document) -> tuple[object, ...]:
    metadata = json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True)
    fields = (document.id, document.title, document.text, document.url, document.published)
    return (row, *(storable(text) for text in (*fields, metadata)))


def _insert(connection: sqlite3.Connection, batch: Sequence[tuple[object, ...]]) -> None:
    try:
        connection.executemany(f"INSERT INTO documents({COLUMNS}) VALUES(?,?,?,?,?,?,?)", batch)
    except sqlite3.IntegrityError:
        raise InputError("Two documents have the same id.", "Give each its own.") from None


def content_of(document: Document) -> Content:
    """Hashes of one document in a bundle, by which changed documents are recognised."""
    return content_of_values([str(value) for value in _values(0, document)[1:]])
