"""`saetui match`: what becomes of features in the other SAEs of a bundle."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.figures import score
from saetui.cli.opening import opened
from saetui.cli.options import AsJson, BundlePath, SaeName

if TYPE_CHECKING:
    from saetui.cli.output import Output
    from saetui.session.session import Session
    from saetui.session.splitting import MatchesIn


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
        typer.Option("--cosine", min=0, max=1, help="From which two features count as alike."),
    ] = 0.5,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="Features listed of each kind.")
    ] = 5,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Match features between the SAEs of a bundle by the cosine of their directions.

    A feature of a smaller SAE recurs in a larger one, splits into several, or is lost; a feature
    of the larger one without any like it is novel.
    """
    from saetui.cli import shapes
    from saetui.cli.output import Output
    from saetui.errors import InputError
    from saetui.session.splitting import likes_of

    output = Output()
    with opened(bundle, sae) as session:
        if len(session.bundle.manifest.saes) < 2:
            raise InputError(
                f"{bundle} has one SAE, and matching takes two.",
                f"Train another: saetui train {bundle} --sae kK-nN",
            )
        if feature is None:
            _compare(output, session, cosine, limit, as_json)
            return
        number = session.lookup.feature(feature)
        found = likes_of(session.bundle, session.sae, number)
        if as_json:
            output.json(shapes.likes(session, number, found))
        else:
            _print_likes(output, session, number, found)


def _compare(
    output: "Output", session: "Session", cosine: float, limit: int, as_json: bool
) -> None:
    """Every two SAEs that follow each other in size."""
    from itertools import pairwise

    from saetui.cli import shapes
    from saetui.cli.output import Column
    from saetui.session.splitting import compare_saes

    ordered = sorted(session.bundle.manifest.saes, key=lambda record: (record.n, record.name))
    compared = [
        (small.name, large.name, compare_saes(session.bundle, small.name, large.name, cosine))
        for small, large in pairwise(ordered)
    ]
    if as_json:
        output.json([shapes.comparison(*each) for each in compared])
        return
    titles = ("recurrent", "split", "into", "novel", "lost", "never active")
    output.table(
        [Column("from"), Column("to"), *(Column(title, numeric=True) for title in titles)],
        [
            [
                small,
                large,
                str(len(found.recurrent)),
                str(len(found.split)),
                str(sum(map(len, found.split.values()))),
                str(len(found.novel)),
                str(len(found.lost)),
                str(len(found.inactive)),
            ]
            for small, large, found in compared
        ],
    )
    for small, large, found in compared:
        names = {name: session.bundle.sae(name).features for name in (small, large)}
        output.heading(f"Features of {small} that split most in {large}")
        widest = sorted(found.split.items(), key=lambda item: (-len(item[1]), item[0]))[:limit]
        for feature, parts in widest:
            output.line(f"{feature}  {names[small][feature].name}")
            for part in parts:
                output.line(f"    {part}  {names[large][part].name}")
        output.heading(f"The most frequent features of {large} that are like none of {small}")
        novel = sorted(found.novel, key=lambda i: (-names[large][i].documents, i))[:limit]
        for feature in novel:
            output.line(f"{feature}  {names[large][feature].name}")
    output.line()
    output.prose(
        "Two SAEs of one size that differ in nothing but the seed also have features that the "
        "other lacks: see 'found again' in saetui stats."
    )


def _print_likes(
    output: "Output", session: "Session", number: int, found: "list[MatchesIn]"
) -> None:
    from saetui.cli.output import Column

    output.line(f"{number}  {session.features[number].name}", "bold")
    for each in found:
        output.heading(f"In {each.sae}")
        output.table(
            [
                Column("feature", numeric=True),
                Column("label"),
                Column("cosine", numeric=True),
                Column("together", numeric=True),
                Column("documents", numeric=True),
            ],
            [
                [
                    str(like.feature),
                    like.name,
                    score(like.cosine),
                    str(like.together),
                    str(like.documents),
                ]
                for like in each.matches
            ],
        )
