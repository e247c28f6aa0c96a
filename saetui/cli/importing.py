"""`saetui import`: make a bundle from published files."""

from pathlib import Path
from typing import Annotated

import typer

from saetui.cli.options import AsJson, IndexKind, NewBundle, NewName, Seed

importing = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@importing.callback()
def program() -> None:
    """Make a bundle from published files."""


@importing.command("saerch")
def saerch(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Folder with abstract_embeddings.npy, abstract_texts.json and, unless they come "
            "from the hub, weights such as 64_9216_128_auxk_epoch_50.pth. Labels, codes, families "
            "and metadata are used if they are there.",
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
            help="Weights to import, by file or size; may be repeated. All if not given.",
        ),
    ] = None,
    from_hub: Annotated[
        str,
        typer.Option(
            "--from-hub",
            metavar="REPOSITORY",
            help="Download the weights from a repository of the Hugging Face hub, such as "
            "charlieoneill/embedding-saes.",
        ),
    ] = "",
    embedder: Annotated[
        str,
        typer.Option("--embedder", metavar="NAME", help="The embedder of the embeddings."),
    ] = "openai:text-embedding-3-small",
    force: Annotated[
        bool, typer.Option("--force", help="Import weights even if they fail the self-test.")
    ] = False,
    index: IndexKind = "",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Import the files of "Disentangling Dense Embeddings with Sparse Autoencoders".

    The files are used as they were published; their names say what k and n are. A self-test finds
    out whether weights and embeddings belong together, and if not, what is wrong. After an
    interruption, the same command continues where it stopped.
    """
    from saetui.cli import bundle_json as shapes
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
