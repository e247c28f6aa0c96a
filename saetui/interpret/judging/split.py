"""Which documents are read, which of them labels are made from, and which they are scored on.

The corpus is split once, for all features: a held-out document is never used to label any feature
or to calibrate a judge.

Documents that repeat an earlier one, word for word or nearly so, are in neither part. They are
found by MinHash over runs of five words (Broder, "On the resemblance and containment of documents",
1997): the share of equal minima estimates the share of common runs. Banding avoids comparing all
pairs (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int, Postings
from saetui.interpret.judging.evidence import STRONGEST
from saetui.interpret.terms.tokens import GAP, Tokens

# Two documents that share this much of their runs of words count as one text, lightly edited.
_LEAST_AGREEMENT = 0.75
_RUN = 5
_HASHES = 32
_BAND = 4
_DOCUMENTS = 8_192
Hashes = NDArray[np.uint64]

HELD_OUT = 0.4
"""Share of documents that are held out; making a label needs more documents than scoring it."""

MOST_READ: Final = 100_000
"""The most documents that are read. A label depends on a few dozen documents, and its background
on a few ten thousand, so more would take memory without telling more."""


@dataclass(frozen=True)
class Split:
    """Two disjoint sets of documents; near repetitions and unread documents are in neither.

    Rows are int32, ascending. Labels are made and judges calibrated on the first set, and scored on
    the second.
    """

    labelling: Int
    held_out: Int


def documents_to_read(postings: Postings, count: int, seed: int, limit: int = MOST_READ) -> Int:
    """Choose the documents to read: all, or `limit` of a larger corpus.

    At most half of these are the strongest documents of features: first the strongest of each,
    then the second, and so on up to `STRONGEST`; within a rank, those of rare features first,
    because a random sample holds the fewest of these. The others are drawn at random.

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
    return postings.among(wanted)


def find_repeats(tokens: Tokens, *, at_once: int = _DOCUMENTS) -> NDArray[np.bool_]:
    """Which documents nearly repeat an earlier one of the corpus, bool `(N,)`.

    Blank documents never do. Case and punctuation are ignored. Documents are hashed `at_once` at a
    time, because a hash takes more memory than a word.
    """
    repeats = np.zeros(tokens.documents, dtype=bool)
    filled, signatures = _signatures(tokens, at_once)
    for start in range(0, _HASHES, _BAND):
        band = np.ascontiguousarray(signatures[:, start : start + _BAND])
        _, first, bucket = np.unique(band, axis=0, return_index=True, return_inverse=True)
        earlier = first[bucket.ravel()]
        agreement = (signatures == signatures[earlier]).mean(axis=1)
        repeating = (agreement >= _LEAST_AGREEMENT) & (earlier < np.arange(len(filled)))
        repeats[filled[repeating]] = True
    return repeats


def _signatures(tokens: Tokens, at_once: int) -> tuple[NDArray[np.int64], Hashes]:
    """Documents with words, and the minimum of each hash over their runs, `(F, 32)`."""
    parts = [
        _signatures_of(tokens, start, min(start + at_once, tokens.documents))
        for start in range(0, max(tokens.documents, 1), at_once)
    ]
    filled, signatures = zip(*parts, strict=True)
    return np.concatenate(filled), np.concatenate(signatures)


def _signatures_of(tokens: Tokens, first: int, end: int) -> tuple[NDArray[np.int64], Hashes]:
    """The same for documents `first` to `end - 1`."""
    bounds = tokens.starts[first : end + 1]
    forms = tokens.forms[bounds[0] : bounds[-1]]
    positions = np.flatnonzero(forms != GAP)
    documents = np.searchsorted(bounds, positions + bounds[0], side="right") - 1
    filled, starts = np.unique(documents, return_index=True)
    signatures = np.empty((len(filled), _HASHES), dtype=np.uint64)
    if len(filled):
        runs = _runs(tokens.words[forms[positions]], np.append(starts, len(positions)))
        for column in range(_HASHES):
            hashed = mixed(runs + np.uint64(column + 1))
            signatures[:, column] = np.minimum.reduceat(hashed, starts)
    return filled + first, signatures


def _runs(words: Int, bounds: NDArray[np.intp]) -> Hashes:
    """A hash of the run of five words that begins at each of `words`.

    A run ends at the end of its document, so short documents have runs as well.
    """
    numbers = np.append(mixed(words.astype(np.uint64)), np.zeros(_RUN, np.uint64))
    places, ends = np.arange(len(words)), np.repeat(bounds[1:], np.diff(bounds))
    runs = np.zeros(len(words), dtype=np.uint64)
    for offset in range(_RUN):
        inside = places + offset < ends
        runs = mixed(runs + np.where(inside, numbers[places + offset], np.uint64(0)))
    return runs


def mixed(numbers: Hashes) -> Hashes:
    """Hash 64-bit numbers, by the finaliser of SplitMix64 (Steele et al. 2014)."""
    mixing = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixing = (mixing ^ (mixing >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixing = (mixing ^ (mixing >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixing ^ (mixing >> np.uint64(31))
