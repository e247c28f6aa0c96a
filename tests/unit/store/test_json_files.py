"""Whatever is wrong with a JSON file is said in words."""

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import BundleDamaged
from saetui.store.atomic import write_json
from saetui.store.json_files import DEEPEST, parse_json, read_json, record_from

finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


@dataclass(frozen=True)
class Person:
    name: str
    age: int
    notes: dict[str, int] = field(default_factory=dict)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\x00\x01", b"\xff\xfe", b"[" * 200_000, b"{}{}", b"9" * 10_000],
    ids=["empty", "cut", "binary", "no-utf-8", "deep", "twice", "endless"],
)
def test_what_is_not_json_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "figures.json"
    path.write_bytes(content)
    with pytest.raises(BundleDamaged, match=r"figures\.json cannot be read as JSON"):
        read_json(path)


def test_what_is_missing_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match=r"figures\.json is missing from"):
        read_json(tmp_path / "figures.json")
    with pytest.raises(BundleDamaged, match="cannot be read"):
        read_json(tmp_path)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "[-1e400]"])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "figures.json").write_text(text)
    with pytest.raises(BundleDamaged, match=r"figures\.json cannot be read as JSON \(.*no number"):
        read_json(tmp_path / "figures.json")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_values_are_nested_so_deeply_and_no_deeper(opening: str, closing: str) -> None:
    times = DEEPEST // (len(closing))
    value = parse_json(opening * times + "1" + closing * times)
    assert value
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(opening * (times + 1) + "1" + closing * (times + 1))
    assert parse_json("[" + "[1], " * 10 * DEEPEST + "2]")[-1] == 2


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text(json.dumps("x" * 1_000))
    assert len(read_json(path, most=1_002)) == 1_000
    with pytest.raises(
        BundleDamaged, match=r"figures\.json .* 1,002 bytes, and no more than 1,001"
    ):
        read_json(path, most=1_001)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(BundleDamaged, match="it is not a file"):
        read_json(path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    os.mkfifo(path)
    with pytest.raises(BundleDamaged, match="it is not a file"):
        read_json(path)


@given(json_values)
def test_values_are_read_as_they_were_written(value: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "value.json"
        write_json(path, value)
        assert read_json(path) == value


def test_a_record_has_its_fields_and_their_types() -> None:
    assert record_from(Person, {"name": "Ada", "age": 36}) == Person("Ada", 36)
    whole = {"name": "Ada", "age": 36, "notes": {"born": 1815}}
    assert record_from(Person, whole) == Person("Ada", 36, {"born": 1815})


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (None, "None where an object belongs"),
        ([1], r"\[1\] where an object belongs"),
        ({"age": 36}, "name is missing"),
        ({"name": "Ada", "age": "36"}, "age is '36'"),
        ({"name": "Ada", "age": 36.0}, "age is 36.0"),
        ({"name": "Ada", "age": True}, "age is True"),
        ({"name": None, "age": 36}, "name is None"),
        ({"name": "Ada", "age": 36, "notes": []}, r"notes is \[\]"),
        ({"name": "Ada", "age": 36, "height": 1}, "'height' is not known"),
    ],
)
def test_any_other_record_is_refused(value: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        record_from(Person, value)


@given(json_values)
def test_any_value_is_a_record_or_refused(value: object) -> None:
    try:
        record = record_from(Person, value)
    except ValueError as error:
        assert len(str(error)) < 200
    else:
        assert isinstance(record, Person)
