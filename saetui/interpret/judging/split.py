"""Which documents are read, which of them labels are made from, and which they are scored on.

The corpus is split once, for all features: a held-out document is never used to label any feature
or to calibrate a judge.
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
"""Share of documents that are held out; making a label needs more documents than scoring it."""


MOST_READ: Final = 100_000
"""The most documents that are read. A label depends on a few dozen documents, and its background
on a few ten thousand, so more would take memory without telling more."""


@dataclass(frozen=True)
class Split:
    """Two disjoint sets of documents; near repetitions and unread documents are in neither.

    Attributes:
        labelling: int32, rows for making labels and calibrating judges, ascending.
        held_out: int32, rows for scoring labels, ascending.
    """

    labelling: Int
    held_out: Int


def documents_to_read(postings: Postings, count: int, seed: int, limit: int = MOST_READ) -> Int:
    """Choose the documents to read: all, or `limit` of a larger corpus.

    At most half of these are the strongest documents of features: first the strongest of each,
    then the second, and so on up to `STRONGEST`; within a rank, those of rare features first,
    because a random sample holds the fewest of these. The others are drawn at random.

    Args:
        postings: Of the SAE on the corpus.
        count: Documents in the corpus.
        seed: Of the random draw.
        limit: Documents to read at most.

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
        # Keep the first occurrence of each row.
        found = rows[np.sort(np.unique(rows, return_index=True)[1])][:limit]
        if len(found) == limit:
            break
    return found


def split_documents(tokens: Tokens, seed: int, read: Int | None = None) -> Split:
    """Split a corpus by a hash of seed and row.

    A row's side depends on nothing else, so documents added later do not change it. Near
    repetitions of earlier documents are left out, or a label could be scored on the very text that
    it was made from; so are documents that are not in `read`, if given.
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
    """Postings with only the documents in `rows`, which keep their numbers."""
    wanted = np.zeros(int(max(postings.rows.max(initial=-1), rows.max(initial=-1))) + 1, dtype=bool)
    wanted[rows] = True
    keep = wanted[postings.rows]
    # These positions take less memory than a running count over all postings.
    places = np.flatnonzero(keep)
    return Postings(
        np.searchsorted(places, postings.indptr).astype(np.int64),
        np.asarray(postings.rows[places]),
        np.asarray(postings.values[places]),
    )
