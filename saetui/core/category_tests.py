"""In which of several categories a feature is most surely more frequent than elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.group_tests import Figures, TwoGroups, corrected


@dataclass(frozen=True)
class MostIn:
    """The most telling category of each feature, `(n,)` each.

    Attributes:
        category: Its number.
        keyness: How surely the feature is more frequent there; see `TwoGroups`.
        p: Two-sided p value. The most telling of several categories was chosen, which is paid for
            (Bonferroni); NaN where the feature was not tested.
        q: `p` corrected by Benjamini and Hochberg over all tested features; NaN likewise.
    """

    category: NDArray[np.intp]
    keyness: Figures
    p: Figures
    q: Figures


def most_in(tests: Sequence[TwoGroups]) -> MostIn:
    """The category in which each feature is most surely more frequent.

    Args:
        tests: Of each category, its documents against all others.
    """
    keyness = np.array([test.keyness for test in tests])
    best = np.argmax(keyness, axis=0)
    p = np.minimum(np.min([test.p for test in tests], axis=0) * len(tests), 1.0)
    return MostIn(best, keyness[best, np.arange(keyness.shape[1])], p, corrected(p))
