"""Documents that repeat an earlier one, word for word or nearly so.

MinHash over runs of five words (Broder, "On the resemblance and containment of documents", 1997):
two documents agree in as large a share of their minima as they share runs of words. Banding finds
those that may agree without comparing all pairs (Leskovec, Rajaraman and Ullman, "Mining of Massive
Datasets", section 3.4).
"""

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.interpret.terms.tokens import GAP, Tokens

# Documents that share this much of their runs of words are one text, edited lightly.
_LEAST_AGREEMENT = 0.75

_RUN = 5
_HASHES = 32
_BAND = 4
# So many are read at once: a hash takes more memory than a word.
_DOCUMENTS = 8_192

Hashes = NDArray[np.uint64]


def find_repeats(tokens: Tokens) -> NDArray[np.bool_]:
    """Which documents nearly repeat one that stands before them in the corpus, bool `(N,)`.

    Blank documents repeat nothing. Case and punctuation do not count.
    """
    repeats = np.zeros(tokens.documents, dtype=bool)
    filled, signatures = _signatures(tokens)
    for start in range(0, _HASHES, _BAND):
        band = np.ascontiguousarray(signatures[:, start : start + _BAND])
        _, first, bucket = np.unique(band, axis=0, return_index=True, return_inverse=True)
        earlier = first[bucket.ravel()]
        agreement = (signatures == signatures[earlier]).mean(axis=1)
        repeating = (agreement >= _LEAST_AGREEMENT) & (earlier < np.arange(len(filled)))
        repeats[filled[repeating]] = True
    return repeats


def _signatures(tokens: Tokens) -> tuple[NDArray[np.int64], Hashes]:
    """Documents with words, and the least of each hash over their runs of words, `(F, 32)`."""
    parts = [
        _signatures_of(tokens, start, min(start + _DOCUMENTS, tokens.documents))
        for start in range(0, max(tokens.documents, 1), _DOCUMENTS)
    ]
    filled, signatures = zip(*parts, strict=True)
    return np.concatenate(filled), np.concatenate(signatures)


def _signatures_of(tokens: Tokens, first: int, end: int) -> tuple[NDArray[np.int64], Hashes]:
    """The same of documents from `first` to before `end`."""
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
    """A number for the run of five words that begins at each of `words`.

    What lies beyond a document's end counts as nothing, so short documents have runs, too.
    """
    numbers = np.append(mixed(words.astype(np.uint64)), np.zeros(_RUN, np.uint64))
    places, ends = np.arange(len(words)), np.repeat(bounds[1:], np.diff(bounds))
    runs = np.zeros(len(words), dtype=np.uint64)
    for offset in range(_RUN):
        inside = places + offset < ends
        runs = mixed(runs + np.where(inside, numbers[places + offset], np.uint64(0)))
    return runs


def mixed(numbers: Hashes) -> Hashes:
    """A well-spread 64-bit number for each: the finaliser of SplitMix64 (Steele et al. 2014)."""
    mixing = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixing = (mixing ^ (mixing >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixing = (mixing ^ (mixing >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixing ^ (mixing >> np.uint64(31))
