"""`saetui compare`, `relate`, `trends` and `topics`: questions about the whole corpus."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, ListLimit, SaeName, one_of
from saetui.cli.output import Column, Output
from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.session.questions.answers import Answer, AnswerRow, Unit
    from saetui.session.session import Session

Families = Annotated[
    bool, typer.Option("--families", help="Count families of features instead of features.")
]
Examples = Annotated[
    int, typer.Option("--examples", min=0, metavar="N", help="List N documents for the first row.")
]
Within = Annotated[
    str,
    typer.Option(
        "--filter",
        metavar="TEXT",
        help='Count only documents that pass: after:2019 category:cs.LG has:"Dark matter"',
    ),
]
Export = Annotated[
    Path | None,
    typer.Option("--export", metavar="FILE.csv", help="Write the whole answer to a file."),
]
Least = Annotated[
    int,
    typer.Option(
        "--least", min=1, metavar="N", help="Claim nothing of features of fewer documents."
    ),
]
Order = Annotated[
    str | None,
    typer.Option("--sort", metavar="FIGURE", help="Any figure that --json names; best first."),
]
Reverse = Annotated[bool, typer.Option("--reverse", help="Reverse the order.")]


class Counting(TypedDict):
    """What a question counts: features or families, of documents that pass a filter.

    Nothing is claimed of features of fewer documents than `least`.
    """

    unit: "Unit"
    within: str
    least: int


def question(ask: "Callable[..., Answer]") -> Callable[..., None]:
    """A command that asks a question and prints the answer."""

    def shared(
        bundle: BundlePath,
        *,
        families: Families = False,
        within: Within = "",
        least: Least = 5,
        limit: ListLimit = 20,
        examples: Examples = 0,
        sort: Order = None,
        reverse: Reverse = False,
        export: Export = None,
        sae: SaeName = None,
        as_json: AsJson = False,
        **own: object,
    ) -> None:
        unit: Unit = "family" if families else "feature"
        counting = Counting(unit=unit, within=within, least=least)
        with opened(bundle, sae) as session:
            show_answer(
                ask(session, counting, **own),
                limit=limit,
                sort=sort,
                reverse=reverse,
                export=export,
                as_json=as_json,
                examples=examples,
            )

    _, _, *own = inspect.signature(ask).parameters.values()
    bundle, *options, _ = inspect.signature(shared).parameters.values()
    # Arguments come before options; typer reads names, types and defaults from these two.
    parameters = sorted([bundle, *own, *options], key=lambda each: each.kind)
    shared.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    shared.__annotations__ = {each.name: each.annotation for each in parameters}
    shared.__name__, shared.__doc__ = ask.__name__, ask.__doc__
    return shared


def show_answer(
    answer: "Answer",
    *,
    limit: int,
    sort: str | None = None,
    reverse: bool = False,
    export: Path | None = None,
    as_json: bool = False,
    examples: int = 0,
) -> None:
    """Print an answer as a table or as JSON, and write it to a file if one is named.

    A `limit` of 0 shows all rows; a file has all of them in any case. `examples` documents are
    listed below the first row.
    """
    from dataclasses import replace

    from saetui.session.questions.answers import write_answer

    output = Output()
    if sort is not None:
        answer = answer.sorted(sort, descending=not reverse)
    elif reverse:
        answer = replace(answer, rows=answer.rows[::-1])
    if export is not None:
        count = write_answer(export, answer)
        typer.echo(f"Wrote {count:,} rows to {visible_line(str(export))}", err=True)
    if as_json:
        output.json(answer.to_json(limit))
        return
    output.line(answer.title, "bold")
    for remark in answer.remarks:
        output.prose(remark)
    rows = answer.rows[: limit or None]
    if answer.both_ends and sort is None and limit and limit < len(answer.rows):
        first = (limit + 1) // 2
        rows = answer.rows[:first] + answer.rows[len(answer.rows) - (limit - first) :]
    output.line()
    _table(output, answer, rows)
    if rows and examples:
        for title, documents in answer.examples(rows[0].id, examples):
            output.heading(f"{rows[0].name}, {title}" if title else rows[0].name)
            for each in documents:
                output.line(f"  {each.id}  {each.title}")
    if len(rows) < len(answer.rows):
        shown = f"{len(rows):,} of {len(answer.rows):,} rows"
        typer.echo(f"{shown}; --limit 0 shows all", err=True)


def _table(output: Output, answer: "Answer", rows: "tuple[AnswerRow, ...]") -> None:
    from saetui.session.questions.answers import written

    columns: list[str | Column] = [f">{answer.unit}", "label"]
    columns += [Column(each.title, numeric=each.style != "text") for each in answer.columns]
    sparks = any(row.shares for row in rows) and output.decorated
    if sparks:
        columns.append("share")
    cells = []
    for row in rows:
        texts = [written(column, row.figures[column.figure]) for column in answer.columns]
        cells.append([str(row.id), row.name, *texts])
        if sparks:
            cells[-1].append(output.glyphs.sparkline(row.shares))
    output.table(columns, cells)


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

    return compared(session, a, b, first=first, **counting)


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

    answer = related(session, to, **counting)
    if model:
        found = models(session, to, within=counting["within"], unit=counting["unit"])
        answer = with_models(answer, found)
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
            "--all", help="List changes of mixed features, manners of writing and plain words, too."
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

    period = None if by is None else one_of(by, PERIODS, "period")
    return trending(session, period, everything=everything, **counting)


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
        int, typer.Option("--examples", min=0, metavar="N", help="List N documents of the largest.")
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
