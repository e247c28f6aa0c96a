"""Features of two SAEs on the same embeddings: which of them stand for the same thing.

After section 5.3 of O'Neill et al. (arXiv 2408.00657): features of a small SAE recur in a larger
one, or split into several, and the larger one has novel ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int

LEAST_COSINE = 0.5
"""Cosine of two directions from which they are called a match.

In SAEs of 256 to 1,536 features on 11,000 abstracts, 95 of 100 features have no other of their own
SAE that near. Across two SAEs, features from 0.5 to 0.6 share a third to a half of the rarer one's
documents, eight to twenty times what chance gives; from 0.9 on they share four in five.
"""


@dataclass(frozen=True)
class Matches:
    """For each feature of one SAE the features of another whose directions are nearest.

    Attributes:
        features: int32 `(n, m)`, numbers in the other SAE, nearest first.
        cosines: float32 `(n, m)`, of the two directions.
        together: int32 `(n, m)`, documents that activate both.
    """

    features: Int
    cosines: Float
    together: Int

    @property
    def n(self) -> int:
        """Features of the SAE whose matches these are."""
        return len(self.features)


@dataclass(frozen=True)
class Comparison:
    """What became of a small SAE's features in a larger SAE. All in order of numbers.

    Attributes:
        recurrent: `(small, large)` features that match each other and nothing else.
        split: Each small feature that several large ones match, with these, nearest first.
        novel: Large features that match no small one.
        lost: Small features that no large one matches.
        inactive: Large features without documents, which are none of the above.
        least_cosine: From which directions were called a match.
    """

    recurrent: tuple[tuple[int, int], ...]
    split: dict[int, tuple[int, ...]]
    novel: tuple[int, ...]
    lost: tuple[int, ...]
    inactive: tuple[int, ...]
    least_cosine: float


def compare(
    to_small: Matches,
    small_documents: NDArray[np.integer],
    large_documents: NDArray[np.integer],
    least_cosine: float = LEAST_COSINE,
) -> Comparison:
    """Sort the features of two SAEs by whether they recur, split, are novel or are lost.

    Each large feature belongs to the small one nearest to it, if their cosine is large enough.

    Args:
        to_small: Matches of the larger SAE's features in the smaller one.
        small_documents: Documents that activate each small feature; without any it is left out.
        large_documents: The same for each large feature.
        least_cosine: From which two directions are called a match.
    """
    nearest, cosines = to_small.features[:, 0], to_small.cosines[:, 0]
    active = large_documents > 0
    matched = active & (cosines >= least_cosine) & (small_documents[nearest] > 0)
    belonging: dict[int, list[int]] = {}
    order = np.lexsort((np.arange(to_small.n), -cosines))
    for large in order[matched[order]].tolist():
        belonging.setdefault(int(nearest[large]), []).append(large)
    return Comparison(
        recurrent=tuple(
            (small, larges[0]) for small, larges in sorted(belonging.items()) if len(larges) == 1
        ),
        split={
            small: tuple(larges) for small, larges in sorted(belonging.items()) if len(larges) > 1
        },
        novel=tuple(np.flatnonzero(active & ~matched).tolist()),
        lost=tuple(i for i in np.flatnonzero(small_documents > 0).tolist() if i not in belonging),
        inactive=tuple(np.flatnonzero(~active).tolist()),
        least_cosine=least_cosine,
    )
