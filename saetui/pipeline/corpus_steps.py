"""The steps that concern the corpus: documents, embeddings, index."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from saetui.core.codec import Float
from saetui.core.documents import Document
from saetui.corpus import open_corpus
from saetui.errors import InputError
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, LoadedEmbedder, Step
from saetui.pipeline.embedding import SHARD, EmbeddingTask, embed_corpus
from saetui.pipeline.sources import fingerprint_of
from saetui.store import bundle as layout
from saetui.store.documents import DocumentStore, write_documents
from saetui.store.index import asked_kind, build_index, measure_recall, open_index
from saetui.store.index.building import index_files
from saetui.store.index.recall import DEPTH


def documents_step(build: BuildContext) -> Step:
    """Read the corpus into the bundle."""

    def make() -> dict[str, Any]:
        corpus = open_corpus(build.source, build.options.corpus)
        build.progress.start("Reading", None, "documents")

        def counted() -> Iterator[Document]:
            for document in corpus:
                yield document
                build.progress.advance()

        count = write_documents(build.path / layout.DOCUMENTS, counted())
        report = corpus.report
        if not count:
            raise InputError(
                f"{build.source_name} holds no document that can be used.", report.summary()
            )
        build.progress.note(report.summary())
        return {
            "source": build.source_name,
            "format": corpus.format,
            "report": report.as_dict(),
        }

    made_from = fingerprint(
        "documents",
        1,
        source=fingerprint_of(build.source),
        options=asdict(build.options.corpus),
    )
    return Step("documents", made_from, (layout.DOCUMENTS,), make)


def embeddings_step(build: BuildContext, loaded: LoadedEmbedder, documents_from: str) -> Step:
    """Embed the documents."""
    made_from = fingerprint("embeddings", 1, documents=documents_from, embedder=loaded.settings)

    def write(target: Path) -> None:
        embed_store(build.documents, loaded, target, made_from, build)

    return stored_embeddings(build, made_from, loaded.settings, write)


def stored_embeddings(
    build: BuildContext, made_from: str, settings: dict[str, Any], write: Callable[[Path], None]
) -> Step:
    """The step that puts embeddings into the bundle.

    Args:
        build: The build.
        made_from: Fingerprint of the embeddings.
        settings: Of their embedder.
        write: Writes them to a file that it is given.
    """

    def make() -> dict[str, Any]:
        target = build.work / "embeddings.npy"
        write(target)
        target.replace(build.path / layout.EMBEDDINGS)
        return {"embedder": settings}

    return Step("embeddings", made_from, (layout.EMBEDDINGS,), make)


def embed_store(
    documents: DocumentStore,
    loaded: LoadedEmbedder,
    target: Path,
    made_from: str,
    build: BuildContext,
) -> None:
    """Write the vectors of all documents of a store to `target`."""
    from saetui.embed.precomputed import PrecomputedVectors

    embedder, engine = loaded.embedder, build.engine
    if isinstance(embedder, PrecomputedVectors):
        embedder.check_documents(len(documents))

    def embed(start: int, stop: int) -> Float:
        span = documents.span(start, stop)
        if isinstance(embedder, PrecomputedVectors):
            return embedder.vectors_for([document.id for document in span], start)
        texts = [document.embedding_text for document in span]
        if engine is None:
            return embedder.embed_documents(texts)
        return engine.embed(loaded.settings, texts)

    shard = SHARD if engine is None else engine.documents
    task = EmbeddingTask(documents, embedder.dimensions, embed, made_from, shard)
    embed_corpus(task, target, build.progress)


def index_step(build: BuildContext, embeddings_from: str) -> Step:
    """Index the embeddings, and measure what the index finds."""
    seed = build.options.training.seed
    vectors = build.vectors()
    kind, address = asked_kind(build.options.index, *vectors.shape)
    asked = {"asked": build.options.index} if build.options.index else {}
    made_from = fingerprint("index", 2, embeddings=embeddings_from, seed=seed, **asked)

    def make() -> dict[str, Any]:
        build.progress.start("Indexing", len(vectors), "documents")
        build_index(
            vectors,
            build.path,
            build.progress.advance,
            kind,
            made_from=made_from,
            address=address,
        )
        index = open_index(build.path, lambda: vectors)
        parameters = measure_recall(index, vectors, build.path, seed)
        plain, steered = parameters.recall["plain"], parameters.recall["steered"]
        build.progress.note(
            f"The index finds {plain:.1%} of the true first {DEPTH}, steered {steered:.1%}."
        )
        return {"kind": kind, "recall": plain, "recall_steered": steered}

    return Step("index", made_from, index_files(kind), make)
