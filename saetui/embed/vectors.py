"""The rule that every embedding is a finite vector of unit norm, enforced in one place."""

import numpy as np
from numpy.typing import NDArray

from saetui.errors import EmbedderError

_NAMED = 5


def unit_rows(vectors: NDArray[np.floating], names: list[str], source: str) -> NDArray[np.float32]:
    """Rows scaled to unit norm.

    Args:
        vectors: `(m, d)`, any float type.
        names: What to call each row in an error.
        source: What made the vectors, for an error.

    Returns:
        Float32 `(m, d)`, a copy.

    Raises:
        EmbedderError: A row holds NaN or infinity, or is zero.
    """
    # Double precision, because a half-precision norm overflows and a tiny one underflows.
    rows = np.array(vectors, dtype=np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    for bad, fault in (
        (~np.isfinite(norms), "not all numbers are finite in the vectors of"),
        (norms == 0, "the vectors are zero for"),
    ):
        if bad.any():
            raise EmbedderError(f"{source}: {fault} {_listed(names, bad)}.")
    unit: NDArray[np.float32] = (rows / norms[:, None]).astype(np.float32)
    return unit


def unit_row(vector: NDArray[np.floating], name: str, source: str) -> NDArray[np.float32]:
    """One vector `(d,)` scaled to unit norm; see `unit_rows`."""
    row: NDArray[np.float32] = unit_rows(vector[None], [name], source)[0]
    return row


def _listed(names: list[str], chosen: NDArray[np.bool_]) -> str:
    rows = np.flatnonzero(chosen)
    shown = ", ".join(names[row] for row in rows[:_NAMED])
    return shown if len(rows) <= _NAMED else f"{shown} and {len(rows) - _NAMED} more"
