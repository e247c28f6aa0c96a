import gzip
import io
import json
import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

from saetui.corpus import CorpusOptions, open_corpus
from saetui.errors import InputError


def json_lines(count: int, width: int = 20) -> bytes:
    return b"".join(
        json.dumps({"id": n, "text": f"text {n} " + "x" * width}).encode() + b"\n"
        for n in range(count)
    )


def piped(monkeypatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (json_lines(3), "jsonl"),
        (b"id,text\n0,x\n1,y\n2,z\n", "csv"),
        (b"id\ttext\n0\tx\n1\ty\n2\tz\n", "tsv"),
    ],
)
def test_standard_input(monkeypatch, data, kind, gzipped):
    piped(monkeypatch, gzip.compress(data) if gzipped else data)
    corpus = open_corpus("-")
    assert (corpus.name, corpus.format) == ("Standard input", kind)
    assert [document.id for document in corpus] == ["0", "1", "2"]
    with pytest.raises(InputError, match="only once"):
        list(corpus)


def test_standard_input_of_a_process():
    code = "from saetui.corpus import open_corpus; print(sum(1 for _ in open_corpus('-')))"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        input=gzip.compress(json_lines(20_000, width=100)),
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert ran.stdout.split() == [b"20000"]


def test_standard_input_without_a_pipe(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    with pytest.raises(InputError, match="Nothing is piped"):
        open_corpus("-")
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="Nothing is piped"):
        open_corpus("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_read_once_and_in_full(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = json_lines(5_000)
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()
    corpus = open_corpus(path)
    assert sum(1 for _ in corpus) == 5_000
    writer.join()
    with pytest.raises(InputError, match="only once"):
        list(corpus)


@pytest.mark.parametrize("pipe", [False, True])
@pytest.mark.parametrize("count", [3, 60_000])
def test_truncated_gzip_is_an_error_that_says_how_far_it_was_read(
    tmp_path, monkeypatch, pipe, count
):
    data = gzip.compress(json_lines(count), 1)
    cut = data[: len(data) - 8] if count == 3 else data[: len(data) // 2]
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(cut)
    piped(monkeypatch, cut)
    corpus = open_corpus("-" if pipe else path)
    with pytest.raises(InputError, match="its gzip data end too early") as caught:
        list(corpus)
    read = corpus.report.documents
    assert f"It broke off after {read:,} documents." in caught.value.message
    assert read == 3 if count == 3 else 20_000 < read < 40_000
    assert corpus.report.bad == 0


def test_damaged_gzip(tmp_path):
    data = bytearray(gzip.compress(json_lines(10)))
    data[-6] ^= 0xFF  # The checksum.
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"damaged .*after 10 documents"):
        list(open_corpus(path))
    path.write_bytes(b"\x1f\x8b" + bytes(20))
    with pytest.raises(InputError, match="cannot be read: its gzip data are damaged"):
        open_corpus(path)
    path.write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(InputError, match="cannot be read: its gzip data end too early"):
        open_corpus(path)


def test_gzip_of_several_members(tmp_path):
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "x"}\n') + gzip.compress(b'{"text": "y"}\n'))
    assert [document.text for document in open_corpus(path)] == ["x", "y"]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_empty_files(tmp_path, data):
    path = tmp_path / "c.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"c\.jsonl is empty"):
        open_corpus(path)


def test_missing_files(tmp_path):
    with pytest.raises(InputError, match="There is no file") as caught:
        open_corpus(tmp_path / "nowhere.jsonl")
    assert caught.value.hint
    path = tmp_path / "c.jsonl"
    path.write_bytes(json_lines(1))
    corpus = open_corpus(path)
    path.unlink()
    with pytest.raises(InputError, match="No such file"):
        list(corpus)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "is a PDF"),
        (b"PK\x03\x04\x14\x00", "is a zip archive"),
        (b"BZh91AY&SY\x00", "is compressed with bzip2"),
        (b"\xfd7zXZ\x00", "is compressed with xz"),
        (b"(\xb5/\xfd\x00", "is compressed with zstd"),
        (b"SQLite format 3\x00", "is an SQLite database"),
        (b"\x93NUMPY\x01", "is a NumPy array"),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "is compressed with gzip twice"),
        (b"<?xml version='1.0'?><a/>", "is XML or HTML"),
        (bytes(range(256)) * 8, "is not text in UTF-8"),
        ("\u00e4\u00f6\u00fc\u00df".encode("latin-1") * 40, "is in no format"),
        (b"Once upon a time there was a corpus.\nIt ended.", "is in no format"),
        (b'"just a string"\n', "is in no format"),
    ],
)
def test_files_given_by_mistake(tmp_path, data, what):
    path = tmp_path / "c.dat"
    path.write_bytes(data)
    with pytest.raises(InputError, match=what) as caught:
        open_corpus(path)
    assert caught.value.hint


def test_a_pdf_is_refused_whatever_it_is_called(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_bytes(b"%PDF-1.7\n")
    with pytest.raises(InputError, match="is a PDF"):
        open_corpus(path, CorpusOptions(format="jsonl"))


@pytest.mark.parametrize("kind", ["jsonl", "csv", "json", "parquet"])
def test_memory_does_not_grow_with_the_corpus(tmp_path, kind):
    count, text = 6_000, "word " * 400
    path = tmp_path / f"c.{kind}"
    if kind == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        columns = {"id": list(range(count)), "text": [text] * count}
        parquet.write_table(pyarrow.table(columns), path)
    else:
        line = '{{"id": {n}, "text": "{text}"}}' if kind != "csv" else '{n},"{text}"'
        lines = [line.format(n=n, text=text) for n in range(count)]
        joined = {"jsonl": "{}\n", "csv": "id,text\n{}\n", "json": "[{}]"}[kind]
        path.write_text(joined.format((",\n" if kind == "json" else "\n").join(lines)))
        assert path.stat().st_size > 10 << 20
        del lines
    tracemalloc.start()
    try:
        assert sum(1 for _ in open_corpus(path)) == count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, saetui.corpus; "
        "print([name for name in ('pyarrow', 'numpy', 'torch', 'textual') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert ran.stdout.strip() == "[]"
