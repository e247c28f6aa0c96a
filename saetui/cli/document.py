"""`saetui document`: one document with its features and neighbours."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.figures import score
from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, DetailLimit, SaeName

if TYPE_CHECKING:
    from saetui.cli.output import Output
    from saetui.session.details import DocumentDetail


def document(
    bundle: BundlePath,
    document_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Its id in the corpus.", show_default=False)
    ] = None,
    *,
    row: Annotated[
        int | None, typer.Option("--row", min=0, metavar="N", help="Its row instead of its id.")
    ] = None,
    limit: DetailLimit = 10,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show one document with its text, features and neighbours."""
    from saetui.cli import json_output as shapes
    from saetui.cli.output import Output

    if (document_id is None) == (row is None):
        raise typer.BadParameter("give either a document's ID or --row")
    output = Output()
    with opened(bundle, sae) as session:
        found = session.row_of(document_id or "") if row is None else row
        detail = session.document(found, limit)
        if as_json:
            output.json(shapes.document(session, detail))
        else:
            _print_detail(output, detail)


def _print_detail(output: "Output", detail: "DocumentDetail") -> None:
    from saetui.cli.output import Column

    shown = detail.document
    if shown.title:
        output.prose(shown.title, "bold")
    facts = [shown.id, f"row {detail.row}", shown.published, shown.url]
    output.prose("  ".join(fact for fact in facts if fact), "dim")
    output.line()
    output.prose(shown.text)
    output.heading("Features")
    output.table(
        [Column("feature", numeric=True), Column("label"), Column("activation", numeric=True)],
        [[str(each.id), each.name, score(each.value)] for each in detail.features],
    )
    if detail.weak:
        output.heading("Weakly active; the label is probably not true of the document")
        output.table(
            [Column("feature", numeric=True), Column("label"), Column("activation", numeric=True)],
            [[str(each.id), each.name, score(each.value)] for each in detail.weak],
        )
    output.heading("Nearest documents")
    output.table(
        [Column("cosine", numeric=True), Column("title"), Column("id")],
        [[score(each.activation), each.title, each.id] for each in detail.neighbours],
    )
