"""Embed documents whole or by passages, and short texts, going on where an earlier run stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import single
from saetui.core.words import cut
from saetui.embed import Embedder, embed_queries
from saetui.errors import BuildError, EmbedderError, SaetuiError
from saetui.pipeline.context import BuildContext, LoadedEmbedder, Made, Step, fingerprint
from saetui.pipeline.unfinished import UnfinishedArrays
from saetui.progress import Progress
from saetui.store import layout
from saetui.store.arrays import forget_pages, save_array
from saetui.store.atomic import atomic_write
from saetui.store.documents import DocumentStore
from saetui.store.passages import FILES, SPANS, VECTORS, Passages

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


def embed_corpus(
    documents: DocumentStore,
    dimensions: int,
    embed: Embed,
    target: Path,
    progress: Progress,
    *,
    made_from: str,
    shard: int = SHARD,
    known: KnownVectors | None = None,
) -> None:
    """Write the embeddings of all documents, float16 `(N, dimensions)` with rows of unit norm.

    While it works, the vectors lie in `target` beside a note of how many are done; the caller
    moves the file where it belongs. Vectors of another fingerprint than `made_from` are not gone
    on with. `shard` documents are asked for at once, and lost when the build is killed; those with
    `known` vectors are not asked for.

    Raises:
        EmbedderError: A vector has the wrong width, is not finite, or is zero.
    """
    layout = (target, (len(documents), dimensions), np.float16)
    unfinished = UnfinishedArrays(target.with_suffix(".json"), made_from, [layout])
    (vectors,) = unfinished.arrays
    rows = np.arange(len(documents))
    if known is not None:
        rows = np.flatnonzero(known.origin < 0)
        if not unfinished.done:
            _copy(known, vectors)
    progress.start("Embedding", len(rows), "documents", unfinished.done)
    for start in range(unfinished.done, len(rows), shard):
        some = rows[start : start + shard]
        found = embed(some)
        if found.ndim != 2 or found.shape[1] != dimensions:
            raise EmbedderError(
                f"The embedder gave vectors of shape {found.shape}, where width {dimensions} was "
                "expected."
            )
        vectors[some] = _unit_rows(found, documents, some)
        unfinished.note(start + len(some))
        progress.advance(len(some))
    unfinished.finish()


def _copy(known: KnownVectors, vectors: NDArray[np.float16]) -> None:
    for start in range(0, len(vectors), _COPIED):
        origin = known.origin[start : start + _COPIED]
        rows = np.flatnonzero(origin >= 0)
        vectors[start + rows] = known.vectors[origin[rows]]
        forget_pages(known.vectors)


def _unit_rows(
    vectors: Float, documents: DocumentStore, rows: NDArray[np.int64]
) -> NDArray[np.float16]:
    norms = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if len(bad):
        document = documents.document(int(rows[bad[0]]))
        kind = "zero" if norms[bad[0]] == 0 else "not a number"
        raise EmbedderError(
            f"The vector of document '{document.id}' is {kind}.",
            "Check the embedder, or take the document out of the corpus.",
        )
    unit: NDArray[np.float16] = (vectors / norms[:, None]).astype(np.float16)
    return unit


SHORT_TEXTS = "short-texts"
"""Name of the step."""

# The mean of as many lies within 5% of a standard deviation of the true one.
_SAMPLE = 400
_FIRST_WORDS = 8


def short_texts_step(build: BuildContext, loaded: LoadedEmbedder) -> Step:
    """Embed titles, or first words where there is no title, as queries.

    What they tell does not change as a corpus grows, so the step is carried out once. Where there
    is nothing to embed queries with, nothing is measured.
    """
    made_from = fingerprint(SHORT_TEXTS, 1, embedder=loaded.settings)

    def make() -> Made:
        if not len(build.documents) or (
            loaded.came_with_corpus and not loaded.settings.get("query_spec")
        ):
            return Made({})
        rows = np.sort(np.random.default_rng(0).permutation(len(build.documents))[:_SAMPLE])
        found = [build.documents.document(row) for row in rows.tolist()]
        texts = [each.title or " ".join(each.text.split()[:_FIRST_WORDS]) for each in found]
        build.progress.start("Embedding short texts", len(texts), "texts")
        try:
            vectors = embed_queries(loaded.embedder, texts, build.progress)
        except SaetuiError as error:
            build.progress.note(
                f"Features of queries are not adjusted to short texts: {error.message}"
            )
            return Made({})
        documents = np.asarray(build.vectors()[rows], dtype=np.float32)
        save_array(build.path / layout.SHORT_TEXTS, vectors.astype(np.float16))
        save_array(build.path / layout.SHORT_TEXT_SHIFT, (vectors - documents).mean(axis=0))
        return Made({}, more_files=(layout.SHORT_TEXTS, layout.SHORT_TEXT_SHIFT))

    return Step(SHORT_TEXTS, made_from, (), make)


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

    Passages of texts that the bundle had before are taken from it, and those that an earlier run
    left if their fingerprint is `made_from`.
    """
    documents, width = build.documents, loaded.embedder.dimensions
    known, origin = _known_passages(build, loaded)
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


def _known_passages(
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
