"""Choose features of an open bundle by what was typed."""

from collections.abc import Mapping, Sequence

import numpy as np

from saetui.core.codec import Float, SaeWeights
from saetui.core.search import unit
from saetui.session.filters import Facts, FeatureFilter
from saetui.session.lookup import Lookup
from saetui.store.features import FeatureRecord
from saetui.store.notes import FeatureNotes

NAMES = ("family", "quality", "label", "note", "bookmark")


def facts_about(
    records: Sequence[FeatureRecord],
    families: Mapping[int, Sequence[str]],
    notes: Mapping[int, FeatureNotes],
) -> dict[str, Facts]:
    """What is known of features by name, for `FeatureFilter.holds`.

    Args:
        records: Every feature, by number.
        families: Labels of the families that a feature is in.
        notes: What the reader said about some of them.
    """
    nothing = FeatureNotes()

    def known(text: str) -> Sequence[str]:
        return (text,) if text else ()

    return {
        "family": lambda feature: families.get(feature, ()),
        "quality": lambda feature: known(records[feature].quality.word),
        "label": lambda feature: known(records[feature].label),
        "note": lambda feature: known(notes.get(feature, nothing).note),
        "bookmark": lambda feature: known("yes" * notes.get(feature, nothing).bookmark),
    }


def choose_features(
    wanted: FeatureFilter,
    lookup: Lookup,
    records: Sequence[FeatureRecord],
    facts: dict[str, Facts],
    similarity: Float | None,
) -> list[FeatureRecord]:
    """Features that fulfil everything wanted, the best first.

    Args:
        wanted: What was typed.
        lookup: Of these features.
        records: Every feature, by number.
        facts: From `facts_about`.
        similarity: Of every feature to the wanted meaning, float32 `(n,)`: then the most similar
            come first, and those that point away from it are left out. None without a meaning.
    """
    found = lookup.matching(wanted.words)
    if wanted.conditions or wanted.named:
        found = [i for i in found if wanted.holds(records[i], facts)]
    if similarity is not None:
        found = sorted((i for i in found if similarity[i] > 0), key=lambda i: -similarity[i])
    return [records[i] for i in found]


def similarity_to(weights: SaeWeights, e: Float) -> Float:
    """Cosine of every feature's direction to an embedding as seen from `b_pre`; float32 `(n,)`."""
    similarity: Float = weights.directions @ unit(e - weights.bias)
    return np.asarray(similarity, dtype=np.float32)
