"""Features to steer by, found by any words: first by label, then by meaning."""

from saetui.core.word_match import words_of
from saetui.errors import InputError
from saetui.session.session import Session
from saetui.store.features import FeatureRecord

_BY_MEANING = 30


def features_called(session: Session, text: str) -> list[FeatureRecord]:
    """Features whose label or terms have the words of a text, the best match first."""
    return [session.features[i] for i in session.features.lookup.matching(text)]


def features_meant(session: Session, text: str) -> list[FeatureRecord]:
    """Features that mean a text and lack its words: the nearest directions, the nearest first.

    Features that no document activates are left out.

    Raises:
        EmbedderError: The text cannot be embedded.
    """
    if not words_of(text):
        return []
    called = {record.id for record in features_called(session, text)}
    nearest = session.find_features(f"~{text}")
    active = [record for record in nearest if record.documents]
    return [record for record in active if record.id not in called][:_BY_MEANING]


def best_feature(session: Session, text: str) -> int:
    """The first of the features called so, or else of those meant.

    Raises:
        InputError: There is none.
        EmbedderError: No label has the words, and the text cannot be embedded.
    """
    found = features_called(session, text) if words_of(text) else []
    found = found or features_meant(session, text)
    if not found:
        raise InputError(f"No feature is found by '{text}'.", "Try other words.")
    return found[0].id
