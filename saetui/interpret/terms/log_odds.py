"""Which phrases a feature's documents use more than others do, in standard errors.

The log odds ratio with an informative Dirichlet prior of Monroe, Colaresi and Quinn, "Fightin'
Words" (Political Analysis 2008), per document instead of per word: a phrase either is in a
document or is not, so that one long text cannot carry it alone.
"""

import numpy as np
from numpy.typing import NDArray

from saetui.interpret.judging.evidence import Evidence
from saetui.interpret.terms.phrases import Phrases

# The body of a text may mention a thing in passing; its title names what it is about.
_BODY_WEIGHT = 0.6
# As many imaginary documents, distributed as the corpus is, join both sides of a comparison.
_PRIOR_DOCUMENTS = 20.0
# How much the documents just beside the feature count against those of the whole corpus.
_HARD_SHARE = 0.5
# What the score of a part of longer phrases is worth; a whole phrase of less evidence beats it.
_PART_DISCOUNT = 0.6

Counts = NDArray[np.float64]


class PhraseContrast:
    """Scores phrases by how well they separate one feature's documents from the others."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self._weights = np.where(phrases.in_title, 1.0, _BODY_WEIGHT)
        self._documents = len(phrases.indptr) - 1
        self._corpus = np.bincount(phrases.members, self._weights, minlength=len(phrases))

    def strongest(self, evidence: Evidence, limit: int) -> list[tuple[int, float]]:
        """At most `limit` phrases of the feature's strongest documents with their scores.

        Highest score first; equal scores by higher weight in these documents, more words, lower
        number of the phrase, which is the one that occurs earlier in the corpus.
        """
        inside = self._count(evidence.rows, evidence.weights)
        beside = self._count(evidence.negatives, np.ones(len(evidence.negatives)))
        size = float(evidence.weights.sum())
        rest = np.maximum(self._corpus - inside, 0.0)
        found = np.flatnonzero(inside)
        scores = self._score(found, inside, size, rest, self._documents - size)
        scores += _HARD_SHARE * self._score(found, inside, size, beside, len(evidence.negatives))
        scores = np.where(self._phrases.whole[found], scores, _PART_DISCOUNT * scores)
        lengths = self._phrases.lengths[found]
        order = np.lexsort((found, -lengths, -inside[found], -scores))[:limit]
        return [(int(found[i]), float(scores[i])) for i in order]

    def _count(self, rows: NDArray[np.integer], weights: Counts) -> Counts:
        """Weighted number of documents with each phrase, `(P,)`."""
        indptr = self._phrases.indptr
        sizes = indptr[rows + 1] - indptr[rows]
        ends = np.cumsum(sizes)
        entries = np.arange(ends[-1] if len(ends) else 0) + np.repeat(
            indptr[rows] - ends + sizes, sizes
        )
        amounts = np.repeat(weights, sizes) * self._weights[entries]
        counts = np.bincount(self._phrases.members[entries], amounts, minlength=len(self._phrases))
        return counts.astype(np.float64, copy=False)

    def _score(
        self, found: NDArray[np.intp], inside: Counts, size: float, outside: Counts, others: float
    ) -> Counts:
        # Never 0 or 1, so that no phrase is certain and every logarithm is finite.
        share = (self._corpus[found] + 0.5) / (self._documents + 1)
        prior, prior_without = _PRIOR_DOCUMENTS * share, _PRIOR_DOCUMENTS * (1 - share)
        with_in, without_in = inside[found] + prior, size - inside[found] + prior_without
        with_out = outside[found] + prior
        without_out = np.maximum(others - outside[found], 0.0) + prior_without
        difference = np.log(with_in / without_in) - np.log(with_out / without_out)
        return difference / np.sqrt(1 / with_in + 1 / without_in + 1 / with_out + 1 / without_out)
