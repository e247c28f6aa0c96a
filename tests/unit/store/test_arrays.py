"""Arrays come back as they were written, and anything else is refused."""

import os
import pickle
import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from saetui.errors import BundleDamaged
from saetui.store.arrays import StoredRows, forget_pages, map_array, read_ahead, save_array

types = st.sampled_from([np.float16, np.float32, np.int32, np.int64])


@given(types.flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=1, min_side=0))))
def test_arrays_come_back_as_they_were_written(array: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "array.npy"
        save_array(path, array)
        mapped = map_array(path, array.shape, array.dtype.type)
        assert mapped.dtype == array.dtype
        assert mapped.shape == array.shape
        assert mapped.tobytes() == array.tobytes()
        assert not mapped.flags.writeable
        assert map_array(path, (None,) * array.ndim, array.dtype.type).shape == array.shape
        del mapped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "array.npy"
    save_array(path, np.arange(24, dtype=np.float32).reshape(6, 4))
    return path


@pytest.mark.parametrize(
    ("shape", "dtype", "wanted"),
    [
        ((6, 5), np.float32, "6x5 float32"),
        ((None, 3), np.float32, "anyx3 float32"),
        ((6,), np.float32, "6 float32"),
        ((6, 4, 1), np.float32, "6x4x1 float32"),
        ((6, 4), np.float16, "6x4 float16"),
        ((6, 4), np.int32, "6x4 int32"),
    ],
)
def test_another_shape_or_type_is_refused(
    path: Path, shape: tuple[int | None, ...], dtype: type[np.generic], wanted: str
) -> None:
    with pytest.raises(BundleDamaged) as raised:
        map_array(path, shape, dtype)
    assert raised.value.message == f"{path} holds 6x4 float32, but {wanted} belongs there."


def test_bytes_in_the_other_order_are_refused(tmp_path: Path) -> None:
    swapped = np.dtype(np.float32).newbyteorder()
    save_array(tmp_path / "a.npy", np.ones(3, dtype=swapped))
    with pytest.raises(BundleDamaged):
        map_array(tmp_path / "a.npy", (3,), np.float32)


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match=r"array\.npy is missing from"):
        map_array(tmp_path / "array.npy", (1,), np.float32)


def test_every_shorter_file_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BundleDamaged, match=r"array\.npy is cut short or not a numpy array"):
            map_array(path, (6, 4), np.float32)


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(96)


@pytest.mark.parametrize(
    "content",
    [
        b"not an array at all",
        pickle.dumps([1, 2, 3]),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 30 + ",)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (-6, 4)}"),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (6, 4)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 4"),
        header("__import__('os')"),
        header("(" * 5_000),
        header("(" * 900),
        header("-" * 900 + "1"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904)}"),
    ],
)
def test_what_is_no_array_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for shape in ((6, 4), (None, None), (None, 4)):
        with pytest.raises(BundleDamaged, match=r"array\.npy"):
            map_array(path, shape, np.float32)


def test_what_follows_an_array_is_refused(path: Path) -> None:
    """Rows of a large array are found from the end of its file."""
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(BundleDamaged, match=r"array\.npy is longer than the array in it"):
        map_array(path, (6, 4), np.float32)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "array.npy")
    with pytest.raises(BundleDamaged, match="not a numpy array"):
        map_array(tmp_path / "array.npy", (6, 4), np.float32)


def test_an_archive_or_a_folder_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "array.npy"
    with archive.open("wb") as handle:
        np.savez(handle, a=np.ones(3))
    for path in (archive, tmp_path):
        with pytest.raises(BundleDamaged):
            map_array(path, (3,), np.float64)


def test_no_header_makes_another_error(path: Path) -> None:
    whole, chance = path.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(1_500):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(128)] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            map_array(path, (6, 4), np.float32)
        except BundleDamaged:
            refused += 1
    assert refused > 1_000


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="rows are read through the map here")
def test_rows_of_a_large_array_are_read_from_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npy"
    array = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float16)
    save_array(path, array)
    mapped = map_array(path, (50, 7), np.float16)
    monkeypatch.setattr("saetui.store.arrays._MAPPED_BYTES", 0)
    stored = StoredRows(path, mapped)
    for rows in ([], [49], [3, 0, 49, 3]):
        taken = stored.take(np.array(rows, dtype=np.int64))
        assert taken.dtype == np.float16
        assert np.array_equal(taken, array[rows])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BundleDamaged, match=r"a\.npy has been cut short"):
        stored.take(np.array([49]))
    stored.close()
    stored.close()
    assert np.array_equal(stored.take(np.array([1])), array[[1]])


def test_pages_that_were_let_go_of_are_there_again(tmp_path: Path) -> None:
    array = np.arange(10_000, dtype=np.float32)
    save_array(tmp_path / "a.npy", array)
    mapped = map_array(tmp_path / "a.npy", (None,), np.float32)
    for each in (mapped, mapped[5:], array):
        read_ahead(each)
        forget_pages(each)
    assert np.array_equal(mapped, array)
