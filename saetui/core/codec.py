"""Encode embeddings into sparse codes and decode them again, in numpy.

    a = W_enc (x - b_pre) + b_enc        z = TopK(ReLU(a), k)        x_hat = sum_i z_i d_i + b_pre

after O'Neill et al., "Disentangling Dense Embeddings with Sparse Autoencoders" (arXiv 2408.00657).
If an SAE has thresholds, as those trained by BatchTopK or JumpReLU do, activations at or below them
count as zero, and the number of active features differs between documents. A ReLU is a threshold of
zero for every feature.

Features may have been added to an SAE. These explain what its own features leave over: they are
encoded from `x` less what its own features decode to, and have a `k` of their own. So the codes of
its own features are the same with and without them.

`Codes` hold the active features of each document, and `Postings` the documents of each feature.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

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
        k: The most features that can be active on a document, added ones included.
        threshold: Activations at or below it count as zero; at least 0. One number, or one for each
            feature, float32 `(n,)`.
        selection: Activations are multiplied by it before the `k` largest are chosen, float32
            `(n,)`; None to choose by the activations themselves.
        layer_norm: Whether an embedding is centred and divided by its standard deviation before it
            is encoded. The encoder does both for embeddings of unit norm and mean 0;
            `preactivations` makes up for the difference of others.
        added: How many features, the last ones, were added to an SAE.
        added_k: The most of these that can be active on a document.
    """

    encoder: Float
    encoder_bias: Float
    directions: Float
    bias: Float
    k: int
    threshold: float | Float = 0.0
    selection: Float | None = None
    layer_norm: bool = False
    added: int = 0
    added_k: int = 0

    @property
    def n(self) -> int:
        """Number of features."""
        return int(self.encoder.shape[0])

    @property
    def d(self) -> int:
        """Width of the embeddings."""
        return int(self.encoder.shape[1])

    @property
    def has_threshold(self) -> bool:
        """Whether thresholds, and not a number of features, decide what is active."""
        return isinstance(self.threshold, np.ndarray) or self.threshold > 0

    def threshold_of(self, features: slice | NDArray[np.intp]) -> float | Float:
        """The thresholds of some features, or the one of all."""
        each = self.threshold
        return each[features] if isinstance(each, np.ndarray) else each

    @cached_property
    def given(self) -> "SaeWeights":
        """The SAE without the features that were added to it."""
        if not self.added:
            return self
        own = self.n - self.added
        return replace(
            self,
            encoder=self.encoder[:own],
            encoder_bias=self.encoder_bias[:own],
            directions=self.directions[:own],
            k=self.k - self.added_k,
            threshold=self.threshold_of(slice(own)),
            selection=None if self.selection is None else self.selection[:own],
            added=0,
            added_k=0,
        )

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
    if weights.added:
        own = preactivations(weights.given, x)
        codes = _chosen(weights.given, np.atleast_2d(own))
        left = x - decoded(weights.given, codes).reshape(x.shape)
        first = weights.n - weights.added
        rest = left @ weights.encoder[first:].T + weights.offset[first:]
        return np.concatenate([own, rest], axis=-1).astype(np.float32, copy=False)
    a = x @ weights.encoder.T
    if weights.layer_norm:
        a *= _layer_norm_scale(x)
    return (a + weights.offset).astype(np.float32, copy=False)


LAYER_NORM_EPSILON = 1e-5
"""What is added to the standard deviation before an embedding is divided by it."""


def _layer_norm_scale(x: Float) -> Float:
    """1 over the standard deviation of each embedding, as a share of what the encoder contains."""
    usual = 1 / np.sqrt(x.shape[-1] - 1)
    found = x.std(axis=-1, ddof=1, keepdims=True, dtype=np.float64)
    scale = (usual + LAYER_NORM_EPSILON) / (found + LAYER_NORM_EPSILON)
    return np.asarray(scale, dtype=np.float32)


def encode(weights: SaeWeights, x: Float) -> Codes:
    """Sparse codes of embeddings float32 `(m, d)`.

    Ties at the k-th place go to the lower feature number; otherwise codes would depend on the order
    in which a partial sort happens to leave equal values.
    """
    return _chosen(weights, np.atleast_2d(preactivations(weights, np.atleast_2d(x))))


def _chosen(weights: SaeWeights, a: Float) -> Codes:
    """The codes that pre-activations `(m, n)` lead to."""
    first = weights.n - weights.added
    a = np.where(a > weights.threshold, a, np.float32(0))
    ranked = a if weights.selection is None else a * weights.selection
    chosen = _largest(ranked[:, :first], min(weights.k - weights.added_k, first))
    if weights.added:
        added = _largest(ranked[:, first:], min(weights.added_k, weights.added)) + first
        chosen = np.concatenate([chosen, added], axis=1)
    values = np.take_along_axis(a, chosen, axis=1)
    order = np.lexsort((chosen, -values), axis=1)
    values = np.take_along_axis(values, order, axis=1)
    indices = np.take_along_axis(chosen, order, axis=1)
    return Codes(np.where(values > 0, indices, -1).astype(np.int32), values, weights.n)


def _largest(a: Float, k: int) -> NDArray[np.intp]:
    """Columns of the `k` largest entries of each row, none below 0; `(m, k)`.

    Ties go to the lower column, except among entries of 0.
    """
    if k >= a.shape[1]:
        return np.broadcast_to(np.arange(a.shape[1]), a.shape)
    chosen = np.argpartition(-a, k - 1, axis=1)[:, :k]
    least = np.take_along_axis(a, chosen, axis=1).min(axis=1, keepdims=True)
    tied = np.flatnonzero(((a >= least).sum(axis=1) > k) & (least[:, 0] > 0))
    if len(tied):
        chosen[tied] = np.argsort(-a[tied], axis=1, kind="stable")[:, :k]
    return chosen


def decoded(weights: SaeWeights, codes: Codes) -> Float:
    """What the features of codes add up to, without the bias; float32 `(m, d)`."""
    z = np.zeros((len(codes.indices), weights.n), dtype=np.float32)
    rows, slots = np.nonzero(codes.indices >= 0)
    z[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    return np.asarray(z @ weights.directions, dtype=np.float32)


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


@dataclass(frozen=True)
class Postings:
    """The documents of each feature, strongest first; one feature is one slice of the arrays.

    Attributes:
        indptr: int64 `(n + 1,)`; feature `i` has `rows[indptr[i]:indptr[i + 1]]`.
        rows: int32 `(nnz,)`, documents; those of equal activation in order of rows.
        values: float32 `(nnz,)`, activations of these documents, all above zero.
    """

    indptr: NDArray[np.int64]
    rows: Int
    values: Float

    @property
    def n(self) -> int:
        """Number of features."""
        return len(self.indptr) - 1

    def counts(self) -> NDArray[np.int64]:
        """How many documents activate each feature, int64 `(n,)`."""
        return np.diff(self.indptr)

    def documents(self, feature: int) -> tuple[Int, Float]:
        """Rows and activations of one feature, strongest first."""
        span = slice(int(self.indptr[feature]), int(self.indptr[feature + 1]))
        return self.rows[span], self.values[span]

    def count(self, among: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of certain documents, bool `(N,)`, have each feature, int64 `(n,)`."""
        return self.having(among[self.rows])

    def having(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of each feature's postings are chosen by a bool `(nnz,)`, int64 `(n,)`."""
        counts = (np.count_nonzero(chosen[span]) for span in self.spans())
        return np.fromiter(counts, dtype=np.int64, count=self.n)

    def total(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum of numbers of documents, float64 `(N,)`, over those of each feature, `(n,)`."""
        sums = (numbers[self.rows[span]].sum() for span in self.spans())
        return np.fromiter(sums, dtype=np.float64, count=self.n)

    def spans(self) -> Iterator[slice]:
        """Where each feature's postings are.

        Working slice by slice needs little memory; getting much takes longer than filling it.
        """
        return (slice(start, end) for start, end in pairwise(self.indptr.tolist()))

    def by_place(self, places: NDArray[np.int64], width: int) -> NDArray[np.int64]:
        """How many documents of each place have each feature, `(n, width)`.

        Args:
            places: The place of each document, `(N,)`; those with -1 are not counted.
            width: Number of places.
        """
        cell = np.where(places < 0, width, places)
        counts = np.empty((self.n, width), dtype=np.int64)
        for feature, span in enumerate(self.spans()):
            counts[feature] = np.bincount(cell[self.rows[span]], minlength=width + 1)[:width]
        return counts

    def among(self, kept: NDArray[np.bool_]) -> "Postings":
        """The postings of some documents only, bool `(N,)`; rows keep their numbers."""
        return self.where(kept[self.rows])

    def where(self, chosen: NDArray[np.bool_]) -> "Postings":
        """Some of the postings only, bool `(nnz,)`."""
        indptr = np.zeros(self.n + 1, dtype=np.int64)
        np.cumsum(self.having(chosen), out=indptr[1:])
        # `compress` takes a fifth of the time of an index of booleans.
        return Postings(indptr, self.rows.compress(chosen), self.values.compress(chosen))


def build_postings(codes: Codes) -> Postings:
    """Invert codes, in memory proportional to the number of activations above zero."""
    active = codes.indices >= 0
    features = codes.indices[active]
    indptr = np.zeros(codes.n + 1, dtype=np.int64)
    np.cumsum(np.bincount(features, minlength=codes.n), out=indptr[1:])
    order = by_feature(features, codes.n)
    rows = np.nonzero(active)[0].astype(np.int32)[order]
    values = np.asarray(codes.values[active], dtype=np.float32)[order]
    sort_by_activation(indptr, rows, values)
    return Postings(indptr, rows, values)


def by_feature(features: Int, n: int) -> NDArray[np.intp]:
    """Indices that sort feature numbers below `n`; equal numbers keep their order."""
    # numpy sorts 16-bit numbers by radix sort, in a tenth of the time.
    return np.argsort(features.astype(np.min_scalar_type(max(n - 1, 0))), kind="stable")


def sort_by_activation(indptr: NDArray[np.int64], rows: Int, values: Float) -> None:
    """Sort each feature's documents, which come in order of rows, by falling activation, in place.

    Positive floats are in the same order as their bits read as integers. So each document becomes
    one 64-bit integer, the activation's inverted bits above the row, and sorting these needs no
    second key.
    """
    for first, last in zip(indptr[:-1].tolist(), indptr[1:].tolist(), strict=True):
        activations = np.ascontiguousarray(values[first:last]).view(np.uint32)
        keys = (~activations).astype(np.uint64) << np.uint64(32)
        keys |= rows[first:last].astype(np.uint64)
        keys.sort()
        rows[first:last] = (keys & np.uint64(0xFFFFFFFF)).astype(np.int32)
        values[first:last] = (~(keys >> np.uint64(32)).astype(np.uint32)).view(np.float32)
