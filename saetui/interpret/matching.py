"""Find the features of one SAE in another SAE on the same embeddings."""

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float
from saetui.core.matches import Matches
from saetui.core.postings import Postings
from saetui.progress import Progress

NEAREST = 8
_BLOCK = 1_024


def match_features(
    directions: Float,
    postings: Postings,
    other_directions: Float,
    other_codes: Codes,
    *,
    progress: Progress,
    count: int = NEAREST,
    at_once: int = _BLOCK,
) -> Matches:
    """For each feature of an SAE, the nearest features of another by cosine of their directions.

    Cosines are computed for a thousand features at a time, and common documents are counted in
    the other SAE's codes of each feature's documents, so no `n` by `n` matrix is built.

    Args:
        directions: Of the SAE, float32 `(n, d)`, rows of unit norm.
        postings: Of the SAE; may be memory-mapped.
        other_directions: Of the other SAE, float32 `(n', d)`, rows of unit norm.
        other_codes: Of the other SAE on the same documents; may be memory-mapped.
        progress: Counts every feature.
        count: How many matches each feature gets; at most all features of the other SAE.
        at_once: For how many features cosines are computed at a time.

    Returns:
        Matches, nearest first; equally near ones in the order of their numbers.
    """
    count = min(count, len(other_directions))
    matches = Matches(
        np.empty((len(directions), count), dtype=np.int32),
        np.empty((len(directions), count), dtype=np.float32),
        np.empty((len(directions), count), dtype=np.int32),
    )
    progress.start("Matching features", len(directions), "features")
    for start in range(0, len(directions), at_once):
        block = slice(start, start + at_once)
        cosines = directions[block] @ other_directions.T
        nearest = largest_of_rows(cosines, count)
        matches.features[block] = nearest
        matches.cosines[block] = np.take_along_axis(cosines, nearest, axis=1)
        for feature in range(start, start + len(cosines)):
            rows, _ = postings.documents(feature)
            active = other_codes.indices[np.sort(rows)]
            together = np.bincount(active[active >= 0], minlength=other_codes.n)
            matches.together[feature] = together[matches.features[feature]]
            progress.advance()
    return matches


def largest_of_rows(numbers: Float, count: int) -> NDArray[np.intp]:
    """Columns of the `count` largest numbers of each row, largest first, equal ones in order."""
    count = min(count, numbers.shape[1])
    candidates = np.argpartition(-numbers, count - 1, axis=1)[:, :count]
    values = np.take_along_axis(numbers, candidates, axis=1)
    return np.take_along_axis(candidates, np.lexsort((candidates, -values), axis=1), axis=1)
