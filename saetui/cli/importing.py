"""`saetui import`: from what others published to a bundle."""

from pathlib import Path
from typing import Annotated

import typer

from saetui.cli.options import AsJson, IndexKind, NewBundle, NewName, Seed

importing = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@importing.callback()
def program() -> None:
    """Make a bundle of what others published."""


@importing.command("saerch")
def saerch(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Holds abstract_embeddings.npy, abstract_texts.json and, unless they come from "
            "the hub, weights such as 64_9216_128_auxk_epoch_50.pth; labels, codes, families and "
            "metadata are used where they are there.",
            show_default=False,
        ),
    ],
    *,
    output: NewBundle,
    name: NewName = "",
    sae: Annotated[
        list[str] | None,
        typer.Option(
            "--sae",
            metavar="FILE|kK-nN",
            help="Which weights, by file or size; may be repeated. All if not given.",
        ),
    ] = None,
    from_hub: Annotated[
        str,
        typer.Option(
            "--from-hub",
            metavar="REPOSITORY",
            help="Take the weights from the Hugging Face hub, such as "
            "charlieoneill/embedding-saes.",
        ),
    ] = "",
    embedder: Annotated[
        str,
        typer.Option("--embedder", metavar="NAME", help="What made the embeddings."),
    ] = "openai:text-embedding-3-small",
    force: Annotated[
        bool, typer.Option("--force", help="Import weights that the self-test finds wrong.")
    ] = False,
    index: IndexKind = "",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Import what "Disentangling Dense Embeddings with Sparse Autoencoders" published.

    The files are taken as they are; k and n stand in their names. A self-test says whether weights
    and embeddings belong together, and what is wrong if not. Interrupted at any point, the same
    command goes on where it stopped.
    """
    from saetui.cli import json_output as shapes
    from saetui.cli.metrics import metrics_table
    from saetui.cli.output import Output
    from saetui.cli.progress import shown_progress
    from saetui.pipeline.importing import ImportOptions, import_saerch

    options = ImportOptions(name, tuple(sae or ()), from_hub, embedder, force, seed, index)
    with shown_progress() as progress:
        outcome = import_saerch(folder, output, options, progress)
    out, saes = Output(), outcome.manifest.saes
    if as_json:
        out.json(shapes.build(outcome))
        return
    if outcome.steps:
        metrics_table(out, [(each.name, each.metrics) for each in saes])
        for each in saes:
            labelled = (each.metrics.get("labels") or {}).get("labelled", 0)
            families = (each.metrics.get("families") or {}).get("families", 0)
            out.line(f"{each.name}: {labelled:,} labels, {families:,} families")
    done = "Imported" if outcome.steps else "Nothing to do:"
    count = outcome.manifest.documents
    typer.echo(f"{done} {output}, {count:,} documents. Open it with: saetui {output}")
