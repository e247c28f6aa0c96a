"""`saetui relate`: what goes with a field of the metadata."""

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


def relate(
    bundle: BundlePath,
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FIELD",
            help="A field of the metadata, such as stars or categories; published for the date.",
        ),
    ],
    families: Families = False,
    within: Within = "",
    least: Least = 5,
    model: Annotated[
        bool,
        typer.Option(
            "--model/--no-model",
            help="Say how much 5, 10 and 20 features tell of the field on other documents.",
        ),
    ] = True,
    limit: ListLimit = 20,
    examples: Annotated[
        int,
        typer.Option("--examples", min=0, metavar="N", help="List N documents for the first."),
    ] = 0,
    sort: Order = None,
    reverse: Reverse = False,
    export: Export = None,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show which features go with a number, or with categories.

    With a number: the rank correlation (Spearman), and the means with and without the feature; p
    says how surely documents of the highest third of the numbers have it more, or less, often than
    those of the lowest. With categories: the share in each. p is by Fisher's test, corrected for
    the number of features.
    """
    from saetui.session.questions.relate import models, with_models
    from saetui.session.questions.relate import relate as related

    with opened(bundle, sae) as session:
        unit = unit_of(families)
        answer = related(session, to, within=within, unit=unit, least=least)
        if model:
            answer = with_models(answer, models(session, to, within=within, unit=unit))
        show_answer(
            answer,
            limit=limit,
            sort=sort,
            reverse=reverse,
            export=export,
            as_json=as_json,
            examples=examples,
            both_ends=answer.facts["kind"] == "number",
        )
