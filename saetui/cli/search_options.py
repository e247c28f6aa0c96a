"""What the options of `saetui search` ask for, as one search."""

import re
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saetui.core.changes import Mode
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.core.document_filter import DocumentFilter
    from saetui.core.search_request import SearchRequest
    from saetui.session.session import Session

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Wanted:
    """What the options of one call say; None or empty where they say nothing."""

    query: str | None
    like: str | None
    steer: list[str]
    toward: list[str]
    away: list[str]
    solo: str | None
    mute: list[str]
    mode: Mode | None
    lexical: bool
    hybrid: bool
    after: str
    before: str
    category: list[str]
    where: list[str]
    has: list[str]
    without: list[str]
    filter: str
    limit: int | None
    why: bool
    exact: bool


def request_of(
    session: "Session", wanted: Wanted, start: "SearchRequest | None"
) -> "SearchRequest":
    """The search that options ask for, on top of a saved one."""
    from saetui.core.search_request import SearchRequest
    from saetui.session.feedback import feedback, with_feedback
    from saetui.session.search.steering_text import parse_steering

    request = start or SearchRequest()
    if wanted.lexical and wanted.hybrid:
        raise InputError("--lexical and --hybrid are two ways to search.", "Choose one.")
    feature = session.lookup.feature
    request = replace(
        request,
        query=request.query if wanted.query is None else wanted.query,
        steering={**request.steering, **parse_steering(wanted.steer, session.lookup)}
        if wanted.steer
        else request.steering,
        mode=wanted.mode or request.mode,
        solo=request.solo if wanted.solo is None else feature(wanted.solo),
        muted=(*request.muted, *(feature(name) for name in wanted.mute)),
        limit=wanted.limit or request.limit,
        why=wanted.why or request.why,
        exact=wanted.exact or request.exact,
        filter=_filter(session, wanted, request.filter),
    )
    if wanted.like is not None:
        request = replace(request, like=session.row_of(wanted.like))
    if wanted.lexical or wanted.hybrid:
        request = replace(request, retrieval="lexical" if wanted.lexical else "hybrid")
    for sign, ids in ((1, wanted.toward), (-1, wanted.away)):
        for each in ids:
            changes = feedback(session, session.row_of(each), sign)
            request = with_feedback(session, request, changes)
    return request


def _filter(session: "Session", wanted: Wanted, start: "DocumentFilter") -> "DocumentFilter":
    from saetui.session.search.filter_text import parse_filter

    feature = session.lookup.feature
    pairs = []
    for text in wanted.where:
        field, separator, value = text.partition("=")
        if not separator or not field.strip():
            raise InputError(f"'{text}' does not say what a field must be.", "Write FIELD=VALUE.")
        pairs.append((field.strip(), value))
    start = _together(start, parse_filter(wanted.filter, feature))
    return replace(
        start,
        after=wanted.after or start.after,
        before=wanted.before or start.before,
        categories=(*start.categories, *wanted.category),
        where=(*start.where, *pairs),
        having=(*start.having, *(feature(name) for name in wanted.has)),
        lacking=(*start.lacking, *(feature(name) for name in wanted.without)),
    )


def _together(start: "DocumentFilter", more: "DocumentFilter") -> "DocumentFilter":
    """Both filters; of two dates that say the same thing the later one said counts."""
    return replace(
        start,
        after=more.after or start.after,
        before=more.before or start.before,
        categories=(*start.categories, *more.categories),
        where=(*start.where, *more.where),
        having=(*start.having, *more.having),
        lacking=(*start.lacking, *more.lacking),
    )


def query_text(query: str | None) -> str | None:
    """The query; bytes that are not text become replacement characters."""
    if query == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    # Python hands over such bytes of the command line as lone surrogates.
    return None if query is None else _SURROGATE.sub("\ufffd", query)
