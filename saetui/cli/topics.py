"""`saetui topics`: every document in one of a few named groups."""

from pathlib import Path
from typing import Annotated

import typer

from saetui.cli.answer_output import Within, show_answer
from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.text import visible_line


def topics(
    bundle: BundlePath,
    *,
    numbers: Annotated[
        list[int] | None,
        typer.Option(
            "-n",
            "--topics",
            metavar="N",
            help="How many topics; may be repeated, for several resolutions.",
        ),
    ] = None,
    within: Within = "",
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="FIELD",
            help="Say how far topics agree with a field: purity and mutual information.",
        ),
    ] = None,
    examples: Annotated[
        int,
        typer.Option("--examples", min=0, metavar="N", help="List N documents of the largest."),
    ] = 0,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="FILE.csv", help="Write the topic of every document to a file."
        ),
    ] = None,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Put every document into one of N topics, named after features.

    Small groups of documents whose features say the same are merged into larger ones, so few topics
    are made of the same small ones as many.
    """
    from saetui.cli.output import Output
    from saetui.session.questions.topics import (
        USUAL,
        agreement,
        named_topics,
        topics_answer,
        write_topics,
    )

    wanted = list(dict.fromkeys(numbers or [USUAL]))
    output = Output()
    with opened(bundle, sae) as session:
        made = {number: named_topics(session, number) for number in wanted}
        answers = [topics_answer(session, each, number, within) for number, each in made.items()]
        agreements = (
            {}
            if against is None
            else {number: agreement(session, each.found, against) for number, each in made.items()}
        )
        if export is not None:
            count = write_topics(export, session, made)
            typer.echo(
                f"Wrote the topics of {count:,} documents to {visible_line(str(export))}", err=True
            )
        if as_json:
            told = [
                answer.to_json()
                | (
                    {}
                    if number not in agreements
                    else dict(zip(("purity", "nmi", "compared"), agreements[number], strict=True))
                )
                for number, answer in zip(made, answers, strict=True)
            ]
            output.json(told[0] if len(told) == 1 else told)
            return
        for number, answer in zip(made, answers, strict=True):
            show_answer(answer, limit=0, examples=examples)
            if number in agreements:
                pure, shared, compared = agreements[number]
                output.line()
                output.line(
                    f"Against {against}: purity {pure:.3f}, normalised mutual information "
                    f"{shared:.3f}, on {compared:,} documents."
                )
            if len(answers) > 1:
                output.line()
