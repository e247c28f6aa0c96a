"""The steps that concern the corpus: documents, embeddings, index."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.documents import Document
from saetui.corpus import open_corpus
from saetui.errors import InputError
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, LoadedEmbedder
from saetui.pipeline.embedding import EmbeddingTask, embed_corpus
from saetui.pipeline.sources import fingerprint_of
from saetui.progress import Progress
from saetui.store import bundle as layout
from saetui.store.documents import DocumentStore, write_documents
from saetui.store.index import VectorIndex, build_index

_RECALL_QUERIES = 100
_RECALL_DEPTH = 10
_RECALL_BLOCK = 8_192


def read_documents(build: BuildContext) -> str:
    """Read the corpus into the bundle; returns the step's fingerprint."""

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
    return build.step("documents", made_from, (layout.DOCUMENTS,), make)


def embed_documents(
    build: BuildContext, documents: DocumentStore, loaded: LoadedEmbedder, documents_from: str
) -> str:
    """Embed the corpus; returns the step's fingerprint."""
    made_from = fingerprint("embeddings", 1, documents=documents_from, embedder=loaded.settings)

    def make() -> dict[str, Any]:
        target = build.work / "embeddings.npy"
        embed_store(documents, loaded, target, made_from, build.progress)
        target.replace(build.path / layout.EMBEDDINGS)
        return {"embedder": loaded.settings}

    return build.step("embeddings", made_from, (layout.EMBEDDINGS,), make)


def embed_store(
    documents: DocumentStore,
    loaded: LoadedEmbedder,
    target: Path,
    made_from: str,
    progress: Progress,
) -> None:
    """Write the vectors of all documents of a store to `target`."""
    from saetui.embed.precomputed import PrecomputedVectors

    embedder = loaded.embedder
    if isinstance(embedder, PrecomputedVectors):
        embedder.check_documents(len(documents))

    def embed(start: int, stop: int) -> Float:
        span = documents.span(start, stop)
        if isinstance(embedder, PrecomputedVectors):
            return embedder.vectors_for([document.id for document in span], start)
        return embedder.embed_documents([document.embedding_text for document in span])

    task = EmbeddingTask(documents, embedder.dimensions, embed, made_from)
    embed_corpus(task, target, progress)


def index_vectors(build: BuildContext, embeddings_from: str) -> None:
    """Index the embeddings, and measure what the index finds."""
    seed = build.options.training.seed

    def make() -> dict[str, Any]:
        vectors = build.vectors()
        build.progress.start("Indexing", len(vectors), "documents")
        index, parameters = build.path / layout.INDEX, build.path / layout.INDEX_PARAMETERS
        build_index(vectors, index, parameters, build.progress.advance)
        recall = index_recall(VectorIndex(index, parameters), vectors, seed)
        build.progress.note(f"The index finds {recall:.1%} of the true first {_RECALL_DEPTH}.")
        return {"recall": recall}

    made_from = fingerprint("index", 1, embeddings=embeddings_from, seed=seed)
    build.step("index", made_from, (layout.INDEX, layout.INDEX_PARAMETERS), make)


def index_recall(index: VectorIndex, vectors: NDArray[np.float16], seed: int) -> float:
    """Share of the true nearest documents that the index finds, over documents as queries."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(vectors), min(_RECALL_QUERIES, len(vectors)), replace=False)
    queries = np.asarray(vectors[rows], dtype=np.float32)
    true = _nearest(queries, vectors, min(_RECALL_DEPTH, len(vectors)))
    found = [
        len(np.intersect1d(near, index.search(query, len(near))))
        for query, near in zip(queries, true, strict=True)
    ]
    return sum(found) / true.size


def _nearest(queries: Float, vectors: NDArray[np.float16], depth: int) -> NDArray[np.int64]:
    """The nearest rows of every query, unsorted, `(Q, depth)`; the vectors are read once."""
    scores = np.full((len(queries), depth), -np.inf, dtype=np.float32)
    rows = np.zeros((len(queries), depth), dtype=np.int64)
    for start in range(0, len(vectors), _RECALL_BLOCK):
        block = np.asarray(vectors[start : start + _RECALL_BLOCK], dtype=np.float32)
        numbers = np.broadcast_to(start + np.arange(len(block)), (len(queries), len(block)))
        scores = np.hstack([scores, queries @ block.T])
        rows = np.hstack([rows, numbers])
        best = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
        scores = np.take_along_axis(scores, best, axis=1)
        rows = np.take_along_axis(rows, best, axis=1)
    return rows
