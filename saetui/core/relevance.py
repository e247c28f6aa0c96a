"""How probably a feature is what a query asks about, or an aspect of it.

A query of five words has two or three subjects, and its code has more places than that. So the
features of the code alone cannot say what the query asks about. The documents that answer the query
can: features that many of them have and few other documents have, and features whose labels stand
in their texts. For a feature `i` of a query `e`:

    log odds = -7.3 + 1.3 log((s + .02) / (b + .02)) + 1.3 c + 5.3 t + 9 cos(e - m - b_pre, d_i)

    s: share of the nearest documents that count for the feature, weighted by their scores
    b: share of all documents that count for it; with .02 a rare feature needs several near ones
    c: share of the words of its label that the query has
    t: share of the ten nearest documents whose text has all words of its label, likewise weighted
    m: mean of short texts, less that of documents, as in `core.query_code`

Fitted by logistic regression on 45 queries of cs.LG (k = 8). About 20 features of each were read:
what the query asks about, an aspect of it, or neither. In nine folds over the queries, 2.6 features
of a query have the probability `SURE` or more, and .85 of these are right or an aspect.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float

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
