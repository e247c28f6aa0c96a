import io
import json
from pathlib import Path

import pytest

from saetui.corpus import CorpusOptions, open_corpus
from saetui.corpus.json_records import CHUNK_BYTES
from saetui.errors import InputError


def ids(corpus) -> list[str]:
    return [document.id for document in corpus]


RECORDS = [{"id": str(n), "title": f"T {n}", "text": f"body {n}\nof \u00e9"} for n in range(5)]


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_array_is_read_item_by_item(tmp_path, indent, mark):
    path = tmp_path / "papers.json"
    path.write_text(mark + json.dumps(RECORDS, indent=indent) + "\n", encoding="utf-8")
    corpus = open_corpus(path)
    assert corpus.format == "json"
    assert [(d.id, d.title, d.text) for d in corpus] == [
        (r["id"], r["title"], r["text"]) for r in RECORDS
    ]


def test_an_array_with_one_object_a_line_is_read_by_its_lines_or_items(tmp_path):
    lines = ",\n".join(json.dumps(record) for record in RECORDS)
    path = tmp_path / "papers.json"
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    assert ids(open_corpus(path)) == ["0", "1", "2", "3", "4"]


def test_objects_over_several_lines(tmp_path):
    path = tmp_path / "papers.json"
    path.write_text("\n".join(json.dumps(r, indent=2) for r in RECORDS), encoding="utf-8")
    corpus = open_corpus(path)
    assert corpus.format == "json"
    assert ids(corpus) == ["0", "1", "2", "3", "4"]


def test_nested_objects_on_a_line_of_their_own_are_not_records(tmp_path):
    path = tmp_path / "papers.json"
    path.write_text('{\n "id": "a",\n "parts": [\n{"text": "no"}\n],\n "text": "yes"\n}\n')
    assert [document.text for document in open_corpus(path)] == ["yes"]


def test_a_lone_object(tmp_path):
    path = tmp_path / "paper.json"
    path.write_text(json.dumps({"text": "alone"}, indent=1), encoding="utf-8")
    [document] = open_corpus(path)
    assert (document.id, document.text) == ("item-1", "alone")


def test_items_longer_than_a_chunk_and_characters_cut_by_one(tmp_path):
    records = [{"id": n, "text": "\u00e9\u4e2d" * (CHUNK_BYTES + n)} for n in range(3)]
    path = tmp_path / "papers.json"
    path.write_text(json.dumps(records, ensure_ascii=False, indent=1), encoding="utf-8")
    assert [d.text for d in open_corpus(path)] == [r["text"] for r in records]


def test_numbers_cut_by_a_chunk_stay_whole(tmp_path):
    head = '[{"text": "x"},'
    number = "1234567890"
    padding = " " * (CHUNK_BYTES - len(head) - 5)
    path = tmp_path / "papers.json"
    path.write_text(f'{head}{padding}{number}, {{"text": "y"}}]', encoding="utf-8")
    corpus = open_corpus(path)
    assert [document.text for document in corpus] == ["x", "y"]
    assert [(p.line, p.reason) for p in corpus.report.problems] == [
        (2, "is a number, not an object")
    ]


def test_items_that_are_no_objects_or_no_text_are_counted(tmp_path):
    path = tmp_path / "papers.json"
    path.write_text(r'[1, {"text": "x"}, {"text": ""}, {"text": "\ud800"}, null]')
    corpus = open_corpus(path)
    assert ids(corpus) == ["item-2"]
    assert [(p.line, p.kind) for p in corpus.report.problems] == [
        (1, "bad"),
        (3, "empty"),
        (4, "bad"),
        (5, "bad"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"text": "x"}, {"text": "y"', "item 2 is not JSON"),
        ('[{"text": "x"}, {"text": oops}]', "item 2 is not JSON"),
        ('[{"text": "x"},\n', "no end after item 1"),
        ('[{"text": "x"}] [', "more after the end"),
    ],
)
def test_broken_json_says_how_far_it_was_read(tmp_path, text, message):
    path = tmp_path / "papers.json"
    path.write_text(text)
    corpus = open_corpus(path)
    with pytest.raises(InputError, match=message) as caught:
        list(corpus)
    assert "after 1 document." in caught.value.message


def test_invalid_utf8_ends_the_reading(tmp_path):
    path = tmp_path / "papers.json"
    path.write_bytes(b'[{"text": "abc\xe9"}]')
    with pytest.raises(InputError, match="not UTF-8"):
        list(open_corpus(path, CorpusOptions(encoding="utf-8")))


def test_an_empty_array_holds_no_document(tmp_path):
    path: Path = tmp_path / "papers.json"
    path.write_text("[]")
    with pytest.raises(InputError, match="holds no document"):
        list(open_corpus(path))


def test_an_array_can_come_from_a_pipe(monkeypatch):
    data = json.dumps(RECORDS).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert ids(open_corpus("-")) == ["0", "1", "2", "3", "4"]
