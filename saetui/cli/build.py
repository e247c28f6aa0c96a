"""`saetui build`: make a bundle from a corpus."""

from pathlib import Path
from typing import Annotated

import typer

from saetui.cli.options import (
    AsJson,
    BaseUrl,
    Category,
    Columns,
    CorpusFormat,
    Dates,
    DeviceName,
    Encoding,
    Epochs,
    Extend,
    ForceSae,
    IndexKind,
    Limit,
    NewBundle,
    NewName,
    NewSaes,
    Retrain,
    SaeFrom,
    Seed,
    Stability,
    Strict,
    VocabularyFile,
)


def build(
    corpus: Annotated[
        str,
        typer.Argument(
            metavar="CORPUS",
            help="A file of JSON Lines, CSV, TSV, Parquet or arXiv's snapshot, gzipped or not; a "
            'folder of texts; "-" for standard input.',
            show_default=False,
        ),
    ],
    *,
    output: NewBundle,
    name: NewName = "",
    embedder: Annotated[
        str,
        typer.Option(
            "--embedder",
            metavar="NAME",
            help="minilm, sentence-transformers:MODEL, openai:MODEL, precomputed:VECTORS.npy (or "
            ".npz, .parquet, .arrow), or precomputed:column:NAME: a field of the corpus.",
        ),
    ] = "minilm",
    dimensions: Annotated[
        int | None,
        typer.Option(
            "--dimensions", min=1, metavar="D", help="Vector width to request from the model."
        ),
    ] = None,
    base_url: BaseUrl = None,
    ids: Annotated[
        str | None,
        typer.Option(
            "--ids", metavar="FILE", help="File with the document ids of precomputed vectors."
        ),
    ] = None,
    query_embedder: Annotated[
        str | None,
        typer.Option(
            "--query-embedder",
            metavar="NAME",
            help="Embedder for queries, with precomputed vectors, or the name that a server has "
            "for the model when it embeds queries.",
        ),
    ] = None,
    query_prefix: Annotated[
        str | None,
        typer.Option(
            "--query-prefix",
            metavar="TEXT",
            help='What openai:MODEL needs before each query, such as "query: " for E5.',
        ),
    ] = None,
    document_prefix: Annotated[
        str | None,
        typer.Option(
            "--document-prefix",
            metavar="TEXT",
            help='And before each document, such as "passage: ".',
        ),
    ] = None,
    sae: NewSaes = None,
    sae_from: SaeFrom = None,
    extend: Extend = 0,
    force: ForceSae = False,
    epochs: Epochs = None,
    stability: Stability = None,
    device: DeviceName = "auto",
    seed: Seed = 0,
    index: IndexKind = "",
    engine: Annotated[
        str,
        typer.Option("--engine", metavar="NAME", help="Where to embed and encode: local or ray."),
    ] = "local",
    address: Annotated[
        str,
        typer.Option(
            "--address",
            metavar="ADDRESS",
            help="Address of the Ray cluster's head, or auto; by default Ray starts on this "
            "machine.",
        ),
    ] = "",
    train_also: Annotated[
        list[Path] | None,
        typer.Option(
            "--train-also",
            metavar="CORPUS",
            help="Another corpus that only the SAE is trained on; may be repeated.",
        ),
    ] = None,
    corpus_format: CorpusFormat = None,
    columns: Columns = None,
    category: Category = None,
    dates: Dates = None,
    encoding: Encoding = None,
    limit: Limit = None,
    strict: Strict = False,
    passages: Annotated[
        bool,
        typer.Option(
            "--passages",
            help="Cut long texts into passages of whole sentences. Search finds a document by any "
            "of them.",
        ),
    ] = False,
    retrain: Retrain = False,
    vocabulary: VocabularyFile = "",
    as_json: AsJson = False,
) -> None:
    """Make a bundle from a corpus: embed it, train an SAE, index it, label features, find families.

    After an interruption, the same command continues where it stopped. Run again on a changed
    corpus, it embeds only new and edited documents; SAEs, labels, notes and bookmarks stay.
    """
    from saetui.cli.building import corpus_options, show_build
    from saetui.cli.options import sae_source, training_options
    from saetui.cli.progress import shown_progress
    from saetui.embed import EmbedderSettings
    from saetui.pipeline.build import build_bundle
    from saetui.pipeline.options import BuildOptions
    from saetui.train.size import SaeSize

    options = BuildOptions(
        name=name,
        corpus=corpus_options(
            corpus_format, columns, category, limit, strict, dates=dates, encoding=encoding
        ),
        embedder=EmbedderSettings(
            embedder,
            requested_dimensions=dimensions,
            base_url=base_url,
            ids=ids,
            query_spec=query_embedder,
            query_prefix=query_prefix,
            document_prefix=document_prefix,
        ),
        saes=tuple(SaeSize.parse(text) for text in sae or ()),
        training=training_options(seed=seed, device=device, epochs=epochs),
        stability=stability,
        train_also=tuple(train_also or ()),
        index=index,
        engine=engine,
        address=address,
        retrain=retrain,
        passages=passages,
        sae_from=sae_source(sae_from, extend, force),
        vocabulary=vocabulary,
    )
    with shown_progress() as progress:
        outcome = build_bundle(corpus, output, options, progress)
    show_build(outcome, "Built", as_json=as_json)
