"""`saetui compare`, `relate` and `trends`: questions about the whole corpus."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.answer_output import Counting, question
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.session.questions.answers import Answer
    from saetui.session.session import Session


@question
def compare(
    session: "Session",
    counting: Counting,
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
    first: Annotated[
        int,
        typer.Option("--top", min=1, metavar="N", help="How many results of a search are a group."),
    ] = 100,
) -> "Answer":
    """Show which features are more frequent in one group of documents than in another.

    Shares, their ratio, and p by Fisher's test, corrected for the number of features (Benjamini
    and Hochberg). Features of A come first, those of B last.
    """
    from saetui.session.questions.compare import compare as compared

    return compared(
        session,
        a,
        b,
        within=counting.within,
        unit=counting.unit,
        first=first,
        least=counting.least,
    )


@question
def relate(
    session: "Session",
    counting: Counting,
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FIELD",
            help="A field of the metadata, such as stars or categories; published for the date.",
        ),
    ],
    model: Annotated[
        bool,
        typer.Option(
            "--model/--no-model",
            help="Say how much 5, 10 and 20 features tell of the field on other documents.",
        ),
    ] = True,
) -> "Answer":
    """Show which features go with a number, or with categories.

    With a number: the rank correlation (Spearman), and the means with and without the feature; p
    says how surely documents of the highest third of the numbers have it more, or less, often than
    those of the lowest. With categories: the share in each. p is by Fisher's test, corrected for
    the number of features.
    """
    from saetui.session.questions.relate import models, with_models
    from saetui.session.questions.relate import relate as related

    within, unit = counting.within, counting.unit
    answer = related(session, to, within=within, unit=unit, least=counting.least)
    if model:
        answer = with_models(answer, models(session, to, within=within, unit=unit))
    return answer


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
