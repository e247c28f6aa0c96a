"""What one step of a search did, in a few words, for lists of steps."""

from collections.abc import Callable

from saetui.session.search.filter_text import format_filter
from saetui.session.search.requests import SearchRequest
from saetui.session.search.steering_text import format_change

_RETRIEVALS = {"semantic": "by meaning", "lexical": "by words", "hybrid": "by meaning and words"}
_MANY = 3


def step_text(
    before: SearchRequest,
    after: SearchRequest,
    name: Callable[[int], str],
    document: Callable[[int], str],
) -> str:
    """What is different between two searches; empty where nothing is.

    Args:
        before: The search before the step.
        after: The one after it.
        name: What a feature is called.
        document: What a document is called, by its row.
    """
    parts = []
    if after.query != before.query:
        parts.append(f"ask: {after.query}" if after.query else "no query")
    if after.like != before.like and after.like is not None:
        parts.append(f"more like: {document(after.like)}")
    # Words alone are not steered; the changes only wait.
    if "lexical" not in (before.retrieval, after.retrieval):
        parts += _steering(before, after, name)
    if after.solo != before.solo:
        parts.append("solo ends" if after.solo is None else f"solo {name(after.solo)}")
    for feature in sorted({*before.muted} ^ {*after.muted}):
        parts.append(f"{'mute' if feature in after.muted else 'unmute'} {name(feature)}")
    if after.mode != before.mode:
        parts.append(f"mode {after.mode}")
    if after.retrieval != before.retrieval:
        parts.append(_RETRIEVALS[after.retrieval])
    if after.exact != before.exact:
        parts.append("compare with every document" if after.exact else "ask the index")
    if after.filter != before.filter:
        parts.append(f"filter {format_filter(after.filter, name)}".strip())
    return ", ".join(parts)


def _steering(before: SearchRequest, after: SearchRequest, name: Callable[[int], str]) -> list[str]:
    features = [*after.steering, *(each for each in before.steering if each not in after.steering)]
    changed = [i for i in features if before.steering.get(i) != after.steering.get(i)]
    if before.steering and not after.steering:
        return ["reset all"]
    if len(changed) > _MANY:
        return [f"{len(changed)} features, {name(changed[0])} first"]
    parts = []
    for feature in changed:
        change = after.steering.get(feature)
        parts.append(f"{name(feature)} {format_change(change) if change else 'as it was'}")
    return parts
