"""Match the features of two SAEs, and find a feature again when its SAE was replaced.

Two SAEs that were trained on the same embeddings are compared after section 5.3 of O'Neill et al.
(arXiv 2408.00657): a feature of a small SAE recurs in a larger SAE or splits into several features
there, and the larger SAE also has novel features.

A feature that is looked for in a new SAE is known by its direction and by the documents that it is
active on. Both agree where the model behind the embeddings is the same; where it is another one,
only the documents can tell.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, Int, Postings
from saetui.progress import Progress

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


REMEMBERED = 10
"""Strongest documents by which a feature is known."""

# Measured between SAEs of two seeds (n = 768 on 11,438 abstracts of astrophysics, n = 512 on 5,183
# of medicine): of a feature's ten strongest documents, this share activates the feature with the
# nearest direction, and of the documents that activate either, that share activates both.
#
#   cosine     0.4 to 0.5   0.5 to 0.6   0.6 to 0.7   0.7 to 0.8   0.8 to 0.9   above 0.9
#   ten        .49, .61     .62, .79     .79, .88     .92, .94     .98          1.00
#   either     .10, .13     .14, .19     .21, .24     .28, .34     .44, .42     .67, .62
_SURELY = 0.7
_LEAST_SHARE = 0.8
# Without a direction, documents alone must say more.
_LEAST_SHARE_ALONE = 0.6
_LEAST_DOCUMENTS = 5


@dataclass(frozen=True, eq=False)
class Anchor:
    """What a feature was, by which it can be found again.

    Attributes:
        direction: Float32 `(d,)`, of unit norm; None where it is not known.
        documents: Ids of its strongest documents, strongest first.
    """

    direction: Float | None
    documents: tuple[str, ...]

    @property
    def says_nothing(self) -> bool:
        """Whether a feature cannot be found by it."""
        return self.direction is None and not self.documents


@dataclass(frozen=True)
class Match:
    """Where a feature is now.

    Attributes:
        feature: Its number in the other SAE.
        cosine: Of the two directions; None where they cannot be compared.
        shared: How many of the documents that it is known by activate the other feature.
        known: How many of these documents there are.
    """

    feature: int
    cosine: float | None
    shared: int
    known: int


def follow(
    anchors: Sequence[Anchor],
    rows: Sequence[Sequence[int]],
    directions: Float,
    codes: Codes,
    taken: Collection[int] = (),
) -> tuple[list[Match | None], list[Match]]:
    """Find features in another SAE; no two become one.

    A feature is found again where the nearest direction is surely the same, or is near and active
    on most of the documents that the feature is known by. Where several are nearest to one, it
    goes to the nearest of them.

    Args:
        anchors: What the features were.
        rows: Of each feature, those of its documents that there are, any of them.
        directions: Of the other SAE, float32 `(n, d)`, rows of unit norm.
        codes: Of the other SAE on the documents.
        taken: Features of the other SAE that are not to be found.

    Returns:
        For each feature where it is now, None if nowhere; and for each what comes nearest to it,
        whether that is near enough or not.
    """
    nearest = [
        _nearest(anchor, some, directions, codes)
        for anchor, some in zip(anchors, rows, strict=True)
    ]
    found: list[Match | None] = [None] * len(anchors)
    free = set(range(codes.n)) - set(taken)
    order = sorted(range(len(anchors)), key=lambda place: (-_nearness(nearest[place]), place))
    for place in order:
        match = nearest[place]
        if _is_the_same(match) and match.feature in free:
            found[place] = match
            free.remove(match.feature)
    return found, nearest


def _nearest(anchor: Anchor, rows: Sequence[int], directions: Float, codes: Codes) -> Match:
    active = codes.indices[np.array(rows, dtype=np.int64)]
    counts = np.bincount(active[active >= 0], minlength=codes.n)
    if anchor.direction is not None and len(anchor.direction) == directions.shape[1]:
        cosines = directions @ anchor.direction
        feature = int(np.argmax(cosines))
        return Match(feature, float(cosines[feature]), int(counts[feature]), len(rows))
    feature = int(np.argmax(counts))
    return Match(feature, None, int(counts[feature]), len(rows))


def _nearness(match: Match) -> float:
    share = match.shared / max(match.known, 1)
    return share - 1 if match.cosine is None else match.cosine


def _is_the_same(match: Match) -> bool:
    share = match.shared / max(match.known, 1)
    if match.cosine is None:
        return match.known >= _LEAST_DOCUMENTS and share >= _LEAST_SHARE_ALONE
    return match.cosine >= _SURELY or (
        match.cosine >= LEAST_COSINE and match.known > 0 and share >= _LEAST_SHARE
    )


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
