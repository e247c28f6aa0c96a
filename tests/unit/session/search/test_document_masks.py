"""A filter by metadata finds what reading all metadata finds, whatever they are."""

import contextlib
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.document_filter import SIGNS, Comparison, DocumentFilter
from saetui.core.documents import Document
from saetui.errors import InputError
from saetui.session.search.document_masks import DocumentMasks
from saetui.session.search.request_text import parse_filter
from saetui.store.document_tables import LONGEST
from saetui.store.documents import DocumentStore, write_documents

LONG = "q" * LONGEST
TITLES = ("Alpha", "The beta", "Gamma")
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from([1.0, 2.5]),
    st.sampled_from(["", "cs", "CS.lg", "cs.LG math", "math; cs", "Ünïcode", LONG, LONG + "r"]),
    st.sampled_from(["2019", "2019-03", "2019-03-14T10:00", "2019-02-30", "1,000"]),
)
leaves = values | st.lists(values, max_size=3)
nested = st.dictionaries(
    st.just("a"), leaves | st.dictionaries(st.just("b"), leaves, max_size=1), max_size=1
)
metadata = st.dictionaries(
    st.sampled_from(["categories", "Categories", "x", "y", "x.a"]),
    leaves | nested | st.lists(nested, max_size=2),
    max_size=3,
)
wanted = st.builds(
    DocumentFilter,
    categories=st.sampled_from([(), ("cs",), ("math", "ünïcode"), ("qq",), (LONG + "r",)]),
    where=st.lists(
        st.tuples(
            st.sampled_from(["x", "y", "x.a", "x.a.b"]),
            st.sampled_from(["", "CS", "1", "2.5", "true", "1.0", LONG, LONG + "R"]),
        ),
        max_size=2,
    ).map(tuple),
    compared=st.lists(
        st.builds(
            Comparison,
            st.sampled_from(["x", "y", "x.a", "x.a.b"]),
            st.sampled_from(SIGNS),
            st.sampled_from(["1", "2.5", "2019", "2019-03", "2019-03-14", "other"]),
        ),
        max_size=2,
    ).map(tuple),
)


def filters(folder: Path, records: list[dict[str, Any]], *, old: bool = False) -> DocumentMasks:
    path = folder / "documents.sqlite"
    known = (
        Document(str(i), TITLES[i % 3], "Text.", published=f"{2000 + i}", metadata=each)
        for i, each in enumerate(records)
    )
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
        "No document has a field called 'z'. Fields of these documents: categories, x. "
        "All of them: saetui fields BUNDLE"
    )


RECORDS: list[dict[str, Any]] = [
    {"stars": 5, "price": "9.50", "author": {"name": "Ada", "orgs": ["x", "y"]}},
    {"stars": "10", "price": 10, "updated": "2019-03-14", "author": [{"name": "Bo"}]},
    {"stars": 3.0, "price": "1,200", "updated": "2019", "note": "none"},
]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("stars>3", {0, 1}),
        ("stars>=3 stars<10", {0, 2}),
        ("stars:3", {2}),
        ("stars=10", {1}),
        ("price<=10", {0, 1}),
        ("price:9.5", {0}),
        ("price:1000..2000", {2}),
        ("author.name=Ada", {0}),
        ("author.name:bo", {1}),
        ("author.orgs:Y", {0}),
        ("updated>=2019", {1, 2}),
        ("updated>2019-01", {1}),
        ("updated<2019-06", {1}),
        ("year:2001", {1}),
        ("year<2001", {0}),
        ("published>=2001 date<2002", {1}),
        ("published:2000..2001", {0, 1}),
        ("before:2001", {0}),
        ("title:BETA id:1", {1}),
        ("note>1", set()),
    ],
)
def test_numbers_dates_and_nested_fields(
    tmp_path: Path, asked: str, rows: set[int], old: bool
) -> None:
    known = filters(tmp_path, RECORDS, old=old)
    assert {
        row for row, fits in enumerate(known.eligible(parse_filter(asked, int))) if fits
    } == rows


def test_what_compares_with_nothing_is_told(tmp_path: Path) -> None:
    known = filters(tmp_path, RECORDS)
    with pytest.raises(InputError, match="'many' is neither a number nor a date"):
        known.eligible(parse_filter("stars>many", int))
    with pytest.raises(InputError, match=r"field called 'author\.age'"):
        known.eligible(parse_filter("author.age>3", int))


def test_nested_fields_of_a_bundle_that_lists_them_not(tmp_path: Path) -> None:
    known = filters(tmp_path, RECORDS)
    with contextlib.closing(sqlite3.connect(tmp_path / "documents.sqlite")) as connection:
        connection.execute("DELETE FROM facts WHERE field LIKE '%.%'")
        connection.commit()
    for asked, row in (("author.name:bo", 1), ("author.orgs=x", 0)):
        assert np.flatnonzero(known.eligible(parse_filter(asked, int))).tolist() == [row]
