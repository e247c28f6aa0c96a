"""Words of languages without spaces are found, also after a corpus has changed."""

from pathlib import Path

import pytest

from saetui.core.documents import Document
from saetui.session.search.document_terms import fts_parts, fts_query
from saetui.store.documents import DocumentStore, change_documents, write_documents

TEXTS = (
    # A trial shows that a new vaccine prevents influenza; the black hole of a galaxy.
    "\u8bd5\u9a8c\u663e\u793a\u65b0\u578b\u75ab\u82d7\u80fd\u6709\u6548\u9884\u9632\u6d41\u611f",
    "\u661f\u7cfb\u4e2d\u5fc3\u7684\u9ed1\u6d1e",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3092\u691c\u7d22\u3059\u308b",
    "\u0e27\u0e31\u0e04\u0e0b\u0e35\u0e19\u0e1b\u0e49\u0e2d\u0e07\u0e01\u0e31\u0e19",
    "\u0646\u0635 \u062d\u0643\u064a\u0645 \u0644\u0647 \u0633\u0631",
    "Vaccines prevent influenza.",
)


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    path = tmp_path / "documents.sqlite"
    write_documents(path, (Document(str(i), "", text) for i, text in enumerate(TEXTS)))
    return DocumentStore(path)


def rows(store: DocumentStore, text: str) -> list[int]:
    return store.matching(fts_query(fts_parts(text)))[0].tolist()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("\u75ab\u82d7", [0]),
        ("\u82d7\u75ab", []),
        ("\u65b0\u578b\u75ab\u82d7", [0]),
        ("\u9ed1\u6d1e \u75ab\u82d7", [0, 1]),
        ('"\u65b0\u578b\u75ab\u82d7"', [0]),
        ('"\u65b0\u75ab\u82d7"', []),
        ("\u30c6\u30ad\u30b9\u30c8", [2]),
        ("\u691c\u7d22", [2]),
        ("\u0e27\u0e31\u0e04\u0e0b\u0e35\u0e19", [3]),
        ("\u062d\u0643\u064a\u0645", [4]),
        ("vaccine \u75ab\u82d7", [0, 5]),
    ],
)
def test_native_words_find(store: DocumentStore, typed: str, found: list[int]) -> None:
    assert rows(store, typed) == found


def test_what_is_removed_is_removed_from_the_index(store: DocumentStore, tmp_path: Path) -> None:
    path = tmp_path / "changed.sqlite"
    other = Document("0", "", TEXTS[1] + TEXTS[2])
    change_documents(path, store, cleared=[0], written=[(0, other)], added=[])
    changed = DocumentStore(path)
    assert rows(changed, "\u75ab\u82d7") == []
    assert rows(changed, "\u9ed1\u6d1e") == [0, 1]
    assert rows(changed, "\u691c\u7d22") == [0, 2]
