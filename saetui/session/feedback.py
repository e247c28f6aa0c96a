"""Turn what was found into steering: relevance feedback, and which features matter most."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import Change, Steering, knob_of
from saetui.core.code_scores import added_scores
from saetui.core.codec import Float
from saetui.core.search import distinct, single, top
from saetui.core.search_request import SearchRequest
from saetui.session.session import Session

STRENGTH = 0.25
"""What the strongest feature of a document is changed by."""

FEATURES = 16
"""How many of a document's features are changed; on SciFact five were clearly worse."""

# Documents that may come among the results: the nearest, and the strongest of each feature.
_NEAREST = 1_000
_STRONGEST = 50


@dataclass(frozen=True, slots=True)
class FeatureEffect:
    """What one step of a feature does to the present results.

    Attributes:
        feature: Its number.
        raised: How many of the results are others after a step up.
        lowered: The same after a step down.
        moved: How many of the results change places or leave, on average of both steps.
    """

    feature: int
    raised: int
    lowered: int
    moved: float


def feedback(
    session: Session, row: int, sign: int, strength: float = STRENGTH, features: int = FEATURES
) -> dict[int, Change]:
    """Steer toward a document's features, or away from them.

    As in Rocchio's relevance feedback the query moves along what is relevant; here along the
    document's strongest features only, each by its share of the strongest one's activation, so
    that every part of the change can be seen and taken back.

    Args:
        session: Of the bundle.
        row: Of the document.
        sign: 1 for toward, -1 for away.
        strength: Change of the strongest feature.
        features: How many to change at most.

    Raises:
        InputError: There is no such row.
    """
    session.bundle.check_row(row)
    codes = session.sae.codes
    slots = codes.indices[row] >= 0
    active = codes.indices[row][slots][:features].tolist()
    values = codes.values[row][slots][:features].tolist()
    return {
        feature: Change("add", round(sign * strength * value / values[0], 6))
        for feature, value in zip(active, values, strict=True)
    }


def with_feedback(
    session: Session, request: SearchRequest, changes: Mapping[int, Change]
) -> SearchRequest:
    """A request with changes that add put on top of those that it has."""
    z = session.searcher.query(request).z
    return replace(request, steering=with_changes(request.steering, changes, lambda i: float(z[i])))


def with_changes(
    steering: Steering, changes: Steering, activation: Callable[[int], float]
) -> dict[int, Change]:
    """Changes with others, which add, put on top of them.

    Args:
        steering: What there is.
        changes: What comes on top.
        activation: Of a feature in the query as it was typed.
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


def effects(session: Session, request: SearchRequest) -> list[FeatureEffect]:
    """The query's features and those changed, by how much a step moves the present results.

    Every feature is tried alone, a large step of the mode's knob up and down, on the documents
    that may come among the results: the nearest 1,000 and each feature's 50 strongest. In
    `optimise` the step is taken along the feature's direction.

    Returns:
        The feature that replaces most results first.

    Raises:
        InputError: As for a search.
    """
    searcher, request = session.searcher, request.effective
    steered = searcher.steered(request, searcher.query(request))
    changed = np.array(sorted(request.steering), dtype=np.int64)
    features = distinct(np.flatnonzero(steered.query.z), changed)
    if not len(features) or not len(session.bundle):
        return []
    eligible = searcher.eligible(request)
    by_codes = request.mode == "codes"
    near = searcher.ranker.nearest(steered.vector, _NEAREST, exact=False, eligible=eligible).rows
    postings = session.sae.postings
    strong = [postings.documents(int(feature))[0][:_STRONGEST] for feature in features]
    rows = distinct(near, *strong)
    if eligible is not None:
        rows = rows[eligible[rows]]
    vectors = single(session.bundle.rows.take(rows))
    if by_codes:
        scores = vectors @ steered.query.e
        scores = scores + added_scores(postings, steered.changes, len(session.bundle))[rows]
        slopes = _rewards(session, features, rows)
    else:
        scores = vectors @ steered.vector
        slopes = session.sae.weights.directions[features] @ vectors.T
    step, now = knob_of(request.mode).leap, top(scores, request.limit)
    found = []
    for feature, slope in zip(features.tolist(), slopes, strict=True):
        # In the vector modes every score is divided by the same norm, which changes no rank.
        after = [top(scores + sign * step * slope, request.limit) for sign in (1, -1)]
        raised, lowered = (len(np.setdiff1d(now, each)) for each in after)
        moved = float(np.mean([np.count_nonzero(now != each) for each in after]))
        found.append(FeatureEffect(feature, raised, lowered, moved))
    return sorted(
        found, key=lambda each: (-(each.raised + each.lowered), -each.moved, each.feature)
    )


def _rewards(session: Session, features: NDArray[np.int64], rows: NDArray[np.int64]) -> Float:
    """What a change of one of each feature adds to the scores of some documents, `(m, rows)`."""
    codes, postings = session.sae.codes, session.sae.postings
    places = np.full(codes.n + 1, -1)
    places[features] = np.arange(len(features))
    # Unused slots hold -1, which stands for the last place.
    here = places[codes.indices[rows]]
    document, slot = np.nonzero(here >= 0)
    feature = here[document, slot]
    strongest = np.ones(len(features), dtype=np.float32)
    for place, each in enumerate(features.tolist()):
        activations = postings.documents(each)[1]
        strongest[place] = activations[0] if len(activations) else 1
    found = np.zeros((len(features), len(rows)), dtype=np.float32)
    found[feature, document] = codes.values[rows][document, slot] / strongest[feature]
    return found
