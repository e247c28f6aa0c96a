"""Arrays on disk: plain `.npy`, mapped into memory, never pickled."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.errors import BundleDamaged
from saetui.store.atomic import atomic_write


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array whole or not at all."""
    with atomic_write(path) as temporary, temporary.open("wb") as handle:
        np.save(handle, array, allow_pickle=False)


def forget_pages(array: NDArray[Any]) -> None:
    """Take the pages of a mapped array out of this process, which would else seem to need them all.

    They stay in the system's cache as long as it has room, and are there again when read. What is
    not a map stays as it is.
    """
    mapping = _mapping(array)
    if mapping is not None and hasattr(mapping, "madvise"):
        mapping.madvise(mmap.MADV_DONTNEED)


def read_ahead(array: NDArray[Any]) -> None:
    """Have the system read a mapped array into its cache, without waiting for it."""
    mapping = _mapping(array)
    if mapping is not None and hasattr(mapping, "madvise"):
        mapping.madvise(mmap.MADV_WILLNEED)


def _mapping(array: NDArray[Any]) -> mmap.mmap | None:
    base: Any = array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return base if isinstance(base, mmap.mmap) else None


def map_array(path: Path, shape: tuple[int | None, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """Map an array read-only after checking what it is.

    Args:
        path: A `.npy` file.
        shape: What its shape must be; None stands for any length.
        dtype: What its element type must be.

    Raises:
        BundleDamaged: It is missing, cut short, or not of that shape and type.
    """
    try:
        # Not `np.load`, which opens archives and pickles too.
        # As a plain array over the map, which is several times faster to slice.
        array: NDArray[Any] = np.asarray(np.lib.format.open_memmap(path, mode="r"))
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    except PermissionError:
        raise BundleDamaged(f"{path} may not be read.", "Mend its permissions.") from None
    # numpy evaluates the header, and anything may come of one that is none.
    except Exception:  # noqa: BLE001
        raise BundleDamaged(f"{path} is cut short or not a numpy array.") from None
    wanted = "x".join("any" if length is None else f"{length}" for length in shape)
    found = "x".join(str(length) for length in array.shape)
    same = len(shape) == array.ndim and all(
        length is None or length == actual
        for length, actual in zip(shape, array.shape, strict=True)
    )
    if not same or array.dtype != np.dtype(dtype):
        raise BundleDamaged(
            f"{path} holds {found} {array.dtype}, but {wanted} {np.dtype(dtype)} belongs there."
        )
    return array
