"""The answer to a search as JSON. Scripts rely on it: fields may be added, never renamed.

A number that is not finite is null. The label of a feature without one is empty.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saetui.core.scores import Explanation
    from saetui.session.effects import FeatureEffect
    from saetui.session.search.response import Result, SearchResponse
    from saetui.session.session import Session

Json = dict[str, Any]


def number(value: float | None) -> float | None:
    """A number to the precision of float32; None if it is not finite."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.7g}")


def search_to_json(
    session: "Session",
    response: "SearchResponse",
    effects: "Mapping[int, FeatureEffect] | None" = None,
) -> Json:
    """The answer to a search: results, the query's features, and documents that steering dropped.

    Args:
        session: The session that was searched.
        response: The answer.
        effects: What a step of each feature would do, by feature; None leaves it out.
    """
    from saetui.session.saved.request_json import request_to_json

    error, like = response.code_error, response.request.like
    return {
        "query": response.request.query,
        "like": None if like is None else session.bundle.documents.id_of(like),
        "retrieval": response.request.retrieval,
        "mode": response.request.mode,
        "sae": session.sae.record.name,
        "drift": number(response.drift),
        "kept": number(response.kept),
        "overlap": number(response.overlap),
        "exact": response.exact,
        "recall": number(response.recall),
        "eligible": response.eligible,
        "told": response.told,
        "code_error": error and {"before": number(error[0]), "after": number(error[1])},
        "request": request_to_json(session, response.request),
        "results": [_result(session, result) for result in response.results],
        "features": [
            {
                "id": feature.id,
                "label": session.features[feature.id].label,
                "activation": number(feature.activation),
                "steered": number(feature.steered),
                "sure": feature.sure,
                "near": feature.near,
                **_effect(effects, feature.id),
            }
            for feature in response.features
        ],
        "dropped": [
            {
                "baseline_rank": dropped.baseline_rank,
                "id": dropped.id,
                "row": dropped.row,
                "title": dropped.title,
            }
            for dropped in response.dropped
        ],
    }


def _effect(effects: "Mapping[int, FeatureEffect] | None", feature: int) -> Json:
    """How many results a step of a feature replaces; empty if effects are left out."""
    if effects is None:
        return {}
    effect = effects.get(feature)
    if effect is None:
        return {"raised": None, "lowered": None, "moved": None}
    return {"raised": effect.raised, "lowered": effect.lowered, "moved": number(effect.moved)}


def _result(session: "Session", result: "Result") -> Json:
    shape: Json = {
        "rank": result.rank,
        "baseline_rank": result.baseline_rank,
        "score": number(result.score),
        "id": result.id,
        "row": result.row,
        "title": result.title,
        "published": result.published,
        "repeats": result.repeats,
    }
    if result.passage:
        shape["passage"] = result.passage
    if result.paper:
        shape |= {"paper": result.paper, "more": result.more}
    if result.excerpt:
        shape["excerpt"] = result.excerpt
    if result.why is not None:
        shape |= _why(session, result.why)
    return shape


def _why(session: "Session", why: "Explanation") -> Json:
    return {
        "why": [
            {"feature": feature, "label": session.features[feature].label, "term": number(term)}
            for feature, term in why.features
        ],
        "bias": number(why.bias),
        "remainder": number(why.remainder),
        "words": number(why.words),
    }
