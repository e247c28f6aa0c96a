"""Encode embeddings into sparse codes and decode them again, in numpy.

    a = W_enc (x - b_pre) + b_enc        z = TopK(ReLU(a), k)        x_hat = sum_i z_i d_i + b_pre

after O'Neill et al., "Disentangling Dense Embeddings with Sparse Autoencoders" (arXiv 2408.00657).
If an SAE has a threshold, as those trained by BatchTopK do, activations at or below it count as
zero, and the number of active features differs between documents.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Int = NDArray[np.int32]


@dataclass(frozen=True)
class SaeWeights:
    """The weights of one sparse autoencoder.

    Attributes:
        encoder: `W_enc`, float32 `(n, d)`.
        encoder_bias: `b_enc`, float32 `(n,)`.
        directions: `W_dec` transposed, float32 `(n, d)`; row `i` is `d_i`, of unit norm.
        bias: `b_pre`, float32 `(d,)`.
        k: The most features that can be active on a document.
        threshold: Activations at or below it count as zero; at least 0.
    """

    encoder: Float
    encoder_bias: Float
    directions: Float
    bias: Float
    k: int
    threshold: float = 0.0

    @property
    def n(self) -> int:
        """Number of features."""
        return int(self.encoder.shape[0])

    @property
    def d(self) -> int:
        """Width of the embeddings."""
        return int(self.encoder.shape[1])

    @cached_property
    def offset(self) -> Float:
        """`b_enc - W_enc b_pre`, so that `a = W_enc x + offset`; float32 `(n,)`."""
        return (self.encoder_bias - self.encoder @ self.bias).astype(np.float32)


@dataclass(frozen=True)
class Codes:
    """Sparse codes of `N` documents, in `k` slots each.

    Attributes:
        indices: int32 `(N, k)`, active features, the strongest first; unused slots hold -1.
        values: float32 `(N, k)`, zero in unused slots.
        n: Number of features.
    """

    indices: Int
    values: Float
    n: int


def preactivations(weights: SaeWeights, x: Float) -> Float:
    """`a` for one embedding `(d,)` or many `(m, d)`; float32 `(n,)` or `(m, n)`."""
    return (x @ weights.encoder.T + weights.offset).astype(np.float32, copy=False)


def encode(weights: SaeWeights, x: Float) -> Codes:
    """Sparse codes of embeddings float32 `(m, d)`.

    Ties at the k-th place go to the lower feature number; otherwise codes would depend on the order
    in which a partial sort happens to leave equal values.
    """
    a = np.atleast_2d(preactivations(weights, np.atleast_2d(x)))
    k = min(weights.k, weights.n)
    chosen = _largest(a, k)
    values = np.take_along_axis(a, chosen, axis=1)
    order = np.lexsort((chosen, -values), axis=1)
    values = np.take_along_axis(values, order, axis=1)
    indices = np.take_along_axis(chosen, order, axis=1)
    active = values > weights.threshold
    return Codes(
        np.where(active, indices, -1).astype(np.int32),
        np.where(active, values, 0).astype(np.float32),
        weights.n,
    )


def _largest(a: Float, k: int) -> NDArray[np.intp]:
    """Columns of the `k` largest entries of each row, ties to the lower column; `(m, k)`."""
    if k >= a.shape[1]:
        return np.broadcast_to(np.arange(a.shape[1]), a.shape)
    chosen = np.argpartition(-a, k - 1, axis=1)[:, :k]
    threshold = np.take_along_axis(a, chosen, axis=1).min(axis=1, keepdims=True)
    tied = np.flatnonzero((a >= threshold).sum(axis=1) > k)
    if len(tied):
        chosen[tied] = np.argsort(-a[tied], axis=1, kind="stable")[:, :k]
    return chosen


def encode_in_blocks(weights: SaeWeights, x: NDArray[np.floating], block: int) -> Iterator[Codes]:
    """Encode the rows of `x` `(N, d)` in blocks of `block` rows, to bound the memory needed."""
    for start in range(0, len(x), block):
        yield encode(weights, np.asarray(x[start : start + block], dtype=np.float32))


def encode_dense(weights: SaeWeights, x: Float) -> Float:
    """`z` of one embedding `(d,)` as a dense vector, float32 `(n,)`."""
    codes = encode(weights, x[None, :])
    z = np.zeros(weights.n, dtype=np.float32)
    used = codes.indices[0] >= 0
    z[codes.indices[0][used]] = codes.values[0][used]
    return z


def decode(weights: SaeWeights, z: Float) -> Float:
    """`x_hat` of one dense code `(n,)`; only its non-zero rows are read. float32 `(d,)`."""
    active = np.flatnonzero(z)
    return (z[active] @ weights.directions[active] + weights.bias).astype(np.float32)
