"""How strongly a phrase, and the meaning of a term, set a feature's documents apart from others.

Both are measured in standard errors, so that they can be added.

Phrases: the log odds ratio with an informative Dirichlet prior of Monroe, Colaresi and Quinn,
"Fightin' Words" (Political Analysis 2008). It counts documents with a phrase instead of its
occurrences, so that one long text cannot decide alone.

Meaning: the embedding `t` of a term projects every document onto a line. A feature's strongest
documents lie `t . shift` from the corpus's mean on it, and all documents have the standard
deviation `sqrt(t' S t)` along it, where `S` is the covariance of the embeddings. The score is the
ratio of the two, times the root of the number of documents. A plain cosine would favour terms that
are near to all documents.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import unit
from saetui.errors import EmbedderError
from saetui.interpret.judging.evidence import Evidence
from saetui.interpret.terms.phrases import Phrases
from saetui.progress import Progress

# A title names what its text is about, a body may mention other things in passing.
_BODY_WEIGHT = 0.6
# The strength of the prior: imaginary documents, like those of the corpus, on both sides.
_PRIOR_DOCUMENTS = 20.0
# Weight of the comparison with the nearest inactive documents; that with the corpus has 1.
_HARD_SHARE = 0.5
# Factor for words that mostly occur as part of longer phrases, so that whole phrases come first.
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

        The highest score is first; among equal scores the phrase of higher weight in these
        documents, then the one of more words, then the one that occurs earlier in the corpus.
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
        """Weighted number of documents that have each phrase, `(P,)`."""
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
        # The share is never 0 or 1, so every logarithm is finite.
        share = (self._corpus[found] + 0.5) / (self._documents + 1)
        prior, prior_without = _PRIOR_DOCUMENTS * share, _PRIOR_DOCUMENTS * (1 - share)
        with_in, without_in = inside[found] + prior, size - inside[found] + prior_without
        with_out = outside[found] + prior
        without_out = np.maximum(others - outside[found], 0.0) + prior_without
        difference = np.log(with_in / without_in) - np.log(with_out / without_out)
        return difference / np.sqrt(1 / with_in + 1 / without_in + 1 / with_out + 1 / without_out)


Embed = Callable[[Sequence[str]], Float]
"""Embeds texts: float32 `(m, d)`, of any norm."""

_BATCH = 256
# A smaller variance of cosines is due to rounding.
_LEAST_VARIANCE = 1e-6


def separations(
    terms: Mapping[int, Collection[str]],
    evidence: Mapping[int, Evidence],
    covariance: Float,
    embed: Embed,
    progress: Progress,
    *,
    at_once: int = _BATCH,
) -> dict[tuple[int, str], float]:
    """Standard errors by which the meaning of each term separates its feature's documents.

    Every different term is embedded once, in alphabetical order.

    Args:
        terms: Of each feature.
        evidence: Of each feature.
        covariance: Of the corpus's embeddings, `(d, d)`.
        embed: The embedder of the corpus.
        progress: Counts every embedded term.
        at_once: How many terms the embedder gets at a time.

    Raises:
        EmbedderError: `embed` did not return one finite vector of width `d` per term.
    """
    wanted_by: dict[str, list[int]] = {}
    for feature, candidates in terms.items():
        for term in candidates:
            wanted_by.setdefault(term, []).append(feature)
    ordered = sorted(wanted_by)
    progress.start("Embedding terms", len(ordered), "terms")
    found: dict[tuple[int, str], float] = {}
    for start in range(0, len(ordered), at_once):
        batch = ordered[start : start + at_once]
        vectors = embedded(embed, batch, len(covariance))
        spread = spread_of(vectors, covariance)
        for term, vector, deviation in zip(batch, vectors, spread.tolist(), strict=True):
            for feature in wanted_by[term]:
                shift = float(vector @ evidence[feature].shift)
                found[feature, term] = shift / deviation * evidence[feature].root_size
        progress.advance(len(batch))
    return found


def spread_of(vectors: Float, covariance: Float) -> Float:
    """The standard deviation of all documents along each vector `(m, d)`, float32 `(m,)`."""
    variances = np.einsum("id,id->i", vectors @ covariance, vectors)
    return np.asarray(np.sqrt(np.maximum(variances, _LEAST_VARIANCE)))


def embedded(embed: Embed, batch: Sequence[str], width: int) -> Float:
    """One vector of unit norm per term, float32 `(len(batch), width)`; a zero vector stays zero.

    Raises:
        EmbedderError: `embed` did not return one finite vector of that width per term.
    """
    vectors = np.asarray(embed(batch), dtype=np.float32)
    if vectors.shape != (len(batch), width) or not np.isfinite(vectors).all():
        raise EmbedderError(
            f"The embedder returned no usable vectors of width {width} for {len(batch)} terms.",
            "Label the features with the embedder that the corpus was embedded with.",
        )
    return np.stack([unit(vector) for vector in vectors])


def remembering(embed: Embed) -> Embed:
    """Wrap an embedder so that no text is embedded twice."""
    known: dict[str, Float] = {}

    def remembered(texts: Sequence[str]) -> Float:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        vectors = np.asarray(embed(new) if new else [], dtype=np.float32)
        if len(vectors) != len(new):
            return vectors  # Too many or too few: the caller raises an error.
        known.update(zip(new, vectors, strict=True))
        return np.stack([known[text] for text in texts])

    return remembered
