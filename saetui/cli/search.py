"""`saetui search`: a search, steered by features."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.opening import opened
from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.cli.search_options import Wanted, query_text, request_of
from saetui.core.changes import Mode
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.cli.output import Output
    from saetui.core.search_request import SearchRequest
    from saetui.session.search.response import SearchResponse
    from saetui.session.session import Session


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
            help="How changes become a ranking. codes, the default, leaves the query alone and "
            "rewards documents that activate the features; delta moves the query along their "
            "directions; decode also drops what the SAE does not explain of the query; optimise "
            "does so, too, and then seeks the vector whose own code is the changed one.",
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
            "--effects", help="Say how many results a large step of each feature replaces."
        ),
    ] = False,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Compare with every document, and say how many of these the index finds.",
        ),
    ] = False,
    wanted_filter: Annotated[
        str,
        typer.Option(
            "--filter",
            metavar="TEXT",
            help='All of that as text, as in the app: after:2019 category:cs.LG has:"Dark matter"',
        ),
    ] = "",
    request: Annotated[
        Path | None,
        typer.Option(
            "--request",
            metavar="FILE",
            help='Start from a search in JSON ("request" of what --json prints); "-" reads it from '
            "standard input. Other options go on top.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            metavar="FILE",
            help='Start from a saved search: a file, "-", or the name of a bookmark; other options '
            "go on top.",
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
    mark: Annotated[
        bool, typer.Option("--bookmark", help="Keep the search and what it found in the bundle.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            help="Write the results to a file: .json, .csv, or .bib for papers on arXiv.",
        ),
    ] = None,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Search by meaning or by words, and steer the search by features.

    Each result says where it ranked without steering.
    """
    from saetui.cli.output import Output
    from saetui.cli.search_start import Start
    from saetui.session.saved.bookmarks import bookmark
    from saetui.session.saved.exports import export_results
    from saetui.session.saved.presets import save_preset

    if replay and preset is None:
        raise InputError("There is nothing to replay.", "Name a file with: --preset FILE")
    wanted = Wanted(
        query=query_text(query),
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
        filter=wanted_filter,
        limit=limit,
        why=why,
        exact=exact,
    )
    start = Start.read(bundle, request, preset)
    with opened(bundle, sae or start.sae) as session:
        begun = start.of(session)
        if replay:
            _replay(Output(), session, begun.steps, as_json)
            return
        asked = request_of(session, wanted, begun.request)
        response = session.search(asked)
        ids = [result.id for result in response.results]
        if asked != asked.effective:
            typer.echo("A search by words alone cannot be steered: the changes wait.", err=True)
        if asked == begun.request:
            begun.compare(response)
        if save is not None:
            save_preset(save, session, asked, begun.steps, ids)
        if mark:
            typer.echo(f"Bookmarked as {bookmark(session, asked, response).name}", err=True)
        if export is not None:
            count = export_results(export, session, response)
            typer.echo(f"Wrote {count} of {len(ids)} results to {export}", err=True)
        _print(Output(), session, response, effects=effects, as_json=as_json)


def _print(
    output: "Output",
    session: "Session",
    response: "SearchResponse",
    *,
    effects: bool = False,
    as_json: bool = False,
) -> None:
    from saetui.cli.search_text import print_response
    from saetui.session.feedback import effects as effects_of
    from saetui.session.saved.search_json import search_to_json

    found = effects_of(session, response.request) if effects else None
    moves = None if found is None else {each.feature: each for each in found}
    if as_json:
        output.json(search_to_json(session, response, moves))
    else:
        print_response(output, session, response, moves)


def _replay(
    output: "Output", session: "Session", steps: "tuple[SearchRequest, ...]", as_json: bool
) -> None:
    """Answer every recorded search, the saved one last."""
    from saetui.core.search_request import SearchRequest
    from saetui.session.saved.search_json import search_to_json
    from saetui.session.search.step_text import step_text

    if as_json:
        found = [search_to_json(session, session.search(step)) for step in steps]
        output.json({"steps": found})
        return

    before = SearchRequest()
    for number, step in enumerate(steps, start=1):
        output.heading(f"Step {number}: {step_text(session, before, step)}")
        _print(output, session, session.search(step))
        before = step
