"""Match the features of two SAEs that were trained on the same embeddings.

After section 5.3 of O'Neill et al. (arXiv 2408.00657): a feature of a small SAE recurs in a larger
SAE or splits into several features there, and the larger SAE also has novel features.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int

LEAST_COSINE = 0.5
"""Two features match if the cosine of their directions is at least this.

In SAEs of 256 to 1,536 features on 11,000 abstracts, 95 of 100 features have no other feature of
their own SAE that close. Across two SAEs, features with a cosine of 0.5 to 0.6 share a third to a
half of the rarer one's documents, 8 to 20 times as many as by chance; from 0.9 on they share four
fifths.
"""


@dataclass(frozen=True)
class Matches:
    """For each feature of one SAE, the features of another SAE with the nearest directions.

    Attributes:
        features: int32 `(n, m)`, their numbers in the other SAE, nearest first.
        cosines: float32 `(n, m)`, cosines of the two directions.
        together: int32 `(n, m)`, how many documents activate both.
    """

    features: Int
    cosines: Float
    together: Int

    @property
    def n(self) -> int:
        """Number of features that were matched."""
        return len(self.features)


@dataclass(frozen=True)
class SaeComparison:
    """What became of a small SAE's features in a larger SAE; everything in order of numbers.

    Attributes:
        recurrent: Pairs of a small and the only large feature that matches it.
        split: For each small feature that several large ones match, these, nearest first.
        novel: Large features that match no small one.
        lost: Small features that no large one matches.
        inactive: Large features without documents; they are in none of the lists above.
        least_cosine: The least cosine of a match.
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
) -> SaeComparison:
    """Find out which features of two SAEs recur, split, are novel or are lost.

    Each large feature is given to the nearest small one, if their cosine is large enough.

    Args:
        to_small: Matches of the larger SAE's features in the smaller SAE.
        small_documents: How many documents activate each small feature; those with none are left
            out.
        large_documents: The same for each large feature.
        least_cosine: The least cosine of a match.
    """
    nearest, cosines = to_small.features[:, 0], to_small.cosines[:, 0]
    active = large_documents > 0
    matched = active & (cosines >= least_cosine) & (small_documents[nearest] > 0)
    belonging: dict[int, list[int]] = {}
    order = np.lexsort((np.arange(to_small.n), -cosines))
    for large in order[matched[order]].tolist():
        belonging.setdefault(int(nearest[large]), []).append(large)
    return SaeComparison(
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
