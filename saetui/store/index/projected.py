"""An index of kind `projected`: a graph on principal components, a fraction of the size.

The inner product of two vectors is nearly that of their projections onto the axes along which
documents vary most, whatever the query: of a query that lies elsewhere, what is cut off would meet
only the little that is cut off of the documents. So the graph names more rows than are wanted, and
their whole vectors, which stay on disk, decide.

Projections are not of unit norm, and a graph by inner products links few documents to those of
small norm, which are then hardly ever found. So each gets one number more, which makes its norm 1
again (Bachrach et al., "Speeding up the Xbox recommender system using a Euclidean transformation
for inner-product spaces", 2014); a query gets a zero there, and its products stay what they were.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.search import single
from saetui.store.arrays import forget_pages, map_array, save_array
from saetui.store.index.graph import ADD_BLOCK, Blocks, GraphIndex, prove
from saetui.store.index.parameters import IndexParameters, Rows

PROJECTION = "index.projection.npy"

# Numbers of a projected vector: the first choice whose axes hold most of the variance, or the last
# that memory has room for. A narrower one names so many more rows, to hold the nearest, that it
# takes longer.
WIDTHS = (256, 384, 512)
_MOST = 0.75
_BYTES = 768 << 20

# Candidates that a search keeps in view, at least, and for each that it names. To look at a
# projection is cheaper than to score a whole vector again.
_LEAST_VIEW = 1_500
_REACH = 2

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
        Float32 `(d, width - 1)`, orthonormal columns, the most important first.
    """
    random = np.random.default_rng(_SEED)
    rows = np.sort(random.choice(len(vectors), min(_SAMPLE, len(vectors)), replace=False))
    moments, total = np.zeros((vectors.shape[1],) * 2), np.zeros(vectors.shape[1])
    for start in range(0, len(rows), ADD_BLOCK):
        block = single(vectors[rows[start : start + ADD_BLOCK]])
        moments += block.T @ block
        total += block.sum(axis=0)
        forget_pages(vectors)
    axes = np.linalg.eigh(moments).eigenvectors[:, ::-1]
    covariance = moments - np.outer(total, total) / max(len(rows), 1)
    variance = np.einsum("ij,ij->j", axes, covariance @ axes)
    enough = _MOST * variance.sum()
    most = max(vectors.shape[1] // 2, 1)
    affordable = [w for w in WIDTHS if 4 * w * len(vectors) <= _BYTES] or WIDTHS[:1]
    width = next((w for w in affordable if variance[: w - 1].sum() >= enough), affordable[-1])
    return np.ascontiguousarray(axes[:, : min(width - 1, most)], dtype=np.float32)


def write_projection(folder: Path, axes: Float) -> None:
    """Write axes `(d, width)`."""
    save_array(folder / PROJECTION, axes)


def projected_vectors(vectors: NDArray[np.floating], axes: Float) -> Blocks:
    """Projections of vectors onto `axes`, of unit norm by one number more, a block at a time."""

    def blocks(start: int) -> Iterator[Float]:
        for first in range(start, len(vectors), ADD_BLOCK):
            block = single(vectors[first : first + ADD_BLOCK])
            forget_pages(vectors)
            yield projected(block, axes)

    return blocks


def projected(block: Float, axes: Float) -> Float:
    """Projections of some vectors onto `axes`, of unit norm by one number more."""
    along = block @ axes
    rest = 1 - np.einsum("ij,ij->i", along, along)
    return np.column_stack([along, np.sqrt(np.maximum(rest, 0))])


class ProjectedIndex:
    """A graph on principal components, loaded and ready to search from any thread.

    Raises:
        BundleDamaged: A file is missing or is not the one that was written.
    """

    exact = False

    def __init__(self, folder: Path, parameters: IndexParameters) -> None:
        self.parameters = parameters
        prove(folder / PROJECTION, parameters.projection_sha256)
        shape = (parameters.dimensions, parameters.projection - 1)
        self._axes = np.array(map_array(folder / PROJECTION, shape, np.float32))
        self._graph = GraphIndex(folder, parameters)

    def search(self, vector: Float, count: int) -> Rows:
        """See `VectorIndex.search`."""
        projected = np.append(vector @ self._axes, np.float32(0))
        return self._graph.search(projected, count, max(_REACH * count, _LEAST_VIEW))
