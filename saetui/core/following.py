"""Find a feature again when an SAE was replaced by another one.

A feature is its direction, and what it is active on. The two tell the same story where the model
behind the embeddings is the same; where it is another one, only documents can tell.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from saetui.core.codec import Codes, Float

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
_LEAST_COSINE = 0.5
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
        match.cosine >= _LEAST_COSINE and match.known > 0 and share >= _LEAST_SHARE
    )
