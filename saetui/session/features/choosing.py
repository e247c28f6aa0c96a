"""Choose features of an open bundle by what was typed."""

import numpy as np

from saetui.core.codec import Float, SaeWeights
from saetui.core.search import unit
from saetui.session.features.annotated_features import AnnotatedFeatures
from saetui.session.features.feature_filter import FeatureFilter
from saetui.store.features import FeatureRecord


def choose_features(
    wanted: FeatureFilter, known: AnnotatedFeatures, similarity: Float | None
) -> list[FeatureRecord]:
    """Features that fulfil everything wanted, the best first.

    Args:
        wanted: What was typed.
        known: Of all features.
        similarity: Of every feature to the wanted meaning, float32 `(n,)`: then the most similar
            come first, and those that point away from it are left out. None without a meaning.
    """
    found = known.lookup.matching(wanted.words)
    if wanted.conditions or wanted.named:
        fits = known.table.fulfilling(wanted, known.notes).tolist()
        found = [i for i in found if fits[i]]
    if similarity is not None:
        chosen = np.array(found, dtype=np.int64)
        chosen = chosen[similarity[chosen] > 0]
        found = chosen[np.argsort(-similarity[chosen], kind="stable")].tolist()
    return [known.records[i] for i in found]


def similarity_to(weights: SaeWeights, e: Float) -> Float:
    """Cosine of every feature's direction to an embedding as seen from `b_pre`; float32 `(n,)`."""
    similarity: Float = weights.directions @ unit(e - weights.bias)
    return np.asarray(similarity, dtype=np.float32)
