"""Published codes: the `k` strongest features of each document and their activations."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes
from saetui.errors import InputError
from saetui.interop.array_files import ArrayFile


class PublishedCodes:
    """`topk_indices_K_N.npy` and `topk_values_K_N.npy`, read a span of documents at a time.

    Args:
        indices: Whole numbers `(N, k)`.
        values: Floats `(N, k)`; zero or less where fewer than `k` features are active.
        shape: Documents, and active features of each, that there must be.
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
                    "k stands in the names of the files only: give each its own name back.",
                )
            if count != shape[0]:
                raise InputError(
                    f"{file.path} has codes of {count:,} documents, but there are {shape[0]:,}.",
                    "All files must be of one corpus. Without it the codes are computed.",
                )

    def span(self, start: int, stop: int) -> Codes:
        """Codes of the documents `start` to `stop - 1`.

        Raises:
            InputError: A number is not one of a feature, or a value is not finite.
        """
        return self._codes(self._indices.rows(start, stop), self._values.rows(start, stop), start)

    def some(self, rows: NDArray[np.integer]) -> Codes:
        """Codes of some documents."""
        return self._codes(self._indices.some(rows), self._values.some(rows), None)

    def _codes(self, indices: NDArray[Any], values: NDArray[Any], start: int | None) -> Codes:
        """In the order of a bundle: by falling activation, equal ones by feature."""
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
