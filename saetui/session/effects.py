"""Which features of a query matter most: how many results a step of each would replace."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import knob_of
from saetui.core.code_scores import added_scores
from saetui.core.codec import Float
from saetui.core.search import distinct, single, top
from saetui.core.search_request import SearchRequest
from saetui.session.search.steered_query import steer_query
from saetui.session.session import Session

# Documents that may become results: the nearest, and the strongest of each feature.
_NEAREST = 1_000
_STRONGEST = 50


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

    Features with a change count as features of the query. Each feature is moved alone, up and down,
    and only documents that may become results are scored again: the nearest 1,000 and the 50
    strongest of each feature. In `optimise` the step is taken along the feature's direction.

    Args:
        session: An open session.
        request: The search that gave the current results.

    Returns:
        The feature that replaces the most results first.

    Raises:
        InputError: As for a search.
    """
    searcher, request = session.searcher, request.effective
    query = searcher.queries.of(request)
    steered = steer_query(session.sae.weights, query, request)
    changed = np.array(sorted(request.steering), dtype=np.int64)
    features = distinct(np.flatnonzero(steered.query.z), changed)
    if not len(features) or not len(session.bundle):
        return []
    eligible = searcher.masks.eligible(request.filter, request.like)
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
        # Scores of the vector modes lack a division by one norm, which changes no rank.
        after = [top(scores + sign * step * slope, request.limit) for sign in (1, -1)]
        raised, lowered = (len(np.setdiff1d(now, each)) for each in after)
        moved = float(np.mean([np.count_nonzero(now != each) for each in after]))
        found.append(FeatureEffect(feature, raised, lowered, moved))
    return sorted(
        found, key=lambda each: (-(each.raised + each.lowered), -each.moved, each.feature)
    )


def _rewards(session: Session, features: NDArray[np.int64], rows: NDArray[np.int64]) -> Float:
    """What a change of 1 to each feature adds to the scores of some documents, `(m, rows)`."""
    codes, postings = session.sae.codes, session.sae.postings
    places = np.full(codes.n + 1, -1)
    places[features] = np.arange(len(features))
    # Unused slots hold -1, which numpy takes for the last place.
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
