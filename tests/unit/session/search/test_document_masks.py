"""A filter by metadata finds what reading all metadata finds, whatever they are."""

import contextlib
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.document_filter import DocumentFilter
from saetui.core.documents import Document
from saetui.errors import InputError
from saetui.session.search.document_masks import DocumentMasks
from saetui.store.documents import DocumentStore, write_documents
from saetui.store.facts import LONGEST

LONG = "q" * LONGEST
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from([1.0, 2.5]),
    st.sampled_from(["", "cs", "CS.lg", "cs.LG math", "math; cs", "Ünïcode", LONG, LONG + "r"]),
)
metadata = st.dictionaries(
    st.sampled_from(["categories", "Categories", "x", "y"]),
    values | st.lists(values, max_size=3),
    max_size=3,
)
wanted = st.builds(
    DocumentFilter,
    categories=st.sampled_from([(), ("cs",), ("math", "ünïcode"), ("qq",), (LONG + "r",)]),
    where=st.lists(
        st.tuples(
            st.sampled_from(["x", "y"]),
            st.sampled_from(["", "CS", "1", "2.5", "true", LONG, LONG + "R"]),
        ),
        max_size=2,
    ).map(tuple),
)


def filters(folder: Path, records: list[dict[str, Any]], *, old: bool = False) -> DocumentMasks:
    path = folder / "documents.sqlite"
    known = (Document(str(i), "", "Text.", metadata=each) for i, each in enumerate(records))
    write_documents(path, known)
    if old:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TABLE facts")

    class Documents(SimpleNamespace):
        def __len__(self) -> int:
            return len(records)

    return DocumentMasks(Documents(documents=DocumentStore(path)), None)  # type: ignore[arg-type]


def found(known: DocumentMasks, asked: DocumentFilter) -> list[bool] | str:
    try:
        eligible = known.eligible(asked)
    except InputError as error:
        return str(error)
    return [True] * len(known._bundle) if eligible is None else eligible.tolist()


@given(records=st.lists(metadata, max_size=6), asked=wanted)
def test_what_is_kept_says_the_same_as_reading_all(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], asked: DocumentFilter
) -> None:
    new, old = (tmp_path_factory.mktemp(name) for name in ("new", "old"))
    # A field that holds nothing anywhere is not kept, and then nobody has it.
    full = [{name: value for name, value in each.items() if value != []} for each in records]
    known, read = filters(new, full), filters(old, full, old=True)
    assert read._bundle.documents.facts is None
    assert found(known, asked) == found(read, asked)


def test_not_every_document_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = filters(tmp_path, [{"categories": ["cs.LG", LONG]}, {"categories": "math", "x": 1}])
    monkeypatch.delattr(DocumentStore, "metadata")
    assert found(known, DocumentFilter(categories=("cs",))) == [True, False]
    assert found(known, DocumentFilter(where=(("x", "1"),))) == [False, True]
    assert found(known, DocumentFilter(where=(("z", "1"),))) == (
        "No document has a field called 'z'. Fields of these documents: categories, x."
    )
