import csv
import gzip
from pathlib import Path

import pytest

from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, Problem, open_corpus
from saetui.corpus.records import LONGEST_RECORD
from saetui.errors import InputError


def table(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("delimiter", "kind"), [(",", "csv"), (";", "csv"), ("|", "csv"), ("\t", "tsv")]
)
@pytest.mark.parametrize("name", ["c.csv", "c.tsv", "c.txt"])
def test_the_delimiter_is_found_by_content(tmp_path, delimiter, kind, name):
    rows = [["id", "title", "text", "venue"], ["a", "T", "x, y; z", "ACL"], ["b", "", "w", ""]]
    path = tmp_path / name
    with path.open("w", newline="") as handle:
        csv.writer(handle, delimiter=delimiter).writerows(rows)
    corpus = open_corpus(path)
    assert corpus.format == kind
    assert list(corpus) == [
        Document("a", "T", "x, y; z", metadata={"venue": "ACL"}),
        Document("b", "", "w"),
    ]


def test_semicolons_with_decimal_commas(tmp_path):
    path = table(tmp_path / "c.csv", "id;text;score\na;eins, zwei;1,5\nb;drei;2,5\n")
    assert [d.metadata for d in open_corpus(path)] == [{"score": "1,5"}, {"score": "2,5"}]


def test_one_column_needs_no_delimiter(tmp_path):
    corpus = open_corpus(table(tmp_path / "c.csv", "text\nalpha\n\nbeta\n"))
    assert [(d.id, d.text) for d in corpus] == [("line-2", "alpha"), ("line-4", "beta")]


def test_gzip_byte_order_mark_and_carriage_returns(tmp_path):
    data = gzip.compress(b"\xef\xbb\xbfid,text\r\na,alpha\r\n")
    assert list(open_corpus(table(tmp_path / "c.csv", data))) == [Document("a", "", "alpha")]


def test_line_numbers_count_lines_not_rows(tmp_path):
    text = 'id,text\n\na,"one\ntwo\n"\nb\nc,""\na,again\n'
    corpus = open_corpus(table(tmp_path / "c.csv", text))
    assert [(d.id, d.text) for d in corpus] == [("a", "one\ntwo\n")]
    assert corpus.report.problems == [
        Problem(6, "bad", "has 1 field where the header has 2"),
        Problem(7, "empty", "has no text"),
        Problem(8, "duplicate", "repeats the id a"),
    ]


def test_headers_go_by_any_case(tmp_path):
    path = table(tmp_path / "c.csv", "ID, Title ,ABSTRACT,Year\na,T,x,2019.0\n")
    assert list(open_corpus(path)) == [Document("a", "T", "x", published="2019")]


def test_blank_and_repeated_headers_hide_nothing(tmp_path):
    path = table(tmp_path / "c.csv", ",text,tag,tag,id\n0,x,p,q,a\n")
    [document] = open_corpus(path)
    assert document.metadata == {"column 1": "0", "tag": "p", "tag (2)": "q"}


def test_no_text_column_lists_those_that_are_there(tmp_path):
    path = table(tmp_path / "c.csv", "id,headline,the story\na,b,c\n")
    with pytest.raises(InputError) as caught:
        open_corpus(path)
    assert caught.value.message.endswith("Its columns are: id, headline, 'the story'.")
    assert "--columns text=NAME" in caught.value.hint
    columns = {"text": "the story", "title": "headline"}
    assert list(open_corpus(path, CorpusOptions(columns=columns))) == [Document("a", "b", "c")]
    with pytest.raises(InputError, match="no column 'story'") as caught:
        open_corpus(path, CorpusOptions(columns={"text": "story"}))
    with pytest.raises(InputError, match="no column 'link'"):
        open_corpus(path, CorpusOptions(columns={"text": "headline", "url": "link"}))


def test_invalid_utf8_is_one_bad_row(tmp_path):
    data = b'id,text\na,"abc\xe9\nx"\nb,ok\n'
    corpus = open_corpus(table(tmp_path / "c.csv", data), CorpusOptions(encoding="utf-8"))
    assert [d.id for d in corpus] == ["b"]
    assert corpus.report.problems == [Problem(2, "bad", "is not UTF-8 (byte 0xE9)")]


def test_a_header_that_is_not_utf8(tmp_path):
    with pytest.raises(InputError, match=r"header .* is not UTF-8"):
        open_corpus(
            table(tmp_path / "c.csv", b"id,text,ann\xe9e\na,x,1999\n"),
            CorpusOptions(encoding="utf-8"),
        )


def test_stray_quotes_are_reported_with_what_they_swallow(tmp_path):
    text = 'id,text\na,"one" two\nb,ok\nc,"never\nd,closed\ne,lost\n'
    corpus = open_corpus(table(tmp_path / "c.csv", text))
    assert [d.id for d in corpus] == ["b"]
    assert corpus.report.problems == [
        Problem(2, "bad", "has text after a closing quote"),
        Problem(4, "bad", "opens a quote that is never closed (2 further lines are lost with it)"),
    ]


def test_quotes_inside_a_field_are_plain(tmp_path):
    path = table(tmp_path / "c.csv", 'id,text\na,5" pipes\nb,"say ""so"""\n')
    assert [d.text for d in open_corpus(path)] == ['5" pipes', 'say "so"']


def test_tsv_with_and_without_quoting(tmp_path):
    plain = table(tmp_path / "plain.tsv", 'id\ttext\na\t"Hello" she said\nb\t"unclosed\nc\tx\n')
    assert [d.text for d in open_corpus(plain)] == ['"Hello" she said', '"unclosed', "x"]
    quoted = table(tmp_path / "quoted.tsv", 'id\ttext\na\t"one\ttwo\nthree"\nb\tx\n')
    assert [d.text for d in open_corpus(quoted)] == ["one\ttwo\nthree", "x"]


def test_nul_bytes_are_data(tmp_path):
    path = table(tmp_path / "c.csv", b"id,text\na,x\x00y and more words\n")
    assert [d.text for d in open_corpus(path)] == ["x\x00y and more words"]


def test_long_fields_up_to_the_limit(tmp_path):
    body = "word " * 1_000_000
    long_one = "x" * (LONGEST_RECORD + 10)
    path = table(tmp_path / "c.csv", f'id,text\na,"{body}"\nb,"{long_one}"\nc,ok\n')
    corpus = open_corpus(path)
    assert [(d.id, len(d.text)) for d in corpus] == [("a", 5_000_000), ("c", 2)]
    assert corpus.report.problems == [Problem(3, "bad", "is longer than 16 MiB")]


def test_a_header_alone_holds_no_document(tmp_path):
    corpus = open_corpus(table(tmp_path / "c.csv", "id,text\n"))
    with pytest.raises(InputError, match="holds no document"):
        list(corpus)


def test_a_format_asked_for_is_taken(tmp_path):
    path = table(tmp_path / "c.dat", "id\ttext, or so\na\tx\n")
    columns = {"text": "text, or so"}
    corpus = open_corpus(path, CorpusOptions(format="tsv", columns=columns))
    assert list(corpus) == [Document("a", "", "x")]


def test_carriage_returns_alone_are_no_lines(tmp_path):
    with pytest.raises(InputError, match="no header that can be read"):
        open_corpus(table(tmp_path / "c.csv", "id,text\ra,x\rb,y\r"), CorpusOptions(format="csv"))


def test_a_stray_carriage_return_is_one_bad_row(tmp_path):
    corpus = open_corpus(table(tmp_path / "c.csv", "id,text\na,x\ry\nb,ok\n"))
    assert [d.id for d in corpus] == ["b"]
    assert corpus.report.problems == [Problem(2, "bad", "holds a carriage return outside quotes")]
