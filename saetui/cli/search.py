"""`saetui search`: a search, steered by features."""

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.figures import score, signed
from saetui.cli.opening import opened
from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.core.changes import Mode
from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.cli.output import Output
    from saetui.session.requests import SearchResponse
    from saetui.session.session import Session

_SHOWN_TERMS = 5
_SURROGATE = re.compile("[\ud800-\udfff]")


def search(
    bundle: BundlePath,
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            help='Text; "-" reads it from standard input; "" searches by steered features alone.',
            show_default=False,
        ),
    ],
    *,
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
    mode: Annotated[
        Mode,
        typer.Option(
            help="How changes become a vector: delta keeps what the SAE does not explain of the "
            "query, decode drops it."
        ),
    ] = "delta",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many results.")] = 10,
    why: Annotated[bool, typer.Option("--why", help="Split each score into its terms.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare with every document, without the index.")
    ] = False,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Search by meaning, and steer the search by features.

    Each result says where it ranked without steering.
    """
    from saetui.cli import shapes
    from saetui.cli.output import Output
    from saetui.session.requests import SearchRequest
    from saetui.session.steering_text import parse_steering

    text = _query_text(query)
    with opened(bundle, sae) as session:
        request = SearchRequest(
            query=text,
            steering=parse_steering(steer, session.lookup) if steer else {},
            mode=mode,
            limit=limit,
            why=why,
            exact=exact,
        )
        response = session.search(request)
        output = Output()
        if as_json:
            output.json(shapes.search(session, response))
        else:
            _print_response(output, session, response)


def _query_text(query: str) -> str:
    """The query; bytes that are not text become replacement characters."""
    if query == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    # Python hands over such bytes of the command line as lone surrogates.
    return _SURROGATE.sub("\ufffd", query)


def rank_change(rank: int, baseline_rank: int | None) -> str:
    """Where a result came from, in words that need no colour."""
    if baseline_rank is None:
        return "NEW"
    if rank == baseline_rank:
        return "="
    return f"up {baseline_rank - rank}" if rank < baseline_rank else f"down {rank - baseline_rank}"


def _change_style(change: str) -> str:
    return {"up": "green", "down": "red", "NEW": "bold"}.get(change.partition(" ")[0], "dim")


def _print_response(output: "Output", session: "Session", response: "SearchResponse") -> None:
    from saetui.cli.output import Column

    steered = bool(response.request.steering) and response.drift is not None
    change = [Column("change", style=_change_style)] if steered else []
    output.table(
        [
            Column("rank", numeric=True),
            *change,
            Column("score", numeric=True),
            Column("title"),
            Column("published"),
            Column("id"),
        ],
        [
            [
                str(result.rank),
                *([rank_change(result.rank, result.baseline_rank)] if steered else []),
                score(result.score),
                result.title,
                result.published,
                result.id,
            ]
            for result in response.results
        ],
    )
    if response.request.why:
        _print_why(output, session, response)
    if response.features:
        _print_features(output, response)
    if steered and response.dropped:
        output.heading("Pushed out by steering")
        output.table(
            [Column("was", numeric=True), Column("title"), Column("id")],
            [[str(gone.baseline_rank), gone.title, gone.id] for gone in response.dropped],
        )
    output.line()
    output.line(_summary(session, response), "dim")


def _print_features(output: "Output", response: "SearchResponse") -> None:
    from saetui.cli.output import Column

    output.heading("Features of the query")
    output.table(
        [
            Column("feature", numeric=True),
            Column("label"),
            Column("activation", numeric=True),
            Column("steered", numeric=True, style=lambda cell: "bold" if cell else ""),
        ],
        [
            [
                str(feature.id),
                feature.name,
                score(feature.activation),
                "" if feature.steered == feature.activation else score(feature.steered),
            ]
            for feature in response.features
        ],
    )


def _print_why(output: "Output", session: "Session", response: "SearchResponse") -> None:
    output.heading("Why")
    for result in response.results:
        if result.why is None:
            continue
        shown, others = result.why.features[:_SHOWN_TERMS], result.why.features[_SHOWN_TERMS:]
        terms = [(session.features[feature].name, term) for feature, term in shown]
        if others:
            terms.append((f"{len(others)} more", sum(term for _, term in others)))
        terms += [("bias", result.why.bias), ("unexplained", result.why.remainder)]
        said = "  ".join(f"{visible_line(name)} {signed(term)}" for name, term in terms)
        output.prose(f"{result.rank}  {said}")


def _summary(session: "Session", response: "SearchResponse") -> str:
    parts = [session.sae.record.name, response.request.mode]
    if response.drift is not None:
        parts.append(f"drift {response.drift:.2f}")
    if response.exact:
        parts.append("exact")
    return "  ".join(parts)
