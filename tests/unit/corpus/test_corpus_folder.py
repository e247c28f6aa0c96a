import gzip
import json
import os
import sys

import pytest

from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, Problem, open_corpus
from saetui.corpus.folder import split_title
from saetui.errors import InputError


def test_texts_below_a_folder_sorted_by_path(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.txt").write_text("hidden")
    (tmp_path / ".z.txt").write_text("hidden")
    (tmp_path / "c.rst").write_text("Title\n=====\n\nbody\n")
    (tmp_path / "b" / "two.MD").write_text("# Heading\nbody two\n")
    (tmp_path / "b" / "one.txt").write_bytes(b"\xef\xbb\xbfplain text\r\nof two lines")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"zipped"))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    corpus = open_corpus(tmp_path)
    assert corpus.format == "folder"
    assert list(corpus) == [
        Document("a.txt.gz", "a", "zipped"),
        Document("b/one.txt", "one", "plain text\nof two lines"),
        Document("b/two.MD", "Heading", "body two"),
        Document("c.rst", "Title", "body"),
    ]
    assert corpus.report.skipped == 1
    assert corpus.report.problems == []
    assert corpus.report.summary() == "4 documents read; left out: 1 file that is not text."


def test_files_that_cannot_be_read_are_counted_by_name(tmp_path):
    (tmp_path / "a.txt").write_text("good")
    (tmp_path / "b.txt").write_bytes(b"abc\xe9")
    (tmp_path / "c.txt").write_bytes(b"PK\x00\x00")
    (tmp_path / "d.txt").write_text(" \n")
    (tmp_path / "e.txt").mkdir()
    (tmp_path / "f.txt.gz").write_bytes(gzip.compress(b"x" * 1000)[:-10])
    if hasattr(os, "symlink"):
        (tmp_path / "g.txt").symlink_to(tmp_path / "nowhere")
    corpus = open_corpus(tmp_path, CorpusOptions(encoding="utf-8"))
    assert [d.id for d in corpus] == ["a.txt"]
    assert [(p.line, p.kind) for p in corpus.report.problems] == [
        ("b.txt", "bad"),
        ("c.txt", "bad"),
        ("d.txt", "empty"),
        ("f.txt.gz", "bad"),
        ("g.txt", "bad"),
    ]
    assert corpus.report.problems[0] == Problem(
        "b.txt", "bad", "is not UTF-8 (byte 0xE9 at byte 4)"
    )
    with pytest.raises(InputError, match=r"file b\.txt is not UTF-8"):
        list(open_corpus(tmp_path, CorpusOptions(strict=True, encoding="utf-8")))


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are only bytes")
def test_a_name_that_is_not_utf8_is_bad(tmp_path):
    (tmp_path / "a.txt").write_text("good")
    (tmp_path / os.fsdecode(b"b\xe9.txt")).write_text("text")
    corpus = open_corpus(tmp_path)
    assert [d.id for d in corpus] == ["a.txt"]
    assert corpus.report.problems[0].reason == "has a name that is not UTF-8"
    json.dumps(corpus.report.as_dict(), ensure_ascii=False).encode()
    corpus.report.summary().encode()


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("one line", "", "one line"),
        ("hard wrapped\nprose here", "", "hard wrapped\nprose here"),
        ("Title\n\nbody\n", "Title", "body"),
        ("\n\nTitle\n\nbody", "Title", "body"),
        ("## Heading ##\nbody", "Heading ##", "body"),
        ("Title\n-----\nbody", "Title", "body"),
        ("---\n\nbody", "", "---\n\nbody"),
        ("Title\n\n\n", "", "Title\n\n\n"),
        ("w" * 121 + "\n\nbody", "", "w" * 121 + "\n\nbody"),
        ("", "", ""),
    ],
)
def test_the_first_line_is_a_title_where_it_stands_apart(text, title, body):
    assert split_title(text) == (title, body)


def test_a_folder_with_one_corpus_file_is_that_corpus(tmp_path):
    (tmp_path / "README.md").write_text("About this data set.")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "corpus.jsonl").write_text('{"id": "a", "text": "x"}')
    corpus = open_corpus(tmp_path)
    assert corpus.format == "jsonl"
    assert list(corpus) == [Document("a", "", "x")]
    assert open_corpus(tmp_path, CorpusOptions(format="folder")).format == "folder"


def test_a_folder_with_several_corpus_files_is_not_guessed_at(tmp_path):
    for part in range(3):
        (tmp_path / f"part-{part}.jsonl").write_text('{"text": "x"}')
    with pytest.raises(InputError, match=r"holds 3 files that may be a corpus \(part-0\.jsonl, "):
        open_corpus(tmp_path)


def test_a_readme_alone_is_a_text(tmp_path):
    (tmp_path / "README.md").write_text("About.")
    assert [d.id for d in open_corpus(tmp_path)] == ["README.md"]


def test_folders_without_anything_to_read(tmp_path):
    with pytest.raises(InputError, match="holds no texts"):
        open_corpus(tmp_path)
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match="holds no texts"):
        open_corpus(tmp_path)
    with pytest.raises(InputError, match="holds no document"):
        list(open_corpus(tmp_path, CorpusOptions(format="folder")))


def test_formats_and_folders_do_not_mix(tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("x")
    with pytest.raises(InputError, match="is a folder of texts, not csv"):
        open_corpus(tmp_path, CorpusOptions(format="csv"))
    with pytest.raises(InputError, match="is not a folder"):
        open_corpus(text, CorpusOptions(format="folder"))
