"""Queries rewritten by a language model, to compare steering with, as the paper does."""

import json
from collections.abc import Sequence
from typing import Any

from saetui.evaluate.steering_trials import Trial
from saetui.interpret.llm.model import LanguageModel
from saetui.interpret.llm.questions import Question, check_all_asked
from saetui.interpret.llm.replies import Unusable, object_in
from saetui.progress import Progress
from saetui.text import visible_line

PROMPT_VERSION = "1"
_SCHEMA: dict[str, Any] = {
    "title": "rewritten",
    "type": "object",
    "properties": {"query": {"type": "string"}},
    "required": ["query"],
    "additionalProperties": False,
}
_TASK = (
    "You rewrite a query to a search engine for documents. Keep its subject and change as little "
    "of it as you can. {wanted} Reply with nothing but a JSON object: "
    '{{"query": "the rewritten query"}}'
)
_UP = "Make it ask more for {up}."
_DOWN = "Make it ask less for {down}, without naming that."
_ROOM, _EXPECTED = 512, 48
_LONGEST = 2_000


def rewritten_queries(
    model: LanguageModel,
    trials: Sequence[Trial],
    names: Sequence[str],
    progress: Progress,
    *,
    raising: bool = True,
    lowering: bool = True,
) -> list[str]:
    """Each trial's query as the model rewrites it; unchanged where its reply cannot be used.

    Args:
        model: The model that rewrites.
        trials: With the queries.
        names: Label of every feature.
        progress: Told of each query.
        raising: Whether to ask for more of the feature to raise.
        lowering: Whether to ask for less of the feature to lower.

    Raises:
        LanguageModelError: The model cannot be asked, or there is no money to ask it about all
            queries; replies so far are kept, and not paid for again.
    """
    questions = [
        _question(
            trial.query,
            names[trial.up] if raising else "",
            names[trial.down] if lowering else "",
        )
        for trial in trials
    ]
    task = f"Rewriting with {model.settings.model}"
    outcomes = model.ask_all(questions, task, "queries", progress)
    check_all_asked(outcomes, "queries")
    return [outcome.answer or trial.query for outcome, trial in zip(outcomes, trials, strict=True)]


def _question(query: str, up: str, down: str) -> Question[str]:
    # Labels and queries are sent as JSON strings, so that nothing in them is part of the prompt.
    wanted = [_UP.format(up=json.dumps(up))] if up else []
    wanted += [_DOWN.format(down=json.dumps(down))] if down else []
    messages = (
        {"role": "system", "content": _TASK.format(wanted=" ".join(wanted))},
        {"role": "user", "content": json.dumps({"query": query})},
    )
    return Question(PROMPT_VERSION, messages, _SCHEMA, _ROOM, _EXPECTED, _query_in)


def _query_in(text: str) -> str:
    found = object_in(text, "query")
    query = found["query"] if found is not None else None
    if not isinstance(query, str) or not visible_line(query):
        raise Unusable("it gives no query")
    return visible_line(query, _LONGEST)
