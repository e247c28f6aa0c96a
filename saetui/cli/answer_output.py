"""The options that all questions about a corpus have, and the printing of their answers."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, ListLimit, SaeName
from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.cli.output import Output
    from saetui.session.questions.answers import Answer, AnswerRow, Unit

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


@dataclass(frozen=True, slots=True)
class Counting:
    """What a question counts.

    Attributes:
        unit: Features or families.
        within: A filter that documents must pass; empty for all.
        least: Nothing is claimed of features of fewer documents.
    """

    unit: "Unit"
    within: str
    least: int


def question(ask: "Callable[..., Answer]") -> Callable[..., None]:
    """A command that asks a question and prints the answer.

    Args:
        ask: Called with the open session, a `Counting`, and the command's own options. Those that
            all questions have come after them.
    """

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
        counting = Counting("family" if families else "feature", within, least)
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

    Args:
        answer: The answer.
        limit: How many rows; 0 for all.
        sort: The figure to sort by; None for the order of the answer.
        reverse: Whether to reverse the order.
        export: Where to write all rows as CSV.
        as_json: Print JSON instead of a table.
        examples: How many documents to list below the first row.
    """
    from dataclasses import replace

    from saetui.cli.output import Output
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


def _table(output: "Output", answer: "Answer", rows: "tuple[AnswerRow, ...]") -> None:
    from saetui.cli.output import Column
    from saetui.session.questions.answers import written

    columns = [Column(answer.unit, numeric=True), Column("label")]
    columns += [Column(each.title, numeric=each.style != "text") for each in answer.columns]
    sparks = any(row.shares for row in rows) and output.decorated
    if sparks:
        columns.append(Column("share"))
    cells = []
    for row in rows:
        texts = [written(column, row.figures[column.figure]) for column in answer.columns]
        cells.append([str(row.id), row.name, *texts])
        if sparks:
            cells[-1].append(output.glyphs.sparkline(row.shares))
    output.table(columns, cells)
