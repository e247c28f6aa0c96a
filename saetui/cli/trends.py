"""`saetui trends`: what rises and falls over time."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.answer_output import Counting, question
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.session.questions.answers import Answer
    from saetui.session.session import Session


@question
def trends(
    session: "Session",
    counting: Counting,
    *,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="PERIOD", help="year, quarter or month; by default what suits the span."
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="List changes of mixed features, manners of writing and plain words, too.",
        ),
    ] = False,
) -> "Answer":
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
    return trending(
        session,
        period,
        within=counting.within,
        unit=counting.unit,
        least=counting.least,
        everything=everything,
    )
