"""The code of a text that is much shorter than the documents that an SAE has learnt from.

Short texts lie apart from long ones, and an SAE has features for that difference: on 11,438
abstracts of astrophysics one of them was among the first six features of 82% of all titles. Three
things are done about it, all of which leave the query's own vector `e` alone:

    a  = ReLU(W_enc (e - s - b_pre) + b_enc)     s: mean of short texts, less that of documents
    z' = (1 - SHARE) a + SHARE sum_j p_j z(x_j)  x_j: the nearest documents, p = softmax(score / T)
    z  = TopK(max(z' - u, 0), k)                 u: mean of a over short texts

The shift removes the difference in length. What the nearest documents activate settles which of the
doubtful features are meant. A feature that nearly every short text activates is counted only as far
as this one activates it more. Measured by `saetui evaluate queries` on 800 titles of each of four
corpora: of their first six features .91 to .98 are active on their own abstracts, .76 to .88 if the
abstract itself has no say; by plain encoding .68 to .85. The most frequent of these features is one
of 10% to 14% of the titles, instead of 13% to 82%.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from saetui.core.codec import Codes, Float, SaeWeights, preactivations

NEIGHBOURS: Final = 20
"""How many of the nearest documents have a say."""

SHARE: Final = 0.5
"""How much they have to say."""

_TEMPERATURE = 0.2
# Up to so many words a text counts as short; from so many on as long as documents are.
_SHORT, _LONG = 20, 100


@dataclass(frozen=True)
class ShortTexts:
    """What short texts of a corpus are like.

    Attributes:
        shift: Mean of short texts minus the mean of their documents, float32 `(d,)`.
        usual: Mean activation of each feature over short texts, float32 `(n,)`.
    """

    shift: Float
    usual: Float

    @classmethod
    def of(cls, weights: SaeWeights, vectors: Float, shift: Float) -> "ShortTexts":
        """From the embeddings of some short texts, float32 `(m, d)`, and their shift."""
        if not len(vectors):
            return cls(shift, np.zeros(weights.n, dtype=np.float32))
        return cls(shift, activations(weights, vectors - shift).mean(axis=0))


def activations(weights: SaeWeights, vectors: Float) -> Float:
    """Pre-activations of some vectors `(m, d)` that are above 0 and the threshold; `(m, n)`."""
    found = preactivations(weights, vectors)
    return np.where(found > weights.threshold, found, np.float32(0))


def shortness(text: str) -> float:
    """How far a text counts as short: 1 up to 20 words, 0 from 100 words on."""
    return float(np.clip((_LONG - len(text.split())) / (_LONG - _SHORT), 0, 1))


def query_code(
    weights: SaeWeights,
    e: Float,
    short: ShortTexts,
    shortness: float,
    *,
    near: Codes,
    scores: Float,
) -> Float:
    """The dense code `z` of a query, `(n,)`, with at most `k` features above zero.

    Args:
        weights: Of the SAE.
        e: The query's embedding, `(d,)`.
        short: What short texts are like.
        shortness: How far the query counts as one.
        near: Codes of the documents nearest to it.
        scores: What they were ranked by, `(m,)`.
    """
    own = activations(weights, (e - np.float32(shortness) * short.shift)[np.newaxis])[0]
    code = own
    if len(scores):
        shares = np.exp((scores - scores.max()) / _TEMPERATURE)
        shares /= shares.sum()
        used = near.indices >= 0
        theirs = np.zeros_like(own)
        np.add.at(theirs, near.indices[used], (near.values * shares[:, np.newaxis])[used])
        code = (1 - SHARE) * own + SHARE * theirs
    code = np.maximum(code - np.float32(shortness) * short.usual, 0)
    code = np.asarray(code, dtype=np.float32)
    strongest = np.argsort(-code, kind="stable")[: weights.k]
    kept: Float = np.zeros_like(code)
    kept[strongest] = code[strongest]
    return kept
