"""What becomes of an SAE's features in the other SAEs of a bundle."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from saetui.core.matches import LEAST_COSINE, Matches, SaeComparison, compare
from saetui.errors import InputError
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureRecord
from saetui.store.manifest import SaeRecord

Kind = Literal["split", "recurrent", "novel", "lost"]
"""A feature of a smaller SAE is split, recurrent or lost; one of a larger SAE may be novel."""


@dataclass(frozen=True, slots=True)
class Match:
    """A feature of another SAE that matches a feature.

    `documents` are those that activate it, and `share` says how many activate both, as a share of
    those that activate either.
    """

    feature: int
    name: str
    cosine: float
    together: int
    documents: int
    share: float


@dataclass(frozen=True)
class MatchesIn:
    """The matches of one feature in another SAE.

    Attributes:
        sae: Name of the other SAE.
        n: Number of features of the other SAE.
        matches: Features with a cosine of at least 0.5, nearest first, or the nearest one if there
            are none; then those of `parts` that are not among the eight nearest.
        parts: In a larger SAE, the features whose nearest feature this is: those that it splits
            into, or the one as which it recurs. None if the other SAE is not larger.
    """

    sae: str
    n: int
    matches: tuple[Match, ...]
    parts: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class SplitOutcome:
    """What became of one feature of an SAE.

    `parts` are the features of the larger SAE that match it, nearest first; none if it is lost or
    novel. `cosine` is that to its nearest feature in the other SAE.
    """

    sae: str
    feature: int
    parts: tuple[int, ...]
    cosine: float


@dataclass(frozen=True)
class Splitting:
    """What became of the features of a smaller SAE in a larger SAE, by kind.

    Those that split into the most come first, recurrent ones by cosine, novel and lost ones by
    their number of documents. Features of the larger SAE that no document activates are `inactive`.
    """

    small: str
    large: str
    outcomes: dict[Kind, tuple[SplitOutcome, ...]]
    inactive: int


def by_size(bundle: Bundle) -> list[SaeRecord]:
    """The SAEs of a bundle, from the smallest to the largest."""
    return sorted(bundle.manifest.saes, key=lambda record: (record.n, record.name))


def pairs_of(bundle: Bundle) -> list[tuple[str, str]]:
    """All pairs of SAEs, each with the smaller first; neighbours in size come first."""
    names = [record.name for record in by_size(bundle)]
    places = list(combinations(range(len(names)), 2))
    places.sort(key=lambda pair: pair[1] - pair[0])
    return [(names[small], names[large]) for small, large in places]


def matches_of(session: Session, feature: int, sae_name: str | None = None) -> list[MatchesIn]:
    """The matches of a feature in every other SAE of the bundle, from the smallest to the largest.

    The feature is one of the SAE called `sae_name`, or of the session's.
    """
    found = []
    sae = session.sae if sae_name is None else session.bundle.sae(sae_name)
    own = session.features_of(sae.record.name)[feature].active
    order = [record.name for record in by_size(session.bundle)]
    for record in by_size(session.bundle):
        matches = sae.matches(record) if record.name != sae.record.name else None
        if matches is None:
            continue
        others = session.features_of(record.name)
        near = [
            _match(others[number], cosine, together, own)
            for number, cosine, together in zip(
                matches.features[feature].tolist(),
                matches.cosines[feature].tolist(),
                matches.together[feature].tolist(),
                strict=True,
            )
        ]
        kept = [match for match in near if match.cosine >= LEAST_COSINE] or near[:1]
        parts = None
        if order.index(record.name) > order.index(sae.record.name):
            up = session.bundle.sae(record.name).matches(sae.record)
            if up is not None:
                parts = _parts(up, feature, session.bundle.sae(record.name).postings.counts())
                known = {match.feature for match in kept}
                kept += [
                    _match(others[part], float(up.cosines[part, 0]), int(up.together[part, 0]), own)
                    for part in parts
                    if part not in known
                ]
        found.append(MatchesIn(record.name, record.n, tuple(kept), parts))
    return found


def _parts(up: Matches, feature: int, documents: NDArray[np.integer]) -> tuple[int, ...]:
    """The features of a larger SAE that a feature splits into or recurs as, nearest first."""
    mine = (up.features[:, 0] == feature) & (up.cosines[:, 0] >= LEAST_COSINE) & (documents > 0)
    parts = np.flatnonzero(mine)
    return tuple(parts[np.argsort(-up.cosines[parts, 0], kind="stable")].tolist())


def _match(other: FeatureRecord, cosine: float, together: int, own: int) -> Match:
    either = own + other.active - together
    share = together / either if either else 0.0
    return Match(other.id, other.name, cosine, together, other.documents, share)


def compare_saes(
    bundle: Bundle, small: str, large: str, least_cosine: float = LEAST_COSINE
) -> SaeComparison:
    """Which features of two SAEs recur, split, are novel or are lost; see `core.matches.compare`.

    Raises:
        InputError: There is no such SAE, or the two were not matched.
    """
    matches = bundle.sae(large).matches(bundle.sae(small).record)
    if matches is None:
        raise InputError(
            f"The features of {large} have not been matched with those of {small}.",
            "Run 'saetui train' on the bundle with one of them; it matches all SAEs.",
        )
    documents = [bundle.sae(name).postings.counts() for name in (small, large)]
    return compare(matches, documents[0], documents[1], least_cosine)


def splitting(
    session: Session, small: str, large: str, least_cosine: float = LEAST_COSINE
) -> Splitting:
    """What became of the features of two SAEs, by kind of outcome.

    Raises:
        InputError: There is no such SAE, or the two were not matched.
    """
    found = compare_saes(session.bundle, small, large, least_cosine)
    up = session.bundle.sae(large).matches(session.bundle.sae(small).record)
    down = session.bundle.sae(small).matches(session.bundle.sae(large).record)
    assert up is not None
    of_small, of_large = (session.features_of(name) for name in (small, large))

    recurrent = [
        SplitOutcome(small, feature, (part,), float(up.cosines[part, 0]))
        for feature, part in found.recurrent
    ]
    split = [
        SplitOutcome(small, feature, parts, float(up.cosines[parts[0], 0]))
        for feature, parts in found.split.items()
    ]
    outcomes: dict[Kind, Sequence[SplitOutcome]] = {
        "split": sorted(split, key=lambda outcome: (-len(outcome.parts), outcome.feature)),
        "recurrent": sorted(recurrent, key=lambda outcome: (-outcome.cosine, outcome.feature)),
        "novel": [
            SplitOutcome(large, feature, (), float(up.cosines[feature, 0]))
            for feature in sorted(found.novel, key=lambda i: (-of_large[i].documents, i))
        ],
        "lost": [
            SplitOutcome(
                small, feature, (), 0.0 if down is None else float(down.cosines[feature, 0])
            )
            for feature in sorted(found.lost, key=lambda i: (-of_small[i].documents, i))
        ],
    }
    return Splitting(
        small, large, {kind: tuple(each) for kind, each in outcomes.items()}, len(found.inactive)
    )
