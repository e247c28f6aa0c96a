"""Matches come back as they were written, and nothing else passes for them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saetui.core.matches import Matches
from saetui.errors import BundleDamaged
from saetui.store.relations import matches_file, read_matches, write_matches

MATCHES = Matches(
    np.array([[1, 0], [2, 1], [0, 2]], dtype=np.int32),
    np.array([[0.9, 0.1], [0.5, 0.25], [1.0, -0.5]], dtype=np.float32),
    np.array([[4, 0], [2, 1], [7, 3]], dtype=np.int32),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_matches(tmp_path, "k8-n3", MATCHES)
    return tmp_path


def test_matches_come_back_as_they_were_written(folder: Path) -> None:
    found = read_matches(folder, "k8-n3", 3, 3)
    for name in ("features", "cosines", "together"):
        np.testing.assert_array_equal(getattr(found, name), getattr(MATCHES, name))
        assert getattr(found, name).dtype == getattr(MATCHES, name).dtype


def test_the_same_matches_are_the_same_bytes(folder: Path) -> None:
    path = folder / matches_file("k8-n3")
    before = path.read_bytes()
    write_matches(folder, "k8-n3", MATCHES)
    assert path.read_bytes() == before
    assert path.parent.name == "matches"


@pytest.mark.parametrize(
    "change",
    [
        {"features": MATCHES.features[:2]},
        {"features": MATCHES.features.astype(np.int64)},
        {"features": MATCHES.features + 1},
        {"features": MATCHES.features - 1},
        {"features": MATCHES.features[:, 0]},
        {"cosines": MATCHES.cosines[:, :1]},
        {"cosines": MATCHES.cosines * np.nan},
        {"together": -MATCHES.together},
        {"together": MATCHES.together.astype(object)},
        {"together": None},
        {name: getattr(MATCHES, name)[:, :0] for name in ("features", "cosines", "together")},
    ],
)
def test_what_cannot_be_is_refused(folder: Path, change: dict[str, Any]) -> None:
    arrays = {name: getattr(MATCHES, name) for name in ("features", "cosines", "together")}
    arrays.update(change)
    with (folder / matches_file("k8-n3")).open("wb") as handle:
        np.savez(handle, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(BundleDamaged, match=r"k8-n3\.npz"):
        read_matches(folder, "k8-n3", 3, 3)


def test_what_unpacks_to_more_than_it_is_is_refused(folder: Path) -> None:
    path = folder / matches_file("k8-n3")
    with path.open("wb") as handle:
        np.savez_compressed(handle, features=np.zeros((3, 2), dtype=np.int32))
    with pytest.raises(BundleDamaged, match=r"k8-n3\.npz .*features is packed"):
        read_matches(folder, "k8-n3", 3, 3)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<i4", "fortran_order": False, "shape": (3, 1 << 23)}
    )
    # 100 MB of zeros are a tenth of one when packed.
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("features.npy", "w", force_zip64=True) as part,
    ):
        part.write(header.getvalue())
        for _ in range(100):
            part.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 18
    with pytest.raises(BundleDamaged, match=r"k8-n3\.npz .*features is packed"):
        read_matches(folder, "k8-n3", 3, 3)


@pytest.mark.parametrize("shape", [(3, 1 << 40), (3, 3), (1 << 62, 4), (3, 0)])
def test_a_header_that_says_more_than_there_is_is_refused(
    folder: Path, shape: tuple[int, ...]
) -> None:
    path = folder / matches_file("k8-n3")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<i4", "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("features.npy", header.getvalue() + MATCHES.features.tobytes())
    with pytest.raises(BundleDamaged, match=r"k8-n3\.npz .*features is"):
        read_matches(folder, "k8-n3", 3, 3)


def one_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, MATCHES.features)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 200, one_array()])
def test_what_is_no_such_file_is_refused(folder: Path, content: bytes) -> None:
    path = folder / matches_file("k8-n3")
    path.write_bytes(content)
    with pytest.raises(BundleDamaged, match=r"k8-n3\.npz"):
        read_matches(folder, "k8-n3", 3, 3)
    path.unlink()
    with pytest.raises(BundleDamaged, match=r"k8-n3\.npz is missing"):
        read_matches(folder, "k8-n3", 3, 3)


def test_a_file_cut_short_is_refused(folder: Path) -> None:
    path = folder / matches_file("k8-n3")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BundleDamaged):
        read_matches(folder, "k8-n3", 3, 3)
