"""`saetui trends`: what rises and falls over time."""

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
from saetui.errors import InputError


def trends(
    bundle: BundlePath,
    *,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="PERIOD", help="year, quarter or month; by default what suits the span."
        ),
    ] = None,
    families: Families = False,
    within: Within = "",
    least: Least = 5,
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
    """Show whose share of the documents rises or falls over time.

    What rises most surely comes first, what falls last; the growth of a corpus makes nothing rise.
    p says how surely the shares in the first and the last third of the documents differ (Fisher's
    test, corrected for the number of features). JSON and CSV have the share in each period.
    """
    from saetui.session.questions.fields import PERIODS
    from saetui.session.questions.trends import trends as trending

    period = next((each for each in PERIODS if each == by), None)
    if by is not None and period is None:
        raise InputError(f"'{by}' is not a period.", f"Choose one of {', '.join(PERIODS)}.")
    with opened(bundle, sae) as session:
        unit = unit_of(families)
        answer = trending(session, period, within=within, unit=unit, least=least)
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
