import gzip
import json
from pathlib import Path

import pytest

from saetui.core.documents import Document
from saetui.corpus import Corpus, CorpusOptions, Problem, open_corpus
from saetui.corpus.records import LONGEST_RECORD
from saetui.errors import InputError


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def read(path: Path, **options: object) -> tuple[Corpus, list[Document]]:
    corpus = open_corpus(path, CorpusOptions(**options))
    return corpus, list(corpus)


GOOD = '{"id": "a", "title": "T", "text": "alpha", "venue": "ACL", "pages": [1, 2]}'


def test_reads_fields_and_keeps_the_others_as_metadata(tmp_path):
    corpus, documents = read(written(tmp_path / "c.jsonl", GOOD + "\n"))
    assert corpus.format == "jsonl"
    assert documents == [
        Document("a", "T", "alpha", metadata={"venue": "ACL", "pages": [1, 2]}),
    ]


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz", "c.txt", "c", "c.csv"])
@pytest.mark.parametrize("gzipped", [False, True])
def test_content_decides_not_the_name(tmp_path, name, gzipped):
    data = (GOOD + "\n").encode()
    path = written(tmp_path / name, gzip.compress(data) if gzipped else data)
    corpus, documents = read(path)
    assert corpus.format == "jsonl"
    assert [document.id for document in documents] == ["a"]


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"text": "t", "abstract": "a"}, "t"),
        ({"text": None, "abstract": "a"}, "a"),
        ({"text": " \n", "abstract": "a"}, "a"),
        ({"body": "b", "contents": "c"}, "b"),
        ({"contents": "c", "content": "d"}, "c"),
        ({"Abstract": "cased"}, "cased"),
        ({"abstract": ["One.", "Two."]}, "One.\nTwo."),
        ({"text": 1984}, "1984"),
    ],
)
def test_the_first_filled_text_field_is_used(tmp_path, record, text):
    _, [document] = read(written(tmp_path / "c.jsonl", json.dumps(record)))
    assert document.text == text


def test_a_field_not_used_as_text_stays_in_the_metadata(tmp_path):
    _, [document] = read(written(tmp_path / "c.jsonl", '{"text": "t", "abstract": "a"}'))
    assert document.metadata == {"abstract": "a"}


def test_beir_ids(tmp_path):
    line = '{"_id": "4983", "title": "T", "text": "t", "metadata": {"year": 1}}'
    _, [document] = read(written(tmp_path / "c.jsonl", line))
    assert document == Document("4983", "T", "t", metadata={"metadata": {"year": 1}})


def test_numbers_as_ids_become_strings_and_missing_ids_are_made_from_the_line(tmp_path):
    lines = ['{"id": 7, "text": "a"}', '{"id": 8.0, "text": "b"}', '{"text": "c"}', ""]
    lines += ['{"id": "", "text": "d"}', '{"id": null, "text": "e"}', '{"id": 0, "text": "f"}']
    _, documents = read(written(tmp_path / "c.jsonl", "\n".join(lines)))
    assert [document.id for document in documents] == ["7", "8", "line-3", "line-5", "line-6", "0"]


def test_bad_empty_and_duplicate_lines_are_counted_with_their_lines(tmp_path):
    lines = [
        GOOD,
        '{"id": "b", "text": ',
        '"a string"',
        "[1]",
        "null",
        '{"id": "c", "text": "  "}',
        "",
        '{"id": "a", "text": "again"}',
        '{"id": "d", "title": "only a title"}',
        '{"id": ["e"], "text": {"x": 1}}',
        '{"id": "f", "text": "good"}',
    ]
    corpus, documents = read(written(tmp_path / "c.jsonl", "\n".join(lines)))
    assert [document.id for document in documents] == ["a", "f"]
    report = corpus.report
    assert (report.documents, report.bad, report.empty, report.duplicates) == (2, 5, 2, 1)
    assert [(problem.line, problem.kind) for problem in report.problems] == [
        (2, "bad"),
        (3, "bad"),
        (4, "bad"),
        (5, "bad"),
        (6, "empty"),
        (8, "duplicate"),
        (9, "empty"),
        (10, "bad"),
    ]
    assert report.problems[0].reason.startswith("is not JSON: ")
    assert report.problems[1].reason == "is a string, not an object"
    assert report.problems[5].reason == "repeats the id a"
    assert report.problems[6].reason == "has none of text, abstract, body, contents, content; " + (
        "its fields are: id, title"
    )
    assert report.problems[7].reason == (
        "holds an object in its field 'text', where a text should be"
    )


def test_strict_stops_at_the_first_problem_with_its_line(tmp_path):
    path = written(tmp_path / "c.jsonl", GOOD + "\n\n{oops\n{also\n")
    corpus = open_corpus(path, CorpusOptions(strict=True))
    documents = iter(corpus)
    assert next(documents).id == "a"
    with pytest.raises(InputError, match=r"line 3 is not JSON") as caught:
        next(documents)
    assert "--strict" in caught.value.hint
    assert corpus.report.bad == 1


@pytest.mark.parametrize(
    "second", ['{"id": "a", "text": "again"}', '{"id": "b", "text": ""}', "\ufeff{}"]
)
def test_strict_stops_at_duplicates_and_empty_texts_too(tmp_path, second):
    path = written(tmp_path / "c.jsonl", GOOD + "\n" + second)
    with pytest.raises(InputError, match="line 2 "):
        read(path, strict=True)


def test_an_empty_record_does_not_take_its_id(tmp_path):
    path = written(tmp_path / "c.jsonl", '{"id": "a", "text": ""}\n{"id": "a", "text": "x"}\n')
    corpus, [document] = read(path)
    assert document.text == "x"
    assert corpus.report.duplicates == 0


def test_byte_order_mark_and_carriage_returns(tmp_path):
    data = b"\xef\xbb\xbf" + GOOD.encode() + b'\r\n{"id": "b", "text": "beta"}\r\n\r\n'
    corpus, documents = read(written(tmp_path / "c.jsonl", data))
    assert [document.id for document in documents] == ["a", "b"]
    assert corpus.report.problems == []


@pytest.mark.parametrize("first", ['{"id": "b", "text":', "{", '{"id": "b",', "oops"])
def test_a_broken_first_line_does_not_hide_that_they_are_lines(tmp_path, first):
    corpus, documents = read(written(tmp_path / "c.jsonl", f"{first}\n{GOOD}\n"))
    assert corpus.format == "jsonl"
    assert [document.id for document in documents] == ["a"]
    assert corpus.report.problems[0].line == 1


def test_line_separators_of_unicode_do_not_end_a_line(tmp_path):
    text = "one\u2028two\x85three\x0cfour"
    record = json.dumps({"id": "a", "text": text}, ensure_ascii=False)
    _, [document] = read(written(tmp_path / "c.jsonl", record))
    assert document.text == text


def test_invalid_utf8_is_one_bad_line(tmp_path):
    good = '{"id": "c", "text": "clich\u00e9"}\n{"id": "d", "text": "na\u00efve"}\n'.encode()
    # Two lines are UTF-8 and one is not, so it is damaged and the file is in no other encoding.
    data = GOOD.encode() + b'\n{"id": "b", "text": "abc\xe9"}\n' + good
    corpus, documents = read(written(tmp_path / "c.jsonl", data))
    assert [document.id for document in documents] == ["a", "c", "d"]
    assert corpus.report.problems == [Problem(2, "bad", "is not UTF-8 (byte 0xE9 at byte 25)")]


def test_nul_bytes_make_a_bad_line(tmp_path):
    data = GOOD.encode() + b'\n{"id": "b", "text": "x\x00y"}\n'
    corpus, _ = read(written(tmp_path / "c.jsonl", data))
    assert corpus.report.problems[0].line == 2
    assert "Invalid control character" in corpus.report.problems[0].reason


def test_half_a_surrogate_pair_is_bad_and_a_whole_one_is_text(tmp_path):
    lines = [
        r'{"id": "a", "text": "\ud83d\ude00"}',
        r'{"id": "b", "text": "\ud83d"}',
        r'{"id": "c", "text": "x", "note": ["\uD83D"]}',
        r'{"id": "d", "text": "\\ud83d"}',
    ]
    corpus, documents = read(written(tmp_path / "c.jsonl", "\n".join(lines)))
    assert [document.text for document in documents] == ["\U0001f600", "\\ud83d"]
    assert [problem.line for problem in corpus.report.problems] == [2, 3]


def test_what_json_does_not_know_becomes_null(tmp_path):
    line = '{"id": "a", "text": "x", "title": NaN, "n": 1e999, "m": [Infinity, 1.5]}'
    _, [document] = read(written(tmp_path / "c.jsonl", line))
    assert document == Document("a", "", "x", metadata={"m": [None, 1.5]})
    json.dumps(document.metadata, allow_nan=False)


def test_json_that_python_refuses_is_bad_not_a_crash(tmp_path):
    lines = [GOOD, '{"text": ' + "[" * 100_000, '{"text": ' + "9" * 5_000 + "}"]
    corpus, documents = read(written(tmp_path / "c.jsonl", "\n".join(lines)))
    assert len(documents) == 1
    assert [problem.line for problem in corpus.report.problems] == [2, 3]


def test_a_line_beyond_the_limit_is_bad_and_the_next_is_read(tmp_path):
    long_line = b'{"id": "b", "text": "' + b"x" * (2 * LONGEST_RECORD + 5) + b'"}\n'
    data = GOOD.encode() + b"\n" + long_line + b'{"id": "c", "text": "ok"}'
    corpus, documents = read(written(tmp_path / "c.jsonl", data))
    assert [document.id for document in documents] == ["a", "c"]
    assert corpus.report.problems == [Problem(2, "bad", "is longer than 16 MiB")]


def test_a_long_first_line_is_found_to_be_json_lines(tmp_path):
    line = json.dumps({"id": "a", "text": "x " * 1_000_000})
    corpus, documents = read(written(tmp_path / "c.jsonl", line + "\n" + GOOD))
    assert corpus.format == "jsonl"
    assert [len(document.text) for document in documents] == [2_000_000]
    assert corpus.report.duplicates == 1


def test_limit_stops_early_and_says_so(tmp_path):
    lines = [json.dumps({"id": n, "text": "x"}) for n in range(10)]
    path = written(tmp_path / "c.jsonl", "\n".join(lines))
    corpus, documents = read(path, limit=3)
    assert [document.id for document in documents] == ["0", "1", "2"]
    assert corpus.report.limited
    assert corpus.report.summary() == "3 documents read, the limit asked for."
    assert not read(path, limit=11)[0].report.limited


def test_a_second_iteration_starts_a_new_report(tmp_path):
    corpus = open_corpus(written(tmp_path / "c.jsonl", GOOD + "\nbad\n"))
    first, first_report = list(corpus), corpus.report
    assert list(corpus) == first
    assert corpus.report is not first_report
    assert corpus.report == first_report


def test_leaving_the_loop_early_closes_the_file(tmp_path):
    path = written(tmp_path / "c.jsonl", GOOD + "\n" + GOOD.replace('"a"', '"b"'))
    for document in open_corpus(path):
        assert document.id == "a"
        break  # An open file would be reported as a ResourceWarning, which is an error here.


def test_columns_are_mapped(tmp_path):
    line = '{"paper": 5, "main": "x", "text": "y", "when": "2019/3", "where": "http://h", "t": "T"}'
    columns = {"id": "paper", "text": "main", "published": "when", "url": "where", "title": "T"}
    _, [document] = read(written(tmp_path / "c.jsonl", line), columns=columns)
    assert document == Document("5", "T", "x", "http://h", "2019-03", {"text": "y"})


def test_a_column_mapped_to_one_field_serves_no_other(tmp_path):
    line = '{"id": "a", "title": "only this"}'
    path = written(tmp_path / "c.jsonl", line)
    _, [document] = read(path, columns={"text": "title"})
    assert document == Document("a", "", "only this")


def test_records_without_any_text_field_are_refused_at_once(tmp_path):
    path = written(tmp_path / "c.jsonl", '{"id": "a", "summary text": "x"}\n' * 3)
    with pytest.raises(InputError) as caught:
        open_corpus(path)
    assert "Its columns are: id, 'summary text'." in caught.value.message
    assert "--columns text=NAME" in caught.value.hint


def test_a_mapped_column_that_is_not_there_is_refused_at_once(tmp_path):
    path = written(tmp_path / "c.jsonl", GOOD)
    with pytest.raises(InputError, match="no column 'identifier'"):
        open_corpus(path, CorpusOptions(columns={"id": "identifier"}))


def test_a_corpus_without_documents_is_an_error_that_says_why(tmp_path):
    path = written(tmp_path / "c.jsonl", '{"text": ""}\n{"text": null}\n12\n')
    with pytest.raises(InputError) as caught:
        read(path)
    assert "holds no document" in caught.value.message
    assert "1 unreadable line, 2 records without text" in caught.value.message


def test_json_lines_without_objects_are_reported_by_line(tmp_path):
    with pytest.raises(InputError, match=r"line 1 is a list, not an object"):
        read(written(tmp_path / "c.jsonl", '["a"]\n["b"]\n'))
    with pytest.raises(InputError, match=r"line 1 is not JSON"):
        read(written(tmp_path / "d.jsonl", "some prose, with commas\nand more\n"))
