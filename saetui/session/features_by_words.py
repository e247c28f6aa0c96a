"""Features to steer by, found by any words: first by label, then by meaning."""

import numpy as np

from saetui.core.words import words_of
from saetui.errors import EmbedderError, InputError
from saetui.session.session import Session
from saetui.store.features import FeatureRecord

_BY_MEANING = 30
# From so many documents, the nearer the more, so many features are taken. Twenty documents put
# "Shocks" before "Supernovae" for "stellar explosions".
_NEAREST, _OF_DOCUMENTS = 50, 10
_SOFTNESS = 0.2


def features_called(session: Session, text: str) -> list[FeatureRecord]:
    """Features whose label has the words of a text, the best match first."""
    return [session.features[i] for i in session.features.lookup.named(text)]


def features_with_terms(session: Session, text: str) -> list[FeatureRecord]:
    """Features that have the words of a text in their terms and not in their label."""
    called = {record.id for record in features_called(session, text)}
    found = session.features.lookup.matching(text)
    return [session.features[i] for i in found if i not in called]


def features_meant(session: Session, text: str) -> list[FeatureRecord]:
    """Features that mean a text and lack its words, the best first.

    First come the features of the documents that the text finds, the rarer the better: documents
    interpret a text better than a direction does. Features of the nearest directions follow.
    Features that no document activates are left out.

    Raises:
        EmbedderError: The text cannot be embedded.
    """
    if not words_of(text):
        return []
    called = {record.id for record in features_called(session, text)}
    found = [
        *_of_documents(session, text),
        *(each.id for each in session.find_features(f"~{text}")),
    ]
    meant = [session.features[i] for i in dict.fromkeys(found) if i not in called]
    return [record for record in meant if record.documents][:_BY_MEANING]


def _of_documents(session: Session, text: str) -> list[int]:
    """Features of the documents nearest to a text by meaning and words, the strongest first."""
    codes, count = session.sae.codes, len(session.bundle)
    if not count:
        return []
    near = session.searcher.nearest(text, session.searcher.queries.of_text(text).e, _NEAREST)
    weights = np.exp((near.scores - near.scores.max(initial=0)) / _SOFTNESS)
    features, values = np.asarray(codes.indices[near.rows]), np.asarray(codes.values[near.rows])
    strength = np.zeros(codes.n)
    np.add.at(strength, features[features >= 0], (values * weights[:, None])[features >= 0])
    active = np.flatnonzero(strength)
    rarity = np.log(
        (count + 1) / np.array([session.features[i].documents for i in active.tolist()])
    )
    best = np.argsort(-strength[active] * rarity, kind="stable")[:_OF_DOCUMENTS]
    return [int(feature) for feature in active[best]]


def best_feature(session: Session, text: str) -> int:
    """The first of the features called so, or else of those meant.

    Where texts cannot be embedded, terms of features stand in for what they mean.

    Raises:
        InputError: There is none.
        EmbedderError: No label or term has the words, and the text cannot be embedded.
    """
    found = features_called(session, text) if words_of(text) else []
    if not found:
        try:
            found = features_meant(session, text)
        except EmbedderError:
            found = features_with_terms(session, text)
            if not found:
                raise
    if not found:
        raise InputError(f"No feature is found by '{text}'.", "Try other words.")
    return found[0].id
