"""Which documents labels are made from, and which they are scored on.

The corpus is split once, for all features: a document that is held out is never read by the
labeller, for whatever feature, and a judge is never calibrated on it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from saetui.core.codec import Int
from saetui.core.postings import Postings
from saetui.interpret.judging.evidence import STRONGEST
from saetui.interpret.judging.repeats import find_repeats, mixed
from saetui.interpret.terms.tokens import Tokens

HELD_OUT = 0.4
"""Share of documents that are held out: a label needs more of them than its score does."""


MOST_READ: Final = 100_000
"""Documents that are read at most; what reading takes grows no further with the corpus."""


@dataclass(frozen=True)
class Split:
    """Two disjoint sets of documents; near repetitions, and what was not read, are in neither.

    Attributes:
        labelling: int32, rows that the labeller and the calibration of judges may read, ascending.
        held_out: int32, rows that labels are scored on, ascending.
    """

    labelling: Int
    held_out: Int


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


def split_documents(tokens: Tokens, seed: int, read: Int | None = None) -> Split:
    """Split a corpus by a hash of seed and row.

    A row's side depends on nothing else, so that documents added later move none. A near
    repetition of an earlier document is left out, or a label could be made from the very text that
    it is scored on; so is what is not among the documents `read`, where these are given.
    """
    rows = np.arange(tokens.documents, dtype=np.uint64)
    drawn = mixed(rows ^ mixed(np.array([seed], dtype=np.uint64))) / np.float64(2**64)
    kept = ~find_repeats(tokens)
    if read is not None:
        kept &= np.isin(np.arange(tokens.documents), read)
    return Split(
        np.flatnonzero(kept & (drawn >= HELD_OUT)).astype(np.int32),
        np.flatnonzero(kept & (drawn < HELD_OUT)).astype(np.int32),
    )


def restricted(postings: Postings, rows: Int) -> Postings:
    """Postings with those of `rows` only, numbered as before."""
    wanted = np.zeros(int(max(postings.rows.max(initial=-1), rows.max(initial=-1))) + 1, dtype=bool)
    wanted[rows] = True
    keep = wanted[postings.rows]
    # The places of what is kept take less memory than a running count of everything.
    places = np.flatnonzero(keep)
    return Postings(
        np.searchsorted(places, postings.indptr).astype(np.int64),
        np.asarray(postings.rows[places]),
        np.asarray(postings.values[places]),
    )
