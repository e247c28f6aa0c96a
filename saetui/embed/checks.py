"""Rules for every embedder: a query is not blank, a vector is finite and of unit norm."""

import numpy as np
from numpy.typing import NDArray

from saetui.errors import EmbedderError, InputError

_NAMED = 5


def checked_query(text: str) -> str:
    """`text` without surrounding white space, safe to encode.

    Raises:
        InputError: It is blank: the embedding of an empty text would find arbitrary documents.
    """
    query = encodable(text).strip()
    if not query:
        raise InputError("The query is empty.", "Type what to search for.")
    return query


def encodable(text: str) -> str:
    """`text` with lone surrogates, which UTF-8 cannot encode, replaced by question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def unit_rows(vectors: NDArray[np.floating], names: list[str], source: str) -> NDArray[np.float32]:
    """Rows scaled to unit norm.

    Args:
        vectors: `(m, d)`, any float type.
        names: Of each row, for error messages.
        source: What made the vectors, for error messages.

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
