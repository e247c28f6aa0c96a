"""Which features of a query matter most: how many results a step of each would replace."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import BY_DOCUMENTS, knob_of
from saetui.core.codec import Float
from saetui.core.scores import Rows
from saetui.core.search import distinct, single, top, unit
from saetui.core.search_request import SearchRequest
from saetui.core.steering import reward
from saetui.session.search.steered_query import SteeredQuery, steer_query
from saetui.session.session import Session

# Documents that may become results: the nearest, and the strongest of each feature.
_NEAREST = 1_000
_STRONGEST = 50
# Of papers in passages, so many times more passages are ranked than papers are wanted.
_PASSAGES = 10


@dataclass(frozen=True, slots=True)
class FeatureEffect:
    """What one large step of a feature does to the current results.

    Attributes:
        feature: Its number.
        raised: How many results a step up replaces.
        lowered: How many results a step down replaces.
        moved: How many results change places or leave, on average over both steps.
    """

    feature: int
    raised: int
    lowered: int
    moved: float


def effects(session: Session, request: SearchRequest) -> list[FeatureEffect]:
    """How much one large step of each feature of the query changes the current results.

    Features that are changed, or that only the nearest documents have, count, too. Each feature is
    moved alone, up and down, and only documents that may become results are scored again: the
    nearest 1,000 and the 50 strongest of each feature. In `optimise` the step is taken along the
    feature's direction.

    Args:
        session: An open session.
        request: The search that gave the current results.

    Returns:
        The feature that replaces the most results first.

    Raises:
        InputError: As for a search.
    """
    asked = request.effective
    query = session.searcher.queries.of(asked)
    changed = np.array(sorted(asked.steering), dtype=np.int64)
    listed = [] if query.relevance is None else query.relevance.first(query.z)
    features = distinct(np.flatnonzero(query.z), changed, np.array(listed, np.int64)).tolist()
    if not features or not len(session.bundle):
        return []
    candidates = _Candidates.of(session, asked, features)
    step, now = knob_of(asked.mode).leap, candidates.best()
    found = []
    for feature in features:
        after = [candidates.best(feature, by) for by in (step, -step)]
        raised, lowered = (len(np.setdiff1d(now, each)) for each in after)
        moved = float(np.mean([np.count_nonzero(now != each) for each in after]))
        found.append(FeatureEffect(feature, raised, lowered, moved))
    return sorted(
        found, key=lambda each: (-(each.raised + each.lowered), -each.moved, each.feature)
    )


def replaced_by_adding(
    session: Session, request: SearchRequest, features: Sequence[int]
) -> dict[int, int]:
    """How many of the current results adding a feature replaces, by feature.

    Args:
        session: An open session.
        request: The search that gave the current results; its `limit` says how many count.
        features: Each is tried alone, with the change that the app adds it with.

    Raises:
        InputError: As for a search.
    """
    asked = request.effective
    if not asked.has_start or asked.retrieval == "lexical" or not len(session.bundle):
        return {}
    candidates = _Candidates.of(session, asked, features)
    added, now = knob_of(asked.mode).added, candidates.best()
    return {
        feature: len(np.setdiff1d(now, candidates.best(feature, added))) for feature in features
    }


class _Candidates:
    """Documents that may become results, scored again after a step of one feature."""

    def __init__(
        self, session: Session, request: SearchRequest, steered: SteeredQuery, rows: Rows
    ) -> None:
        self._session, self._request, self._steered, self._rows = session, request, steered, rows
        self._vectors = single(session.bundle.rows.take(rows))
        terms = session.searcher.terms
        words = terms.of_query(request)
        self._unchanged: Float = self._vectors @ unit(steered.vector)
        if words is not None:
            self._unchanged = self._unchanged + words.of(rows)
        changed = terms.of_features(request, steered)
        self._changed = {feature: term.of(rows) for feature, term in changed.items()}

    @classmethod
    def of(cls, session: Session, request: SearchRequest, features: Sequence[int]) -> "_Candidates":
        """The nearest documents, those with most words of the query, the strongest of features."""
        searcher = session.searcher
        steered = steer_query(session.sae.weights, searcher.queries.of(request), request)
        may = searcher.masks.eligible if request.unfolded else searcher.masks.folded
        eligible = may(request.filter, request.like)
        near = searcher.ranker.nearest(steered.vector, _NEAREST, exact=False, eligible=eligible)
        strong: list[NDArray[np.integer]] = [
            session.sae.postings.documents(feature)[0][:_STRONGEST] for feature in features
        ]
        words = searcher.terms.of_query(request)
        if words is not None:
            strong.append(words.rows[top(words.values, _NEAREST)])
        rows = distinct(near.rows, *strong)
        if eligible is not None:
            rows = rows[eligible[rows]]
        return cls(session, request, steered, rows)

    def best(self, feature: int = -1, step: float = 0.0) -> NDArray[np.int64]:
        """The results, now or after a step: rows of documents, of papers those of their first."""
        limit, papers = self._request.limit, self._session.bundle.documents.papers
        scores = self.scores(feature, step)
        if papers is None or self._request.unfolded:
            return self._rows[top(scores, limit)]
        found = self._rows[top(scores, _PASSAGES * limit)]
        keys = papers.first[found[papers.best(found, limit)[0]]]
        # Fewer papers than are wanted leave places empty.
        return np.pad(keys, (0, limit - len(keys)), constant_values=-1)

    def scores(self, feature: int = -1, step: float = 0.0) -> Float:
        """Scores of all of them, now or after `step` is added to a feature's activation."""
        scores = self._unchanged.copy()
        by_documents = self._request.mode in BY_DOCUMENTS
        for each, added in self._changed.items():
            if each != feature or not by_documents:
                scores += added
        if feature < 0:
            return scores
        return scores + self._stepped(feature, float(self._steered.changes[feature]) + step, step)

    def _stepped(self, feature: int, change: float, step: float) -> Float:
        match self._request.mode:
            case "codes":
                return reward(self._session.sae.postings, feature, change).of(self._rows)
            case "both":
                return self._session.searcher.terms.shown(feature).changed(change).of(self._rows)
        # Scores of the vector modes keep the norm that they are divided by.
        norm = float(np.linalg.norm(self._steered.vector)) or 1.0
        direction = self._session.sae.weights.directions[feature]
        return np.asarray(step / norm * (self._vectors @ direction), dtype=np.float32)
