"""Ask for documents about the query and a feature, or not about it: the search in mode `both`.

    score(x) = cosine(e, x) + w(x) + RATE * sum_i ln f_i(x)

    raised by s    f_i(x) = 1 - s + s F_i(x)       from "prefer" (a small s) to "require" (1)
    lowered by s   f_i(x) = 1 - s F_i(x)           "but not"

`F_i(x)`, from 0 to 1, is how far the document shows the feature. A sum of logarithms is the
logarithm of a product, so a document must be good in every respect: what it lacks of one cannot be
made up for by more of another, as it can in `codes`, where rewards are added.

How far a document shows a feature is read from its activation and from the words of the feature,

    p(x) = logistic(-4.3 + 5 L(x) + 2.8 T(x) + 1.4 sqrt(a(x)))
    F(x) = (p(x) - p0) / (1 - p0),    p0 = logistic(-4.3)

with `a` the activation as a share of the strongest in the corpus, `L` the BM25 of the label's words
and `T` that of the feature's terms, each as a share of the highest. `p` estimates how likely the
label is true of the document: a logistic regression on 1,491 pairs of label and abstract in
astrophysics, of which a language model said so that read them blind. `F` is 0 for documents that
show nothing of it. Where no document has any of the words, `F` is the root of the activation.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.added_scores import Rows, Term
from saetui.core.codec import Float
from saetui.core.postings import Postings
from saetui.core.search import distinct

RATE: Final = 0.15
"""What a factor of 1/e costs, as a cosine. At 0.3 fewer of the first ten results are about the
query and not more about both: .35 instead of .49, .26 instead of .27, on 46 queries of a few words
(a language model that read 836 abstracts blind). Neither there nor on 80 further queries was any
other rate from 0.1 to 0.3 better."""

_NOTHING, _LABEL, _TERMS, _ROOT = -4.3, 5.0, 2.8, 1.4


NO_WORDS: Final = Term(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
"""What words that no document has are in."""


@dataclass(frozen=True)
class Shown:
    """How far documents show a feature.

    Attributes:
        rows: Documents that show it at all, int64 `(m,)`, ascending.
        degrees: `F`, float32 `(m,)`, above 0 and at most 1.
    """

    rows: Rows
    degrees: Float

    def changed(self, change: float) -> Term:
        """The term of the feature after a change by `z' - z`; beyond 1 a change does no more."""
        # In single precision the difference of two activations may fall short of a whole 1.
        s = min(round(abs(change), 6), 1.0)
        if change < 0:
            return Term(self.rows, _log(1 - s * self.degrees))
        return Term(self.rows, _log(1 - s + s * self.degrees), float(_log(np.float32(1 - s))))


def shown(
    postings: Postings, feature: int, label: Term = NO_WORDS, terms: Term = NO_WORDS
) -> Shown:
    """How far each document shows a feature.

    Args:
        postings: Of the SAE.
        feature: Its number.
        label: Documents with words of its label, and their BM25 on any scale.
        terms: The same for the terms that the label was chosen from.
    """
    active, activations = postings.documents(feature)
    if not len(label.rows) and not len(terms.rows):
        order = np.argsort(active)
        degrees = np.sqrt(activations / activations[0]) if len(active) else activations
        return Shown(active[order].astype(np.int64), degrees[order].astype(np.float32))
    rows = distinct(active, label.rows, terms.rows)
    evidence = np.full(len(rows), _NOTHING, dtype=np.float32)
    if len(active):
        evidence[np.searchsorted(rows, active)] += _ROOT * np.sqrt(activations / activations[0])
    for words, weight in ((label, _LABEL), (terms, _TERMS)):
        if len(words.rows) and words.values.max() > 0:
            share = np.float32(weight / words.values.max()) * words.values
            evidence[np.searchsorted(rows, words.rows)] += share
    nothing = _logistic(np.float32(_NOTHING))
    degrees = np.clip((_logistic(evidence) - nothing) / (1 - nothing), 0, 1).astype(np.float32)
    some = degrees > 0
    return Shown(rows[some], degrees[some])


def _logistic(x: NDArray[np.floating] | np.float32) -> Float:
    return np.asarray(1 / (1 + np.exp(-x)), dtype=np.float32)


def _log(factors: NDArray[np.floating] | np.float32) -> Float:
    with np.errstate(divide="ignore"):
        return np.asarray(RATE * np.log(factors), dtype=np.float32)
