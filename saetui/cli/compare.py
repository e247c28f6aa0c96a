"""`saetui compare`: what sets two groups of documents apart."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.answer_output import Counting, question

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
