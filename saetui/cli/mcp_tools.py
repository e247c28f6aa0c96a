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

    Each public method is a tool: the assistant sees its name, its arguments and its docstring.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._steps: list[SearchRequest] = []
        self._results: list[str] = []
        # Questions come from several threads, and each search is a step that follows the last one.
        self._lock = threading.Lock()

    def about(self) -> Json:
        """Say what the bundle holds: documents, SAE, and the fields to filter documents by."""
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

    # The arguments of tools come by name, however many they are.
    def search(  # noqa: PLR0917
        self,
        query: str = "",
        filter: str = "",
        steer: list[str] | None = None,
        mode: str = "",
        retrieval: str = "",
        like: str = "",
        limit: int = 10,
    ) -> Json:
        """Search documents by meaning and words; gives results and the query's features.

        filter: such as "after:2019 category:cs.LG has:12". steer: changes to features at once.
        mode: both (default), codes, delta, decode or optimise. retrieval: hybrid (default),
        semantic or lexical. like: a document's id to search from instead of a query.

        Of a feature, sure says whether the query is fairly sure to ask about it, and near how many
        of the told nearest documents count for it.
        """
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
                filter=parse_filter(filter, feature, session.field_names),
                steering=self._changes(steer or ()),
            )
            self._steps = []
            return self._answer(request)

    def steer(self, changes: list[str], start_over: bool = False, undo: int = 0) -> Json:
        """Repeat the last search with changes on top of those made so far."""
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
        """Give the last search with its steps as a preset.

        Saved as a file, the app opens it with the key o, and so does: saetui search BUNDLE --preset
        FILE --replay.
        """
        with self._lock:
            if not self._steps:
                raise InputError("There is no search to keep yet.", "Call search first.")
            *before, last = self._steps
            return preset_to_json(self._session, last, before, self._results)

    def compare(self, question: str, families: bool = False, limit: int = 20) -> Json:
        """Answer a question about the whole corpus, with shares, ratios and corrected p values.

        question: "category:cs.LG vs after:2020" (what sets two groups apart; a group is a filter,
        search:WORDS, results or unsteered of the last search, rest or all), "to stars" (what goes
        with a field), "over years" (what rises and falls), or "topics 30"; each may end in "within
        FILTER". families: count families of features instead of features. limit: rows, half of
        them from either end. The app takes the same question in its view 5.
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

    def features(self, words: str = "", limit: int = 20) -> Json:
        """List features by words of their labels, "~any words" by meaning, or figures.

        Figures and names narrow the list: true>0.8, density<0.01, quality:coherent, family:any.
        """
        found = self._session.find_features(words)
        shown = found[: _bounded(limit, _MOST_LISTED)]
        return {
            "found": len(found),
            "features": [json_output.feature(self._session, record) for record in shown],
        }

    def feature(self, name: str, examples: int = 5) -> Json:
        """Show a feature by number or label: figures, documents, related features, labels."""
        number = self._session.features.lookup.feature(name)
        detail = self._session.feature(number, _bounded(examples, _MOST_EXAMPLES))
        return json_output.feature_detail(self._session, detail)

    def families(self, words: str = "", limit: int = 20) -> Json:
        """List families of features, from general to specific, the largest first."""
        found = self._session.features.lookup.families(words)
        shown = found[: _bounded(limit, _MOST_LISTED)]
        return {
            "found": len(found),
            "families": [json_output.family(self._session, family) for family in shown],
        }

    def family(self, name: str, examples: int = 5) -> Json:
        """Show a family by number or label: its tree and its documents."""
        found = self._session.features.lookup.family(name)
        detail = self._session.family(found, _bounded(examples, _MOST_EXAMPLES))
        return json_output.family_detail(self._session, detail)

    def document(self, id: str, limit: int = 10) -> Json:
        """Show a document by its id: text, metadata, features, nearest documents."""
        row = self._session.row_of(id)
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
