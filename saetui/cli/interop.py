"""`saetui export` and `import`: files of other programs, and those that others published."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.build import show_build
from saetui.cli.labels import newest_labels
from saetui.cli.open import opened
from saetui.cli.options import AsJson, IndexKind, NewBundle, NewName, SaeName, Seed, one_of
from saetui.cli.output import Output
from saetui.cli.progress import shown_progress
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.session.session import Session

FORMATS = {
    "saelens": "The SAE, for SAELens 6.",
    "sparsify": "The SAE, for sparsify.",
    "latent-sae": "The SAE, for latent-sae.",
    "neuronpedia": "Features, their documents and labels, as Neuronpedia imports them.",
    "atlas": "Documents with vectors, neighbours and features, a Parquet file for Embedding Atlas.",
    "latent-scope": "Documents, vectors, codes and topics, a dataset of latent-scope.",
}
_TOPICS = 30
# A topic needs a few documents.
_PER_TOPIC = 10


def export(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="FORMAT",
            help=f"{', '.join(FORMATS)}; without one, they are listed.",
            show_default=False,
        ),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Argument(metavar="BUNDLE", help="Folder of a bundle.", show_default=False),
    ] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="PATH", help="Folder, or file for atlas."),
    ] = None,
    sae: SaeName = None,
) -> None:
    """Write a bundle, or one of its SAEs, for other programs."""
    from saetui.store.atomic import named_if_unwritable

    if kind is None:
        rows = [list(each) for each in FORMATS.items()]
        Output().table(["format", "what is written"], rows)
        return
    one_of(kind, FORMATS, "format")
    if bundle is None or output is None:
        raise InputError(
            "A bundle and a place to write to are missing.",
            f"Name both: saetui export {kind} my.bundle -o PATH",
        )
    with opened(bundle, sae) as session, named_if_unwritable(output):
        done = _written(kind, session, output)
    typer.echo(done)


def _written(kind: str, session: "Session", output: Path) -> str:
    """Write it; returns what was written, as a sentence."""
    from saetui.interop.autoencoder import write_saelens, write_sparsify

    name = session.sae.record.name
    if kind == "saelens":
        embedder = session.bundle.manifest.embedder["spec"]
        write_saelens(output, session.sae.weights, {"embedder": embedder})
        return f"Wrote {name} to {output}. Read it with: SAE.load_from_disk"
    if kind in ("sparsify", "latent-sae"):
        write_sparsify(output, session.sae.weights)
        return f"Wrote {name} to {output}. Read it with: load_from_disk"
    others = {"atlas": _atlas, "latent-scope": _latent_scope, "neuronpedia": _neuronpedia}
    return others[kind](session, output)


def _atlas(session: "Session", output: Path) -> str:
    from saetui.interop.atlas import COMMAND, write_atlas

    bundle = session.bundle
    labels = [record.label for record in session.features]
    write_atlas(output, iter(bundle.documents), bundle.embeddings, session.sae.codes, labels)
    count = bundle.manifest.documents
    return f"Wrote {count:,} documents. Open them with: embedding-atlas {output} {COMMAND}"


def _latent_scope(session: "Session", output: Path) -> str:
    import numpy as np

    from saetui.interop.latent_scope import LatentScopeDataset, model_name, write_latent_scope
    from saetui.session.questions.topics import named_topics

    bundle, count = session.bundle, session.bundle.manifest.documents
    topics = np.zeros(count, dtype=np.int64)
    names: tuple[str, ...] = ("All documents",)
    if count >= 2 * _PER_TOPIC:
        made = named_topics(session, min(_TOPICS, count // _PER_TOPIC))
        topics, names = made.found.topics, made.names
    write_latent_scope(
        output,
        LatentScopeDataset(
            name=bundle.manifest.name,
            model=model_name(bundle.manifest.embedder["spec"]),
            documents=iter(bundle.documents),
            vectors=bundle.embeddings,
            codes=session.sae.codes,
            features=list(session.features),
            sae=session.sae.record.name,
            topics=topics,
            topic_names=names,
        ),
    )
    return f"Wrote {count:,} documents. Open them with: ls-serve {output.absolute().parent}"


def _neuronpedia(session: "Session", output: Path) -> str:
    from saetui.interop.neuronpedia import NeuronpediaNames, write_neuronpedia

    features, documents = list(session.features), session.bundle.documents
    provenance = newest_labels(session)
    created = max((label.created for label in provenance.values()), default="1970-01-01")
    names = NeuronpediaNames(session.bundle.manifest.name, session.sae.record.name, created)
    target = write_neuronpedia(
        output,
        names,
        features,
        provenance=provenance,
        postings=session.sae.postings,
        text_of=lambda row: documents.document(row).embedding_text,
    )
    return f"Wrote {len(features):,} features to {target}."


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
        str, typer.Option("--embedder", metavar="NAME", help="The embedder of the embeddings.")
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
    from saetui.pipeline.importing import import_saerch
    from saetui.pipeline.options import BuildOptions
    from saetui.train.options import TrainingOptions

    options = BuildOptions(name=name, training=TrainingOptions(seed=seed), index=index)
    with shown_progress() as progress:
        outcome = import_saerch(
            folder,
            output,
            options,
            progress,
            saes=sae or (),
            hub=from_hub,
            embedder=embedder,
            force=force,
        )
    counts = []
    for each in outcome.manifest.saes:
        labelled = (each.metrics.get("labels") or {}).get("labelled", 0)
        families = (each.metrics.get("families") or {}).get("families", 0)
        counts.append(f"{each.name}: {labelled:,} labels, {families:,} families")
    show_build(outcome, "Imported", counts, as_json=as_json)
