"""How features are related, as files: families, matches in other SAEs, and lists of companions.

Matches lie in `matches/<other>.npz` in an SAE's folder. The lists hold other features for each
feature, and nothing that could not be found from the codes and the weights; a bundle from before
they were kept lacks them.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.core.families import Families
from saetui.core.matches import Matches
from saetui.errors import BundleDamaged
from saetui.store.arrays import map_array, read_header, save_array
from saetui.store.atomic import atomic_write, write_json
from saetui.store.json_files import read_json
from saetui.store.saes import check_numbers

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
    """Read the matches of an SAE with `n` features in another one with `other_n`.

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
    """One array `(n, any)` of an archive, no longer than the archive itself."""
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


# Bytes of the file; a feature takes about 200, and more where language models named families.
_SLACK = 1 << 20
_BYTES_PER_FEATURE = 4_000


def write_families(path: Path, families: Families) -> None:
    """Write families; whole or not at all."""
    write_json(path, families.as_dict())


def read_families(path: Path, n: int) -> Families:
    """Families of an SAE with `n` features.

    Raises:
        BundleDamaged: The file is missing, not JSON, or names a feature that does not exist.
    """
    value = read_json(path, most=_SLACK + n * _BYTES_PER_FEATURE)
    try:
        families = Families.from_dict(value)
    except BundleDamaged as error:
        raise BundleDamaged(f"{path}: {error.message}", error.hint) from None
    strays = {feature for feature in _named(families) if not 0 <= feature < n}
    if strays:
        raise BundleDamaged(f"{path} names feature {min(strays)}, but the SAE has {n:,}.")
    if [family.id for family in families] != list(range(len(families))):
        raise BundleDamaged(f"{path} does not number its families in their order.")
    return families


def _named(families: Families) -> Iterator[int]:
    """Every feature number in the families, with repetitions."""
    yield from families.clean
    for family in families:
        yield family.root
        yield from family.members
    for edges in (families.forest, *(family.edges for family in families)):
        for parent, child, _ in edges:
            yield parent
            yield child


LONGEST = 32
"""The length of each list."""


@dataclass(frozen=True)
class ListFiles:
    """The files of one kind of lists, in the folder of the SAE.

    Attributes:
        names: File of the listed features, int32 `(n, LONGEST)`, -1 after the last; and file with a
            value for each of them, `(n, LONGEST)`.
        dtype: Of the values.
    """

    names: tuple[str, str]
    dtype: type[np.generic]


CO_OCCURRING = ListFiles(("counted/companions.npy", "counted/together.npy"), np.int32)
"""Features that occur most often with each feature, and on how many documents that count."""

ALL_CO_OCCURRING = ListFiles(("codes/companions.npy", "codes/together.npy"), np.int32)
"""The same of all active documents, in bundles in which none are known to count."""

NEAREST = ListFiles(("directions/nearest.npy", "directions/nearest_cosines.npy"), np.float32)
"""Features with the nearest directions, and the cosines."""

OPPOSED = ListFiles(("directions/opposed.npy", "directions/opposed_cosines.npy"), np.float32)
"""Features with the most opposed directions, and the cosines."""

FILES = (*NEAREST.names, *OPPOSED.names)
"""The lists that follow from the weights alone."""


@dataclass(frozen=True)
class FeatureLists:
    """Lists of all features, mapped: int32 `(n, LONGEST)`, -1 after the last, and values."""

    features: Int
    values: NDArray[Any]

    def of(self, feature: int, limit: int) -> list[tuple[int, Any]] | None:
        """The first `limit` features of a list with their values; None if fewer are kept."""
        if limit > LONGEST:
            return None
        features, values = (a[feature, :limit].tolist() for a in (self.features, self.values))
        return [pair for pair in zip(features, values, strict=True) if pair[0] >= 0]


def save_lists(
    folder: Path, files: ListFiles, lists: Sequence[Sequence[tuple[int, float]]]
) -> None:
    """Write the lists of all features, each at most LONGEST long."""
    features = np.full((len(lists), LONGEST), -1, dtype=np.int32)
    values = np.zeros((len(lists), LONGEST), dtype=files.dtype)
    for feature, listed in enumerate(lists):
        for place, (other, value) in enumerate(listed):
            features[feature, place], values[feature, place] = other, value
    for name, array in zip(files.names, (features, values), strict=True):
        save_array(folder / name, array)


def load_lists(folder: Path, files: ListFiles, n: int) -> FeatureLists:
    """The lists of all `n` features.

    Raises:
        BundleDamaged: The files are not such lists.
    """
    paths = [folder / name for name in files.names]
    features = map_array(paths[0], (n, LONGEST), np.int32)
    values = map_array(paths[1], (n, LONGEST), files.dtype)
    check_numbers(paths[0], features, -1, n)
    if not np.isfinite(values).all():
        raise BundleDamaged(f"{paths[1]} holds what is not a number.")
    return FeatureLists(features, values)
