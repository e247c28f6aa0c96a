"""A search in words: as the command that repeats it, and what a step changed."""

import shlex

from saetui.core.changes import DEFAULT_MODE
from saetui.core.search_request import SearchRequest
from saetui.session.search.request_text import format_change, format_filter
from saetui.session.session import Session

_RETRIEVALS = {"semantic": "by meaning", "lexical": "by words", "hybrid": "by meaning and words"}
# If a step changes more features than this, their number is given instead of their names.
_MANY = 3


def step_text(session: Session, before: SearchRequest, after: SearchRequest) -> str:
    """What a step changed between two searches; empty where nothing differs."""
    parts = []
    if after.query != before.query:
        parts.append(f"ask: {after.query}" if after.query else "no query")
    if after.like != before.like and after.like is not None:
        parts.append(f"more like: {session.title(after.like)}")
    parts += _changes(session, before, after)
    if after.mode != before.mode:
        parts.append(f"mode {after.mode}")
    if after.retrieval != before.retrieval:
        parts.append(_RETRIEVALS[after.retrieval])
    if after.exact != before.exact:
        parts.append("compare with every document" if after.exact else "ask the index")
    if after.unfolded != before.unfolded:
        parts.append(
            "list repeated texts and passages" if after.unfolded else "fold texts and passages"
        )
    if after.filter != before.filter:
        parts.append(f"filter {format_filter(after.filter, session.name)}".strip())
    return ", ".join(parts)


def _changes(session: Session, before: SearchRequest, after: SearchRequest) -> list[str]:
    """What was done to features: changed, solo, muted, pinned."""
    if before.steering and not (after.on or after.liked):
        return ["reset all"] if after.start == before.start else ["without the changes before"]
    parts = _steering(session, before, after)
    for row in (*after.liked, *before.liked):
        if (row in after.liked) != (row in before.liked):
            said = "words of" if row in after.liked else "no words of"
            parts.append(f"{said} {session.title(row)}")
    if after.solo != before.solo:
        parts.append("solo ends" if after.solo is None else f"solo {session.name(after.solo)}")
    for verb, was, now in (
        ("mute", before.muted, after.muted),
        ("pin", before.pinned, after.pinned),
    ):
        for feature in sorted({*was} ^ {*now}):
            parts.append(f"{'' if feature in now else 'un'}{verb} {session.name(feature)}")
    return parts


def _steering(session: Session, before: SearchRequest, after: SearchRequest) -> list[str]:
    features = [*after.steering, *(each for each in before.steering if each not in after.steering)]
    changed = [i for i in features if before.steering.get(i) != after.steering.get(i)]
    if len(changed) > _MANY:
        return [f"{len(changed)} features, {session.name(changed[0])} first"]
    parts = []
    for feature in changed:
        change = after.steering.get(feature)
        parts.append(f"{session.name(feature)} {format_change(change) if change else 'as it was'}")
    return parts


def command_text(session: Session, request: SearchRequest) -> str:
    """The line to type into a shell."""
    words = ["saetui", "search", str(session.bundle.path)]
    if request.like is None:
        # A query that begins with a dash would be taken for an option.
        words += ["--", request.query] if request.query.startswith("-") else [request.query]
    options: list[str] = []
    if request.like is not None:
        options += ["--like", session.bundle.documents.id_of(request.like)]
    for feature, change in request.steering.items():
        options += ["--steer", f"{feature}={format_change(change)}"]
    for row in request.liked:
        options += ["--words-of", session.bundle.documents.id_of(row)]
    if request.solo is not None:
        options += ["--solo", str(request.solo)]
    for feature in request.muted:
        options += ["--mute", str(feature)]
    if request.mode != DEFAULT_MODE:
        options += ["--mode", request.mode]
    if request.retrieval != "hybrid":
        options.append(f"--{request.retrieval}")
    wanted = format_filter(request.filter)
    if wanted:
        options += ["--filter", wanted]
    if request.exact:
        options.append("--exact")
    if request.unfolded:
        options.append("--unfold")
    options += ["--limit", str(request.limit), "--sae", session.sae.record.name]
    place = 3
    return shlex.join([*words[:place], *options, *words[place:]])
