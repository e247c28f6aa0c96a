"""`saetui lists`: documents that you have marked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath
from saetui.errors import InputError
from saetui.text import visible_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saetui.session.session import Session
    from saetui.store.lists import Listed


def lists(
    bundle: BundlePath,
    name: Annotated[
        str | None,
        typer.Argument(metavar="LIST", help="One list; without it, all.", show_default=False),
    ] = None,
    *,
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="ID", help="Put a document into it; may be repeated."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What to note about these.")] = "",
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="ID", help="Take a document out; may be repeated."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="FILE", help="Write the list to a file: .csv, .json or .bib."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show your lists of documents, put documents into one, or write one to a file.

    A list is also a filter, in:NAME, and so a group to compare.
    """
    from saetui.cli.output import Column, Output
    from saetui.session.saved.exports import export_documents
    from saetui.store.lists import mark, read_lists, unmark

    output = Output()
    if name is None and (add or remove or export):
        raise InputError("Which list is meant?", "Name it after the bundle.")
    with opened(bundle) as session:
        if name is not None and add:
            for each in add:
                session.row_of(each)
            mark(bundle, name, list(add), note.strip())
        if name is not None and remove:
            unmark(bundle, name, list(remove))
        found = read_lists(bundle)
        if name is None:
            if as_json:
                output.json([{"list": each, "documents": len(of)} for each, of in found.items()])
            elif found:
                output.table(
                    [Column("list"), Column("documents", numeric=True)],
                    [[each, f"{len(of):,}"] for each, of in found.items()],
                )
            else:
                output.line("There are no lists yet: B in the app puts a document into one.")
            return
        if name not in found and not (add or remove):
            raise InputError(f"There is no list called '{name}'.", "Put a document in with --add.")
        shaped = _shaped(session, found.get(name, {}))
        if export is not None:
            count = export_documents(export, session, found.get(name, {}).values())
            typer.echo(f"Wrote {count:,} documents to {visible_line(str(export))}", err=True)
    if as_json:
        output.json(shaped)
    else:
        output.table(
            [Column("id"), Column("title"), Column("note"), Column("marked")],
            [[each["id"], each["title"], each["note"], each["at"][:10]] for each in shaped],
        )


def _shaped(session: "Session", entries: "Mapping[str, Listed]") -> list[dict[str, Any]]:
    rows = session.bundle.documents.rows_of(entries)
    headings = session.bundle.documents.headings(rows.values())
    return [
        {
            "id": each.document,
            "row": rows.get(each.document),
            # A document that is gone from the bundle keeps its place in the list.
            "title": headings[rows[each.document]][1] if each.document in rows else "",
            "note": each.note,
            "at": each.at,
        }
        for each in entries.values()
    ]
