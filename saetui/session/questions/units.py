"""What questions count: the documents or papers of features and families, and which are subjects.

In a corpus of passages, papers are counted: ten passages of a paper about parsing say no more than
one about whether parsing is more frequent in a venue. A test that takes them as ten promises far
too much.

What rises and falls is read as a list of subjects. A feature with several meanings, or one for a
word that documents on any subject use, changes no less surely, but says nothing to a reader.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Postings
from saetui.core.features import MIXED, TWO, WORD
from saetui.core.group_tests import TwoGroups, corrected
from saetui.interpret.families.superfeatures import family_postings
from saetui.session.details import Example
from saetui.session.questions.answers import Unit
from saetui.session.search.document_terms import fts_parts
from saetui.session.session import Session
from saetui.store.features import FeatureRecord
from saetui.store.stored_sae import StoredSae


@dataclass(frozen=True)
class Units:
    """Features or families with their documents.

    Attributes:
        unit: Which of the two.
        names: Labels or numbers, by number.
        postings: Their documents, by number.
    """

    unit: Unit
    names: Sequence[str]
    postings: Postings


def units_of(session: Session, unit: Unit, sae: StoredSae | None = None) -> Units:
    """The features or families of a session with their documents.

    Args:
        session: Says what they are called.
        unit: Features or families.
        sae: Whose documents are counted; None for those of the session. An SAE of another bundle
            must have the same features.
    """
    sae = sae or session.sae
    if unit == "feature":
        return Units(unit, [record.name for record in session.features], sae.counted)
    names = [family.label or f"Family {family.id}" for family in session.sae.families]
    return Units(unit, names, _of_families(sae, session.sae))


@lru_cache(4)
def _of_families(sae: StoredSae, named: StoredSae) -> Postings:
    return family_postings(sae.counted, named.families)


def strongest(
    session: Session, units: Units, number: int, among: NDArray[np.bool_], limit: int
) -> list[Example]:
    """The documents of a feature or family, out of some, on which it is strongest."""
    rows, values = units.postings.documents(number)
    chosen = np.flatnonzero(among[rows])[:limit]
    return examples(session, rows[chosen].tolist(), values[chosen].tolist())


def examples(session: Session, rows: Sequence[int], values: Sequence[float]) -> list[Example]:
    """Documents of some rows, each with its value."""
    headings = session.bundle.documents.headings(rows)
    return [
        Example(row, *headings[row][:2], value) for row, value in zip(rows, values, strict=True)
    ]


Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")


def once_per_session(
    make: Callable[Concatenate[Session, Parameters], Value],
) -> Callable[Concatenate[Session, Parameters], Value]:
    """Keep what a function returns for a session and further arguments, as long as the session."""
    kept: WeakKeyDictionary[Session, dict[object, Value]] = WeakKeyDictionary()

    @wraps(make)
    def cached(session: Session, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Value:
        found = kept.setdefault(session, {})
        key = (args, tuple(kwargs.items()))
        if key not in found:
            found[key] = make(session, *args, **kwargs)
        return found[key]

    return cached


REMARK = "Documents are passages: p is that of their papers."


@dataclass(frozen=True)
class PaperPostings:
    """Features or families with their papers, each known by the row of its first passage.

    Attributes:
        postings: A paper has what one of its passages has.
        first: The first passage of each document's paper, int64 `(N,)`.
    """

    postings: Postings
    first: NDArray[np.int64]

    def mask(self, documents: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The papers of some documents, bool `(N,)`."""
        found = np.zeros(len(documents), dtype=bool)
        found[self.first[documents]] = True
        return found

    def numbers(self, of_documents: NDArray[np.float64]) -> NDArray[np.float64]:
        """A number for each paper, that of one of its passages; NaN elsewhere."""
        known = ~np.isnan(of_documents)
        found = np.full(len(of_documents), np.nan)
        found[self.first[known]] = of_documents[known]
        return found


@once_per_session
def paper_postings(session: Session, unit: Unit) -> PaperPostings | None:
    """What a test counts in a corpus of passages; None where documents stand for themselves."""
    papers = session.bundle.documents.papers
    if papers is None:
        return None
    postings = units_of(session, unit).postings
    rows = papers.first[postings.rows]
    features = np.repeat(np.arange(postings.n), postings.counts())
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[np.unique(features * len(papers.first) + rows, return_index=True)[1]] = True
    once = postings.where(chosen)
    return PaperPostings(replace(once, rows=rows[chosen].astype(np.int32)), papers.first)


def with_p_of(found: TwoGroups, papers: TwoGroups) -> TwoGroups:
    """The figures of documents with the p values of their papers, of what was tested."""
    p = np.where(np.isnan(found.p), np.nan, papers.p)
    return replace(found, p=p, q=corrected(p))


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

# A label of one word is plain if this many times as many documents have the word as count for the
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
