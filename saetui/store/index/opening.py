"""Open the index of a bundle, whatever its kind."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.errors import BundleDamaged
from saetui.store.index.exact import ExactIndex
from saetui.store.index.graph import GraphIndex
from saetui.store.index.milvus import MilvusIndex
from saetui.store.index.parameters import (
    PARAMETERS,
    IndexParameters,
    VectorIndex,
    read_parameters,
)
from saetui.store.index.projected import ProjectedIndex


def open_index(
    folder: Path,
    vectors: Callable[[], NDArray[np.floating]],
    parameters: IndexParameters | None = None,
) -> VectorIndex:
    """The index of the bundle in `folder`, loaded.

    Args:
        folder: Of the bundle.
        vectors: The bundle's vectors; called only if the index needs them.
        parameters: Of the index; None reads them.

    Raises:
        BundleDamaged: A file is missing, was changed, or describes no index.
    """
    parameters = parameters or read_parameters(folder)
    match parameters.kind:
        case "exact":
            return ExactIndex(parameters, vectors)
        case "graph":
            return GraphIndex(folder, parameters)
        case "projected":
            return ProjectedIndex(folder, parameters)
        case "milvus":
            return MilvusIndex(folder, parameters)
    raise BundleDamaged(
        f"{folder / PARAMETERS} names an index of kind '{parameters.kind}', which is not known.",
        "A later version of saetui may know it.",
    )
