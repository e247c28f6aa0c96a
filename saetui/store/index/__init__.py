"""The nearest-neighbour index of a bundle: which kinds there are, and what all of them can do.

| kind | where | what it costs |
| --- | --- | --- |
| `exact` | small corpora | nothing: every vector is compared |
| `graph` | in the middle | hnswlib on the whole vectors, which it keeps in memory |
| `projected` | large corpora | hnswlib on the vectors' principal components, a fraction of that |
| `milvus` | corpora beyond one machine, if asked for | a Milvus database elsewhere |

No index ranks by itself. It names rows that hold the nearest, and whoever asks scores these again
from the vectors in the bundle, so that scores are exact whatever the kind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import cosines, top
from saetui.errors import BundleDamaged
from saetui.store.index.building import (
    asked_kind,
    build_index,
    choose_kind,
    index_files,
    measure_recall,
)
from saetui.store.index.graph import GraphIndex, ProjectedIndex
from saetui.store.index.milvus import MilvusIndex
from saetui.store.index.parameters import (
    PARAMETERS,
    IndexParameters,
    Rows,
    VectorIndex,
    read_parameters,
)

__all__ = [
    "IndexParameters",
    "Rows",
    "VectorIndex",
    "asked_kind",
    "build_index",
    "choose_kind",
    "index_files",
    "measure_recall",
    "open_index",
]


@dataclass(frozen=True)
class ExactIndex:
    """Compares every vector.

    `vectors` returns the vectors of the bundle, `(N, d)`; it is called when first needed.
    """

    exact = True

    parameters: IndexParameters
    vectors: Callable[[], NDArray[np.floating]]

    def search(self, vector: Float, count: int) -> Rows:
        """See `VectorIndex.search`."""
        if not self.parameters.documents:
            return np.empty(0, dtype=np.int64)
        return top(cosines(vector, self.vectors()), count).astype(np.int64)


def open_index(
    folder: Path,
    vectors: Callable[[], NDArray[np.floating]],
    parameters: IndexParameters | None = None,
) -> VectorIndex:
    """The index of the bundle in `folder`, loaded.

    `vectors` is called only if the index needs them; `parameters` are read if they are not given.

    Raises:
        BundleDamaged: A file is missing or was changed, or does not describe an index.
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
