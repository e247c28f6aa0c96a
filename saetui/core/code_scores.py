"""Steer by what documents activate: the search in mode `codes`.

    score(x) = cosine(e, x) + s(x),   s(x) = sum_i delta_i z_i(x) / max_i

with `delta_i = z'_i - z_i` the change of feature `i`, `z_i(x)` its activation on the document and
`max_i` its strongest activation in the corpus. `s` is zero on every document that activates no
changed feature, so that it is summed from their postings alone, whole and exactly.

Which documents score best is then a matter of merging two rankings, one by cosine and one by `s`.
`best_by_codes` does it by the threshold algorithm (Fagin, Lotem and Naor, "Optimal aggregation
algorithms for middleware", 2003): having looked at the `m` nearest documents and at the `t` of the
highest `s`, every other document scores at most

    (lowest cosine of the m)  +  max(0, lowest s of the t, if there are more above zero)

As long as the last of the best is below that, one of the two goes deeper, whichever costs less: how
many more would have to be looked at by `s` is known. For raised features all documents that
activate them are looked at if they are few; for lowered ones `s` is never above zero, so that going
deep enough by cosine finds all. The result is that of comparing every document, provided
that the ranking by cosine is: where an index misses a near document, so may this.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.postings import Postings
from saetui.core.search import distinct, top

Rows = NDArray[np.int64]

# How deep the two rankings are read at first, and how much deeper each time that is not enough.
_NEAREST = 300
_STRONGEST = 1_000
_DEEPER = 4
# So many documents are looked at in the time that the index takes to go deeper, for each of the
# nearest that it has named so far.
_WORTH = 20

# A deeper look that rounds differently must not change which of two equal documents is first.
_ROUNDING = 1e-6


def added_scores(postings: Postings, changes: Float, documents: int) -> Float:
    """`s` of every document, float32 `(N,)`.

    Args:
        postings: Of the SAE.
        changes: `z' - z`, dense `(n,)`.
        documents: Their number `N`.
    """
    added = np.zeros(documents, dtype=np.float32)
    for feature in np.flatnonzero(changes).tolist():
        rows, values = postings.documents(feature)
        if len(rows):
            # A feature names each document once, so that adding in place misses nothing.
            added[rows] += np.float32(float(changes[feature]) / float(values[0])) * values
    return added


def rewards(
    postings: Postings, changes: Float, rows: NDArray[np.integer]
) -> dict[int, NDArray[np.float32]]:
    """By changed feature, what it adds to the score of each of some documents, `(m,)`."""
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
) -> tuple[Rows, Float]:
    """Rows and scores of the best documents, best first; equal scores in order of rows.

    Args:
        added: `s` of every document `(N,)`; minus infinity where a document is not wanted.
        limit: How many.
        nearest: Rows and cosines of about so many of the nearest wanted documents, best first;
            fewer where there are no more.
        cosines_of: Cosines of some rows.
    """
    by_nearness, by_strength = max(limit, _NEAREST), max(limit, _STRONGEST)
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
        # With those whose `s` is above this, and one more, no other could come among the best.
        least = last - float(cosines[-1]) - _ROUNDING
        enough = int(np.count_nonzero(added[above] > least)) + 1
        if by_strength < enough <= by_strength + _WORTH * by_nearness:
            by_strength = enough
        else:
            by_nearness *= _DEEPER


def _strongest(added: Float, above: NDArray[np.intp], count: int) -> tuple[NDArray[np.intp], float]:
    """Documents of the highest `s` above zero, and the most that any other can have."""
    if len(above) <= count:
        return above, 0.0
    chosen = above[np.argpartition(-added[above], count - 1)[:count]]
    return chosen, float(added[chosen].min())
