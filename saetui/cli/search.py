"""`saetui search`: a search, steered by features."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, Formulas, SaeName
from saetui.cli.output import Output
from saetui.core.changes import Mode
from saetui.core.document_filter import DocumentFilter, Retrieval, check_date, date_before
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError, SaetuiError
from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.session.saved.presets import OpenedPreset, Preset
    from saetui.session.search.response import SearchResponse
    from saetui.session.session import Session

_STANDARD_INPUT = "standard input"
_SURROGATE = re.compile("[\ud800-\udfff]")


def search(
    bundle: BundlePath,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY",
            help='One or more words; "-" reads them from standard input; "" searches by steered '
            "features alone. Not needed with --like, --request or --preset.",
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
            help="Change a feature; may be repeated. FEATURE is a number, a label, family:NAME "
            "or ~any words, for the best feature by label or meaning; "
            "CHANGE is +0.3 or -0.3 (add), 0.3 (set), 0 (off), x2 (scale) or neg (negate). "
            "1 weighs as much as the whole query.",
        ),
    ] = None,
    toward: Annotated[
        list[str] | None,
        typer.Option(
            "--toward",
            metavar="ID",
            help="Steer toward a document's features and telling words; may be repeated.",
        ),
    ] = None,
    away: Annotated[
        list[str] | None,
        typer.Option(
            "--away", metavar="ID", help="Steer away from a document's features; may be repeated."
        ),
    ] = None,
    words_of: Annotated[
        list[str] | None,
        typer.Option(
            "--words-of",
            metavar="ID",
            help="Count a document's most telling words beside the query's, as --toward does; may "
            "be repeated.",
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
            help="How changes become a ranking. both, the default, asks for documents about the "
            "query and what is raised, but not what is lowered; codes rewards documents that "
            "activate the features; delta moves the query along their directions; decode also "
            "drops what the SAE does not explain of the query; optimise does so, too, and then "
            "seeks the vector whose own code is the changed one.",
            show_default=False,
        ),
    ] = None,
    semantic: Annotated[bool, typer.Option("--semantic", help="Search by meaning alone.")] = False,
    lexical: Annotated[
        bool, typer.Option("--lexical", help="Search by the query's words alone.")
    ] = False,
    hybrid: Annotated[
        bool, typer.Option("--hybrid", help="Search by meaning and by words: the default.")
    ] = False,
    filter_text: Annotated[
        str,
        typer.Option(
            "--filter",
            metavar="TEXT",
            help="Which documents may be found, as in the app: after:2019 before:2021 "
            'category:cs.LG has:"Dark matter" without:12 journal:Nature stars>3 author.name=Ada; '
            "saetui fields BUNDLE lists the fields.",
        ),
    ] = "",
    after: Annotated[
        str, typer.Option("--after", metavar="DATE", help="Published then or later.")
    ] = "",
    before: Annotated[
        str, typer.Option("--before", metavar="DATE", help="Published earlier than that.")
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
        # The rest of these only repeat --filter; they still work.
        typer.Option("--where", metavar="FIELD=VALUE", hidden=True),
    ] = None,
    has: Annotated[list[str] | None, typer.Option("--has", metavar="FEATURE", hidden=True)] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="FEATURE", hidden=True)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many results; 10 if not given.")
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
    unfold: Annotated[
        bool,
        typer.Option(
            "--unfold", help="List each document of a repeated text, and each passage of a paper."
        ),
    ] = False,
    request_file: Annotated[
        Path | None,
        typer.Option(
            "--request",
            metavar="FILE",
            help='Start from a search in JSON ("request" of what --json prints); "-" reads it from '
            "standard input. Other options go on top.",
        ),
    ] = None,
    preset_name: Annotated[
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
    formulas: Formulas = False,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Search by meaning or by words, and steer the search by features.

    Each result says where it ranked without steering.
    """
    from saetui.cli.search_output import print_replay, print_search
    from saetui.session.saved.bookmarks import bookmark
    from saetui.session.saved.exports import export_results
    from saetui.session.saved.presets import save_preset
    from saetui.session.saved.search_json import request_from_json
    from saetui.session.search.request_text import parse_filter, parse_steering
    from saetui.session.steering import best_feature, mode_for_feedback, steered_toward

    if replay and preset_name is None:
        raise InputError("There is nothing to replay.", "Name a file with: --preset FILE")
    if request_file is not None and preset_name is not None:
        raise InputError("A search starts from --request or from --preset.", "Choose one.")
    ways: dict[Retrieval, bool] = {"semantic": semantic, "lexical": lexical, "hybrid": hybrid}
    chosen: list[Retrieval] = [way for way, wanted in ways.items() if wanted]
    if len(chosen) > 1:
        raise InputError(
            f"{' and '.join(f'--{way}' for way in chosen)} are different ways to search.",
            "Choose one.",
        )
    query = query_text(words)
    saved = None if preset_name is None else preset_called(bundle, preset_name)
    asked_in_json = None if request_file is None else read_json_input(request_file)
    with opened(bundle, sae or (saved.sae if saved else None)) as session:
        preset = None if saved is None else _opened_preset(saved, session)
        if replay and preset is not None:
            print_replay(Output(), session, preset.steps, as_json=as_json)
            return
        start = SearchRequest() if preset is None else preset.request
        if request_file is not None:
            start, _ = request_from_json(session, asked_in_json, name_of(request_file))
        feature = session.features.lookup.feature

        def best(text: str) -> int:
            found = best_feature(session, text)
            _note(f"For ~{text}, feature {found} is steered: {session.name(found)}")
            return found

        request = replace(
            start,
            query=start.query if query is None else query,
            steering={
                **start.steering,
                **parse_steering(steer or (), session.features.lookup, best),
            },
            mode=mode or start.mode,
            solo=start.solo if solo is None else feature(solo),
            limit=limit or start.limit,
            why=why or start.why,
            exact=exact or start.exact,
            unfolded=unfold or start.unfolded,
            like=start.like if like is None else session.row_of(like),
            muted=(*start.muted, *map(feature, mute or ())),
            liked=tuple(dict.fromkeys([*start.liked, *map(session.row_of, words_of or ())])),
            retrieval=chosen[0] if chosen else start.retrieval,
            filter=start.filter.also(parse_filter(filter_text, feature, session.field_names)).also(
                DocumentFilter(
                    after,
                    _until(before),
                    tuple(category or ()),
                    tuple(map(_field_and_value, where or ())),
                    tuple(map(feature, has or ())),
                    tuple(map(feature, without or ())),
                )
            ),
        )
        if (toward or away) and mode is None:
            request = replace(request, mode=mode_for_feedback(request))
        for sign, ids in ((1, toward or ()), (-1, away or ())):
            for each in ids:
                row = session.row_of(each)
                request = steered_toward(session, request, row, sign, mode=request.mode)

        response = session.search(request)
        _remark(session, response, preset)
        if save is not None:
            found = [result.id for result in response.results]
            save_preset(save, session, request, preset.steps if preset else (), found)
        if mark:
            _note(f"Bookmarked as {bookmark(session, request, response).name}")
        if export is not None:
            count = export_results(export, session, response, formulas=formulas)
            _note(f"Wrote {count} of {len(response.results)} results to {export}")
        print_search(Output(), session, response, effects=effects, as_json=as_json)


def query_text(words: Sequence[str] | None) -> str | None:
    """The query that words of the command line make, or None for no words at all.

    A single "-" stands for standard input. Bytes that are not text become replacement characters.
    """
    if not words:
        return None
    if list(words) == ["-"]:
        return sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    # Python turns such bytes of the command line into lone surrogates.
    return _SURROGATE.sub("\ufffd", " ".join(words))


def preset_called(bundle: Path, name: str) -> "Preset":
    """A preset by the name of its file, "-" for standard input, or a bookmark of the bundle.

    Raises:
        InputError: There is none, or it cannot be read.
    """
    from saetui.session.saved.bookmarks import bookmark_called
    from saetui.session.saved.presets import preset_from_json, read_preset

    path = Path(name)
    if name == "-":
        return preset_from_json(read_json_input(path), _STANDARD_INPUT)
    # A bookmark's name has neither a folder nor an ending; anything else names a file.
    if path.exists() or path.suffix or len(path.parts) > 1:
        return read_preset(path)
    return bookmark_called(bundle, name).preset


def read_json_input(path: Path) -> Any:  # noqa: ANN401 - JSON can be anything.
    """The JSON in a file, or on standard input for "-".

    Raises:
        InputError: It cannot be read.
    """
    from saetui.store.json_files import read_json

    if str(path) != "-":
        try:
            return read_json(path)
        except SaetuiError as error:
            raise InputError(error.message, "Name a file of JSON.") from None
    try:
        return json.loads(sys.stdin.buffer.read().decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"Standard input cannot be read as JSON ({error}).") from None


def name_of(path: Path) -> str:
    """What to call a file in messages; "-" is standard input."""
    return _STANDARD_INPUT if str(path) == "-" else str(path)


def _until(before: str) -> str:
    """The last date that lies before one, of the same precision; empty for none."""
    if before:
        check_date(before)
    return before and date_before(before)


def _remark(session: "Session", response: "SearchResponse", preset: "OpenedPreset | None") -> None:
    """Say on standard error what the results themselves do not show."""
    from saetui.session.saved.presets import what_differs

    if response.request != response.request.effective:
        _note("A search by words alone cannot be steered: the changes wait.")
    # With other options on top it is another search than the one that was saved.
    if preset is not None and response.request == preset.request:
        _note(what_differs(preset, response), "Warning: ")
    if not response.results and len(session.bundle) and not response.eligible:
        _note("No document passes the filter.")
    elif not response.results:
        _note("No document is found.")


def _note(text: str, before: str = "") -> None:
    """Tell something beside the results, on standard error; nothing if there is no text."""
    if text:
        typer.echo(f"{before}{visible_line(text)}", err=True)


def _field_and_value(text: str) -> tuple[str, str]:
    field, separator, value = text.partition("=")
    if not separator or not field.strip():
        raise InputError(f"'{text}' does not say what a field must be.", "Write FIELD=VALUE.")
    return field.strip(), value


def _opened_preset(preset: "Preset", session: "Session") -> "OpenedPreset":
    """A preset as searches of a session; says what has another meaning now."""
    from saetui.session.saved.presets import open_preset

    found = open_preset(preset, session)
    for warning in found.warnings:
        _note(warning, "Warning: ")
    return found
