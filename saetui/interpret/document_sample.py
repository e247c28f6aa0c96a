"""Which documents of a large corpus labels are read from.

A feature's label rests on a few dozen documents, and its background on a few ten thousand, so
that more of both say the same again in more memory.
"""

from typing import Final

import numpy as np

from saetui.core.codec import Int
from saetui.core.postings import Postings
from saetui.interpret.judging.evidence import STRONGEST

MOST_READ: Final = 100_000
"""Documents that are read at most; what reading takes grows no further with the corpus."""


def documents_to_read(postings: Postings, count: int, seed: int, limit: int = MOST_READ) -> Int:
    """All rows of a corpus of up to `limit` documents, so many of a larger one.

    Half of these at most are the strongest documents of features, wherever they lie: first the
    strongest of each, then the second, and so on up to `STRONGEST`; of equal rank, those of rare
    features first, of which a sample holds the fewest. The others are drawn at random.

    Args:
        postings: Of the SAE on the corpus.
        count: Documents of the corpus.
        seed: Of what is drawn.
        limit: Documents at most.

    Returns:
        int32, ascending.
    """
    if count <= limit:
        return np.arange(count, dtype=np.int32)
    chosen = np.zeros(count, dtype=bool)
    chosen[_strongest(postings, limit // 2)] = True
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(~chosen))
    chosen[drawn[: limit - int(chosen.sum())]] = True
    return np.flatnonzero(chosen).astype(np.int32)


def _strongest(postings: Postings, limit: int) -> Int:
    """The first `limit` of features' strongest documents, by rank and then by rarity."""
    counts = postings.counts()
    by_rarity = np.argsort(counts, kind="stable")
    found = np.empty(0, dtype=np.int32)
    for rank in range(STRONGEST):
        features = by_rarity[counts[by_rarity] > rank]
        rows = np.concatenate([found, postings.rows[postings.indptr[features] + rank]])
        # The first of those that are the same.
        found = rows[np.sort(np.unique(rows, return_index=True)[1])][:limit]
        if len(found) == limit:
            break
    return found
