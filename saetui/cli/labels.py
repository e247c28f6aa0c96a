"""`saetui labels`: labels out of a bundle and into it."""

from pathlib import Path
from typing import Annotated

import typer

from saetui.cli.opening import opened
from saetui.cli.options import BundlePath, SaeName

labels = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@labels.command("export")
def export(
    bundle: BundlePath,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Ends in .csv or .jsonl.", show_default=False),
    ],
    *,
    kind: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="csv, jsonl or neuronpedia."),
    ] = None,
    sae: SaeName = None,
) -> None:
    """Write the label shown of every feature, with its provenance and scores."""
    from saetui.errors import InputError
    from saetui.interop.label_files import FORMATS, format_of, write_labels

    chosen = format_of(file) if kind is None else next((f for f in FORMATS if f == kind), None)
    if chosen is None:
        raise InputError(f"'{kind}' is not a format.", f"Choose one of {', '.join(FORMATS)}.")
    with opened(bundle, sae) as session:
        provenance = {
            label.feature: label
            for record in session.features
            for label in session.sae.labels(record.id)
            if label.version == record.version
        }
        names = session.bundle.manifest.name, session.sae.record.name
        written = write_labels(
            file, chosen, session.features, provenance, bundle=names[0], sae=names[1]
        )
    typer.echo(f"Wrote {written:,} labels to {file}.")


@labels.command("import")
def import_(
    bundle: BundlePath,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV with columns feature and label, JSON Lines, or Neuronpedia's explanations.",
            show_default=False,
        ),
    ],
    *,
    sae: SaeName = None,
) -> None:
    """Add labels from a file; the earlier ones are kept, and your own still win."""
    from saetui.interop.label_files import read_labels_from
    from saetui.pipeline.label_store import store_labels, today

    with opened(bundle, sae) as session:
        record = session.sae.record
    found = read_labels_from(file, record.n, today())
    store_labels(bundle, record.name, found, ())
    typer.echo(f"Added {len(found):,} labels to {record.name}.")
