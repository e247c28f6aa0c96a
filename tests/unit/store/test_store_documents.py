"""Documents come back as they were written, from any thread."""

import contextlib
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.documents import Document
from saetui.errors import BundleDamaged, InputError
from saetui.store.databases import ReadOnlyDatabase, storable
from saetui.store.documents import DocumentStore, write_documents

texts = st.text(
    st.one_of(st.characters(), st.sampled_from("\x00\n\t'\"%\ud800\udfff\u202e")), max_size=20
)
metadata_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\x00", max_size=3), inner)
    ),
    max_leaves=5,
)
documents = st.builds(
    Document,
    id=texts,
    title=texts,
    text=texts,
    url=texts,
    published=texts,
    metadata=st.dictionaries(st.text("xyz\n", max_size=3), metadata_values, max_size=3),
)


def stored(document: Document) -> Document:
    """`document` as a file of UTF-8 can hold it."""
    return replace(
        document,
        **{
            name: storable(getattr(document, name))
            for name in ("id", "title", "text", "url", "published")
        },
    )


def numbered(count: int) -> Iterator[Document]:
    for i in range(count):
        yield Document(f"id-{i}", f"Title {i}", f"Text {i}.", published=f"{2000 + i % 20}")


@given(st.lists(documents, max_size=6, unique_by=lambda document: storable(document.id)))
def test_documents_come_back_as_they_were_written(corpus: list[Document]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "documents.sqlite"
        assert write_documents(path, iter(corpus)) == len(corpus)
        store = DocumentStore(path)
        expected = [stored(document) for document in corpus]
        assert len(store) == len(corpus)
        assert list(store) == expected
        assert [store.document(row) for row in range(len(corpus))] == expected
        assert store.some(range(len(corpus))) == expected
        assert store.some(range(1, min(3, len(corpus)))) == expected[1:3]
        for row, document in enumerate(corpus):
            assert store.row_of(document.id) == row
        headings = store.headings(range(len(corpus)))
        for row, document in enumerate(expected):
            identifier, title, published = headings[row]
            assert (identifier, published) == (document.id, document.published)
            assert title == document.title or not document.title
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "documents.sqlite"
    write_documents(path, numbered(2_345))
    return path


@pytest.fixture
def store(path: Path) -> Iterator[DocumentStore]:
    store = DocumentStore(path)
    yield store
    store.close()


def test_many_documents_are_kept_in_order(store: DocumentStore) -> None:
    assert [document.id for document in store] == [f"id-{i}" for i in range(2_345)]
    assert list(store.headings(range(2_345))) == list(range(2_345))
    assert [document.id for document in store.some(range(998, 1_003))] == [
        f"id-{i}" for i in range(998, 1_003)
    ]
    assert store.some([]) == []
    assert store.headings([]) == {}
    assert store.headings([7, 7, 3]) == {
        7: ("id-7", "Title 7", "2007"),
        3: ("id-3", "Title 3", "2003"),
    }


def test_huge_and_odd_texts_survive(tmp_path: Path) -> None:
    corpus = [
        Document("1", "", "nul \x00 inside and \x00 after"),
        Document("2", "big", "word " * 400_000),
        Document("3", "half \ud83d", "\udfff", metadata={"note": "half \ud83d"}),
        Document("4", "", "  long " * 100),
    ]
    write_documents(tmp_path / "d", corpus)
    store = DocumentStore(tmp_path / "d")
    assert store.document(0) == corpus[0]
    assert store.document(1) == corpus[1]
    assert store.document(2) == Document("3", "half ?", "?", metadata={"note": "half ?"})
    headings = store.headings(range(4))
    assert headings[0][1].startswith("nul ")
    assert headings[1][1] == "big"
    assert len(headings[3][1]) == 200
    store.close()


def test_what_is_not_there_is_not_found(store: DocumentStore) -> None:
    assert store.row_of("id-9999") is None
    assert store.row_of("\udcff") is None
    with pytest.raises(BundleDamaged, match="lacks documents"):
        store.document(2_345)
    with pytest.raises(BundleDamaged, match="lacks documents"):
        store.headings([0, 2_345])


def test_threads_read_at_once(store: DocumentStore) -> None:
    def read(number: int) -> bool:
        rows = range(number, 2_345, 97)
        return store.headings(rows) == {
            row: (f"id-{row}", f"Title {row}", f"{2000 + row % 20}") for row in rows
        } and all(store.document(row).text == f"Text {row}." for row in rows)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(64)))


def test_closing_waits_for_readers_and_reading_later_is_an_error(path: Path) -> None:
    store = DocumentStore(path)
    with ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(lambda: len(list(store))) for _ in range(4)]
        store.close()
        for future in reading:
            error = future.exception()
            assert error is None or isinstance(error, BundleDamaged)
    store.close()
    with pytest.raises(BundleDamaged):
        store.document(0)


def test_two_documents_of_one_id_are_refused(tmp_path: Path) -> None:
    corpus = [*numbered(5), Document("id-3", "again", "text")]
    with pytest.raises(InputError, match="Two documents have the same id"):
        write_documents(tmp_path / "d", corpus)
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> Iterator[Document]:
        yield from numbered(1_500)
        raise InputError("The corpus ends here.")

    with pytest.raises(InputError, match="ends here"):
        write_documents(tmp_path / "d", failing())
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_corpus_is_always_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_documents(tmp_path / name, numbered(300))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_full_disk_is_explained(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from saetui.core.documents import Document\n"
        "from saetui.errors import BuildError\n"
        "from saetui.store.documents import write_documents\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "corpus = (Document(str(i), '', 'word ' * 1_000) for i in range(1_000))\n"
        "try:\n"
        "    write_documents(Path(sys.argv[1]), corpus)\n"
        "except BuildError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "documents.sqlite")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "documents.sqlite cannot be written" in said
    assert "space" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(500)])
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "documents.sqlite"
    path.write_bytes(content)
    with pytest.raises(BundleDamaged, match=r"documents\.sqlite"):
        DocumentStore(path)
    with pytest.raises(BundleDamaged, match="is missing"):
        DocumentStore(tmp_path / "other.sqlite")


@pytest.mark.parametrize("name", ["per%20cent", "what?", "a#b", "\u00e9\u4e00 x", "q'uo\"te"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "documents.sqlite"
    write_documents(path, numbered(3))
    store = DocumentStore(path)
    assert store.document(2).id == "id-2"
    store.close()
    assert [each.name for each in path.parent.iterdir()] == ["documents.sqlite"]


@pytest.mark.parametrize(
    ("after", "before", "rows"),
    [
        ("", "", [0, 1, 2, 3]),
        ("2019", "", [0, 1, 2, 3]),
        ("2019-03", "", [1, 2, 3]),
        ("2019-03-10", "", [2, 3]),
        ("", "2019", [0, 1, 2]),
        ("", "2019-03", [1, 2]),
        ("", "2019-03-14", [2]),
        ("2019-03", "2019-03", [1, 2]),
        ("2021", "", []),
    ],
)
def test_documents_lie_within_a_span_with_all_their_days(
    tmp_path: Path, after: str, before: str, rows: list[int]
) -> None:
    dates = ["2019", "2019-03", "2019-03-14", "2020-01-01", ""]
    path = tmp_path / "documents.sqlite"
    write_documents(path, [Document(str(i), "", "a", published=d) for i, d in enumerate(dates)])
    store = DocumentStore(path)
    assert store.within(after, before).tolist() == rows
    store.close()


def test_words_match_with_the_best_first(tmp_path: Path) -> None:
    path = tmp_path / "documents.sqlite"
    texts_ = ["a star and a planet", "stars, stars, stars", "nothing of it", "a star and a planet"]
    found = [Document(str(i), "", text, metadata={"i": i}) for i, text in enumerate(texts_)]
    write_documents(path, found)
    store = DocumentStore(path)
    rows, scores = store.matching('"star"')
    assert rows.tolist() == [0, 1, 3]
    assert rows[np.argsort(-scores)].tolist() == [1, 0, 3]
    assert store.matching('"comet"')[0].tolist() == []
    assert store.idf('"comet"') == 0
    assert store.idf('"star"') == 1e-6
    assert list(store.metadata()) == [(i, {"i": i}) for i in range(4)]
    store.close()


def documents_with_facts(count: int) -> Iterator[Document]:
    for i in range(count):
        yield Document(f"d{i}", "", "x", metadata={"a": 1 + i % 2} | ({} if i % 3 else {"b": "X"}))


def test_what_one_reader_asks_is_looked_up_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_documents(tmp_path / "a.sqlite", documents_with_facts(20))
    asked: list[tuple[str, Sequence[object]]] = []
    read = ReadOnlyDatabase.rows

    def noted(
        database: ReadOnlyDatabase, statement: str, values: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        asked.append((statement, values))
        return read(database, statement, values)

    with contextlib.closing(DocumentStore(tmp_path / "a.sqlite")) as store:
        assert store.facts is not None
        assert len(store) == 20
        monkeypatch.setattr(ReadOnlyDatabase, "rows", noted)
        store.document(3)
        store.headings([1, 5, 7])
        store.row_of("d4")
        store.some(range(2, 6))
        store.within("2019", "2020-03")
        assert store.facts.fields() == ["a", "b"]
        assert list(store.facts.values("a")) == ["1", "2"]
        assert store.facts.rows("b", "x").tolist() == list(range(0, 20, 3))
        with sqlite3.connect(tmp_path / "a.sqlite") as connection:
            for statement, values in asked:
                plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
                assert all("SCAN" not in step[-1] for step in plan), (statement, plan)
    assert len(asked) == 12
