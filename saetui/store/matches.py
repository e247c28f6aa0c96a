"""Matches in another SAE on disk: `matches/<other>.npz` in an SAE's folder."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.matches import Matches
from saetui.errors import BundleDamaged
from saetui.store.arrays import read_header
from saetui.store.atomic import atomic_write

_ARRAYS: dict[str, type[np.generic]] = {
    "features": np.int32,
    "cosines": np.float32,
    "together": np.int32,
}


def matches_file(other: str) -> str:
    """The file of matches in the SAE named `other`, in an SAE's folder."""
    return f"matches/{other}.npz"


def write_matches(folder: Path, other: str, matches: Matches) -> None:
    """Write the matches of the SAE in `folder` in another one; whole or not at all."""
    with (
        atomic_write(folder / matches_file(other)) as temporary,
        temporary.open("wb") as handle,
    ):
        np.savez(handle, **{name: getattr(matches, name) for name in _ARRAYS})


def read_matches(folder: Path, other: str, n: int, other_n: int) -> Matches:
    """Read the matches that `write_matches` wrote.

    Args:
        folder: Of the SAE.
        other: Name of the other SAE.
        n: Features of the SAE.
        other_n: Features of the other one.

    Raises:
        BundleDamaged: The file is missing, or does not hold matches of such SAEs.
    """
    path = folder / matches_file(other)
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {name: _read_array(archive, name, n) for name in _ARRAYS}
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    # zipfile raises many kinds of errors for damaged bytes.
    except Exception as error:  # noqa: BLE001
        raise BundleDamaged(f"{path} cannot be read as matches ({error}).") from None
    matches = Matches(**arrays)
    shape = matches.features.shape
    if any(array.shape != shape for array in arrays.values()):
        raise BundleDamaged(f"{path} does not hold as many matches in each of its arrays.")
    low, high = int(matches.features.min(initial=0)), int(matches.features.max(initial=-1))
    if not shape[1] or low < 0 or high >= other_n:
        raise BundleDamaged(f"{path} names features that {other} does not have.")
    if not np.isfinite(matches.cosines).all() or matches.together.min(initial=0) < 0:
        raise BundleDamaged(f"{path} holds figures that cannot be.")
    return matches


def _read_array(archive: zipfile.ZipFile, name: str, n: int) -> NDArray[Any]:
    """One array `(n, any)` of an archive, no longer than the archive itself.

    Raises:
        ValueError: It is another array, or compressed, so that it might have any length.
    """
    part = archive.getinfo(f"{name}.npy")
    if part.compress_type != zipfile.ZIP_STORED or part.file_size != part.compress_size:
        raise ValueError(f"{name} is packed")
    with archive.open(part) as file:
        header = read_header(file)
        if not header.fits((n, None), _ARRAYS[name]) or header.fortran_order:
            raise ValueError(f"{name} is {header}")
        if header.file_bytes != part.file_size:
            raise ValueError(f"{name} is cut short")
        return np.frombuffer(file.read(), dtype=header.dtype).reshape(header.shape)
