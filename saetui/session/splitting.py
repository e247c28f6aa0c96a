"""What becomes of features in the other SAEs of a bundle."""

from dataclasses import dataclass

from saetui.core.matches import LEAST_COSINE, Comparison, compare
from saetui.errors import InputError
from saetui.store.bundle import Bundle, StoredSae


@dataclass(frozen=True, slots=True)
class Match:
    """A feature of another SAE, seen from one.

    Attributes:
        feature: Its number in the other SAE.
        name: Its label or number.
        cosine: Of the two directions.
        together: Documents that activate both.
        documents: Documents that activate the other one.
    """

    feature: int
    name: str
    cosine: float
    together: int
    documents: int


@dataclass(frozen=True)
class MatchesIn:
    """The likes of one feature in another SAE.

    Attributes:
        sae: Name of the other SAE.
        n: Its features.
        matches: Nearest first, those with a cosine of at least 0.5 and in any case the nearest.
    """

    sae: str
    n: int
    matches: tuple[Match, ...]


def likes_of(bundle: Bundle, sae: StoredSae, feature: int) -> list[MatchesIn]:
    """The likes of a feature in every other SAE, from the smallest SAE to the largest."""
    found = []
    for record in sorted(bundle.manifest.saes, key=lambda record: (record.n, record.name)):
        matches = sae.matches(record) if record.name != sae.record.name else None
        if matches is None:
            continue
        features = bundle.sae(record.name).features
        near = [
            Match(number, features[number].name, cosine, together, features[number].documents)
            for number, cosine, together in zip(
                matches.features[feature].tolist(),
                matches.cosines[feature].tolist(),
                matches.together[feature].tolist(),
                strict=True,
            )
        ]
        kept = [match for match in near if match.cosine >= LEAST_COSINE] or near[:1]
        found.append(MatchesIn(record.name, record.n, tuple(kept)))
    return found


def compare_saes(
    bundle: Bundle, small: str, large: str, least_cosine: float = LEAST_COSINE
) -> Comparison:
    """Which features of a smaller SAE recur in a larger one, split, are novel there or are lost.

    Raises:
        InputError: There is no such SAE, or the two were not matched.
    """
    matches = bundle.sae(large).matches(bundle.sae(small).record)
    if matches is None:
        raise InputError(
            f"The features of {large} were not matched with those of {small}.",
            "Run 'saetui train' on the bundle with one of them: it matches all SAEs.",
        )
    documents = [bundle.sae(name).postings.counts() for name in (small, large)]
    return compare(matches, documents[0], documents[1], least_cosine)
