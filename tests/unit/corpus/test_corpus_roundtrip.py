"""Any documents, written as any format, come back as they were."""

import csv
import io
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, open_corpus
from saetui.corpus.dates import read_date
from saetui.errors import InputError

# The same examples every time, and no clock: the machine may be busy.
steady = settings(deadline=None, derandomize=True, database=None)

text = st.text(st.characters(exclude_categories=["Cs"]))
filled = text.filter(lambda value: bool(value) and not value.isspace())
blank_or_filled = st.just("") | filled
published = st.just("") | st.dates().map(lambda day: day.isoformat()).filter(
    lambda day: not day.startswith("0")
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
metadata = st.dictionaries(
    st.sampled_from(["venue", "n", "\u00e9", "authors", "x y"]),
    json_values.filter(lambda value: value is not None and value != ""),
    max_size=3,
)
documents = st.builds(Document, filled, blank_or_filled, filled, st.just(""), published, metadata)
corpora = st.lists(documents, min_size=1, max_size=6, unique_by=lambda document: document.id)


def as_record(document: Document) -> dict[str, object]:
    return {
        "id": document.id,
        "title": document.title,
        "text": document.text,
        "published": document.published,
        **document.metadata,
    }


def read_back(data: bytes, **options: object) -> list[Document]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus"
        path.write_bytes(data)
        return list(open_corpus(path, CorpusOptions(strict=True, **options)))


@steady
@given(corpora, st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_json_lines(corpus, ascii_only, line_end):
    lines = [json.dumps(as_record(d), ensure_ascii=ascii_only) + line_end for d in corpus]
    assert read_back("".join(lines).encode()) == corpus


@steady
@given(corpora, st.booleans(), st.sampled_from([None, 0, 1]))
def test_json_arrays(corpus, ascii_only, indent):
    data = json.dumps([as_record(d) for d in corpus], ensure_ascii=ascii_only, indent=indent)
    assert read_back(data.encode(), format="json") == corpus


@steady
@given(corpora, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_tables(corpus, delimiter, line_end):
    flat = [Document(d.id, d.title, d.text, published=d.published) for d in corpus]
    columns = ["id", "title", "text", "published"]
    written = io.StringIO(newline="")
    writer = csv.DictWriter(
        written, columns, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL
    )
    writer.writeheader()
    writer.writerows(as_record(document) for document in flat)
    assert read_back(written.getvalue().encode(), format="csv") == flat


@steady
@given(st.binary(max_size=300), st.sampled_from([None, "jsonl", "json", "csv", "tsv", "arxiv"]))
def test_any_bytes_give_documents_or_one_clear_error(data, corpus_format):
    try:
        corpus = read_back(data, format=corpus_format)
    except InputError as error:
        assert error.message
    else:
        assert all(document.text for document in corpus)


@steady
@given(st.lists(st.sampled_from(list('[]{}",:\n\r\t ;\\ua1\ud800')), max_size=40).map("".join))
def test_any_near_json_gives_documents_or_one_clear_error(near_json):
    try:
        read_back(near_json.encode(errors="ignore"))
    except InputError as error:
        assert error.message


@steady
@given(st.integers(1000, 9999), st.integers(1, 12), st.integers(1, 28))
def test_dates_keep_their_precision(year, month, day):
    assert read_date(year) == read_date(float(year)) == read_date(f" {year} ") == str(year)
    assert read_date(f"{year}/{month}") == f"{year}-{month:02d}"
    full = f"{year}-{month:02d}-{day:02d}"
    assert read_date(f"{year}-{month}-{day}") == read_date(full + "T10:00:00Z") == full
