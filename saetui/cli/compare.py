"""`saetui compare`: what sets two groups of documents apart."""

from typing import Annotated

import typer

from saetui.cli.answer_output import (
    Export,
    Families,
    Least,
    Order,
    Reverse,
    Within,
    show_answer,
    unit_of,
)
from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, ListLimit, SaeName


def compare(
    bundle: BundlePath,
    a: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A filter (category:cs.LG after:2019), search:WORDS, bookmark:NAME, "
            "unsteered:NAME, @FILE of ids, or all.",
            show_default=False,
        ),
    ],
    b: Annotated[
        str,
        typer.Argument(
            metavar="B",
            help="The same; or rest, for all other documents; or bundle:FOLDER, for another bundle "
            "with the same SAE.",
        ),
    ] = "rest",
    *,
    families: Families = False,
    within: Within = "",
    first: Annotated[
        int,
        typer.Option("--top", min=1, metavar="N", help="How many results of a search are a group."),
    ] = 100,
    least: Least = 5,
    limit: ListLimit = 20,
    examples: Annotated[
        int,
        typer.Option(
            "--examples", min=0, metavar="N", help="List N documents of each group for the first."
        ),
    ] = 0,
    sort: Order = None,
    reverse: Reverse = False,
    export: Export = None,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show which features are more frequent in one group of documents than in another.

    Shares, their ratio, and p by Fisher's test, corrected for the number of features (Benjamini
    and Hochberg). Features of A come first, those of B last.
    """
    from saetui.session.questions.compare import compare as compared

    with opened(bundle, sae) as session:
        answer = compared(
            session,
            a,
            b,
            within=within,
            unit=unit_of(families),
            first=first,
            least=least,
        )
        show_answer(
            answer,
            limit=limit,
            sort=sort,
            reverse=reverse,
            export=export,
            as_json=as_json,
            examples=examples,
            both_ends=True,
        )
