"""Make a bundle of what others published: the steps of a build, with their results taken over."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.documents import Document
from saetui.corpus.json_records import submission_month
from saetui.embed import EmbedderSettings, availability, known_embedders
from saetui.errors import EmbedderError, InputError
from saetui.interop.saerch_arrays import ArrayFile
from saetui.interop.saerch_folder import ENDING, SaerchFolder, WeightFile, choose_weights
from saetui.interop.saerch_texts import arxiv_id, read_documents
from saetui.pipeline.build import expect_saes, other_saes
from saetui.pipeline.context import BuildContext, Made, Step, fingerprint
from saetui.pipeline.corpus_steps import index_step, stored_embeddings
from saetui.pipeline.embedding import embed_corpus
from saetui.pipeline.finishing import BuildOutcome, bundle_under_way, finished
from saetui.pipeline.given_sae import WeightsOnHub
from saetui.pipeline.options import BuildOptions
from saetui.pipeline.published_sae import PublishedParts, weights_step, without_embedder
from saetui.pipeline.sae_work import SaeWork
from saetui.pipeline.sources import fingerprint_of
from saetui.progress import Progress
from saetui.store import layout
from saetui.store.documents import DocumentStore, write_documents
from saetui.train.size import SaeSize


def import_saerch(
    source: Path,
    path: Path,
    options: BuildOptions,
    progress: Progress,
    *,
    saes: Sequence[str] = (),
    hub: str = "",
    embedder: str = "openai:text-embedding-3-small",
    force: bool = False,
) -> BuildOutcome:
    """Make a bundle of the files of the paper (arXiv 2408.00657), or finish it.

    Args:
        source: Folder of the files.
        path: Folder of the bundle.
        options: Name, index and seed.
        progress: Told of every step.
        saes: Which weights, by file or size; empty for all.
        hub: Repository on the Hugging Face hub to take weights from; empty for the folder.
        embedder: What made the embeddings, and can embed queries.
        force: Import weights that the self-test finds wrong.

    Raises:
        InputError: A file is missing, damaged, or not what its name says; or the self-test finds
            that weights and embeddings do not belong together.
        SaetuiError: A step cannot be carried out; what was finished before is kept.
    """
    folder = SaerchFolder.at(source)
    embeddings = ArrayFile(folder.embeddings, "floating", 2)
    settings = _embedder(embedder, embeddings.shape[1], progress)
    files = _weights(folder, saes, hub, progress)
    with bundle_under_way(path, source, options, progress) as build:
        _refuse_added(build)
        steps = _import_steps(build, folder, files, embeddings, settings, force=force)
        return finished(build, steps)


def _embedder(spec: str, width: int, progress: Progress) -> dict[str, Any]:
    """What the bundle records about the embedder, which need not be at hand."""
    settings = EmbedderSettings(spec, dimensions=width)
    known = [kind.usage for kind in known_embedders()]
    if settings.kind not in [usage.partition(":")[0] for usage in known]:
        raise EmbedderError(f"There is no embedder '{spec}'.", f"There are: {', '.join(known)}.")
    usable, why = availability(settings)
    if not usable:
        progress.note(f"Texts cannot be searched by meaning here yet: {why}")
    return settings.as_dict()


def _weights(
    folder: SaerchFolder, saes: Sequence[str], repository: str, progress: Progress
) -> tuple[WeightFile, ...]:
    if not repository:
        return choose_weights(folder.weights(), saes, str(folder.path))
    hub = WeightsOnHub(repository)
    # Files that are named need not be looked up.
    named = bool(saes) and all(name.endswith(ENDING) for name in saes)
    names = [Path(name) for name in (saes if named else hub.names())]
    chosen = choose_weights(names, saes, repository)
    progress.start("Downloading weights", len(chosen), "files")
    found = []
    for file in chosen:
        found.append(replace(file, path=hub.fetch(file.path.as_posix())))
        progress.advance()
    return tuple(found)


def _import_steps(
    build: BuildContext,
    folder: SaerchFolder,
    files: Sequence[WeightFile],
    embeddings: ArrayFile,
    settings: dict[str, Any],
    *,
    force: bool,
) -> Iterator[Step]:
    source = fingerprint_of(embeddings.path)
    embeddings_from = fingerprint("embeddings", 1, source=source, embedder=settings)
    weights = [
        weights_step(build, folder, file, embeddings, embeddings_from=embeddings_from, force=force)
        for file in files
    ]
    # Weights first: whether they belong to the embeddings is known within seconds.
    yield from weights
    yield _documents_step(build, folder, embeddings)
    yield stored_embeddings(
        build,
        embeddings_from,
        settings,
        lambda target: _copy_embeddings(build, embeddings, embeddings_from, target),
    )
    yield index_step(build, embeddings_from)
    loaded = without_embedder(folder, settings)
    expect_saes(build, [file.sae for file in files])
    for file, taken in zip(files, weights, strict=True):
        work = SaeWork(build, SaeSize(file.n, file.k), loaded)
        yield from PublishedParts(folder, file).steps(work, taken.made_from)
    yield from other_saes(build, loaded)


def _refuse_added(build: BuildContext) -> None:
    """What was published would take the place of documents that the user added to the bundle."""
    path = build.before.folder / layout.DOCUMENTS
    if "documents" not in build.before.steps or not path.exists():
        return
    with contextlib.closing(DocumentStore(path)) as documents:
        added = len(documents.added())
    if added:
        raise InputError(
            f"{build.bundle} has {added:,} documents that were added after it was imported.",
            "Import into another folder.",
        )


def _documents_step(build: BuildContext, folder: SaerchFolder, embeddings: ArrayFile) -> Step:
    texts, metadata = folder.texts, folder.metadata

    def counted(documents: Iterator[Document]) -> Iterator[Document]:
        for number, document in enumerate(documents, start=1):
            if number > len(embeddings):
                raise _unequal(embeddings, number, texts, "at least ")
            yield _dated(document)
            build.progress.advance()

    def make() -> Made:
        build.progress.start("Reading", len(embeddings), "documents")
        target = build.path / layout.DOCUMENTS
        count = write_documents(target, counted(read_documents(texts, metadata)))
        if count != len(embeddings):
            target.unlink()
            raise _unequal(embeddings, count, texts)
        facts = {"documents": count, "metadata": metadata.name if metadata else None}
        return Made({"source": folder.path.name, "format": "saerch", "report": facts})

    made_from = fingerprint(
        "documents",
        1,
        kind="saerch",
        texts=fingerprint_of(texts),
        metadata=metadata and fingerprint_of(metadata),
        count=len(embeddings),
    )
    return Step("documents", made_from, (layout.DOCUMENTS,), make)


def _copy_embeddings(
    build: BuildContext, embeddings: ArrayFile, made_from: str, target: Path
) -> int:
    def rows(some: NDArray[np.int64]) -> Float:
        # All documents are asked for in their order.
        return embeddings.rows(int(some[0]), int(some[-1]) + 1).astype(np.float32)

    width, progress = embeddings.shape[1], build.progress
    embed_corpus(build.documents, width, rows, target, progress, made_from=made_from)
    return 0


def _dated(document: Document) -> Document:
    """A document with its address and month, where its id is one of arXiv's."""
    paper = arxiv_id(document.id)
    month = submission_month(paper)
    if not month:
        return document
    # A year from elsewhere may be that of the journal.
    published = month if document.published in ("", month[:4]) else document.published
    return replace(document, url=f"https://arxiv.org/abs/{paper}", published=published)


def _unequal(embeddings: ArrayFile, documents: int, texts: Path, least: str = "") -> InputError:
    return InputError(
        f"{embeddings.path.name} holds {len(embeddings):,} vectors, but {texts.name} has "
        f"{least}{documents:,} documents.",
        "Both must be of the same corpus, in the same order.",
    )
