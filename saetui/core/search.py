"""Rank documents by cosine, exactly."""

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float

# What a core keeps in its cache.
_BLOCK_BYTES = 256 << 10
_SIGN_EXPONENT_FRACTION = np.int32(-0x70000001)
_OFFSET = np.float32(2.0**112)


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
    block = max(1, _BLOCK_BYTES // (4 * max(embeddings.shape[1], 1)))
    for start in range(0, len(embeddings), block):
        part = single(embeddings[start : start + block])
        # A matrix product rounds a row by where it stands; equal documents would not score alike.
        np.einsum("ij,j->i", part, query, out=scores[start : start + block])
    return scores


def single(rows: NDArray[np.floating]) -> Float:
    """Finite numbers in single precision, exactly; several times as fast as numpy from half.

    A half has 5 bits of exponent and 10 of fraction, a single 8 and 23. Shifted to where those of
    a single lie they read as the same number but for the exponent's offset, a factor of 2 ** 112.
    """
    if rows.dtype != np.float16 or not rows.dtype.isnative:
        return np.asarray(rows, dtype=np.float32)
    bits = np.left_shift(rows.view(np.int16), 13, dtype=np.int32)
    # The sign was spread over the bits above the exponent.
    bits &= _SIGN_EXPONENT_FRACTION
    numbers = bits.view(np.float32)
    numbers *= _OFFSET
    return numbers


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


def distinct(*numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    """All that occur, ascending; by sorting, where numpy's own way takes twenty times as long."""
    found = np.sort(np.concatenate(numbers).astype(np.int64, copy=False))
    new = np.ones(len(found), dtype=bool)
    new[1:] = found[1:] != found[:-1]
    return found[new]
