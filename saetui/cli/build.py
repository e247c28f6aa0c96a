"""`saetui build` makes a bundle from a corpus, `saetui add` changes its documents."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.json_output import finite
from saetui.cli.open import opened
from saetui.cli.options import (
    AsJson,
    BaseUrl,
    BundlePath,
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
    sae_source,
    training_options,
)
from saetui.cli.output import Output
from saetui.cli.progress import shown_progress
from saetui.cli.stats import metrics_table, sae_json
from saetui.errors import InputError
from saetui.session.saved.search_json import Json

if TYPE_CHECKING:
    from saetui.corpus import CorpusOptions
    from saetui.pipeline.finishing import BuildOutcome


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


def corpus_options(
    corpus_format: str | None,
    columns: list[str] | None,
    category: list[str] | None,
    limit: int | None,
    strict: bool,
    *,
    dates: str | None = None,
    encoding: str | None = None,
) -> "CorpusOptions":
    """How to read a corpus, from the options of a command."""
    from saetui.corpus import CorpusOptions
    from saetui.corpus.dates import check_order

    return CorpusOptions(
        format=corpus_format,
        columns=_mapping(columns or []),
        categories=tuple(category or ()),
        strict=strict,
        limit=limit,
        dates=None if dates is None else check_order(dates),
        encoding=encoding,
    )


def _mapping(pairs: list[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        ours, separator, theirs = pair.partition("=")
        if not separator or not ours or not theirs:
            raise InputError(f"'{pair}' does not map a field.", "Write it like text=abstract.")
        mapping[ours] = theirs
    return mapping


def build_json(outcome: "BuildOutcome") -> Json:
    """What a build made, as JSON."""
    manifest, changes = outcome.manifest, outcome.changes
    return {
        "path": str(outcome.path),
        "steps": list(outcome.steps),
        "documents": manifest.documents,
        "dimensions": manifest.dimensions,
        "corpus": finite(manifest.corpus),
        "embedder": manifest.embedder,
        "index": finite(manifest.index),
        "saes": [sae_json(sae) for sae in manifest.saes],
        "changes": changes
        and {
            "new": changes.new,
            "edited": changes.edited,
            "described": changes.described,
            "removed": changes.removed,
            "embedded": outcome.embedded,
        },
    }


def show_build(
    outcome: "BuildOutcome", done: str, more: Sequence[str] = (), *, as_json: bool
) -> None:
    """Print what a build made.

    `done` says what was done, such as "Built"; `more` are lines about it.
    """
    output, manifest = Output(), outcome.manifest
    if as_json:
        output.json(build_json(outcome))
        return
    if outcome.steps:
        metrics_table(output, [(each.name, each.metrics) for each in manifest.saes])
        for line in more:
            output.line(line)
    if outcome.changes is not None:
        from saetui.pipeline.corpus_steps import described
        from saetui.pipeline.encoding import described as fit_of

        output.line(f"{described(outcome.changes)} {outcome.embedded:,} texts were embedded.")
        for sae in manifest.saes:
            fit = sae.metrics.get("fit")
            if fit and fit["new_documents"]:
                output.line(fit_of(sae.name, fit))
    what = done if outcome.steps else "Nothing to do:"
    output.line(
        f"{what} {outcome.path}, {manifest.documents:,} documents. "
        f"Open it with: saetui {outcome.path}"
    )


def add(
    bundle: BundlePath,
    corpus: Annotated[
        str | None,
        typer.Argument(
            metavar="[CORPUS]",
            help="Documents to add: a file of JSON Lines, CSV, TSV, Parquet or arXiv's snapshot, "
            'gzipped or not; a folder of texts; "-" for standard input.',
            show_default=False,
        ),
    ] = None,
    *,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Let them take the place of other documents with the same ids."
        ),
    ] = False,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            "--remove",
            metavar="ID|FILE",
            help="A document to remove, or a file that lists ids; may be repeated.",
        ),
    ] = None,
    retrain: Retrain = False,
    vectors: Annotated[
        Path | None,
        typer.Option(
            "--vectors",
            metavar="FILE.npy",
            help="Vectors of the new documents, if those of the bundle were made elsewhere.",
        ),
    ] = None,
    ids: Annotated[
        Path | None, typer.Option("--ids", metavar="FILE", help="Ids of the rows of --vectors.")
    ] = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    corpus_format: CorpusFormat = None,
    columns: Columns = None,
    category: Category = None,
    dates: Dates = None,
    encoding: Encoding = None,
    limit: Limit = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Add documents to a bundle, without the file that it was built of.

    Only the new documents are embedded. SAEs, labels, notes and bookmarks stay, and the bundle says
    how well its SAEs fit the new documents. Interrupted at any point, the bundle is as it was.
    """
    from saetui.pipeline.adding import AddOptions, add_documents

    options = AddOptions(
        corpus=corpus_options(
            corpus_format, columns, category, limit, strict, dates=dates, encoding=encoding
        ),
        replace=replace,
        remove=_ids(bundle, remove or []),
        vectors=vectors,
        ids=ids,
        retrain=retrain,
        training=training_options(seed=seed, device="auto", epochs=epochs),
    )
    with shown_progress() as progress:
        outcome = add_documents(bundle, corpus, options, progress)
    show_build(outcome, "Changed", as_json=as_json)


def _ids(bundle: Path, named: list[str]) -> tuple[str, ...]:
    """The ids that are meant; what is no document's id may be a file of them."""
    from saetui.embed.vector_files import read_ids

    if not named:
        return ()
    ids: list[str] = []
    with opened(bundle) as session:
        for each in named:
            known = session.bundle.documents.row_of(each) is not None
            ids += [each] if known or not Path(each).is_file() else read_ids(Path(each))
    return tuple(dict.fromkeys(ids))
