"""Which features are active on the same documents, counted without an `n` by `n` matrix."""

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes
from saetui.core.families import CoOccurrence
from saetui.core.postings import Postings
from saetui.progress import Progress


def count_co_occurrence(
    codes: Codes,
    postings: Postings,
    features: NDArray[np.integer],
    minimum_weight: float,
    progress: Progress,
) -> CoOccurrence:
    """Pairs among `features` whose documents overlap enough to join them in the graph of families.

    For each feature only the code rows of its own documents are read, so the work is the number
    of these rows times `k`, and memory holds the rows of one feature and the pairs that are kept.

    Args:
        codes: By document; may be memory-mapped.
        postings: The same codes by feature.
        features: Distinct feature numbers.
        minimum_weight: `tau`, the least `C_ij / (min(f_i, f_j) + 1)` of a pair.
        progress: Is told of every feature done.

    Returns:
        Pairs ordered by first, then second feature. They are the same whatever the order of
        documents, but for the rounding of the similarities.
    """
    wanted = np.zeros(codes.n, dtype=bool)
    wanted[features] = True
    documents = postings.counts()
    norms = _column_norms(postings)
    found: list[CoOccurrence] = []
    progress.start("Counting co-occurrence", len(features), "features")
    for first in np.flatnonzero(wanted):
        rows, activations = postings.documents(int(first))
        order = np.argsort(rows)
        indices = np.asarray(codes.indices[rows[order]])
        used = indices > first
        others = indices[used]
        counts = np.bincount(others, minlength=codes.n)
        # Division, not a reciprocal's product: weights of exactly `tau` must not flip.
        weights = counts / (np.minimum(documents, documents[first]) + 1)
        second = np.flatnonzero(wanted & (counts > 0) & (weights >= minimum_weight))
        products = np.asarray(codes.values[rows[order]], np.float64) * activations[order][:, None]
        sums = np.bincount(others, products[used], minlength=codes.n)[second]
        found.append(
            CoOccurrence(
                np.full(len(second), first, dtype=np.int32),
                second.astype(np.int32),
                counts[second],
                weights[second],
                sums / (norms[first] * norms[second]),
            )
        )
        progress.advance()
    return _joined(found)


def _column_norms(postings: Postings) -> NDArray[np.float64]:
    """L2 norm of every feature's activations; float64 `(n,)`."""
    features = np.repeat(np.arange(postings.n), postings.counts())
    squares = np.square(postings.values, dtype=np.float64)
    return np.sqrt(np.bincount(features, weights=squares, minlength=postings.n))


def _joined(parts: list[CoOccurrence]) -> CoOccurrence:
    if not parts:
        none = np.empty(0)
        ids = none.astype(np.int32)
        return CoOccurrence(ids, ids, none.astype(np.int64), none, none)
    return CoOccurrence(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.similarities for part in parts]),
    )
