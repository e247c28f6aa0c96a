"""How probably a feature's label is true of each document that activates it, and which count.

TopK fills the k places of a code whether or not there is something to say, so the weakest documents
of a feature often have nothing to do with it. A document counts for a feature if the label is more
probably true of it than not; `interpret.judging.truth` estimates how probably.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Postings

STEPS = 255
"""Probabilities are kept as whole numbers of so many parts."""

COUNTS_FROM = 0.5
"""A document counts from this probability on. On features that played no part in any choice, 24
each of astro-ph, cs.LG and cs (k = 8), readers found labels true of .52, .45 and .42 of the active
documents, of .78, .72 and .77 of those that count, and .83, .82 and .88 of the true ones count."""

POSSIBLE_FROM = 0.15
"""From this probability on, a document that is near to a query speaks for a feature of the query.
By those that count alone, .72 and .76 of the first six features of a title are active on its own
abstract (k = 8, 250 titles of cs.LG and astro-ph), by these .83 and .81, and as many of those that
are taken for sure are active on an abstract that had no say."""

LEAST_COUNTED = 0.1
"""At least this share of a feature's documents counts, the strongest ones, even where the label is
probably not true of them: the share that is shown then says so."""

# How far features differ in the log odds of their labels being true, beyond what the probabilities
# say, as a standard deviation over the features that readers judged (.6 to 1.6 by SAE).
SPREAD = 1.0
# A normal distribution has 80% of its weight within so many standard deviations.
_WITHIN = 1.2816

Probabilities = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TrueShare:
    """Of how many of the documents that count a feature's label is true, by estimate.

    Attributes:
        value: From 0 to 1.
        low: The share is at least this for nine features of ten.
        high: The share is at most this for nine features of ten.
    """

    value: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """For a list: `8 in 10`."""
        return f"{round(10 * self.value)} in 10"

    @property
    def sentence(self) -> str:
        """With its interval: `true of 8 in 10 (6 to 9)`; where it is hardly true, it says so."""
        low, high = round(10 * self.low), round(10 * self.high)
        said = "true of" if self.value >= COUNTS_FROM else "hardly true: of"
        return f"{said} {self.words} ({low} to {high})"


def stored(probabilities: NDArray[np.floating]) -> Probabilities:
    """Probabilities from 0 to 1 as they are kept."""
    return np.asarray(np.rint(np.clip(probabilities, 0, 1) * STEPS), dtype=np.uint8)


def counting(postings: Postings, probabilities: Probabilities) -> NDArray[np.bool_]:
    """Which postings count, bool `(nnz,)`.

    Args:
        postings: Of the SAE.
        probabilities: Uint8 `(nnz,)`, in their order.
    """
    counts = probabilities >= np.uint8(np.ceil(COUNTS_FROM * STEPS))
    least = np.ceil(LEAST_COUNTED * postings.counts()).astype(np.int64)
    for feature in np.flatnonzero(postings.having(counts) < least).tolist():
        start, end = postings.indptr[feature : feature + 2].tolist()
        counts[start:end] = np.arange(end - start) < least[feature]
    return counts


class Truth:
    """The truth of one SAE's labels on a corpus.

    Args:
        postings: Of the SAE.
        probabilities: Uint8 `(nnz,)`, in the order of the postings.

    Attributes:
        counted: The postings that count.
        active: How many postings there are in all.
    """

    def __init__(self, postings: Postings, probabilities: Probabilities) -> None:
        self._postings, self._probabilities = postings, probabilities
        self.active = len(postings.rows)
        which = counting(postings, probabilities)
        self.counted: Postings = postings.where(which)
        those = probabilities.compress(which)
        self._histograms = np.array(
            [np.bincount(those[span], minlength=STEPS + 1) for span in self.counted.spans()],
            dtype=np.int64,
        ).reshape(postings.n, STEPS + 1)

    def at_least(self, probability: float) -> Postings:
        """The postings of which the label is as probably true."""
        return self._postings.where(self._probabilities >= np.uint8(np.ceil(probability * STEPS)))

    def shares(self) -> list[TrueShare | None]:
        """The share of every feature; None for one without documents."""
        documents = self._histograms.sum(axis=1)
        values, lows, highs = (
            (self._histograms @ _shifted(shift) / np.maximum(documents, 1)).tolist()
            for shift in (0.0, -_WITHIN * SPREAD, _WITHIN * SPREAD)
        )
        return [
            TrueShare(*figures) if count else None
            for count, *figures in zip(documents.tolist(), values, lows, highs, strict=True)
        ]

    def judged(self, feature: int, said: Mapping[int, bool]) -> TrueShare | None:
        """The share of a feature of some of whose documents a reader said if the label is true.

        The reader's answers move the log odds of all documents of the feature by the most probable
        amount, given the prior `SPREAD` (a maximum a posteriori estimate of a random intercept);
        the interval is that of its Laplace approximation.

        Args:
            feature: Its number.
            said: Whether the label is true of documents, by their rows; those that do not activate
                the feature tell nothing.
        """
        histogram = self._histograms[feature]
        if not histogram.sum():
            return None
        span = slice(*self._postings.indptr[feature : feature + 2].tolist())
        rows = self._postings.rows[span]
        asked = np.isin(rows, list(said))
        answers = np.array([said[int(row)] for row in rows[asked]], dtype=bool)
        shift, deviation = _learnt(_log_odds(self._probabilities[span][asked] / STEPS), answers)
        value, low, high = (
            float(histogram @ _shifted(each) / histogram.sum())
            for each in (shift, shift - _WITHIN * deviation, shift + _WITHIN * deviation)
        )
        return TrueShare(value, low, high)


def counted_codes(codes: Codes, counted: Postings) -> Codes:
    """Codes in which a feature stands only for the documents that count for it.

    Args:
        codes: By document.
        counted: The postings that count.
    """
    features = np.repeat(np.arange(counted.n, dtype=np.int64), counted.counts())
    # One sorted number for each pair of document and feature that counts.
    pairs = np.sort(counted.rows * np.int64(counted.n) + features)
    indices = np.array(codes.indices)
    rows = np.arange(len(indices), dtype=np.int64)[:, None]
    sought = np.where(indices >= 0, rows * counted.n + indices, -1)
    places = np.minimum(np.searchsorted(pairs, sought), max(len(pairs) - 1, 0))
    found = pairs[places] == sought if len(pairs) else np.zeros(indices.shape, bool)
    indices[~found] = -1
    return Codes(indices, np.where(found, codes.values, np.float32(0)), codes.n)


def counted_of(
    rows: NDArray[np.integer], codes: Codes, counts: NDArray[np.bool_], others: float = 0.0
) -> Codes:
    """Codes of a few documents, in which a feature stands mostly for those that count for it.

    Args:
        rows: The documents, `(m,)`.
        codes: Of all documents.
        counts: See `counts_of`.
        others: What is left of the activations of documents that do not count.
    """
    values = np.array(codes.values[rows], dtype=np.float32)
    values[~counts] *= np.float32(others)
    return Codes(np.array(codes.indices[rows]), values, codes.n)


def counts_of(rows: NDArray[np.integer], codes: Codes, counted: Postings) -> NDArray[np.bool_]:
    """Which places of the codes of a few documents hold a feature that the document counts for.

    Args:
        rows: The documents, `(m,)`.
        codes: Of all documents.
        counted: The postings that count.

    Returns:
        Bool `(m, k)`.
    """
    indices = np.array(codes.indices[rows])
    found = np.zeros(indices.shape, dtype=bool)
    for feature in np.unique(indices[indices >= 0]).tolist():
        places = np.nonzero(indices == feature)
        active = np.asarray(rows)[places[0]]
        found[places] = (counted.documents(feature)[0][:, np.newaxis] == active).any(axis=0)
    return found


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    bounded = np.clip(probabilities, 0.5 / STEPS, 1 - 0.5 / STEPS)
    return np.asarray(np.log(bounded / (1 - bounded)))


def _shifted(shift: float) -> NDArray[np.float64]:
    """The probability of each kept number after its log odds were moved, `(STEPS + 1,)`."""
    known = _log_odds(np.arange(STEPS + 1) / STEPS)
    return np.asarray(1 / (1 + np.exp(-(known + shift))))


def _learnt(log_odds: NDArray[np.float64], said: NDArray[np.bool_]) -> tuple[float, float]:
    """The most probable shift of log odds, and its standard deviation; by Newton's method."""
    shift, curvature = 0.0, 1 / SPREAD**2
    for _ in range(20):
        expected = 1 / (1 + np.exp(-(log_odds + shift)))
        slope = float((said - expected).sum()) - shift / SPREAD**2
        curvature = float((expected * (1 - expected)).sum()) + 1 / SPREAD**2
        shift += slope / curvature
    return shift, curvature**-0.5
