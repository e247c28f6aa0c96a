"""A search as the command that repeats it."""

import shlex

from saetui.core.changes import DEFAULT_MODE
from saetui.core.search_request import SearchRequest
from saetui.session.search.filter_text import format_filter
from saetui.session.search.steering_text import format_change
from saetui.session.session import Session


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
