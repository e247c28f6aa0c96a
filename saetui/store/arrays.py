"""Arrays on disk: plain `.npy`, mapped into memory, never pickled."""

import math
import mmap
import os
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from saetui.errors import BundleDamaged
from saetui.store.atomic import atomic_write

# Smaller arrays stay mapped.
_MAPPED_BYTES = 256 << 20
# Characters of a header; ours have about a hundred.
_LONGEST_HEADER = 1_000


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array whole or not at all."""
    with atomic_write(path) as temporary, temporary.open("wb") as handle:
        np.save(handle, array, allow_pickle=False)


class StoredRows:
    """Reads some rows at a time of a matrix that may be too large to be mapped into a process.

    Reading a row through a map maps up to sixteen pages, and releasing these takes longer than
    reading the row from the file.

    `array` is the mapped `.npy` file at `path`, `(N, d)` in C order.
    """

    def __init__(self, path: Path, array: NDArray[Any]) -> None:
        self._path = path
        self._array = array
        self._file: int | None = None
        # The file must not be closed while another thread reads from it.
        self._lock = threading.Lock()
        large = array.nbytes > _MAPPED_BYTES and array.flags.c_contiguous
        if large and hasattr(os, "preadv"):
            self._file = os.open(path, os.O_RDONLY)
            self._start = os.fstat(self._file).st_size - array.nbytes

    def take(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Copies of some rows, `(m, d)`, in their order.

        Raises:
            BundleDamaged: The file has been cut short.
        """
        with self._lock:
            if self._file is not None:
                return self._read(self._file, rows)
        taken: NDArray[Any] = self._array[rows]
        return taken

    def _read(self, file: int, rows: NDArray[np.integer]) -> NDArray[Any]:
        taken = np.empty((len(rows), self._array.shape[1]), dtype=self._array.dtype)
        if not len(rows):
            return taken
        buffer, size = memoryview(taken.data).cast("B"), self._array[0].nbytes
        starts = (np.asarray(rows, dtype=np.int64) * size + self._start).tolist()
        for place, start in enumerate(starts):
            part = buffer[place * size : (place + 1) * size]
            if os.preadv(file, (part,), start) < size:
                raise BundleDamaged(f"{self._path} has been cut short.")
        return taken

    def close(self) -> None:
        """Close the file; rows are then read through the map."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def forget_pages(array: NDArray[Any]) -> None:
    """Release the pages of a mapped array, which would else count as memory of this process.

    They stay in the page cache while there is room, and come back when they are read. Arrays that
    are not mapped are left alone.
    """
    mapping = _mapping(array)
    if mapping is not None and hasattr(mapping, "madvise"):
        mapping.madvise(mmap.MADV_DONTNEED)


def read_ahead(array: NDArray[Any]) -> None:
    """Ask the system to read a mapped array into the page cache, without waiting."""
    mapping = _mapping(array)
    if mapping is not None and hasattr(mapping, "madvise"):
        mapping.madvise(mmap.MADV_WILLNEED)


def _mapping(array: NDArray[Any]) -> mmap.mmap | None:
    base: Any = array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return base if isinstance(base, mmap.mmap) else None


def map_array(path: Path, shape: tuple[int | None, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """Map a `.npy` file read-only after checking its shape and type.

    In `shape`, None stands for any length.

    Raises:
        BundleDamaged: It is missing, cut short, or not of that shape and type.
    """
    try:
        status = path.stat()
        # Opening a pipe would wait until somebody writes to it.
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a file")
        with path.open("rb") as file:
            header = read_header(file)
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    except PermissionError:
        raise BundleDamaged(f"{path} may not be read.", "Mend its permissions.") from None
    except (OSError, ValueError):
        raise BundleDamaged(f"{path} is cut short or not a numpy array.") from None
    wanted = "x".join("any" if length is None else f"{length}" for length in shape)
    if not header.fits(shape, dtype):
        raise BundleDamaged(f"{path} holds {header}, but {wanted} {np.dtype(dtype)} belongs there.")
    if status.st_size < header.file_bytes:
        raise BundleDamaged(f"{path} is cut short or not a numpy array.")
    if status.st_size > header.file_bytes:
        raise BundleDamaged(f"{path} is longer than the array in it.")
    # A plain array over the map is several times faster to slice.
    return np.asarray(
        np.memmap(
            path,
            dtype=header.dtype,
            mode="r",
            offset=header.bytes,
            shape=header.shape,
            order="F" if header.fortran_order else "C",
        )
    )


@dataclass(frozen=True)
class ArrayHeader:
    """The header of a `.npy` file; the elements follow after its `bytes`."""

    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    fortran_order: bool
    bytes: int

    def __str__(self) -> str:
        return f"{'x'.join(str(length) for length in self.shape)} {self.dtype}"

    @property
    def file_bytes(self) -> int:
        """Bytes of header and elements."""
        # Python's integers do not overflow as numpy's would.
        return self.bytes + math.prod(self.shape) * self.dtype.itemsize

    def fits(self, shape: tuple[int | None, ...], dtype: type[np.generic]) -> bool:
        """Whether shape and element type are the given ones; None stands for any length."""
        return (
            len(shape) == len(self.shape)
            and self.dtype == np.dtype(dtype)
            and all(
                actual >= 0 and length in (None, actual)
                for length, actual in zip(shape, self.shape, strict=True)
            )
        )


def read_header(file: IO[bytes]) -> ArrayHeader:
    """Read the header of a `.npy` file.

    Raises:
        ValueError: It is not such a header, or one that no array of ours has.
    """
    try:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran_order, dtype = read(file, max_header_size=_LONGEST_HEADER)
    # numpy evaluates the header as Python, so a damaged one may raise anything.
    except Exception as error:  # noqa: BLE001
        raise ValueError(f"it has no header of an array ({error})") from None
    return ArrayHeader(shape, dtype, fortran_order, file.tell())
