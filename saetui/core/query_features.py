"""What a query is made of, and how probably a feature is what it asks about, or an aspect of it.

The code of a query
-------------------

Short texts lie apart from long ones, and an SAE has features for that difference: on 11,438
abstracts of astrophysics one of them was among the first six features of 82% of all titles. Four
things are done about it, all of which leave the query's own vector `e` alone:

    a  = ReLU(W_enc (e - s - b_pre) + b_enc)     s: mean of short texts, less that of documents
    w  = 1 - SHARE + SHARE c / 2                 c: share of the feature's label that the text has
    z' = w (a - u) + SHARE sum_j p_j z(x_j)      x_j: the nearest documents, p = softmax(score / T)
    z  = TopK(max(z', 0), k)                     u: mean of a over short texts

The shift removes the difference in length. A feature that nearly every short text activates is
counted only as far as this one activates it more. The nearest documents settle which of the
doubtful features are meant: mostly those whose labels may be true of the documents, see
`core.truth.POSSIBLE_FROM`. A feature that the text itself names is less doubtful than others.

Chosen on 400 titles of astro-ph and as many of cs.LG (k = 8), whose own abstracts had no say. With
all weight on labels that are true, of the first six features .535 and .493 are active on the own
abstract with a label that is true of it; before labels were considered, with equal shares, .521 and
.483. For the first five words of the titles it is .303 and .296, before .276 and .278.

What a query asks about
-----------------------

A query of five words has two or three subjects, and its code has more places than that. So the
features of the code alone cannot say what the query asks about. The documents that answer the query
can: features that many of them have and few other documents have, and features whose labels stand
in their texts. For a feature `i` of a query `e`:

    log odds = -7.3 + 1.3 log((s + .02) / (b + .02)) + 1.3 c + 5.3 t + 9 cos(e - m - b_pre, d_i)

    s: share of the nearest documents that speak for the feature, weighted by their scores
    b: share of all documents that speak for it; with .02 a rare feature needs several near ones
    c: share of the words of its label that the query has
    t: share of the ten nearest documents whose text has all words of its label, likewise weighted
    m: mean of short texts, less that of documents, as above

Fitted by logistic regression on 45 queries of cs.LG (k = 8). About 20 features of each were read:
what the query asks about, an aspect of it, or neither. In nine folds over the queries, 2.6 features
of a query have the probability `SURE` or more, and .85 of these are right or an aspect.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, SaeWeights, preactivations

NEIGHBOURS: Final = 20
"""How many of the nearest documents have a say."""

SHARE: Final = 0.65
"""How much they have to say."""

DOUBTED: Final = 0.25
"""How much of that is left for features whose labels are probably not true of a document. With
nothing left, fewer of the first six are active on a title's own abstract when that is among the
near ones: .81 instead of .86 on cs.LG, .84 instead of .89 on SciFact."""

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


def shares_of(scores: Float) -> Float:
    """How much of a say documents of some scores have, `(m,)`: `p` above."""
    shares = np.exp((scores - scores.max(initial=-np.inf)) / _TEMPERATURE)
    return np.asarray(shares / max(shares.sum(), 1e-9), dtype=np.float32)


def query_code(
    weights: SaeWeights,
    e: Float,
    short: ShortTexts,
    shortness: float,
    *,
    near: Codes,
    scores: Float,
    named: Float | float = 0.0,
) -> Float:
    """The dense code `z` of a query, `(n,)`, with at most `k` features above zero.

    Args:
        weights: Of the SAE.
        e: The query's embedding, `(d,)`.
        short: What short texts are like.
        shortness: How far the query counts as one.
        near: Codes of the documents nearest to it, see `core.truth.counted_of`.
        scores: What they were ranked by, `(m,)`.
        named: Share of each feature's label that the query has, `(n,)`.
    """
    own = activations(weights, (e - np.float32(shortness) * short.shift)[np.newaxis])[0]
    code = own - np.float32(shortness) * short.usual
    if len(scores):
        shares = shares_of(scores)
        used = near.indices >= 0
        theirs = np.zeros_like(own)
        np.add.at(theirs, near.indices[used], (near.values * shares[:, np.newaxis])[used])
        code = (1 - SHARE + SHARE * named / 2) * code + SHARE * theirs
    code = np.asarray(np.maximum(code, 0), dtype=np.float32)
    strongest = np.argsort(-code, kind="stable")[: weights.k]
    kept: Float = np.zeros_like(code)
    kept[strongest] = code[strongest]
    return kept


FIRST: Final = 6
"""How many features of a query a reader sees before any other."""

TOLD: Final = 10
"""Of how many of the nearest documents it is said which of them count for a feature."""

SURE: Final = 0.4
"""From this probability on, a feature is among those that the query surely asks about."""

_CONSTANT, _LIFT, _NAMED, _IN_TEXTS, _DIRECTION = -7.3, 1.3, 1.3, 5.3, 9.0
_SMOOTHING = 0.02
# Among features that are less sure, those that the query activates come first unless others are
# more probable by so many log odds. With 0, more of the first six were right or an aspect (3.29 of
# six, now 3.20), but fewer were active on a title's own abstract (cs.LG .92, now .94).
_ACTIVE = 2.0


@dataclass(frozen=True)
class Relevance:
    """What a query asks about, by feature.

    Attributes:
        probability: That the query asks about the feature, float32 `(n,)`.
        near: How many of the `told` nearest documents count for the feature, `(n,)`.
        told: `TOLD`, or fewer in a smaller corpus.
    """

    probability: Float
    near: NDArray[np.int64]
    told: int

    def sure(self, feature: int) -> bool:
        """Whether the query is fairly sure to ask about a feature."""
        return bool(self.probability[feature] >= SURE)

    def first(self, z: Float) -> list[int]:
        """The features to show of a query whose code is `z` `(n,)`.

        First come those that the query surely asks about, the most probable first, even if only the
        nearest documents have them. Then come the others that it activates, and those that are more
        probable by far, as long as they are among the first `FIRST`.
        """
        active, chance = z > 0, np.clip(self.probability, 1e-6, 1 - 1e-6)
        likely = np.log(chance / (1 - chance)) + _ACTIVE * (active & (chance < SURE))
        order = np.lexsort((np.arange(len(z)), -likely, chance < SURE))
        order = order[(active | (self.near > 0))[order]]
        places = np.arange(len(order))
        wanted = active[order] | (chance[order] >= SURE) | (places < FIRST)
        return [int(feature) for feature in order[wanted]]


def probability(lift: Float, named: Float, in_texts: Float, cosine: Float) -> Float:
    """How probably a query asks about features, each argument and the answer `(n,)`.

    Args:
        lift: See `log_lift`.
        named: Share of each label's words that the query has.
        in_texts: Share of the nearest documents whose texts have all of a label's words.
        cosine: Of the query, as if it were as long as documents are, to each direction.
    """
    said = _LIFT * lift + _NAMED * named + _IN_TEXTS * in_texts + _DIRECTION * cosine + _CONSTANT
    return np.asarray(1 / (1 + np.exp(-said)), dtype=np.float32)


def log_lift(near: Float, all_documents: Float) -> Float:
    """How much more often features count for near documents than for all, as a logarithm `(n,)`.

    Args:
        near: Share of the near documents that count for each feature.
        all_documents: Share of all documents.
    """
    return np.asarray(np.log((near + _SMOOTHING) / (all_documents + _SMOOTHING)), dtype=np.float32)
