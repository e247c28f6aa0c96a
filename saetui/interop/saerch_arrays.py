"""Published numbers: embeddings and codes in `.npy` files, and weights in torch's format.

Arrays of any size are read a block of rows at a time, not mapped: pages of a map count as memory
of the process, so an array that is read once from end to end would seem to need all of its size.
"""

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, SaeWeights
from saetui.errors import InputError
from saetui.interop.saerch_folder import WeightFile
from saetui.interop.tensor_files import read_tensors, refused
from saetui.store.arrays import read_header


class ArrayFile:
    """A `.npy` file of some kind and number of dimensions, whose size agrees with its header.

    Raises:
        InputError: It is missing, cut short, or not such an array.
    """

    def __init__(self, path: Path, kind: Literal["floating", "integer"], dimensions: int) -> None:
        self.path = path
        try:
            with path.open("rb") as handle:
                header = read_header(handle)
            size = path.stat().st_size
        except FileNotFoundError:
            raise InputError(
                f"{path.name} is missing from {path.parent}.", "Copy it there."
            ) from None
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None
        except ValueError:
            raise InputError(
                f"{path} is not a numpy array: its header cannot be read.", "Copy it again."
            ) from None
        self.shape, self.dtype, self._offset = header.shape, header.dtype, header.bytes
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
        if header.fortran_order and dimensions > 1:
            raise InputError(
                f"{path} is stored column by column.",
                "Save it again by rows: np.save(path, np.ascontiguousarray(array)).",
            )
        if size < header.file_bytes:
            raise InputError(
                f"{path} is cut short: its header promises {found}, which is "
                f"{header.file_bytes:,} bytes, and {size:,} are there.",
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
        """The given rows, in the order given, in memory."""
        parts = [self.rows(row, row + 1) for row in rows.tolist()]
        if not parts:
            return np.empty((0, *self.shape[1:]), self.dtype)
        return np.concatenate(parts)


class PublishedCodes:
    """The `k` strongest features of each document: `topk_indices_K_N.npy`, `topk_values_K_N.npy`.

    Args:
        indices: Whole numbers `(N, k)`.
        values: Activations, floats `(N, k)`; zero or less where fewer than `k` features are active.
        shape: The N and k that both files must have.
        n: Features.

    Raises:
        InputError: A file is damaged, or of another corpus or autoencoder.
    """

    def __init__(self, indices: Path, values: Path, shape: tuple[int, int], n: int) -> None:
        self._indices = ArrayFile(indices, "integer", 2)
        self._values = ArrayFile(values, "floating", 2)
        self._n = n
        for file in (self._indices, self._values):
            count, k = file.shape
            if k != shape[1]:
                raise InputError(
                    f"{file.path} has {k} features for each document, but the name of the weights "
                    f"says k = {shape[1]}: one of the names is wrong.",
                    "Only the names of the files say what k is: give each its own name back.",
                )
            if count != shape[0]:
                raise InputError(
                    f"{file.path} has codes of {count:,} documents, but there are {shape[0]:,}.",
                    "All files must be of one corpus. Without this file the codes are computed.",
                )

    def span(self, start: int, stop: int) -> Codes:
        """Codes of the documents `start` to `stop - 1`.

        Raises:
            InputError: An index is not that of a feature, or a value is not finite.
        """
        return self._codes(self._indices.rows(start, stop), self._values.rows(start, stop), start)

    def some(self, rows: NDArray[np.integer]) -> Codes:
        """Codes of the documents in the given rows."""
        return self._codes(self._indices.some(rows), self._values.some(rows), None)

    def _codes(self, indices: NDArray[Any], values: NDArray[Any], start: int | None) -> Codes:
        """Sort as bundles do: by falling activation, equal ones by feature."""
        values = values.astype(np.float32)
        where = "" if start is None else f" after document {start:,}"
        if not np.isfinite(values).all():
            raise InputError(f"{self._values.path} holds values that are not numbers{where}.")
        if indices.min(initial=0) < 0 or indices.max(initial=0) >= self._n:
            raise InputError(
                f"{self._indices.path} names a feature{where} that an SAE of n = {self._n} does "
                "not have.",
                "It belongs to another SAE: take it out of the folder.",
            )
        order = np.lexsort((indices, -values), axis=1)
        indices = np.take_along_axis(indices, order, axis=1).astype(np.int32)
        values = np.take_along_axis(values, order, axis=1)
        active = values > 0
        empty = np.float32(0)
        return Codes(np.where(active, indices, -1), np.where(active, values, empty), self._n)


def read_weights(file: WeightFile, d: int) -> SaeWeights:
    """The autoencoder in a file, which must encode embeddings of width `d`.

    Raises:
        InputError: It cannot be read, holds anything but tensors, or its tensors are not those of
            an autoencoder of the sizes in its name.
    """
    read = read_tensors(file.path)
    for name, value in read.plain.items():
        raise refused(file.path, name, value)
    encoder = read.tensors.get("encoder.weight")
    if encoder is not None and encoder.ndim == 2:
        _check_sizes(file, d, *encoder.shape)
    return SaeWeights(
        encoder=read.tensor("encoder.weight", file.n, d),
        encoder_bias=read.tensor("latent_bias", file.n),
        directions=np.ascontiguousarray(read.tensor("decoder.weight", d, file.n).T),
        bias=read.tensor("pre_bias", d),
        k=file.k,
    )


def _check_sizes(file: WeightFile, own_d: int, n: int, d: int) -> None:
    if n == file.n and d != own_d:
        raise InputError(
            f"{file.path} encodes vectors of width {d}, but the embeddings have width {own_d}.",
            "Give the embeddings that it was trained on.",
        )
    if d == own_d and n != file.n:
        raise InputError(
            f"{file.path} has {n} features, but its name says n = {file.n}.",
            "Give the file its own name back.",
        )
