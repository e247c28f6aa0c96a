"""Rank documents by cosine, exactly."""

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float

_BLOCK_BYTES = 32 << 20


def unit(vector: Float) -> Float:
    """`vector` scaled to unit norm; a zero vector stays zero."""
    norm = float(np.linalg.norm(vector))
    return vector / np.float32(norm) if norm > 0 else vector


def cosines(vector: Float, embeddings: NDArray[np.floating]) -> Float:
    """Cosine of `vector` `(d,)` to each unit-norm row of `embeddings` `(N, d)`; float32 `(N,)`.

    Rows are read in blocks, so that half-precision files on disk need no copy of the whole.
    """
    query = unit(vector)
    scores = np.empty(len(embeddings), dtype=np.float32)
    block = max(1, _BLOCK_BYTES // (4 * embeddings.shape[1]))
    for start in range(0, len(embeddings), block):
        part = np.asarray(embeddings[start : start + block], dtype=np.float32)
        # A matrix product rounds a row by where it stands; equal documents would not score alike.
        np.einsum("ij,j->i", part, query, out=scores[start : start + block])
    return scores


def top(scores: NDArray[np.floating | np.integer], limit: int) -> NDArray[np.intp]:
    """Positions of the `limit` highest scores, best first; equal scores in order of position.

    What is not a number comes last.
    """
    limit = min(limit, len(scores))
    if limit == 0:
        return np.empty(0, dtype=np.intp)
    scores = np.where(np.isnan(scores), -np.inf, scores)
    threshold = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    candidates = np.flatnonzero(scores >= threshold)
    order = np.lexsort((candidates, -scores[candidates]))
    return candidates[order[:limit]]
