"""`saetui overview`: what is in a corpus."""

from typing import TYPE_CHECKING

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, ListLimit, SaeName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saetui.cli.output import Output
    from saetui.session.questions.answers import AnswerRow
    from saetui.session.questions.overview import Overview


def overview(
    bundle: BundlePath,
    *,
    limit: ListLimit = 15,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in a corpus: families, dates, fields, what rises and falls, what to ask first.

    --limit says how many families are listed.
    """
    from saetui.cli.output import Output
    from saetui.session.questions.overview import overview as look_over

    output = Output()
    with opened(bundle, sae) as session:
        found = look_over(session)
    if as_json:
        output.json(found.to_json())
        return
    dates = f", {found.dates}" if found.dates else ""
    output.line(f"{found.name}: {found.documents:,} documents{dates}", "bold")
    output.prose(found.quality)
    if found.changes:
        output.prose(found.changes)
    if found.periods:
        line = output.glyphs.sparkline(found.sizes)
        output.line(f"{found.periods[0]} {line} {found.periods[-1]}")
    _contents(output, found, limit)
    _fields(output, found)
    _changes(output, "Rising", found.rising)
    _changes(output, "Falling", found.falling)
    if found.queries:
        output.heading("To try")
        for query in found.queries:
            output.line(f"  {query}")


def _contents(output: "Output", found: "Overview", limit: int) -> None:
    from saetui.cli.output import Column

    if not found.contents:
        return
    output.heading(f"Contents: {len(found.contents):,} families")
    marks = {1: output.glyphs.up, -1: output.glyphs.down, 0: ""}
    output.table(
        [
            Column("family", numeric=True),
            Column("label"),
            Column("docs", numeric=True),
            Column("share", numeric=True),
            Column("", numeric=True),
            Column("over time"),
        ],
        [
            [
                str(each.family),
                each.name,
                f"{each.documents:,}",
                f"{each.share:.1%}",
                marks[each.trend],
                output.glyphs.sparkline(each.shares),
            ]
            for each in found.contents[: limit or None]
        ],
    )


def _fields(output: "Output", found: "Overview") -> None:
    from saetui.cli.output import Column

    if not found.fields:
        return
    output.heading("Fields")
    output.table(
        [Column("field"), Column("documents", numeric=True), Column("values")],
        [
            [
                each.name,
                f"{each.documents:,}",
                f"{each.lowest} to {each.highest}" if each.lowest else ", ".join(each.examples),
            ]
            for each in found.fields
        ],
    )


def _changes(output: "Output", title: str, rows: "Sequence[AnswerRow]") -> None:
    from saetui.cli.output import Column

    if not rows:
        return
    output.heading(f"{title}, first and last third of the documents")
    output.table(
        [Column("label"), Column("first", numeric=True), Column("last", numeric=True), Column("")],
        [
            [
                row.name,
                f"{row.figures['first'] or 0:.2%}",
                f"{row.figures['last'] or 0:.2%}",
                output.glyphs.sparkline(row.shares),
            ]
            for row in rows
        ],
    )
