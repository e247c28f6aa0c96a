"""What goes with each feature of an SAE: lists of a fixed length, in files of their own.

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
"""So many features are listed for each."""


@dataclass(frozen=True)
class ListFiles:
    """Where lists lie, below the folder of the SAE.

    Attributes:
        features: File of the listed features, int32 `(n, LONGEST)`; -1 behind the last.
        values: File of what is said of them, `(n, LONGEST)`.
        dtype: Of the values.
    """

    features: str
    values: str
    dtype: type[np.generic]

    @property
    def names(self) -> tuple[str, str]:
        """Both files."""
        return self.features, self.values


CO_OCCURRING = ListFiles("codes/companions.npy", "codes/together.npy", np.int32)
"""Features that occur most with each, and on how many documents."""

NEAREST = ListFiles("directions/nearest.npy", "directions/nearest_cosines.npy", np.float32)
"""Features whose directions are nearest to that of each, and the cosines."""

OPPOSED = ListFiles("directions/opposed.npy", "directions/opposed_cosines.npy", np.float32)
"""The same of the most opposed."""

FILES = (*CO_OCCURRING.names, *NEAREST.names, *OPPOSED.names)


class FeatureLists:
    """Lists of all features, mapped.

    Args:
        features: Int32 `(n, LONGEST)`, -1 behind the last.
        values: `(n, LONGEST)`.
    """

    def __init__(self, features: Int, values: NDArray[Any]) -> None:
        self._features = features
        self._values = values

    def of(self, feature: int, limit: int) -> list[tuple[int, Any]] | None:
        """The first `limit` of them, with what is said of each; None: so many are not kept."""
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
        BundleDamaged: They are not what belongs there.
    """
    paths = [folder / name for name in files.names]
    features = map_array(paths[0], (n, LONGEST), np.int32)
    values = map_array(paths[1], (n, LONGEST), files.dtype)
    check_numbers(paths[0], features, -1, n)
    if not np.isfinite(values).all():
        raise BundleDamaged(f"{paths[1]} holds what is not a number.")
    return FeatureLists(features, values)
