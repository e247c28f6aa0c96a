import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.embed.vector_files import read_ids
from saetui.errors import InputError


def _written(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ids.txt", "2401.1\n\u03b1 b\n7\n"),
        ("ids.txt", "2401.1\n\u03b1 b\n7"),
        ("ids.txt", "\ufeff2401.1\n\u03b1 b\n7"),
        ("ids.txt", "2401.1\r\n\u03b1 b\r\n7\r\n"),
        ("ids.JSON", '["2401.1", "\u03b1 b", 7]'),
        ("ids.jsonl", '"2401.1"\n{"id": "\u03b1 b", "title": "t"}\n7\n'),
    ],
)
def test_three_formats_say_the_same(tmp_path, name, text):
    assert read_ids(_written(tmp_path, name, text)) == ["2401.1", "\u03b1 b", "7"]


@given(ids=st.lists(st.text(), unique=True, max_size=8))
def test_any_ids_survive_json(tmp_path_factory, ids):
    folder = tmp_path_factory.mktemp("ids")
    assert read_ids(_written(folder, "a.json", json.dumps(ids))) == ids
    lines = "".join(json.dumps({"id": id_}) + "\n" for id_ in ids)
    assert read_ids(_written(folder, "a.jsonl", lines)) == ids


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ids.csv", "a", "not a list of ids that saetui reads"),
        ("ids.txt", "a\nb\na\n", "names documents more than once: a"),
        ("ids.json", '["1", 1]', "more than once"),
        ("ids.json", '{"a": 1}', "the file holds no list"),
        ("ids.json", '["a", null]', "entry 2 holds no id"),
        ("ids.json", '["a", true]', "entry 2 holds no id"),
        ("ids.json", '["a"', "is not a list of ids"),
        ("ids.jsonl", '{"id": "a"}\n{"title": "t"}\n', "line 2 holds no id"),
        ("ids.jsonl", '{"id": "a"}\nb\n', "line 2 is not JSON"),
    ],
)
def test_unusable_lists_are_refused(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message):
        read_ids(_written(tmp_path, name, text))


def test_unreadable_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        read_ids(tmp_path / "absent.txt")
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_ids(tmp_path / "folder.txt")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(InputError, match="is not a list of ids"):
        read_ids(tmp_path / "bytes.txt")
