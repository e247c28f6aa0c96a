"""`saetui search`: a search, steered by features."""

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.opening import opened
from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.core.changes import Mode
from saetui.errors import InputError
from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.cli.output import Output
    from saetui.session.presets import OpenedPreset, Preset
    from saetui.session.requests import DocumentFilter, SearchRequest
    from saetui.session.session import Session

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class _Wanted:
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
    limit: int | None
    why: bool
    exact: bool


def search(
    bundle: BundlePath,
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="QUERY",
            help='Text; "-" reads it from standard input; "" searches by steered features alone. '
            "Not needed with --like or --preset.",
            show_default=False,
        ),
    ] = None,
    *,
    like: Annotated[
        str | None,
        typer.Option("--like", metavar="ID", help="Start from a document instead of a text."),
    ] = None,
    steer: Annotated[
        list[str] | None,
        typer.Option(
            "--steer",
            metavar="FEATURE=CHANGE",
            help="Change a feature; may be repeated. FEATURE is a number, a label or family:NAME; "
            "CHANGE is +0.3 or -0.3 (add), 0.3 (set), 0 (off), x2 (scale) or neg (negate). "
            "1 weighs as much as the whole query.",
        ),
    ] = None,
    toward: Annotated[
        list[str] | None,
        typer.Option(
            "--toward", metavar="ID", help="Steer toward a document's features; may be repeated."
        ),
    ] = None,
    away: Annotated[
        list[str] | None,
        typer.Option(
            "--away", metavar="ID", help="Steer away from a document's features; may be repeated."
        ),
    ] = None,
    solo: Annotated[
        str | None, typer.Option("--solo", metavar="FEATURE", help="Keep only this feature.")
    ] = None,
    mute: Annotated[
        list[str] | None,
        typer.Option("--mute", metavar="FEATURE", help="Turn a feature off; may be repeated."),
    ] = None,
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="How changes become a ranking. delta, the default, keeps what the SAE does not "
            "explain of the query; codes leaves the query alone and rewards documents that "
            "activate the features; decode drops what is not explained; optimise does so, too, "
            "and then seeks the vector whose own code is the changed one.",
            show_default=False,
        ),
    ] = None,
    lexical: Annotated[
        bool, typer.Option("--lexical", help="Search by the query's words alone.")
    ] = False,
    hybrid: Annotated[
        bool, typer.Option("--hybrid", help="Search by meaning and by words, ranks fused.")
    ] = False,
    after: Annotated[
        str, typer.Option("--after", metavar="DATE", help="Published then or later.")
    ] = "",
    before: Annotated[
        str, typer.Option("--before", metavar="DATE", help="Published then or earlier.")
    ] = "",
    category: Annotated[
        list[str] | None,
        typer.Option(
            "--category",
            metavar="NAME",
            help='In this category or one below it ("cs" has "cs.LG"); of several, in any.',
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="FIELD=VALUE", help="What a metadata field must be or contain."
        ),
    ] = None,
    has: Annotated[
        list[str] | None,
        typer.Option("--has", metavar="FEATURE", help="Only documents that activate it."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="FEATURE", help="Only documents that do not."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="How many results; 10 if not given."),
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="Split each score into its terms.")] = False,
    effects: Annotated[
        bool,
        typer.Option(
            "--effects", help="Say how many results a step of 0.25 of each feature replaces."
        ),
    ] = False,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Compare with every document, and say how many of these the index finds.",
        ),
    ] = False,
    preset: Annotated[
        Path | None,
        typer.Option(
            "--preset", metavar="FILE", help="Start from a saved search; other options go on top."
        ),
    ] = None,
    replay: Annotated[
        bool,
        typer.Option("--replay", help="Repeat every step that the preset has recorded, in order."),
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option("--save-preset", metavar="FILE", help="Save the search to a file."),
    ] = None,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Search by meaning or by words, and steer the search by features.

    Each result says where it ranked without steering.
    """
    from saetui.cli import shapes
    from saetui.cli.output import Output
    from saetui.cli.search_text import print_response
    from saetui.session.feedback import effects as effects_of
    from saetui.session.presets import read_preset, save_preset

    if replay and preset is None:
        raise InputError("There is nothing to replay.", "Name a file with: --preset FILE")
    wanted = _Wanted(
        query=_query_text(query),
        like=like,
        steer=steer or [],
        toward=toward or [],
        away=away or [],
        solo=solo,
        mute=mute or [],
        mode=mode,
        lexical=lexical,
        hybrid=hybrid,
        after=after,
        before=before,
        category=category or [],
        where=where or [],
        has=has or [],
        without=without or [],
        limit=limit,
        why=why,
        exact=exact,
    )
    saved = read_preset(preset) if preset else None
    with opened(bundle, sae or (saved.sae if saved else None)) as session:
        output = Output()
        start = _opened_preset(saved, session) if saved else None
        if replay and start is not None:
            _replay(output, session, start, as_json)
            return
        request = _request(session, wanted, start.request if start else None)
        response = session.search(request)
        moves = {each.feature: each for each in effects_of(session, request)} if effects else None
        if save is not None:
            save_preset(save, session, request)
        if as_json:
            output.json(shapes.search(session, response, moves))
        else:
            print_response(output, session, response, moves)


def _opened_preset(saved: "Preset", session: "Session") -> "OpenedPreset":
    from saetui.session.presets import open_preset

    found = open_preset(saved, session)
    for warning in found.warnings:
        typer.echo(f"Warning: {visible_line(warning)}", err=True)
    return found


def _replay(output: "Output", session: "Session", start: "OpenedPreset", as_json: bool) -> None:
    """Answer every recorded search, and at last the saved one."""
    from saetui.cli import shapes
    from saetui.cli.search_text import print_response

    steps = [*start.history, *([] if start.request in start.history[-1:] else [start.request])]
    if as_json:
        found = [shapes.search(session, session.search(step)) for step in steps]
        output.json({"steps": found})
        return
    for number, step in enumerate(steps, start=1):
        output.heading(f"Step {number}: {step.query}")
        print_response(output, session, session.search(step))


def _request(session: "Session", wanted: _Wanted, start: "SearchRequest | None") -> "SearchRequest":
    """The search that options ask for, on top of a saved one."""
    from saetui.session.feedback import feedback, with_feedback
    from saetui.session.requests import SearchRequest
    from saetui.session.steering_text import parse_steering

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
        request = replace(request, like=_row(session, wanted.like))
    if wanted.lexical or wanted.hybrid:
        request = replace(request, retrieval="lexical" if wanted.lexical else "hybrid")
    for sign, ids in ((1, wanted.toward), (-1, wanted.away)):
        for each in ids:
            changes = feedback(session, _row(session, each), sign)
            request = with_feedback(session, request, changes)
    return request


def _filter(session: "Session", wanted: _Wanted, start: "DocumentFilter") -> "DocumentFilter":
    feature = session.lookup.feature
    pairs = []
    for text in wanted.where:
        field, separator, value = text.partition("=")
        if not separator or not field.strip():
            raise InputError(f"'{text}' does not say what a field must be.", "Write FIELD=VALUE.")
        pairs.append((field.strip(), value))
    return replace(
        start,
        after=wanted.after or start.after,
        before=wanted.before or start.before,
        categories=(*start.categories, *wanted.category),
        where=(*start.where, *pairs),
        having=(*start.having, *(feature(name) for name in wanted.has)),
        lacking=(*start.lacking, *(feature(name) for name in wanted.without)),
    )


def _row(session: "Session", document_id: str) -> int:
    row = session.bundle.documents.row_of(document_id)
    if row is None:
        raise InputError(
            f"There is no document with the id '{document_id}'.", "Ids are shown in results."
        )
    return row


def _query_text(query: str | None) -> str | None:
    """The query; bytes that are not text become replacement characters."""
    if query == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    # Python hands over such bytes of the command line as lone surrogates.
    return None if query is None else _SURROGATE.sub("\ufffd", query)
