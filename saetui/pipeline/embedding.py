"""Embed a corpus shard by shard into one file, going on where an earlier run stopped."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.errors import EmbedderError
from saetui.progress import Progress
from saetui.store.atomic import write_json
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
    """

    documents: DocumentStore
    dimensions: int
    embed: Embed
    made_from: str


def embed_corpus(task: EmbeddingTask, target: Path, progress: Progress) -> None:
    """Write the embeddings of all documents, float16 `(N, d)` with rows of unit norm.

    While it works the vectors lie in `target` beside a note of how many are done; the caller
    moves the file where it belongs.

    Raises:
        EmbedderError: A vector has the wrong width, is not finite, or is zero.
    """
    count = len(task.documents)
    done, vectors = _resume(target, (count, task.dimensions), task.made_from)
    progress.start("Embedding", count, "documents", done)
    for start in range(done, count, SHARD):
        stop = min(start + SHARD, count)
        vectors[start:stop] = _unit_rows(task, start, task.embed(start, stop))
        vectors.flush()
        _note(target, task.made_from, stop)
        progress.advance(stop - start)
    _note_path(target).unlink(missing_ok=True)


def _resume(
    target: Path, shape: tuple[int, int], made_from: str
) -> tuple[int, np.memmap[Any, np.dtype[np.float16]]]:
    done = 0
    try:
        note = json.loads(_note_path(target).read_text(encoding="utf-8"))
        if note["made_from"] == made_from:
            done = int(note["done"])
            vectors = np.lib.format.open_memmap(target, mode="r+")
            if vectors.shape == shape and vectors.dtype == np.float16:
                return done, vectors
    except (OSError, ValueError, KeyError, TypeError):
        pass
    _note_path(target).unlink(missing_ok=True)
    return 0, np.lib.format.open_memmap(target, mode="w+", dtype=np.float16, shape=shape)


def _note(target: Path, made_from: str, done: int) -> None:
    write_json(_note_path(target), {"made_from": made_from, "done": done})


def _note_path(target: Path) -> Path:
    return target.with_suffix(".json")


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
