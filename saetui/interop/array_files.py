"""Arrays of other tools: `.npy` files of any size, read a block of rows at a time.

They are read, not mapped: the pages of a map count as the process's own memory, and an array that
is read once from end to end would seem to need all of its size.
"""

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from saetui.errors import InputError


class ArrayFile:
    """A `.npy` file whose header was read and found to fit its size.

    Args:
        path: Of the file.
        kind: What its elements must be.
        dimensions: How many dimensions it must have.

    Attributes:
        shape: Of the array.
        dtype: Of its elements.

    Raises:
        InputError: It is missing, cut short, or not such an array.
    """

    def __init__(self, path: Path, kind: Literal["floating", "integer"], dimensions: int) -> None:
        self.path = path
        try:
            with path.open("rb") as handle:
                header = _header(handle)
                self._offset = handle.tell()
            size = path.stat().st_size
        except FileNotFoundError:
            raise InputError(
                f"{path.name} is missing from {path.parent}.", "Copy it there."
            ) from None
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None
        # numpy evaluates the header, and anything may come of one that is none.
        except Exception:  # noqa: BLE001
            raise InputError(
                f"{path} is not a numpy array: its header cannot be read.", "Copy it again."
            ) from None
        self.shape, by_columns, self.dtype = header
        found = f"{' x '.join(f'{length:,}' for length in self.shape) or 'one'} {self.dtype}"
        if self.dtype.hasobject:
            raise InputError(
                f"{path} holds Python objects, which could be code, and was not read.",
                "Save its numbers as a plain array.",
            )
        if len(self.shape) != dimensions or not np.issubdtype(self.dtype, getattr(np, kind)):
            shape = "a matrix" if dimensions == 2 else f"{dimensions} dimensions"
            numbers = {"floating": "floats", "integer": "whole numbers"}[kind]
            raise InputError(f"{path} holds {found}, where {shape} of {numbers} belongs.")
        if by_columns and dimensions > 1:
            raise InputError(
                f"{path} is stored column by column.",
                "Save it again by rows: np.save(path, np.ascontiguousarray(array)).",
            )
        whole = self._offset + math.prod(self.shape) * self.dtype.itemsize
        if size < whole:
            raise InputError(
                f"{path} is cut short: its header promises {found}, which is {whole:,} bytes, "
                f"and {size:,} are there.",
                "Copy it again.",
            )

    def __len__(self) -> int:
        return self.shape[0]

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop - 1`, in memory.

        Raises:
            InputError: They cannot be read.
        """
        stop = min(stop, len(self))
        width = math.prod(self.shape[1:])
        try:
            flat: NDArray[Any] = np.fromfile(
                self.path,
                self.dtype,
                (stop - start) * width,
                offset=self._offset + start * width * self.dtype.itemsize,
            )
            return flat.reshape(stop - start, *self.shape[1:])
        except (OSError, ValueError) as error:
            raise InputError(
                f"Rows {start:,} to {stop - 1:,} of {self.path} cannot be read ({error})."
            ) from None

    def some(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Some rows, in the order asked for, in memory."""
        parts = [self.rows(row, row + 1) for row in rows.tolist()]
        if not parts:
            return np.empty((0, *self.shape[1:]), self.dtype)
        return np.concatenate(parts)


def _header(handle: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:  # noqa: ANN401
    version = np.lib.format.read_magic(handle)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(handle)
    return np.lib.format.read_array_header_2_0(handle)
