"""Steer by what documents activate: the search in mode `codes`.

    score(x) = cosine(e, x) + sum_i delta_i z_i(x) / max_i

with `delta_i = z'_i - z_i` the change of feature `i`, `z_i(x)` its activation on the document and
`max_i` its strongest activation in the corpus. `saetui.core.added_scores` ranks by such sums.
"""

import numpy as np

from saetui.core.added_scores import Term
from saetui.core.codec import Float
from saetui.core.postings import Postings


def reward(postings: Postings, feature: int, change: float) -> Term:
    """What a change of one feature adds to the documents that activate it."""
    rows, values = postings.documents(feature)
    # The strongest document comes first.
    factor = np.float32(change / float(values[0]) if len(values) else 0)
    return Term(rows.astype(np.int64), factor * values)


def rewards(postings: Postings, changes: Float) -> dict[int, Term]:
    """Terms of all changed features; `changes` is `z' - z`, dense `(n,)`."""
    changed = np.flatnonzero(changes).tolist()
    return {feature: reward(postings, feature, float(changes[feature])) for feature in changed}
