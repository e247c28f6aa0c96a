"""`saetui export`: write a bundle, or one of its SAEs, for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.open import opened
from saetui.cli.options import BundlePath, SaeName

if TYPE_CHECKING:
    from saetui.session.session import Session

FORMATS = ("saelens", "sparsify", "latent-sae", "neuronpedia", "atlas")


def export(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="saelens, sparsify or latent-sae: the SAE. neuronpedia: features, their documents "
            "and labels. atlas: a Parquet file of documents for Embedding Atlas.",
            show_default=False,
        ),
    ],
    bundle: BundlePath,
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="PATH", help="Folder, or file for atlas.")
    ],
    sae: SaeName = None,
) -> None:
    """Write a bundle, or one of its SAEs, for other programs."""
    from saetui.errors import InputError
    from saetui.store.atomic import named_if_unwritable

    if kind not in FORMATS:
        raise InputError(f"'{kind}' is not a format.", f"Choose one of {', '.join(FORMATS)}.")
    with opened(bundle, sae) as session, named_if_unwritable(output):
        done = _written(kind, session, output)
    typer.echo(done)


def _written(kind: str, session: "Session", output: Path) -> str:
    """Write it; returns what was written, as a sentence."""
    from saetui.interop.sae_export import write_saelens, write_sparsify

    name = session.sae.record.name
    if kind == "saelens":
        embedder = session.bundle.manifest.embedder["spec"]
        write_saelens(output, session.sae.weights, {"embedder": embedder})
        return f"Wrote {name} to {output}. Read it with: SAE.load_from_disk"
    if kind in ("sparsify", "latent-sae"):
        write_sparsify(output, session.sae.weights)
        return f"Wrote {name} to {output}. Read it with: load_from_disk"
    return _atlas(session, output) if kind == "atlas" else _neuronpedia(session, output)


def _atlas(session: "Session", output: Path) -> str:
    from saetui.interop.atlas import COMMAND, write_atlas

    bundle = session.bundle
    labels = [record.label for record in session.features]
    write_atlas(output, iter(bundle.documents), bundle.embeddings, session.sae.codes, labels)
    count = bundle.manifest.documents
    return f"Wrote {count:,} documents. Open them with: embedding-atlas {output} {COMMAND}"


def _neuronpedia(session: "Session", output: Path) -> str:
    from saetui.interop.neuronpedia import NeuronpediaNames, write_neuronpedia

    features, documents = list(session.features), session.bundle.documents
    provenance = {
        label.feature: label
        for record in features
        for label in session.sae.labels(record.id)
        if label.version == record.version
    }
    created = max((label.created for label in provenance.values()), default="")
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
