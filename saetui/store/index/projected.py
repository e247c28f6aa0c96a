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
from saetui.core.search import single
from saetui.store.arrays import map_array, save_array
from saetui.store.index.graph import ADD_BLOCK, Blocks, GraphIndex, prove
from saetui.store.index.parameters import IndexParameters, Rows

PROJECTION = "index.projection.npy"

# How many axes there may be: the first number of them that holds most of the variance, or the last.
WIDTHS = (256, 384, 512)
_MOST = 0.6

# Rows that the axes are found from.
_SAMPLE = 32_768
_SEED = 100


def principal_axes(vectors: NDArray[np.floating]) -> Float:
    """Axes that hold most of the vectors' squared length, at most half as many as dimensions.

    Not those of the variance: inner products count, and for these the mean is a direction like any
    other. But how many are needed is a matter of how documents differ, and so of the variance.

    Args:
        vectors: `(N, d)`, perhaps mapped; a sample of its rows is read.

    Returns:
        Float32 `(d, width)`, orthonormal columns, the most important first.
    """
    random = np.random.default_rng(_SEED)
    rows = np.sort(random.choice(len(vectors), min(_SAMPLE, len(vectors)), replace=False))
    moments, total = np.zeros((vectors.shape[1],) * 2), np.zeros(vectors.shape[1])
    for start in range(0, len(rows), ADD_BLOCK):
        block = single(vectors[rows[start : start + ADD_BLOCK]])
        moments += block.T @ block
        total += block.sum(axis=0)
    axes = np.linalg.eigh(moments).eigenvectors[:, ::-1]
    covariance = moments - np.outer(total, total) / max(len(rows), 1)
    variance = np.einsum("ij,ij->j", axes, covariance @ axes)
    enough = _MOST * variance.sum()
    most = max(vectors.shape[1] // 2, 1)
    width = next((w for w in WIDTHS if variance[:w].sum() >= enough), WIDTHS[-1])
    return np.ascontiguousarray(axes[:, : min(width, most)], dtype=np.float32)


def write_projection(folder: Path, axes: Float) -> None:
    """Write axes `(d, width)`."""
    save_array(folder / PROJECTION, axes)


def projected_vectors(vectors: NDArray[np.floating], axes: Float) -> Blocks:
    """Projections of vectors onto `axes`, a block at a time."""

    def blocks(start: int) -> Iterator[Float]:
        for first in range(start, len(vectors), ADD_BLOCK):
            yield single(vectors[first : first + ADD_BLOCK]) @ axes

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
