"""Which features are subjects, and which are mixed, manners of writing or plain words.

What rises and falls is read as a list of subjects. A feature with several meanings, or one for a
word that documents on any subject use, changes no less surely, but says nothing to a reader.
"""

from collections import Counter
from collections.abc import Iterable

from saetui.core.features import MIXED, TWO, WORD
from saetui.session.search.word_search import fts_parts
from saetui.session.session import Session
from saetui.store.features import FeatureRecord

# A label that is true of this share of its documents is good enough to suggest to a newcomer.
WELL_RECOGNISED = 0.75

MIXED_FEATURE, MANNER, DOUBTFUL, PLAIN, UNNAMED = (
    "mixed",
    "a manner of writing",
    "its label is often not true",
    "a plain word",
    "without a label",
)
_KINDS = {TWO: MIXED_FEATURE, MIXED: MIXED_FEATURE, WORD: MANNER}
# One of a kind, and several.
_SAID = {
    MIXED_FEATURE: ("mixed", "mixed"),
    MANNER: ("manner of writing", "manners of writing"),
    DOUBTFUL: ("label that is often not true", "labels that are often not true"),
    PLAIN: ("plain word", "plain words"),
    UNNAMED: ("without a label", "without a label"),
}

# A label of one word is plain if so many times as many documents have the word as count for the
# feature, and the feature's strongest documents are hardly alike. In astro-ph and cs.LG that tells
# "Bounds", "Sampling", "Reliability" and "Grounding" from "Memory", "Routing" and "Metallicity".
_PLAIN_TIMES = 3
_PLAIN_COHESION = 0.3


def held_back(session: Session, features: Iterable[int]) -> dict[int, str]:
    """Features that a list of subjects leaves out, each with why; none that a reader labelled."""
    found = {}
    for feature in features:
        why = _why(session, session.features[feature])
        if why:
            found[feature] = why
    return found


def counted_whys(whys: Iterable[str]) -> str:
    """How many features are left out for which reason: `7 mixed, 3 plain words`."""
    counts = Counter(whys)
    return ", ".join(
        f"{counts[why]:,} {said[counts[why] > 1]}" for why, said in _SAID.items() if counts[why]
    )


def _why(session: Session, feature: FeatureRecord) -> str:
    if not feature.label:
        return UNNAMED
    if session.features.notes_on(feature.id).label:
        return ""
    if feature.quality.word in _KINDS:
        return _KINDS[feature.quality.word]
    # Of bundles of before it is not known of which documents labels are true.
    if feature.true is not None and feature.true.value < WELL_RECOGNISED:
        return DOUBTFUL
    return PLAIN if _is_plain(session, feature) else ""


def _is_plain(session: Session, feature: FeatureRecord) -> bool:
    label, cohesion = feature.label, feature.quality.cohesion
    # Names in capitals and compounds are terms.
    if not label.isalpha() or label.isupper() or cohesion is None or cohesion >= _PLAIN_COHESION:
        return False
    words = fts_parts(label)
    if len(words) != 1:
        return False
    having = session.bundle.documents.count_matching(f'"{words[0]}"')
    return having >= _PLAIN_TIMES * feature.documents
