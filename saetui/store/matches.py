"""Nearest features in another SAE on disk: `matches/<other>.npz` in an SAE's folder."""

from pathlib import Path

import numpy as np

from saetui.core.matches import Matches
from saetui.errors import BundleDamaged
from saetui.store.atomic import atomic_write

_ARRAYS = {"features": np.int32, "cosines": np.float32, "together": np.int32}


def matches_file(other: str) -> str:
    """Where, inside an SAE's folder, its matches in the SAE named `other` lie."""
    return f"matches/{other}.npz"


def write_matches(folder: Path, other: str, matches: Matches) -> None:
    """Write the matches of the SAE in `folder` with another one; whole or not at all."""
    with (
        atomic_write(folder / matches_file(other)) as temporary,
        temporary.open("wb") as handle,
    ):
        np.savez(handle, **{name: getattr(matches, name) for name in _ARRAYS})


def read_matches(folder: Path, other: str, n: int, other_n: int) -> Matches:
    """Read what `write_matches` wrote.

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
        # numpy leaves a file open that it fails to read, unless someone else closes it.
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in _ARRAYS}
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    # Whatever numpy and zipfile make of bytes that are no such archive.
    except Exception as error:  # noqa: BLE001
        raise BundleDamaged(f"{path} cannot be read as matches ({error}).") from None
    matches = Matches(**arrays)
    shape = (n, matches.features.shape[-1] if matches.features.ndim else 0)
    for name, kind in _ARRAYS.items():
        if arrays[name].shape != shape or arrays[name].dtype != kind:
            raise BundleDamaged(f"{path} does not hold matches of {n:,} features in {name}.")
    low, high = int(matches.features.min(initial=0)), int(matches.features.max(initial=-1))
    if not shape[1] or low < 0 or high >= other_n:
        raise BundleDamaged(f"{path} names features that {other} does not have.")
    if not np.isfinite(matches.cosines).all() or matches.together.min(initial=0) < 0:
        raise BundleDamaged(f"{path} holds figures that cannot be.")
    return matches
