"""`saetui relate`: what goes with a field of the metadata."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.answer_output import Counting, question

if TYPE_CHECKING:
    from saetui.session.questions.answers import Answer
    from saetui.session.session import Session


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
