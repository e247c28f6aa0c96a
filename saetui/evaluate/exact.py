"""Exact nearest-neighbour search for many vectors at once."""

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.search import unit

# Documents and vectors that are multiplied at a time.
_ROWS = 16_384
_VECTORS = 256


def nearest(
    vectors: Float,
    embeddings: NDArray[np.floating],
    depth: int,
    added: NDArray[np.floating] | None = None,
    *,
    block: tuple[int, int] = (_ROWS, _VECTORS),
) -> NDArray[np.int64]:
    """Rows of the documents nearest to each vector, nearest first; int64 `(m, depth)`.

    Documents of equal score come in the order of their rows.

    Args:
        vectors: float32 `(m, d)`; the cosine is taken, so that they need not be of unit norm.
        embeddings: Unit-norm rows `(N, d)`, at least `depth` of them.
        depth: How many documents to find for each vector.
        added: Added to the cosines, `(m, N)`; None adds nothing.
        block: How many documents and how many vectors are multiplied at a time.
    """
    rows, most = block
    found = [
        _nearest(
            vectors[start : start + most],
            embeddings,
            depth,
            None if added is None else added[start : start + most],
            rows,
        )
        for start in range(0, len(vectors), most)
    ]
    return np.concatenate([np.empty((0, depth), dtype=np.int64), *found])


def _nearest(
    vectors: Float,
    embeddings: NDArray[np.floating],
    depth: int,
    added: NDArray[np.floating] | None,
    most: int,
) -> NDArray[np.int64]:
    queries = np.stack([unit(vector) for vector in vectors])
    rows = np.empty((len(queries), 0), dtype=np.int64)
    scores = np.empty((len(queries), 0), dtype=np.float32)
    for start in range(0, len(embeddings), most):
        block = np.asarray(embeddings[start : start + most], dtype=np.float32)
        here = queries @ block.T
        if added is not None:
            here = here + added[:, start : start + most]
        chosen = _top(here, depth)
        rows = np.hstack([rows, chosen + start])
        scores = np.hstack([scores, np.take_along_axis(here, chosen, axis=1)])
        best = _top(scores, depth)
        rows = np.take_along_axis(rows, best, axis=1)
        scores = np.take_along_axis(scores, best, axis=1)
    return rows


def _top(scores: Float, depth: int) -> NDArray[np.int64]:
    depth = min(depth, scores.shape[1])
    if depth == scores.shape[1]:
        chosen = np.broadcast_to(np.arange(depth), scores.shape)
    else:
        chosen = np.sort(np.argpartition(-scores, depth - 1, axis=1)[:, :depth], axis=1)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)
