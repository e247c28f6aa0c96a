"""An index of kind `projected`: a graph on principal components, a fraction of the size.

Documents lie almost entirely in the span of the axes along which they vary most. So the inner
product of a query and a document is nearly that of their projections onto these axes, even if the
query itself lies elsewhere. The graph returns more candidates than are wanted, and these are
rescored with their whole vectors, which stay on disk.

Projections do not have unit norm. A graph by inner products has few links to vectors of small norm,
which would hardly ever be found. So each projection gets an additional number that makes its norm 1
(Bachrach et al., "Speeding up the Xbox recommender system using a Euclidean transformation for
inner-product spaces", 2014); a query gets a zero there, which leaves its products unchanged.
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

# Widths of projected vectors. The first one is used whose axes hold most of the variance, or else
# the last one that memory has room for. A narrower one needs so many more candidates that searching
# takes longer.
WIDTHS = (256, 384, 512)
_MOST = 0.75
_BYTES = 768 << 20

# hnswlib's ef: its minimum, and its multiple of the candidates. Comparing a projection takes less
# time than rescoring a whole vector.
_LEAST_VIEW = 1_500
_REACH = 2

# Rows from which the axes are computed.
_SAMPLE = 32_768
_SEED = 100


def principal_axes(vectors: NDArray[np.floating]) -> Float:
    """Axes that hold most of the vectors' squared length, at most half as many as dimensions.

    The axes are not those of the variance, because for inner products the mean is a direction like
    any other. But their number depends on how documents differ, and so on the variance.

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
    """Projections of vectors onto `axes`, with the number that makes their norm 1, in blocks."""

    def blocks(start: int) -> Iterator[Float]:
        for first in range(start, len(vectors), ADD_BLOCK):
            block = single(vectors[first : first + ADD_BLOCK])
            forget_pages(vectors)
            yield projected(block, axes)

    return blocks


def projected(block: Float, axes: Float) -> Float:
    """Projections of some vectors onto `axes`, with the number that makes their norm 1."""
    along = block @ axes
    rest = 1 - np.einsum("ij,ij->i", along, along)
    return np.column_stack([along, np.sqrt(np.maximum(rest, 0))])


class ProjectedIndex:
    """A graph on principal components, loaded and ready to search from any thread.

    Raises:
        BundleDamaged: A file is missing, or is not the one that was written.
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
