"""Lists of a JSON object are read whole, an item at a time, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import InputError
from saetui.interop.saerch_texts import JsonColumns

TEXTS = st.lists(st.text(), max_size=8)


def items(path: Path, name: str) -> list[Any]:
    """The items of a list, read in many small steps."""
    return list(JsonColumns(path, chunk=7).items(name))


@given(
    ids=st.lists(st.text() | st.integers(), max_size=8),
    texts=TEXTS,
    turned=st.booleans(),
    written=st.fixed_dictionaries(
        {"indent": st.sampled_from([None, 2]), "ensure_ascii": st.booleans()}
    ),
)
def test_any_lists_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, ids, texts, turned, written
) -> None:
    path = tmp_path_factory.mktemp("json") / "lists.json"
    columns = {"doc_ids": ids, "about": {"n": [1, 2]}, "abstracts": texts}
    if turned:
        columns = dict(reversed(columns.items()))
    path.write_bytes(json.dumps(columns, **written).encode("utf-8", "replace"))
    expected = json.loads(path.read_bytes())
    for name in ("doc_ids", "abstracts"):
        assert items(path, name) == expected[name]


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    text = json.dumps({"doc_ids": ["a", "b"], "abstracts": ['one "two"\n', "three é"]})
    path = tmp_path / "lists.json"
    for end in range(len(text)):
        path.write_text(text[:end], "utf-8")
        # Nobody looks for the end of the object itself: its lists are whole.
        if end >= len(text) - 1:
            break
        with pytest.raises(InputError):
            items(path, "abstracts")


def test_a_cut_file_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "lists.json"
    path.write_text('{"abstracts": ["one", "tw', "utf-8")
    with pytest.raises(InputError, match=r"is cut short: it ends in 'abstracts' after item 1\."):
        items(path, "abstracts")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "see the object that it should be"),
        ('{"abstracts": 3}', "'abstracts' in .* is not a list"),
        ('{"other": []}', "has no list 'abstracts'"),
        ('{"abstracts": ["a" "b"]}', "is not JSON that can be read: see 'abstracts' after item 1"),
        ('{"abstracts": ["a", nonsense, 3]}', "is not JSON that can be read"),
        ('{"abstracts" ["a"]}', "see what follows 'abstracts'"),
    ],
)
def test_what_is_not_such_an_object(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "lists.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=said):
        items(path, "abstracts")


def test_what_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "lists.json"
    path.write_bytes(b'{"abstracts": ["\xff"]}')
    with pytest.raises(InputError, match="is not UTF-8 text"):
        items(path, "abstracts")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lists\.json is missing from"):
        items(tmp_path / "lists.json", "abstracts")
