"""`saetui match`: match features between the SAEs of a bundle."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli import json_output as shapes
from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.cli.output import Output, score
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.core.matches import SaeComparison
    from saetui.session.session import Session
    from saetui.session.splitting import MatchesIn, Splitting


def match(
    bundle: BundlePath,
    feature: Annotated[
        str | None,
        typer.Argument(
            metavar="FEATURE",
            help="Its number or label; without one, whole SAEs are compared.",
            show_default=False,
        ),
    ] = None,
    *,
    cosine: Annotated[
        float,
        typer.Option("--cosine", min=0, max=1, help="From this cosine on, two features match."),
    ] = 0.5,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="Features to list of each kind.")
    ] = 5,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Match features between the SAEs of a bundle by the cosine of their directions.

    A feature of the smaller SAE recurs in the larger one, splits into several, or is lost; a
    feature of the larger SAE without a match in the smaller one is novel.
    """
    from saetui.session.splitting import matches_of

    output = Output()
    with opened(bundle, sae) as session:
        if len(session.bundle.manifest.saes) < 2:
            raise InputError(
                f"{bundle} has one SAE, but matching needs two.",
                f"Train another: saetui train {bundle} --sae kK-nN",
            )
        if feature is None:
            _compare(output, session, cosine, limit, as_json)
            return
        number = session.features.lookup.feature(feature)
        found = matches_of(session, number)
        if as_json:
            output.json(shapes.matches(session, number, found))
        else:
            _print_matches(output, session, number, found)


def _compare(output: Output, session: "Session", cosine: float, limit: int, as_json: bool) -> None:
    """Compare each SAE with the next larger one."""
    from saetui.session.splitting import by_size, compare_saes, pairs_of, splitting

    bundle = session.bundle
    pairs = pairs_of(bundle)[: len(by_size(bundle)) - 1]
    if as_json:
        output.json([_comparison(*pair, compare_saes(bundle, *pair, cosine)) for pair in pairs])
        return
    found = [splitting(session, *pair, cosine) for pair in pairs]
    output.table(
        ["from", "to", ">recurrent", ">split", ">into", ">novel", ">lost", ">never active"],
        [
            [
                each.small,
                each.large,
                len(each.outcomes["recurrent"]),
                len(each.outcomes["split"]),
                sum(len(outcome.parts) for outcome in each.outcomes["split"]),
                len(each.outcomes["novel"]),
                len(each.outcomes["lost"]),
                each.inactive,
            ]
            for each in found
        ],
    )
    for each in found:
        _list_outcomes(output, session, each, limit)
    output.line()
    output.prose(
        "Two SAEs that differ only in their seed also have features that the other one lacks: see "
        "'found again' in saetui stats."
    )


def _comparison(small: str, large: str, found: "SaeComparison") -> dict[str, object]:
    return {
        "from": small,
        "to": large,
        "least_cosine": found.least_cosine,
        "recurrent": [list(pair) for pair in found.recurrent],
        "split": {str(feature): list(parts) for feature, parts in found.split.items()},
        "novel": list(found.novel),
        "lost": list(found.lost),
        "inactive": list(found.inactive),
    }


def _list_outcomes(output: Output, session: "Session", found: "Splitting", limit: int) -> None:
    """The first features of every kind."""
    names = {name: session.features_of(name) for name in (found.small, found.large)}
    titles = {
        "split": f"Features of {found.small} that split most in {found.large}",
        "recurrent": f"Features of {found.small} that recur most exactly in {found.large}",
        "novel": f"The most frequent features of {found.large} without a match in {found.small}",
        "lost": f"The most frequent features of {found.small} without a match in {found.large}",
    }
    for kind, outcomes in found.outcomes.items():
        if not outcomes:
            continue
        output.heading(titles[kind])
        for outcome in outcomes[:limit]:
            output.line(f"{outcome.feature}  {names[outcome.sae][outcome.feature].name}")
            for part in outcome.parts:
                output.line(f"    {part}  {names[found.large][part].name}")


def _print_matches(
    output: Output, session: "Session", number: int, found: "list[MatchesIn]"
) -> None:
    output.line(f"{number}  {session.name(number)}", "bold")
    for each in found:
        become = {None: "", 0: ", where it is lost", 1: ", where it recurs"}
        count = None if each.parts is None else len(each.parts)
        said = become.get(count, f", where it splits into {count}")
        output.heading(f"In {each.sae}{said}")
        output.table(
            [">feature", "label", ">cosine", ">on both", ">share", ">documents"],
            [
                [
                    like.feature,
                    like.name,
                    score(like.cosine),
                    like.together,
                    f"{like.share:.0%}",
                    like.documents,
                ]
                for like in each.matches
            ],
        )
    family = session.sae.families.smallest_of(number)
    if family is not None:
        output.heading(f"Its family in {session.sae.record.name}: {family.label}")
        for child in family.children(number):
            output.line(f"{child}  {session.name(child)}")
        if not family.children(number):
            output.line("There are no features below it.")
    output.line()
    output.prose("Share: documents that activate both features, of those that activate either.")
