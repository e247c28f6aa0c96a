"""Embed a corpus shard by shard into one file, going on where an earlier run stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.errors import EmbedderError
from saetui.pipeline.unfinished import UnfinishedArrays
from saetui.progress import Progress
from saetui.store.documents import DocumentStore

# Large enough that sorting by length pays, small enough that a kill costs seconds.
SHARD = 512

# The vectors of documents `start` to `stop - 1`, float32 of any norm.
Embed = Callable[[int, int], Float]


@dataclass(frozen=True)
class EmbeddingTask:
    """A corpus to embed.

    Attributes:
        documents: The corpus.
        dimensions: Width d of the vectors.
        embed: Gives the vectors of a span of documents.
        made_from: Fingerprint; vectors of another one are not gone on with.
        shard: How many documents are asked for at once, and lost when the build is killed.
    """

    documents: DocumentStore
    dimensions: int
    embed: Embed
    made_from: str
    shard: int = SHARD


def embed_corpus(task: EmbeddingTask, target: Path, progress: Progress) -> None:
    """Write the embeddings of all documents, float16 `(N, d)` with rows of unit norm.

    While it works the vectors lie in `target` beside a note of how many are done; the caller
    moves the file where it belongs.

    Raises:
        EmbedderError: A vector has the wrong width, is not finite, or is zero.
    """
    count = len(task.documents)
    layout = (target, (count, task.dimensions), np.float16)
    unfinished = UnfinishedArrays(target.with_suffix(".json"), task.made_from, [layout])
    (vectors,) = unfinished.arrays
    progress.start("Embedding", count, "documents", unfinished.done)
    for start in range(unfinished.done, count, task.shard):
        stop = min(start + task.shard, count)
        vectors[start:stop] = _unit_rows(task, start, task.embed(start, stop))
        unfinished.note(stop)
        progress.advance(stop - start)
    unfinished.finish()


def _unit_rows(task: EmbeddingTask, start: int, vectors: Float) -> NDArray[np.float16]:
    if vectors.ndim != 2 or vectors.shape[1] != task.dimensions:
        raise EmbedderError(
            f"The embedder gave vectors of shape {vectors.shape}, where width {task.dimensions} "
            "was expected."
        )
    norms = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if len(bad):
        document = task.documents.document(start + int(bad[0]))
        kind = "zero" if norms[bad[0]] == 0 else "not a number"
        raise EmbedderError(
            f"The vector of document '{document.id}' is {kind}.",
            "Check the embedder, or take the document out of the corpus.",
        )
    unit: NDArray[np.float16] = (vectors / norms[:, None]).astype(np.float16)
    return unit
