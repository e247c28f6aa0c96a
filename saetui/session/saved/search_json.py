"""A search and its answer as JSON. Scripts rely on it: fields may be added, never renamed.

A request is what presets hold, and what `saetui search --request` reads:

    {"query": "dark matter", "mode": "codes",
     "changes": [{"feature": 12, "label": "Halos", "operation": "add", "amount": 0.3}],
     "filter": {"after": "2019", "having": [12]}, "limit": 20}

It holds what differs from `SearchRequest`'s defaults, and always mode and retrieval. Earlier
versions left out the retrieval of a search by meaning, their default; so a search with a mode and
without a retrieval is one by meaning. A search without a mode is steered by `codes`, which was the
default once. Documents are named by their ids, since rows change when a corpus is built anew: the
one to start from ("document"), and those whose words count beside the query's ("words_of").
Features are named by number and by label, so that the reader can be told that a number means
something else now.

In an answer, a number that is not finite is null, and the label of a feature without one is empty.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, get_args

from saetui.core.changes import MODES, UNNAMED_MODE, Change, Operation
from saetui.core.document_filter import EVERYTHING, RETRIEVALS, SIGNS, Comparison, DocumentFilter
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.store.json_files import briefly

if TYPE_CHECKING:
    from saetui.core.scores import Explanation
    from saetui.session.search.response import Result, SearchResponse
    from saetui.session.session import Session
    from saetui.session.steering import FeatureEffect

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

    `effects`, if there are any, say by feature what a step of it would do.
    """
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


_ALWAYS = ("mode", "retrieval")
# What names features or documents of the bundle is written in another way.
_BY_NAME = ("steering", "like", "liked", "filter")


def request_to_json(session: "Session", request: SearchRequest) -> Json:
    """A search of a session as JSON."""
    plain, documents = SearchRequest(), session.bundle.documents
    value: Json = {}
    for each in fields(SearchRequest):
        name, found = each.name, getattr(request, each.name)
        if name not in _BY_NAME and (name in _ALWAYS or found != getattr(plain, name)):
            value[name] = _listed(found)
    if request.like is not None:
        value["document"] = documents.id_of(request.like)
    if request.liked:
        value["words_of"] = [documents.id_of(row) for row in request.liked]
    if request.steering:
        value["changes"] = [
            {
                "feature": feature,
                "label": session.features[feature].label,
                "operation": change.operation,
                "amount": change.amount,
            }
            for feature, change in request.steering.items()
        ]
    if request.filter != EVERYTHING:
        names = (each.name for each in fields(DocumentFilter))
        found = {name: _listed(getattr(request.filter, name)) for name in names}
        value["filter"] = {name: each for name, each in found.items() if each}
    return value


def _listed(value: object) -> object:
    """A value with lists in place of tuples, as JSON has them."""
    return [_listed(each) for each in value] if isinstance(value, tuple) else value


def request_from_json(
    session: "Session", value: object, source: str, hint: str = ""
) -> tuple[SearchRequest, dict[int, str]]:
    """A search from JSON, and the labels in it that are others now, by feature.

    Messages name the `source` of the JSON and end with the hint.

    Raises:
        InputError: It holds what no search of this session can.
    """
    return _Reader(session, source, hint).request(value)


@dataclass(frozen=True)
class _Reader:
    """Reads JSON from one source, and says what is wrong with it."""

    session: "Session"
    source: str
    hint: str

    def request(self, value: object) -> tuple[SearchRequest, dict[int, str]]:
        if not isinstance(value, dict):
            raise self._bad(f"{briefly(value)} is not a search")
        known = {each.name for each in fields(SearchRequest)} - {"steering", "like", "liked"}
        unknown = sorted(set(value) - known - {"changes", "document", "words_of"})
        if unknown:
            raise self._bad(f"a search has no field {briefly(unknown[0])}")
        given = {name: found for name, found in value.items() if name in known}
        for name in ("muted", "pinned"):
            if name in given:
                given[name] = tuple(self._features(given[name]))
        if given.get("solo") is not None:
            given["solo"] = self._features([given["solo"]])[0]
        if "filter" in given:
            given["filter"] = self._filter(given["filter"])
        kinds = {"query": str, "limit": int, "why": bool, "exact": bool, "unfolded": bool}
        for name, kind in kinds.items():
            if name in given and (
                type(given[name]) is not kind or (kind is int and given[name] < 1)
            ):
                raise self._bad(f"{name} is {briefly(given[name])}")
        for name, options in (("mode", MODES), ("retrieval", RETRIEVALS)):
            if name in given and given[name] not in options:
                raise self._bad(
                    f"{name} is {briefly(given[name])}, not one of {', '.join(options)}"
                )
        if "document" in value:
            given["like"] = self._row(value["document"])
        given["liked"] = self._liked(value.get("words_of", []))
        if "mode" in given:
            given.setdefault("retrieval", "semantic")
        given.setdefault("mode", UNNAMED_MODE)
        steering, renamed = self._steering(value.get("changes", []))
        return SearchRequest(**given, steering=steering), renamed

    def _liked(self, documents: object) -> tuple[int, ...]:
        if not isinstance(documents, list):
            raise self._bad(f"words_of is {briefly(documents)}")
        return tuple(dict.fromkeys(map(self._row, documents)))

    def _row(self, document: object) -> int:
        row = self.session.bundle.documents.row_of(str(document))
        if row is None:
            raise self._bad(f"this bundle has no document {briefly(document)}")
        return row

    def _steering(self, value: object) -> tuple[dict[int, Change], dict[int, str]]:
        if not isinstance(value, list):
            raise self._bad(f"changes is {briefly(value)}")
        steering: dict[int, Change] = {}
        renamed: dict[int, str] = {}
        for each in value:
            feature, label, change = self._change(each)
            steering[feature] = change
            if label is not None and label != self.session.features[feature].label:
                renamed[feature] = label
        return steering, renamed

    def _change(self, value: object) -> tuple[int, str | None, Change]:
        if not isinstance(value, dict):
            raise self._bad(f"{briefly(value)} is not a change")
        (feature,) = self._features([value.get("feature")])
        amount, label = value.get("amount"), value.get("label")
        operation: Operation | None = next(
            (each for each in get_args(Operation) if each == value.get("operation")), None
        )
        if operation is None or isinstance(amount, bool) or not isinstance(amount, int | float):
            raise self._bad(f"{briefly(value)} is not a change")
        return feature, None if label is None else str(label), Change(operation, float(amount))

    def _features(self, value: object) -> list[int]:
        count = self.session.sae.record.n
        if not isinstance(value, list) or not all(
            type(each) is int and 0 <= each < count for each in value
        ):
            raise self._bad(f"{briefly(value)} does not name features from 0 to {count - 1}")
        return value

    def _filter(self, value: object) -> DocumentFilter:
        # "until" was called "before" in files of earlier versions.
        names = {"before", *(each.name for each in fields(DocumentFilter))}
        if not isinstance(value, dict) or set(value) - names:
            raise self._bad(f"{briefly(value)} is not a filter")
        given: Mapping[str, Any] = {"until": value.get("before", ""), **value}
        for name in ("after", "until"):
            if not isinstance(given.get(name, ""), str):
                raise self._bad(f"{name} is {briefly(given[name])}")
        categories, where = given.get("categories", []), given.get("where", [])
        lists = given.get("lists", [])
        if not _texts(categories) or not _texts(lists) or not isinstance(where, list):
            raise self._bad(f"{briefly(value)} is not a filter")
        if not all(_texts(pair) and len(pair) == 2 for pair in where):
            raise self._bad(f"where is {briefly(where)}")
        return DocumentFilter(
            given.get("after", ""),
            given.get("until", ""),
            tuple(categories),
            tuple((pair[0], pair[1]) for pair in where),
            tuple(self._features(given.get("having", []))),
            tuple(self._features(given.get("lacking", []))),
            self._compared(given.get("compared", [])),
            tuple(self._features(given.get("active", []))),
            tuple(lists),
        )

    def _compared(self, value: object) -> tuple[Comparison, ...]:
        if not isinstance(value, list):
            raise self._bad(f"compared is {briefly(value)}")
        found = []
        for each in value:
            sign = next(
                (s for s in SIGNS if _texts(each) and len(each) == 3 and s == each[1]), None
            )
            if sign is None:
                raise self._bad(f"{briefly(each)} compares nothing")
            found.append(Comparison(each[0], sign, each[2]))
        return tuple(found)

    def _bad(self, problem: str) -> InputError:
        return InputError(f"{self.source} cannot be used: {problem}.", self.hint)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
