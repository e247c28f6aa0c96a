"""Documents of the same text are recognised, whatever their spaces and case."""

import contextlib
import sqlite3
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.documents import Document
from saetui.errors import BundleDamaged
from saetui.store.documents import DocumentStore, change_documents, write_documents

LONG = "One and the same beginning of more than forty letters " * 5
titles = st.sampled_from(["", "Reply", "reply ", " ", "Straße", "STRASSE"])
texts = st.sampled_from(
    [
        *("No comment", "no  comment", "No\ncomment", "Nocomment"),
        *(LONG + "a", LONG + "b", LONG + "A"),
        *(" " * 300 + "x", " " * 300 + "y", " " * 250 + "X", "x"),
    ]
)
corpora = st.lists(st.tuples(titles, texts), max_size=9)


def same_text(title: str, text: str) -> str:
    return " ".join(f"{title} {text}".casefold().split())


def groups(corpus: list[tuple[str, str]]) -> dict[int, list[int]]:
    """Rows of each repeated text, by its first row."""
    found = defaultdict(list)
    for row, (title, text) in enumerate(corpus):
        found[same_text(title, text)].append(row)
    return {rows[0]: rows for rows in found.values() if len(rows) > 1}


def groups_of(store: DocumentStore) -> dict[int, list[int]]:
    found = defaultdict(list)
    for row, first in zip(store.repeats.rows, store.repeats.first, strict=True):
        found[int(first)].append(int(row))
    return dict(found)


def document(row: int, title: str, text: str) -> Document:
    return Document(f"id-{row}", title, text)


def write(path: Path, corpus: list[tuple[str, str]]) -> Path:
    write_documents(path, (document(row, *said) for row, said in enumerate(corpus)))
    return path


@given(corpora, st.booleans())
def test_repeats_are_found_when_written_and_in_bundles_of_before(
    corpus: list[tuple[str, str]], of_before: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "documents.sqlite", corpus)
        if of_before:
            with contextlib.closing(sqlite3.connect(path)) as connection:
                connection.execute("DROP TABLE repeats")
        with contextlib.closing(DocumentStore(path)) as store:
            assert groups_of(store) == groups(corpus)
            assert store.repeats.extra == sum(len(rows) - 1 for rows in groups(corpus).values())


@given(corpora, st.data())
def test_of_each_text_the_first_document_that_may_be_found_is_left(
    corpus: list[tuple[str, str]], data: st.DataObject
) -> None:
    may = data.draw(st.lists(st.booleans(), min_size=len(corpus), max_size=len(corpus)))
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "documents.sqlite", corpus)
        with contextlib.closing(DocumentStore(path)) as store:
            repeats = store.repeats
    eligible = np.array(may, dtype=bool)
    firsts: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(eligible).tolist():
        firsts[same_text(*corpus[row])].append(row)
    folded = repeats.folded(eligible, len(corpus))
    assert folded is not None
    assert np.flatnonzero(folded).tolist() == sorted(rows[0] for rows in firsts.values())
    assert eligible.tolist() == may, "the filter's own mask was changed"
    rows = np.flatnonzero(folded)
    assert repeats.counts(rows, eligible) == [len(firsts[same_text(*corpus[i])]) for i in rows]


def test_repeats_are_found_again_when_a_corpus_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "old.sqlite", [("", "Yes"), ("", "yes"), ("", "No"), ("", "Maybe")])
    with contextlib.closing(DocumentStore(path)) as old:
        assert groups_of(old) == {0: [0, 1]}
        change_documents(
            tmp_path / "new.sqlite",
            old,
            cleared=[1],
            written=[(1, document(1, "", "no")), (4, document(4, "", "NO"))],
            added=[],
        )
    with contextlib.closing(DocumentStore(tmp_path / "new.sqlite")) as new:
        assert groups_of(new) == {1: [1, 2, 4]}


def test_repeats_that_name_no_document_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "documents.sqlite", [("", "Yes"), ("", "No")])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO repeats VALUES(1, 7)")
        connection.commit()
    with (
        contextlib.closing(DocumentStore(path)) as store,
        pytest.raises(BundleDamaged, match="hold no document"),
    ):
        _ = store.repeats
