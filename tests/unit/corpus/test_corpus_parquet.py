import datetime
import decimal
import gzip
import io
import json
import sys

import pytest

from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, open_corpus
from saetui.errors import InputError, MissingDependency

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def written(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return path


@pytest.fixture
def papers(tmp_path):
    columns = {
        "id": [1, 2, 3, 1, 5],
        "title": ["A", None, "C", "D", "E"],
        "text": ["alpha", "beta", "", "delta", None],
        "year": [2019, 2020, 2021, 2022, 2023],
    }
    return written(tmp_path / "papers.parquet", columns, row_group_size=2)


EXPECTED = [
    Document("1", "A", "alpha", published="2019"),
    Document("2", "", "beta", published="2020"),
]


def test_rows_in_order_over_row_groups(papers):
    corpus = open_corpus(papers)
    assert corpus.format == "parquet"
    assert list(corpus) == EXPECTED
    assert [(p.line, p.kind) for p in corpus.report.problems] == [
        (3, "empty"),
        (4, "duplicate"),
        (5, "empty"),
    ]
    assert "row 3" in corpus.report.summary()
    assert list(corpus) == EXPECTED


def test_found_by_content_gzipped_and_through_a_pipe(papers, tmp_path, monkeypatch):
    other = tmp_path / "papers.bin"
    other.write_bytes(gzip.compress(papers.read_bytes()))
    corpus = open_corpus(other)
    assert corpus.format == "parquet"
    assert list(corpus) == EXPECTED
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(papers.read_bytes())))
    corpus = open_corpus("-")
    assert list(corpus) == EXPECTED
    assert list(corpus) == EXPECTED


def test_every_type_becomes_json(tmp_path):
    moment = datetime.datetime(2019, 3, 14, 1, 2, 3, tzinfo=datetime.UTC)
    columns = {
        "text": pa.array([b"bytes"], pa.binary()),
        "date": pa.array([moment], pa.timestamp("ns", "UTC")),
        "nanoseconds": pa.array([1], pa.timestamp("ns")),
        "day": [datetime.date(2019, 3, 14)],
        "price": [decimal.Decimal("1.50")],
        "nan": [float("nan")],
        "tags": [["a", "b"]],
        "nested": [{"x": [1.0, float("inf")]}],
        "image": [b"\xff\xd8"],
        "kind": pa.array(["k"]).dictionary_encode(),
    }
    [document] = open_corpus(written(tmp_path / "c.parquet", columns))
    assert (document.id, document.text, document.published) == ("row-1", "bytes", "2019-03-14")
    assert document.metadata == {
        "nanoseconds": "1970-01-01T00:00:00",
        "day": "2019-03-14",
        "price": "1.50",
        "tags": ["a", "b"],
        "nested": {"x": [1.0, None]},
        "image": "<2 bytes>",
        "kind": "k",
    }
    json.dumps(document.metadata, allow_nan=False)


def test_a_value_that_python_cannot_hold_is_one_bad_row(tmp_path):
    columns = {"text": ["x", "y"], "day": pa.array([0, 2**30], pa.date32())}
    corpus = open_corpus(written(tmp_path / "c.parquet", columns))
    assert [d.text for d in corpus] == ["x"]
    assert corpus.report.problems[0].line == 2
    assert "column 'day'" in corpus.report.problems[0].reason


def test_no_text_column(tmp_path):
    path = written(tmp_path / "c.parquet", {"id": [1], "headline": ["x"]})
    with pytest.raises(InputError, match=r"Its columns are: id, headline\."):
        open_corpus(path)
    assert [d.text for d in open_corpus(path, CorpusOptions(columns={"text": "headline"}))] == ["x"]


def test_categories_in_a_list_column(tmp_path):
    columns = {"text": ["x", "y"], "categories": [["cs.LG", "stat.ML"], ["math.AG"]]}
    path = written(tmp_path / "c.parquet", columns)
    corpus = open_corpus(path, CorpusOptions(categories=("stat",)))
    assert [d.text for d in corpus] == ["x"]
    assert corpus.report.filtered == 1


def test_a_cut_file_is_refused_and_a_damaged_one_says_how_far_it_was_read(tmp_path):
    texts = [f"text {n} " + "x" * 50 for n in range(2_000)]
    path = written(
        tmp_path / "c.parquet",
        {"text": texts},
        row_group_size=500,
        compression="zstd",
        use_dictionary=False,
    )
    data = path.read_bytes()
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="not a whole Parquet file"):
        open_corpus(cut)
    start = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(data[:start] + b"\xff" * 200 + data[start + 200 :])
    corpus = open_corpus(damaged)
    with pytest.raises(InputError, match="cannot be read to its end"):
        list(corpus)
    assert corpus.report.documents == 1_000


def test_what_is_not_parquet_is_refused(tmp_path):
    path = tmp_path / "c.parquet"
    path.write_text("id,text\na,x\n")
    with pytest.raises(InputError, match="is not Parquet"):
        open_corpus(path, CorpusOptions(format="parquet"))
    assert open_corpus(path).format == "csv"


def test_without_pyarrow_it_says_what_to_install(papers, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingDependency, match=r"saetui\[parquet\]"):
        open_corpus(papers)
