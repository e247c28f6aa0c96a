"""What an assistant can ask of a bundle: small answers, as JSON, that name everything by its id.

Nothing changes the bundle. The searches of one conversation are remembered, so that each step can
be taken back or repeated in the app.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from saetui.cli import json_output
from saetui.core.changes import MODES
from saetui.core.document_filter import RETRIEVALS
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.questions import asking
from saetui.session.questions.answers import Figure, Unit
from saetui.session.questions.groups import Shown
from saetui.session.saved.presets import preset_to_json
from saetui.session.saved.search_json import Json, search_to_json
from saetui.session.saved.search_text import command_text
from saetui.session.search.request_text import parse_filter, parse_steering
from saetui.session.session import Session
from saetui.session.steering import best_feature

_MOST_RESULTS = 50
_MOST_LISTED = 200
_MOST_EXAMPLES = 20
_LONGEST_TEXT = 8_000
# Documents that are named for the first row of an answer, from each side.
_ANSWER_EXAMPLES = 3
# Features of a query that are told; the rest is too weak to matter.
_FEATURES = 20


class BundleTools:
    """Answers an assistant's questions about an open bundle, one at a time.

    The caller closes the session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._steps: list[SearchRequest] = []
        self._results: list[str] = []
        # Questions come from several threads, and each search is a step that follows the last one.
        self._lock = threading.Lock()

    def about(self) -> Json:
        """What the bundle holds, and the fields by which documents can be filtered."""
        manifest = self._session.bundle.manifest
        return {
            "name": manifest.name,
            "documents": manifest.documents,
            "embedder": manifest.embedder["spec"],
            "sae": self._session.sae.record.name,
            "features": self._session.sae.record.n,
            "families": len(self._session.sae.families.families),
            "fields": sorted(self._session.field_names()),
        }

    def search(
        self,
        query: str,
        *,
        filter_text: str = "",
        steer: Sequence[str] = (),
        mode: str = "",
        retrieval: str = "",
        like: str = "",
        limit: int = 10,
    ) -> Json:
        """A new search, perhaps steered at once."""
        session = self._session
        feature = session.features.lookup.feature
        with self._lock:
            request = SearchRequest(query, limit=_bounded(limit, _MOST_RESULTS))
            if like:
                request = replace(request, like=session.row_of(like))
            if mode:
                request = replace(request, mode=_one_of(mode, MODES, "mode"))
            if retrieval:
                request = replace(
                    request, retrieval=_one_of(retrieval, RETRIEVALS, "way to search")
                )
            request = replace(
                request,
                filter=parse_filter(filter_text, feature, session.field_names),
                steering=self._changes(steer),
            )
            self._steps = []
            return self._answer(request)

    def steer(self, changes: Sequence[str], *, start_over: bool = False, undo: int = 0) -> Json:
        """The last search with further changes, or with some steps taken back."""
        with self._lock:
            if not self._steps:
                raise InputError("There is no search to steer yet.", "Call search first.")
            if undo:
                del self._steps[max(len(self._steps) - undo, 1) :]
            last = self._steps[-1]
            before = {} if start_over else last.steering
            return self._answer(replace(last, steering={**before, **self._changes(changes)}))

    def _changes(self, texts: Sequence[str]) -> dict[int, Any]:
        lookup = self._session.features.lookup
        return dict(parse_steering(texts, lookup, lambda text: best_feature(self._session, text)))

    def _answer(self, request: SearchRequest) -> Json:
        response = self._session.search(request)
        if not self._steps or self._steps[-1] != request:
            self._steps.append(request)
        self._results = [result.id for result in response.results]
        shape = search_to_json(self._session, response)
        shape["features"] = shape["features"][:_FEATURES]
        return {**shape, "command": command_text(self._session, request)}

    def preset(self) -> Json:
        """The last search with its steps, as the app and `saetui search --preset` open it."""
        with self._lock:
            if not self._steps:
                raise InputError("There is no search to keep yet.", "Call search first.")
            *before, last = self._steps
            return preset_to_json(self._session, last, before, self._results)

    def ask(self, question: str, *, families: bool = False, limit: int = 20) -> Json:
        """The answer to a question about the whole corpus, from both ends of its order.

        `results` and `unsteered` in the question mean those of the last search.
        """
        with self._lock:
            last = self._steps[-1] if self._steps else None
            unit: Unit = "family" if families else "feature"
            shown = None if last is None else Shown(last)
            answer = asking.ask(self._session, question, unit=unit, shown=shown)
        rows = answer.rows
        count = min(_bounded(limit, _MOST_LISTED), len(rows))
        first = (count + 1) // 2
        told = (*rows[:first], *rows[len(rows) - (count - first) :])
        return {
            "question": answer.question,
            "title": answer.title,
            "remarks": list(answer.remarks),
            "found": len(rows),
            answer.unit: [
                {"id": row.id, "label": row.name, **{n: _short(v) for n, v in row.figures.items()}}
                for row in told
            ],
            "documents": [
                {"of": f"{told[0].name}, {title}".rstrip(", "), "ids": [each.id for each in found]}
                for title, found in answer.examples(told[0].id, _ANSWER_EXAMPLES)
            ]
            if told
            else [],
        }

    def features(self, words: str = "", *, limit: int = 20) -> Json:
        """Features whose labels have the words, or that a filter lets through."""
        found = self._session.find_features(words)
        shown = found[: _bounded(limit, _MOST_LISTED)]
        return {
            "found": len(found),
            "features": [json_output.feature(self._session, record) for record in shown],
        }

    def feature(self, name: str, *, examples: int = 5) -> Json:
        """One feature, by its number or its label."""
        number = self._session.features.lookup.feature(name)
        detail = self._session.feature(number, _bounded(examples, _MOST_EXAMPLES))
        return json_output.feature_detail(self._session, detail)

    def families(self, words: str = "", *, limit: int = 20) -> Json:
        """Families whose labels have the words, the largest first."""
        found = self._session.features.lookup.families(words)
        shown = found[: _bounded(limit, _MOST_LISTED)]
        return {
            "found": len(found),
            "families": [json_output.family(self._session, family) for family in shown],
        }

    def family(self, name: str, *, examples: int = 5) -> Json:
        """One family as a tree, with the documents that show it."""
        found = self._session.features.lookup.family(name)
        detail = self._session.family(found, _bounded(examples, _MOST_EXAMPLES))
        return json_output.family_detail(self._session, detail)

    def document(self, identifier: str, *, limit: int = 10) -> Json:
        """One document: text, features, nearest documents. A long text is cut, and says so."""
        row = self._session.row_of(identifier)
        detail = self._session.document(row, _bounded(limit, _MOST_EXAMPLES))
        shape = json_output.document(self._session, detail)
        text = str(shape.get("text", ""))
        if len(text) > _LONGEST_TEXT:
            shape |= {"text": text[:_LONGEST_TEXT], "text_cut_from": len(text)}
        return shape


def _short(figure: Figure) -> Figure:
    """A figure with as many digits as anybody reads."""
    return float(f"{figure:.4g}") if isinstance(figure, float) else figure


def _bounded(asked: int, most: int) -> int:
    return min(max(asked, 1), most)


def _one_of(text: str, known: Sequence[str], what: str) -> Any:  # noqa: ANN401 - a literal type.
    if text not in known:
        raise InputError(f"'{text}' is no {what}.", f"Choose one of {', '.join(known)}.")
    return text
