"""`saetui add`: more documents for a bundle, or fewer."""

from pathlib import Path
from typing import Annotated

import typer

from saetui.cli.options import (
    AsJson,
    BundlePath,
    Category,
    Columns,
    CorpusFormat,
    Dates,
    Encoding,
    Epochs,
    Limit,
    Retrain,
    Seed,
    Strict,
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
    from saetui.cli.building import corpus_options, show_build
    from saetui.cli.options import training_options
    from saetui.cli.progress import shown_progress
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
    from saetui.cli.open import opened
    from saetui.embed.document_ids import read_ids

    if not named:
        return ()
    ids: list[str] = []
    with opened(bundle) as session:
        for each in named:
            known = session.bundle.documents.row_of(each) is not None
            ids += [each] if known or not Path(each).is_file() else read_ids(Path(each))
    return tuple(dict.fromkeys(ids))
