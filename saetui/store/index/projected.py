"""An index of kind `projected`: a graph on principal components, a fraction of the size.

The inner product of two vectors is nearly that of their projections onto the axes along which
documents vary most, whatever the query: of a query that lies elsewhere, what is cut off would meet
only the little that is cut off of the documents. So the graph names more rows than are wanted, and
their whole vectors, which stay on disk, decide.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.store.arrays import map_array, save_array
from saetui.store.index.graph import ADD_BLOCK, Blocks, GraphIndex, prove
from saetui.store.index.parameters import IndexParameters, Rows

PROJECTION = "index.projection.npy"

# Rows that the axes are found from.
_SAMPLE = 32_768
_SEED = 100


def principal_axes(vectors: NDArray[np.floating], width: int) -> Float:
    """The axes that hold most of the vectors' squared length.

    Not those of the variance: inner products count, and for these the mean is a direction like any
    other.

    Args:
        vectors: `(N, d)`, `N` above zero, perhaps mapped; a sample of its rows is read.
        width: How many axes.

    Returns:
        Float32 `(d, width)`, orthonormal columns.
    """
    random = np.random.default_rng(_SEED)
    rows = np.sort(random.choice(len(vectors), min(_SAMPLE, len(vectors)), replace=False))
    moments = np.zeros((vectors.shape[1],) * 2)
    for start in range(0, len(rows), ADD_BLOCK):
        block = np.asarray(vectors[rows[start : start + ADD_BLOCK]], dtype=np.float32)
        moments += block.T @ block
    axes = np.linalg.eigh(moments).eigenvectors
    return np.ascontiguousarray(axes[:, ::-1][:, :width], dtype=np.float32)


def write_projection(folder: Path, axes: Float) -> None:
    """Write axes `(d, width)`."""
    save_array(folder / PROJECTION, axes)


def projected_vectors(vectors: NDArray[np.floating], axes: Float) -> Blocks:
    """Projections of vectors onto `axes`, a block at a time."""

    def blocks(start: int) -> Iterator[Float]:
        for first in range(start, len(vectors), ADD_BLOCK):
            yield np.asarray(vectors[first : first + ADD_BLOCK], dtype=np.float32) @ axes

    return blocks


class ProjectedIndex:
    """A graph on principal components, loaded and ready to search from any thread.

    Raises:
        BundleDamaged: A file is missing or is not the one that was written.
    """

    exact = False

    def __init__(self, folder: Path, parameters: IndexParameters) -> None:
        self.parameters = parameters
        prove(folder / PROJECTION, parameters.projection_sha256)
        shape = (parameters.dimensions, parameters.projection)
        self._axes = np.array(map_array(folder / PROJECTION, shape, np.float32))
        self._graph = GraphIndex(folder, parameters)

    def search(self, vector: Float, count: int) -> Rows:
        """See `VectorIndex.search`."""
        return self._graph.search(vector @ self._axes, count)
