"""Ask for documents about the query and a feature, or not about it: the search in mode `both`.

    score(x) = cosine(e, x) + w(x) + RATE * sum_i ln f_i(x)

    raised by s    f_i(x) = 1 - s + s F_i(x)       from "prefer" (a small s) to "require" (1)
    lowered by s   f_i(x) = 1 - s F_i(x)           "but not"

`F_i(x)`, from 0 to 1, is how far the document shows the feature. A sum of logarithms is the
logarithm of a product, so a document must be good in every respect: what it lacks of one cannot be
made up for by more of another, as it can in `codes`, where rewards are added.

A document shows a feature by its activation or by the words of the feature's label,

    F(x) = 1 - (1 - sqrt(a(x))) (1 - W(x) / 2)

with `a` the activation as a share of the strongest in the corpus, and `W` the BM25 of the label's
words as a share of the highest. The root is there because a label is true of most documents in the
upper half of a feature's activations. Form and constants were chosen by what 473 abstracts are
about, as a language model said that read them without knowing what had found them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.added_scores import Rows, Term
from saetui.core.codec import Float
from saetui.core.postings import Postings

RATE: Final = 0.3
"""What a factor of 1/e costs, as a cosine."""

_WORDS_COUNT = 0.5


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


def shown(postings: Postings, feature: int, words: Term) -> Shown:
    """How far each document shows a feature.

    Args:
        postings: Of the SAE.
        feature: Its number.
        words: Documents with words of its label, ascending, and their BM25 on any scale; none if
            it has no label.
    """
    active, activations = postings.documents(feature)
    named, bm25 = words.rows, words.values
    rows = np.union1d(active, named).astype(np.int64)
    misses = np.ones(len(rows), dtype=np.float32)
    if len(active):
        misses[np.searchsorted(rows, active)] -= np.sqrt(activations / activations[0])
    if len(named) and bm25.max() > 0:
        misses[np.searchsorted(rows, named)] *= 1 - _WORDS_COUNT * bm25 / bm25.max()
    degrees = np.clip(1 - misses, 0, 1).astype(np.float32)
    some = degrees > 0
    return Shown(rows[some], degrees[some])


def _log(factors: NDArray[np.floating] | np.float32) -> Float:
    with np.errstate(divide="ignore"):
        return np.asarray(RATE * np.log(factors), dtype=np.float32)
