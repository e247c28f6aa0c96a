"""How well the meaning of a term separates a feature's documents from the corpus.

A term's embedding `t` projects every document onto a line. The strongest documents of a feature
lie on it at `t . shift` from the corpus's mean, while all documents spread by `sqrt(t' S t)`, with
`S` the covariance of the embeddings. The ratio, times the root of the number of documents, is how
many standard errors the term sets them apart: the same unit as the scores of `log_odds`, so that
both can be added. Unlike a plain cosine it does not favour terms near to everything.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from saetui.core.codec import Float
from saetui.core.search import unit
from saetui.errors import EmbedderError
from saetui.interpret.judging.evidence import Evidence
from saetui.progress import Progress

Embed = Callable[[Sequence[str]], Float]
"""Embeds texts: float32 `(m, d)`, of any norm."""

_BATCH = 256
# Below this variance of cosines, documents do not differ along a term but for rounding.
_LEAST_VARIANCE = 1e-6


def separations(
    terms: Mapping[int, Collection[str]],
    evidence: Mapping[int, Evidence],
    covariance: Float,
    embed: Embed,
    progress: Progress,
) -> dict[tuple[int, str], float]:
    """Standard errors by which each term separates its feature's documents.

    Every different term is embedded once, in alphabetical order.

    Args:
        terms: Of each feature.
        evidence: Of each feature.
        covariance: Of the corpus's embeddings, `(d, d)`.
        embed: With the embedder of the corpus.
        progress: Is told of every term embedded.

    Raises:
        EmbedderError: `embed` returned something else than one finite vector per term.
    """
    wanted_by: dict[str, list[int]] = {}
    for feature, candidates in terms.items():
        for term in candidates:
            wanted_by.setdefault(term, []).append(feature)
    ordered = sorted(wanted_by)
    progress.start("Embedding terms", len(ordered), "terms")
    found: dict[tuple[int, str], float] = {}
    for start in range(0, len(ordered), _BATCH):
        batch = ordered[start : start + _BATCH]
        vectors = embedded(embed, batch, len(covariance))
        variances = np.einsum("id,id->i", vectors @ covariance, vectors)
        spread = np.sqrt(np.maximum(variances, _LEAST_VARIANCE))
        for term, vector, deviation in zip(batch, vectors, spread.tolist(), strict=True):
            for feature in wanted_by[term]:
                shift = float(vector @ evidence[feature].shift)
                found[feature, term] = shift / deviation * evidence[feature].root_size
        progress.advance(len(batch))
    return found


def embedded(embed: Embed, batch: Sequence[str], width: int) -> Float:
    """One vector of unit norm per term, float32 `(len(batch), width)`; a zero vector stays zero.

    Raises:
        EmbedderError: `embed` returned something else than one finite vector per term.
    """
    vectors = np.asarray(embed(batch), dtype=np.float32)
    if vectors.shape != (len(batch), width) or not np.isfinite(vectors).all():
        raise EmbedderError(
            f"The embedder returned no usable vectors of width {width} for {len(batch)} terms.",
            "Label the features with the embedder that the corpus was embedded with.",
        )
    return np.stack([unit(vector) for vector in vectors])
