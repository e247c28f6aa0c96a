"""Relevance feedback: steer toward the features of a document, or away from them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from saetui.core.changes import FEEDBACK_MODE, Change, Mode, Steering, feedback_changes
from saetui.core.search_request import SearchRequest
from saetui.session.session import Session

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


def with_feedback(
    session: Session, request: SearchRequest, changes: Mapping[int, Change]
) -> SearchRequest:
    """A request with further changes from `feedback`, added to those that it has."""
    z = session.searcher.queries.of(request).z
    return replace(request, steering=with_changes(request.steering, changes, lambda i: float(z[i])))


def with_changes(
    steering: Steering, changes: Steering, activation: Callable[[int], float]
) -> dict[int, Change]:
    """Changes with further ones added to them.

    Args:
        steering: The changes so far.
        changes: The further changes; their operation is `add`.
        activation: Returns the activation of a feature in the unsteered query.
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
