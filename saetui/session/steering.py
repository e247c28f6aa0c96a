"""What to steer by: features of a document, features found by words, and what a step would do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import (
    BY_DOCUMENTS,
    FEEDBACK_MODE,
    Change,
    Mode,
    Steering,
    feedback_changes,
    knob_of,
)
from saetui.core.codec import Float
from saetui.core.scores import distinct, single, top, unit
from saetui.core.search_request import SearchRequest
from saetui.core.steering import reward
from saetui.core.words import words_of
from saetui.errors import EmbedderError, InputError
from saetui.session.search.queries import steer_query
from saetui.session.session import Session
from saetui.store.features import FeatureRecord

STRONGEST_FEATURES = 16
"""How many of the document's features are changed; on SciFact five were clearly worse."""


def mode_for_feedback(request: SearchRequest) -> Mode:
    """The mode in which a search follows feedback: its own, if features are changed already."""
    return FEEDBACK_MODE if request.mode == "both" and not request.steering else request.mode


def feedback(
    session: Session,
    row: int,
    sign: int,
    mode: Mode = FEEDBACK_MODE,
    *,
    strength: float | None = None,
    features: int = STRONGEST_FEATURES,
    query: Mapping[int, float] | None = None,
) -> dict[int, Change]:
    """Steer toward a document's features, or away from them; see `core.changes.feedback_changes`.

    Args:
        session: An open session.
        row: Row of the document.
        sign: 1 for toward, -1 for away.
        mode: Steering mode.
        strength: The change of the strongest feature; None for the mode's own.
        features: The most features to change.
        query: Activations of the query's own features, if there is a query.

    Raises:
        InputError: There is no such row.
    """
    session.bundle.check_row(row)
    codes = session.sae.codes
    slots = codes.indices[row] >= 0
    active = codes.indices[row][slots][:features].tolist()
    values = codes.values[row][slots][:features].tolist()
    return feedback_changes(dict(zip(active, values, strict=True)), mode, sign, strength, query)


def steered_toward(
    session: Session,
    request: SearchRequest,
    row: int,
    sign: int = 1,
    *,
    mode: Mode | None = None,
    query: Mapping[int, float] | None = None,
) -> SearchRequest:
    """A search steered toward a document's features and most telling words, or away from both.

    Args:
        session: An open session.
        request: The search so far.
        row: Row of the document.
        sign: 1 for toward; -1 for away, from all of the document's features, or, if the search was
            steered toward it, back to where it was before.
        mode: Steering mode; None for `mode_for_feedback`.
        query: Activations of the query's own features, if they are known already.

    Raises:
        InputError: There is no such row.
    """
    mode = mode_for_feedback(request) if mode is None else mode
    if query is None:
        z = session.searcher.queries.of(request).z
        query = {feature: float(z[feature]) for feature in np.flatnonzero(z).tolist()}
    own = query
    added_only = sign > 0 or row in request.liked
    changes = feedback(session, row, sign, mode, query=own if added_only else None)
    liked = tuple(each for each in request.liked if each != row)
    return replace(
        request,
        mode=mode,
        steering=with_changes(request.steering, changes, lambda i: own.get(i, 0.0)),
        liked=(*liked, row) if sign > 0 else liked,
    )


def with_changes(
    steering: Steering, changes: Steering, activation: Callable[[int], float]
) -> dict[int, Change]:
    """Changes of features with further ones, which `add`, on top of them.

    `activation` returns the activation of a feature in the unsteered query.
    """
    together = dict(steering)
    for feature, change in changes.items():
        together[feature] = _together(together.get(feature), change, activation(feature))
    return together


def _together(known: Change | None, added: Change, activation: float) -> Change:
    match known:
        case None:
            return added
        case Change("add", amount):
            return Change("add", round(amount + added.amount, 6))
        case _:
            return Change("set", round(known.apply(activation) + added.amount, 6))


_BY_MEANING = 30
# How many of the nearest documents have a say, and how many features are taken from them. With
# twenty documents, "Shocks" came before "Supernovae" for "stellar explosions".
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


# Documents that may become results: the nearest, and the strongest of each feature.
_CANDIDATES = 1_000
_STRONGEST_OF_EACH = 50
# How many passages are ranked for each paper that is wanted.
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
    """How much one large step of each feature of a query changes the current results.

    Features that are changed, or that only the nearest documents have, count, too. Each feature is
    moved alone, up and down, and only documents that may become results are scored again: the
    nearest 1,000 and the 50 strongest of each feature. In `optimise` the step is taken along the
    feature's direction.

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
    candidates = _Candidates(session, asked, features)
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
    """How many of the first `limit` results of a request adding a feature replaces, by feature.

    Each is tried alone, with the change that the app adds it with.

    Raises:
        InputError: As for a search.
    """
    asked = request.effective
    if not asked.has_start or asked.retrieval == "lexical" or not len(session.bundle):
        return {}
    candidates = _Candidates(session, asked, features)
    added, now = knob_of(asked.mode).added, candidates.best()
    return {
        feature: len(np.setdiff1d(now, candidates.best(feature, added))) for feature in features
    }


class _Candidates:
    """Documents that may become results, scored again after a step of one feature."""

    def __init__(self, session: Session, request: SearchRequest, features: Sequence[int]) -> None:
        searcher = session.searcher
        steered = steer_query(session.sae.weights, searcher.queries.of(request), request)
        may = searcher.masks.eligible if request.unfolded else searcher.masks.folded
        eligible = may(request.filter, request.like)
        near = searcher.ranker.nearest(steered.vector, _CANDIDATES, exact=False, eligible=eligible)
        # The nearest documents, those with most words of the query, and the strongest of features.
        strong: list[NDArray[np.integer]] = [
            session.sae.postings.documents(feature)[0][:_STRONGEST_OF_EACH] for feature in features
        ]
        words = searcher.terms.of_query(request)
        if words is not None:
            strong.append(words.rows[top(words.values, _CANDIDATES)])
        rows = distinct(near.rows, *strong)
        if eligible is not None:
            rows = rows[eligible[rows]]
        self._session, self._request, self._steered, self._rows = session, request, steered, rows
        self._vectors = single(session.bundle.rows.take(rows))
        self._unchanged: Float = self._vectors @ unit(steered.vector)
        if words is not None:
            self._unchanged = self._unchanged + words.of(rows)
        changed = searcher.terms.of_features(request, steered)
        self._changed = {feature: term.of(rows) for feature, term in changed.items()}

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
