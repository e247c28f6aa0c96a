"""A database from elsewhere is data: nothing that it holds is carried out, or read without end."""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bundles import make_bundle
from damage import write_sizes_and_hashes

from saetui.core.documents import Document
from saetui.errors import BundleDamaged
from saetui.store import databases
from saetui.store.check import check_bundle
from saetui.store.databases import ReadOnlyDatabase, real, whole
from saetui.store.documents import DocumentStore, write_documents
from saetui.store.features import read_features
from saetui.store.labels import LabelRecord, add_labels, read_history

Forge = Callable[[sqlite3.Connection], object]

ENDLESS = "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c"
COLUMNS = "row, id, title, text, url, published, metadata"


def forged(path: Path, statements: str) -> None:
    """Carry out statements on a database, some of which only whoever forges one would."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    path = tmp_path / "documents.sqlite"
    write_documents(
        path, [Document(f"d{i}", "", f"a star {i}", metadata={"a": i}) for i in range(30)]
    )
    return path


@pytest.fixture
def features(tmp_path: Path) -> Path:
    folder = make_bundle(tmp_path / "small.bundle")
    return folder / "saes/k4-n24/features.sqlite"


PROGRAMS = {
    "a view in place of a table": f"""
        ALTER TABLE documents RENAME TO others;
        CREATE VIEW documents AS SELECT {COLUMNS} FROM others;""",
    "a view without end": f"""
        DROP TABLE documents;
        CREATE VIEW documents AS SELECT i AS row, 'd' || i AS id, '' AS title, 'x' AS text,
            '' AS url, '' AS published, '{{}}' AS metadata FROM ({ENDLESS});""",
    "a view that fills memory": """
        DROP TABLE documents;
        CREATE VIEW documents AS SELECT 0 AS row, 'd0' AS id, hex(zeroblob(100000000)) AS title,
            'x' AS text, '' AS url, '' AS published, '{}' AS metadata;""",
    "a view that nobody reads": "CREATE VIEW odd AS SELECT 1;",
    "a trigger": """
        CREATE TRIGGER odd AFTER INSERT ON documents BEGIN SELECT 1; END;""",
    "a computed column": """
        ALTER TABLE documents ADD COLUMN odd TEXT AS (hex(zeroblob(100000000)));""",
    "a computed column in place of one that is read": """
        DROP TABLE documents;
        CREATE TABLE documents(
            row INTEGER PRIMARY KEY, id TEXT, text TEXT, url TEXT, published TEXT, metadata TEXT,
            title TEXT GENERATED ALWAYS AS (hex(zeroblob(100000000))) VIRTUAL);
        INSERT INTO documents(row, id, text, url, published, metadata)
            VALUES(0, 'd0', 'x', '', '', '{}');""",
    "an index of what is computed": """
        CREATE INDEX odd ON documents(hex(zeroblob(1000000)));""",
    "a view that says it is a table": f"""
        PRAGMA writable_schema=ON;
        UPDATE sqlite_master SET sql = 'CREATE VIEW documents AS {ENDLESS}'
            WHERE name = 'documents';""",
    "another kind of virtual table": "CREATE VIRTUAL TABLE odd USING fts4(title);",
    "too many tables": "".join(f"CREATE TABLE odd{i}(a);" for i in range(120)),
    "a table of a long description": f"CREATE TABLE odd(a /* {'x' * 20_000} */);",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_more_than_data_is_refused(documents: Path, name: str) -> None:
    forged(documents, PROGRAMS[name])
    started = time.monotonic()
    with pytest.raises(BundleDamaged, match=r"documents\.sqlite is not the database that belongs"):
        DocumentStore(documents)
    assert time.monotonic() - started < 5


def test_checking_refuses_it_too(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "small.bundle")
    forged(folder / "documents.sqlite", PROGRAMS["a view without end"])
    write_sizes_and_hashes(folder)
    problems = {each.subject: each.problem for each in check_bundle(folder) if not each.ok}
    assert "'documents' is not a plain table" in problems["documents"]


def test_features_and_labels_are_refused_too(features: Path) -> None:
    forged(
        features,
        """
        CREATE TRIGGER odd AFTER INSERT ON labels BEGIN
            INSERT INTO labels SELECT feature, version + 1, text, '', '', '', '', '' FROM labels;
        END;""",
    )
    label = LabelRecord(0, "new", (), "terms")
    for use in (
        lambda: read_features(features, 24),
        lambda: read_history(features, 0),
        lambda: add_labels(features, [label], []),
    ):
        with pytest.raises(BundleDamaged, match="'odd' is not a plain table"):
            use()


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("SELECT hex(zeroblob(100000000))", "not authorized to use function"),
        ("SELECT load_extension('x')", "not authorized to use function"),
        (ENDLESS, "not authorized"),
        ("ATTACH 'other.sqlite' AS other", "too many attached|not authorized"),
        ("DELETE FROM documents", "readonly|read only|query_only"),
        (f"SELECT {'1+' * 300}1", "tree is too large"),
    ],
)
def test_statements_that_no_reader_needs_are_refused(
    documents: Path, statement: str, complaint: str
) -> None:
    with contextlib.closing(ReadOnlyDatabase(documents)) as database:
        with pytest.raises(BundleDamaged, match=complaint):
            database.rows(statement)
        assert database.rows("SELECT COUNT(*) FROM documents") == [(30,)]


def test_no_more_is_read_than_lies_in_the_file(documents: Path) -> None:
    with contextlib.closing(ReadOnlyDatabase(documents)) as database:
        many = "SELECT a.text FROM " + ", ".join(f"documents {name}" for name in "abcd")
        with pytest.raises(BundleDamaged, match="more to read in it than it has bytes"):
            database.rows(many)
        with pytest.raises(BundleDamaged, match="more to read in it than it has bytes"):
            database.rows(many.replace("a.text", "1"))


def test_a_statement_without_end_is_given_up(
    documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_SECONDS", 0.2)
    with contextlib.closing(ReadOnlyDatabase(documents)) as database:
        started = time.monotonic()
        tables = ", ".join(f"documents {name}" for name in "abcdefgh")
        with pytest.raises(BundleDamaged, match="takes too long"):
            database.rows(f"SELECT COUNT(*) FROM {tables}")
        assert time.monotonic() - started < 60
        assert database.rows("SELECT COUNT(*) FROM documents") == [(30,)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE facts SET row = 30 WHERE row = 3",
        "UPDATE facts SET row = -1 WHERE row = 3",
        "UPDATE facts SET row = 'x' WHERE row = 3",
    ],
)
def test_metadata_of_documents_that_are_not_there_are_refused(documents: Path, change: str) -> None:
    forged(documents, change)
    with contextlib.closing(DocumentStore(documents)) as store:
        assert store.facts is not None
        with pytest.raises(BundleDamaged, match="names rows that hold no document"):
            store.facts.rows("a", "3")


def test_words_of_documents_that_are_not_there_are_refused(documents: Path) -> None:
    forged(
        documents,
        "INSERT INTO documents_text(rowid, title, text) VALUES(77, '', 'a comet');",
    )
    with contextlib.closing(DocumentStore(documents)) as store:
        assert len(store.matching('"star"')[0]) == 30
        with pytest.raises(BundleDamaged, match="names rows that hold no document"):
            store.matching('"comet"')


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE features SET density = 'much'",
        "UPDATE features SET density = 9e999",
        "UPDATE features SET documents = -1",
        "UPDATE features SET documents = 2.5",
        "UPDATE features SET cohesion = x'00'",
        "UPDATE scores SET f1 = 'good'",
        "UPDATE labels SET version = 'x' WHERE feature = 0",
    ],
)
def test_figures_that_are_no_numbers_are_refused(features: Path, change: str) -> None:
    forged(features, f"PRAGMA foreign_keys=OFF; {change};")
    with pytest.raises(BundleDamaged, match="holds figures that are not numbers"):
        read_features(features, 24)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE scores SET f1_low = 'low'",
        "UPDATE scores SET pearson = -9e999",
        "UPDATE scores SET documents = 'x'",
        "UPDATE labels SET version = 'x'",
    ],
)
def test_figures_of_a_history_that_are_no_numbers_are_refused(features: Path, change: str) -> None:
    forged(features, f"PRAGMA foreign_keys=OFF; {change};")
    with pytest.raises(BundleDamaged, match="holds figures that are not numbers"):
        read_history(features, 0)


def test_figures_are_numbers() -> None:
    assert (real(1), real(0.5), whole(3)) == (1.0, 0.5, 3)
    for value in ("1", None, b"1", float("nan"), float("inf"), "x" * 10_000):
        with pytest.raises(ValueError, match="is no number") as raised:
            real(value)
        assert len(str(raised.value)) < 100
        with pytest.raises(ValueError, match="is no count"):
            whole(value)
