"""Steer by what documents activate: the search in mode `codes`.

    score(x) = cosine(e, x) + s(x),   s(x) = sum_i delta_i z_i(x) / max_i

with `delta_i = z'_i - z_i` the change of feature `i`, `z_i(x)` its activation on the document and
`max_i` its strongest activation in the corpus. A document that activates no changed feature has
`s = 0`, so the postings of the changed features give `s` of every document exactly.

The best documents are then found by merging two rankings, one by cosine and one by `s`.
`best_by_codes` does this by the threshold algorithm (Fagin, Lotem and Naor, "Optimal aggregation
algorithms for middleware", 2003). Once the `m` nearest documents and the `t` documents of the
highest `s` have been scored, every other document scores at most

    (lowest cosine of the m)  +  max(0, lowest s of the t, if there are more above zero)

As long as the last of the best scores less than that, one of the two rankings is read further. It
is the one that costs less: how many more documents are needed by `s` can be counted. If raised
features are active on few documents, all of these are scored. Lowered features leave `s` at zero or
below everywhere, so reading far enough by cosine finds everything. The result equals that of
scoring every document if the ranking by cosine is exact; a near document that an index misses can
be missed here.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.postings import Postings
from saetui.core.search import distinct, top

Rows = NDArray[np.int64]

NEAREST: Final = 300
"""How many of the nearest documents are scored at first."""

STRONGEST: Final = 1_000
"""How many documents of the highest `s` are scored at first."""

# How many times more of the nearest are scored each time that this is not enough.
_DEEPER = 4
# In the time that a deeper search of the index takes, this many documents of high `s` can be scored
# for each document that the index has found so far.
_WORTH = 20

# Cosines of a deeper search may round differently, and equal documents must not change places.
_ROUNDING = 1e-6


def added_scores(postings: Postings, changes: Float, documents: int) -> Float:
    """`s` of every document, float32 `(N,)`.

    Args:
        postings: Of the SAE.
        changes: `z' - z`, dense `(n,)`.
        documents: Number of documents, `N`.
    """
    added = np.zeros(documents, dtype=np.float32)
    for feature in np.flatnonzero(changes).tolist():
        rows, values = postings.documents(feature)
        if len(rows):
            # A document occurs once in a feature's postings, so this adds to each exactly once.
            added[rows] += np.float32(float(changes[feature]) / float(values[0])) * values
    return added


def rewards(
    postings: Postings, changes: Float, rows: NDArray[np.integer]
) -> dict[int, NDArray[np.float32]]:
    """What each changed feature adds to the scores of some documents: `(m,)` by feature."""
    found = {}
    order = np.argsort(rows)
    for feature in np.flatnonzero(changes).tolist():
        documents, values = postings.documents(feature)
        reward = np.zeros(len(rows), dtype=np.float32)
        if len(documents) and len(rows):
            places = order[np.minimum(np.searchsorted(rows[order], documents), len(rows) - 1)]
            here = rows[places] == documents
            factor = np.float32(float(changes[feature]) / float(values[0]))
            reward[places[here]] = factor * values[here]
        found[feature] = reward
    return found


def best_by_codes(
    added: Float,
    limit: int,
    nearest: Callable[[int], tuple[Rows, Float]],
    cosines_of: Callable[[Rows], Float],
    *,
    first_nearest: int = NEAREST,
    first_strongest: int = STRONGEST,
) -> tuple[Rows, Float]:
    """Rows and scores of the best documents, best first; equal scores in order of rows.

    Args:
        added: `s` of every document `(N,)`; minus infinity for documents that may not be found.
        limit: How many documents.
        nearest: Finds rows and cosines of the given number of nearest documents, best first; fewer
            if there are no more.
        cosines_of: Computes the cosines of some rows.
        first_nearest: See `NEAREST`.
        first_strongest: See `STRONGEST`.
    """
    by_nearness, by_strength = max(limit, first_nearest), max(limit, first_strongest)
    above = np.flatnonzero(added > 0)
    while True:
        near, cosines = nearest(by_nearness)
        strong, beyond = _strongest(added, above, by_strength)
        rows = distinct(near, strong)
        scores = cosines_of(rows) + added[rows]
        best = top(scores, limit)
        last = float(scores[best[-1]]) if len(best) == limit else -np.inf
        if len(near) < by_nearness or last >= float(cosines[-1]) + beyond + _ROUNDING:
            return rows[best], scores[best]
        # Scoring all documents of a higher `s`, and one more, would be enough to end the search.
        least = last - float(cosines[-1]) - _ROUNDING
        enough = int(np.count_nonzero(added[above] > least)) + 1
        if by_strength < enough <= by_strength + _WORTH * by_nearness:
            by_strength = enough
        else:
            by_nearness *= _DEEPER


def _strongest(added: Float, above: NDArray[np.intp], count: int) -> tuple[NDArray[np.intp], float]:
    """The `count` documents of the highest `s` above zero, and the most that others can have."""
    if len(above) <= count:
        return above, 0.0
    chosen = above[np.argpartition(-added[above], count - 1)[:count]]
    return chosen, float(added[chosen].min())
