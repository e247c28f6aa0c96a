"""Embed documents shard by shard into one file, going on where an earlier run stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.errors import EmbedderError
from saetui.pipeline.unfinished import UnfinishedArrays
from saetui.progress import Progress
from saetui.store.arrays import forget_pages
from saetui.store.documents import DocumentStore

# Large enough that sorting by length pays, small enough that a kill costs seconds.
SHARD = 512
_COPIED = 8_192

# The vectors of some documents, by ascending rows; float32 of any norm.
Embed = Callable[[NDArray[np.int64]], Float]


@dataclass(frozen=True)
class KnownVectors:
    """Vectors that need not be made again.

    Attributes:
        vectors: `(M, d)`, of unit norm.
        origin: `(N,)`; row of `vectors` for each document, -1 where none is known.
    """

    vectors: NDArray[np.float16]
    origin: NDArray[np.int64]


@dataclass(frozen=True)
class EmbeddingTask:
    """Documents to embed.

    Attributes:
        documents: All of them.
        dimensions: Width d of the vectors.
        embed: Gives the vectors of some documents.
        made_from: Fingerprint; only vectors of the same one are gone on with.
        shard: How many documents are asked for at once, and lost when the build is killed.
        known: Vectors of documents that are not asked for; None: of none.
    """

    documents: DocumentStore
    dimensions: int
    embed: Embed
    made_from: str
    shard: int = SHARD
    known: KnownVectors | None = None


def embed_corpus(task: EmbeddingTask, target: Path, progress: Progress) -> None:
    """Write the embeddings of all documents, float16 `(N, d)` with rows of unit norm.

    While it works, the vectors lie in `target` beside a note of how many are done; the caller
    moves the file where it belongs.

    Raises:
        EmbedderError: A vector has the wrong width, is not finite, or is zero.
    """
    count = len(task.documents)
    layout = (target, (count, task.dimensions), np.float16)
    unfinished = UnfinishedArrays(target.with_suffix(".json"), task.made_from, [layout])
    (vectors,) = unfinished.arrays
    rows = np.arange(count)
    if task.known is not None:
        rows = np.flatnonzero(task.known.origin < 0)
        if not unfinished.done:
            _copy(task.known, vectors)
    progress.start("Embedding", len(rows), "documents", unfinished.done)
    for start in range(unfinished.done, len(rows), task.shard):
        some = rows[start : start + task.shard]
        vectors[some] = _unit_rows(task, some, task.embed(some))
        unfinished.note(start + len(some))
        progress.advance(len(some))
    unfinished.finish()


def _copy(known: KnownVectors, vectors: NDArray[np.float16]) -> None:
    for start in range(0, len(vectors), _COPIED):
        origin = known.origin[start : start + _COPIED]
        rows = np.flatnonzero(origin >= 0)
        vectors[start + rows] = known.vectors[origin[rows]]
        forget_pages(known.vectors)


def _unit_rows(task: EmbeddingTask, rows: NDArray[np.int64], vectors: Float) -> NDArray[np.float16]:
    if vectors.ndim != 2 or vectors.shape[1] != task.dimensions:
        raise EmbedderError(
            f"The embedder gave vectors of shape {vectors.shape}, where width {task.dimensions} "
            "was expected."
        )
    norms = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if len(bad):
        document = task.documents.document(int(rows[bad[0]]))
        kind = "zero" if norms[bad[0]] == 0 else "not a number"
        raise EmbedderError(
            f"The vector of document '{document.id}' is {kind}.",
            "Check the embedder, or take the document out of the corpus.",
        )
    unit: NDArray[np.float16] = (vectors / norms[:, None]).astype(np.float16)
    return unit
