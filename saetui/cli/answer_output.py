"""Print the answer to a question about a corpus, and write it to a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.cli.output import Output
    from saetui.session.questions.answers import Answer, AnswerRow, Unit

Families = Annotated[
    bool, typer.Option("--families", help="Count families of features instead of features.")
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


def unit_of(families: bool) -> "Unit":
    """What is counted."""
    return "family" if families else "feature"


def show_answer(
    answer: "Answer",
    *,
    limit: int,
    sort: str | None = None,
    reverse: bool = False,
    export: Path | None = None,
    as_json: bool = False,
    examples: int = 0,
    both_ends: bool = False,
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
        both_ends: Show half of the rows from the end, where the order has a meaning at both ends.
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
    if both_ends and sort is None and limit and limit < len(answer.rows):
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
