"""Embed long documents by passages: a document's vector is the mean of those of its passages."""

from pathlib import Path
from typing import Final, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.search import single
from saetui.core.words import cut
from saetui.embed import Embedder
from saetui.errors import BuildError
from saetui.pipeline.context import BuildContext, LoadedEmbedder
from saetui.store.arrays import save_array
from saetui.store.atomic import atomic_write
from saetui.store.passages import FILES, SPANS, VECTORS, Passages

_Parts: TypeAlias = list[tuple[NDArray[np.int32], NDArray[np.float16]]]
"""Of each document bounds and vectors of its passages."""

LONGEST: Final = 170
"""Words of a passage. The embedders of this size read 256 tokens, about 190 words, and more."""


# Documents that are embedded together. A build that is stopped goes on behind the last of these.
_TOGETHER = 32


def embed_passages(
    build: BuildContext, loaded: LoadedEmbedder, target: Path, made_from: str
) -> int:
    """Write vectors of documents and of passages; returns how many documents were embedded.

    Args:
        build: The build; passages of texts that the bundle had before are taken from it.
        loaded: The embedder.
        target: File for the vectors of documents.
        made_from: Fingerprint of the embeddings; what an earlier run left of others is not taken.
    """
    documents, width = build.documents, loaded.embedder.dimensions
    known, origin = _known(build, loaded)
    vectors = np.empty((len(documents), width), dtype=np.float16)
    all_spans: list[NDArray[np.int32]] = []
    all_vectors: list[NDArray[np.float16]] = []
    embedded = 0
    build.progress.start("Embedding", len(documents), "documents")
    for start in range(0, len(documents), _TOGETHER):
        rows = range(start, min(start + _TOGETHER, len(documents)))
        new = [row for row in rows if known is None or origin[row] < 0]
        kept = build.work / f"passages-{made_from[:16]}-{start}.npz"
        parts = _kept(kept, len(new)) or _embedded(build, loaded.embedder, new)
        if new:
            _keep(kept, parts)
        found = dict(zip(new, parts, strict=True))
        embedded += len(new)
        for row in rows:
            if row in found:
                bounds, own = found[row]
            else:
                assert known is not None
                bounds, own = _taken(known, int(origin[row]))
            mean = single(own).mean(axis=0)
            norm = float(np.linalg.norm(mean))
            if not norm:
                raise BuildError("The passages of a document cancel each other out.")
            vectors[row] = mean / norm
            all_spans.append(np.column_stack([np.full(len(bounds), row), bounds]).astype(np.int32))
            all_vectors.append(own)
            build.progress.advance()
    with target.open("wb") as handle:
        np.save(handle, vectors)
    save_array(build.path / VECTORS, np.concatenate(all_vectors))
    save_array(build.path / SPANS, np.concatenate(all_spans))
    count = sum(map(len, all_spans))
    build.progress.note(f"{len(documents):,} documents have {count:,} passages.")
    return embedded


def _keep(path: Path, parts: _Parts) -> None:
    """Keep the passages of some documents, for a run that goes on."""
    bounds, vectors = zip(*parts, strict=True)
    with atomic_write(path) as temporary, temporary.open("wb") as handle:
        np.savez(
            handle,
            counts=[len(own) for own in bounds],
            bounds=np.concatenate(bounds),
            vectors=np.concatenate(vectors),
        )


def _kept(path: Path, count: int) -> _Parts:
    """What `_keep` wrote for so many documents; nothing if it is not there or damaged."""
    try:
        with np.load(path) as arrays:
            counts, bounds, vectors = (arrays[name] for name in ("counts", "bounds", "vectors"))
    except (OSError, ValueError, KeyError, BadZipFile):
        return []
    if len(counts) != count or counts.sum() != len(bounds) or len(bounds) != len(vectors):
        return []
    ends = np.cumsum(counts)[:-1]
    return list(zip(np.split(bounds, ends), np.split(vectors, ends), strict=True))


def _embedded(build: BuildContext, embedder: Embedder, rows: list[int]) -> _Parts:
    """Bounds and vectors of the passages of some documents."""
    if not rows:
        return []
    documents = build.documents.some(rows)
    bounds = [np.array(cut(each.text, LONGEST), dtype=np.int32) for each in documents]
    texts = [
        f"{document.title}\n\n{document.text[start:stop]}".strip()
        for document, own in zip(documents, bounds, strict=True)
        for start, stop in own.tolist()
    ]
    vectors: Float = embedder.embed_documents(texts)
    halves = vectors.astype(np.float16)
    ends = np.cumsum([len(own) for own in bounds])
    return [
        (own, halves[end - len(own) : end]) for own, end in zip(bounds, ends.tolist(), strict=True)
    ]


def _known(
    build: BuildContext, loaded: LoadedEmbedder
) -> tuple[Passages | None, NDArray[np.int64]]:
    """Passages that the bundle has, and for each document the row of its text there, or -1."""
    before, origin = build.before.whole("embeddings"), build.origin()
    nothing = np.full(len(build.documents), -1)
    if before is None or origin is None or not set(FILES) <= before.files.keys():
        return None, nothing
    if before.facts.get("embedder") != loaded.settings:
        return None, nothing
    shape = build.vectors_before().shape
    return Passages.of(build.before.folder, *shape), origin


def _taken(known: Passages, row: int) -> tuple[NDArray[np.int32], NDArray[np.float16]]:
    own = slice(int(known.starts[row]), int(known.starts[row + 1]))
    return known.spans[own, 1:], np.asarray(known.vectors[own])
