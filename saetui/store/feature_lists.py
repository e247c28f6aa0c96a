"""Lists of other features for each feature of an SAE, in files of their own.

They say nothing that could not be found from the codes and the weights; a bundle from before they
were kept lacks them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.errors import BundleDamaged
from saetui.store.arrays import map_array, save_array
from saetui.store.saes import check_numbers

LONGEST = 32
"""The length of each list."""


@dataclass(frozen=True)
class ListFiles:
    """The files of one kind of lists, in the folder of the SAE.

    Attributes:
        features: File of the listed features, int32 `(n, LONGEST)`; -1 after the last.
        values: File with a value for each listed feature, `(n, LONGEST)`.
        dtype: Of the values.
    """

    features: str
    values: str
    dtype: type[np.generic]

    @property
    def names(self) -> tuple[str, str]:
        """Both files."""
        return self.features, self.values


CO_OCCURRING = ListFiles("counted/companions.npy", "counted/together.npy", np.int32)
"""Features that occur most often with each feature, and on how many documents that count."""

ALL_CO_OCCURRING = ListFiles("codes/companions.npy", "codes/together.npy", np.int32)
"""The same of all active documents, in bundles in which none are known to count."""

NEAREST = ListFiles("directions/nearest.npy", "directions/nearest_cosines.npy", np.float32)
"""Features with the nearest directions, and the cosines."""

OPPOSED = ListFiles("directions/opposed.npy", "directions/opposed_cosines.npy", np.float32)
"""Features with the most opposed directions, and the cosines."""

FILES = (*NEAREST.names, *OPPOSED.names)
"""The lists that follow from the weights alone."""


class FeatureLists:
    """Lists of all features, mapped.

    Args:
        features: Int32 `(n, LONGEST)`, -1 after the last.
        values: `(n, LONGEST)`.
    """

    def __init__(self, features: Int, values: NDArray[Any]) -> None:
        self._features = features
        self._values = values

    def of(self, feature: int, limit: int) -> list[tuple[int, Any]] | None:
        """The first `limit` features of a list with their values; None if fewer are kept."""
        if limit > LONGEST:
            return None
        features, values = (a[feature, :limit].tolist() for a in (self._features, self._values))
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
