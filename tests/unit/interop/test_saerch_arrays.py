"""Arrays are read a span of rows at a time; what is no such array is refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import InputError
from saetui.interop.saerch_arrays import ArrayFile


@given(rows=st.integers(0, 9), width=st.integers(1, 4), start=st.integers(0, 9), data=st.data())
def test_rows_are_those_of_the_array(
    tmp_path_factory: pytest.TempPathFactory, rows: int, width: int, start: int, data
) -> None:
    path = tmp_path_factory.mktemp("array") / "a.npy"
    kind = data.draw(st.sampled_from(["<f4", ">f4", "<f8", "<f2"]))
    array = np.random.default_rng(rows).random((rows, width)).astype(kind)
    np.save(path, array)
    file = ArrayFile(path, "floating", 2)
    assert len(file) == rows
    start = min(start, rows)
    stop = data.draw(st.integers(start, rows + 3))
    assert np.array_equal(file.rows(start, stop), array[start:stop])
    chosen = np.arange(start, rows)[::-1]
    assert np.array_equal(file.some(chosen), array[chosen])


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(6, dtype=np.float32).reshape(3, 2))
    content = path.read_bytes()
    for end in range(len(content)):
        path.write_bytes(content[:end])
        with pytest.raises(InputError):
            ArrayFile(path, "floating", 2)
    assert end == len(content) - 1


def test_a_cut_file_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((1_000, 2), dtype=np.float32))
    path.write_bytes(path.read_bytes()[:4_000])
    said = r"cut short: its header promises 1,000 x 2 float32, which is 8,128 bytes, and 4,000"
    with pytest.raises(InputError, match=said):
        ArrayFile(path, "floating", 2)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros(3, dtype=np.float32), "holds 3 float32, where a matrix of floats belongs"),
        (np.zeros((3, 2), dtype=np.int64), "holds 3 x 2 int64, where a matrix of floats"),
        (np.float32(3), "holds one float32"),
        (np.asfortranarray(np.zeros((3, 2))), "is stored column by column"),
    ],
)
def test_another_array(tmp_path: Path, array, said: str) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=said):
        ArrayFile(tmp_path / "a.npy", "floating", 2)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="holds Python objects, which could be code"):
        ArrayFile(tmp_path / "a.npy", "floating", 2)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.npy is missing from"):
        ArrayFile(tmp_path / "a.npy", "floating", 2)
    (tmp_path / "b.npy").write_text("not an array")
    with pytest.raises(InputError, match="is not a numpy array"):
        ArrayFile(tmp_path / "b.npy", "floating", 2)
