"""Codes the other way round: for each feature, the documents that activate it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, Int


@dataclass(frozen=True)
class Postings:
    """For each feature its documents by falling activation, so that opening one reads one slice.

    Attributes:
        indptr: int64 `(n + 1,)`; feature `i` owns `rows[indptr[i]:indptr[i + 1]]`.
        rows: int32 `(nnz,)`, documents; equal activations are in the order of rows.
        values: float32 `(nnz,)`, their activations, all above zero.
    """

    indptr: NDArray[np.int64]
    rows: Int
    values: Float

    @property
    def n(self) -> int:
        """Number of features."""
        return len(self.indptr) - 1

    def counts(self) -> NDArray[np.int64]:
        """Documents that activate each feature, int64 `(n,)`."""
        return np.diff(self.indptr)

    def documents(self, feature: int) -> tuple[Int, Float]:
        """Rows and activations of one feature, strongest first."""
        span = slice(int(self.indptr[feature]), int(self.indptr[feature + 1]))
        return self.rows[span], self.values[span]


def build_postings(codes: Codes) -> Postings:
    """Invert codes; memory is proportional to the number of non-zero activations."""
    active = codes.indices >= 0
    features = codes.indices[active]
    rows = np.nonzero(active)[0].astype(np.int32)
    values = np.asarray(codes.values[active], dtype=np.float32)
    order = np.lexsort((rows, -values, features))
    indptr = np.zeros(codes.n + 1, dtype=np.int64)
    np.cumsum(np.bincount(features, minlength=codes.n), out=indptr[1:])
    return Postings(indptr, rows[order], values[order])
