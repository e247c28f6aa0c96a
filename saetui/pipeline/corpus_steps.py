"""The steps that concern the corpus: documents, embeddings, index."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.documents import CorpusChanges, Document
from saetui.core.scores import single
from saetui.corpus import open_corpus
from saetui.corpus.corpus import Corpus
from saetui.embed import Embedder
from saetui.embed.precomputed import PrecomputedVectors
from saetui.embed.protocol import cut_off, lengths_read, most_tokens
from saetui.errors import InputError
from saetui.pipeline.changed_corpus import can_be_changed, change_corpus, forget_changes
from saetui.pipeline.context import (
    BuildContext,
    LoadedEmbedder,
    Made,
    Step,
    StepRecord,
    fingerprint,
    space_of,
)
from saetui.pipeline.embedding import (
    LONGEST,
    SHARD,
    KnownVectors,
    embed_corpus,
    embed_passages,
)
from saetui.pipeline.sources import UsableDocuments, fingerprint_of
from saetui.store import layout
from saetui.store.documents import DocumentStore, write_documents
from saetui.store.index import asked_kind, build_index, measure_recall, open_index
from saetui.store.index.building import DEPTH, grow_index, index_files
from saetui.store.index.parameters import read_parameters
from saetui.store.passages import FILES, SPANS, VECTORS, Passages

# Vectors that came with a corpus are those of the same model if the vectors of documents that were
# there before have hardly changed. So many of these are compared.
_COMPARED = 1_000
_SAME_MODEL = 0.999
READ_FACTS = ("cut_off", "tokens_read", "passages")
"""What is known of how much of the texts was read, by names in the facts about embeddings."""


def documents_step(build: BuildContext, embedder: Embedder) -> Step:
    """Read the corpus into the bundle, without documents whose vectors cannot be used."""
    left_out = embedder.left_out if isinstance(embedder, PrecomputedVectors) else []
    made_from = fingerprint(
        "documents",
        1,
        source=fingerprint_of(build.source),
        options=asdict(build.options.corpus),
        **({"left_out": left_out} if left_out else {}),
    )

    def make() -> Made:
        corpus = open_corpus(build.source, build.options.corpus)
        usable = UsableDocuments(counted(build, corpus), embedder, build.options.corpus.vectors)
        texts = stored_documents(build, usable, made_from)
        report = usable.report_of(corpus)
        if not report.documents:
            raise InputError(
                f"{build.source_name} holds no document that can be used.", report.summary()
            )
        repeated = build.documents.repeats.extra
        if repeated:
            report.remarks.append(
                f"{repeated:,} {'repeats' if repeated == 1 else 'repeat'} the text of an earlier "
                "document: search shows each text once, and SAEs learn from it once."
            )
        build.progress.note(report.summary())
        facts = {
            "source": build.source_name,
            "format": corpus.format,
            "report": report.as_dict(),
        }
        return Made(facts, texts)

    return Step("documents", made_from, (layout.DOCUMENTS,), make)


def counted(build: BuildContext, corpus: Corpus) -> Iterator[Document]:
    """The documents of a corpus, each of which the user is told of."""
    build.progress.start("Reading", None, "documents")
    for document in corpus:
        yield document
        build.progress.advance()


def stored_documents(build: BuildContext, corpus: Iterable[Document], made_from: str) -> str:
    """Put the documents of a corpus into the bundle; returns what stands for their texts.

    Of a bundle that has documents already, only those that differ are written. The corpus is read
    once.
    """
    forget_changes(build.work)
    before = build.before.whole("documents")
    if before is None or not can_be_changed(build.before.folder / layout.DOCUMENTS):
        write_documents(build.path / layout.DOCUMENTS, corpus)
        return made_from
    changes = change_corpus(build.before.folder, build.path, build.work, corpus, made_from)
    build.progress.note(described(changes))
    if changes.stayed:
        build.progress.note(
            f"{changes.stayed:,} documents that were added to the bundle stay in it."
        )
    return texts_of(before, changes, made_from)


def texts_of(before: StepRecord, changes: CorpusChanges, made_from: str) -> str:
    """What stands for the texts of a corpus that followed from another one."""
    if changes.same_texts:
        return before.made
    return fingerprint("texts", 1, before=before.made, corpus=made_from)


def described(changes: CorpusChanges) -> str:
    """What has changed, in a sentence."""
    counts = [
        (changes.new, "new"),
        (changes.edited, "edited"),
        (changes.described, "with other metadata"),
        (changes.removed, "removed"),
    ]
    parts = [f"{count:,} {what}" for count, what in counts if count]
    return f"Documents: {', '.join(parts) or 'none has changed'}."


def embeddings_step(build: BuildContext, loaded: LoadedEmbedder) -> Step:
    """Embed the documents that have no vector yet."""
    documents_from = build.log.steps["documents"].made
    passages = _by_passages(build, loaded)
    made_from = fingerprint(
        "embeddings",
        1,
        documents=documents_from,
        embedder=loaded.settings,
        **({"passages": LONGEST} if passages else {}),
    )

    read: dict[str, int] = {}

    def write(target: Path) -> int:
        if passages:
            embedded = embed_passages(build, loaded, target, made_from)
            read["passages"] = len(np.load(build.path / SPANS, mmap_mode="r"))
            return embedded
        read.update(_cut_texts(build, loaded))
        known = _known(build, loaded)
        embed_store(
            build.documents,
            loaded,
            target,
            made_from,
            build,
            known=known,
            position=_positions(build, loaded) if loaded.came_with_corpus else None,
        )
        if isinstance(loaded.embedder, PrecomputedVectors):
            return 0
        return len(build.documents) if known is None else int((known.origin < 0).sum())

    more = FILES if passages else ()
    return stored_embeddings(build, made_from, loaded.settings, write, more=more, found=read)


def _cut_texts(build: BuildContext, loaded: LoadedEmbedder) -> dict[str, int]:
    """Say how many texts are longer than the embedder reads; returns it, for `saetui stats`."""
    count, tokens = 0, most_tokens(loaded.embedder)
    if tokens:
        for start in range(0, len(build.documents), SHARD):
            rows = range(start, min(start + SHARD, len(build.documents)))
            texts = [document.embedding_text for document in build.documents.some(rows)]
            read = lengths_read(loaded.embedder, texts)
            count += sum(len(text) > kept for text, kept in zip(texts, read, strict=True))
    if not count:
        return {}
    build.progress.note(
        f"{cut_off(count, len(build.documents), tokens, loaded.embedder.name)} "
        "--passages reads all of it."
    )
    return {"cut_off": count, "tokens_read": tokens}


def _by_passages(build: BuildContext, loaded: LoadedEmbedder) -> bool:
    """Whether documents are embedded by passages: if it is asked for, or was done before."""
    if isinstance(loaded.embedder, PrecomputedVectors):
        if build.options.passages:
            raise InputError(
                "Vectors that were made elsewhere cannot be cut into passages.",
                "Leave out --passages, or embed the texts here.",
            )
        return False
    before = build.before.steps.get("embeddings")
    return build.options.passages or (before is not None and VECTORS in before.files)


def _known(build: BuildContext, loaded: LoadedEmbedder) -> KnownVectors | None:
    """Vectors that the bundle has of the documents; None if it has none that fit."""
    before, origin = build.before.whole("embeddings"), build.origin()
    if before is None or origin is None:
        return None
    vectors = build.vectors_before()
    if before.facts.get("embedder") == loaded.settings:
        return KnownVectors(vectors, origin)
    if not loaded.came_with_corpus or vectors.shape[1] != loaded.embedder.dimensions:
        return None
    # The vectors of a corpus come with it, and others only of documents that it lacks.
    return KnownVectors(vectors, np.where(_positions(build, loaded) < 0, origin, -1))


def _positions(build: BuildContext, loaded: LoadedEmbedder) -> NDArray[np.int64]:
    """Place of every document in the corpus; -1: it is not in it."""
    if build.changes is not None:
        return build.changes.position
    if build.origin() is None:
        return np.arange(len(build.documents))
    # The documents have not changed, but their rows may be those of an earlier corpus.
    corpus = UsableDocuments(open_corpus(build.source, build.options.corpus), loaded.embedder, "")
    places = {document.id: place for place, document in enumerate(corpus)}
    return np.array([places.get(each.id, -1) for each in build.documents.contents()])


def stored_embeddings(
    build: BuildContext,
    made_from: str,
    settings: dict[str, Any],
    write: Callable[[Path], int],
    *,
    more: tuple[str, ...] = (),
    found: Mapping[str, int] = MappingProxyType({}),
) -> Step:
    """The step that puts embeddings into the bundle.

    Args:
        build: The build.
        made_from: Fingerprint of the embeddings.
        settings: Of their embedder.
        write: Writes them to a file that it is given, and returns how many texts it embedded.
        more: Other files that it writes into the bundle.
        found: What it found out about the texts, once it has run.
    """

    def make() -> Made:
        target = build.work / "embeddings.npy"
        embedded = write(target)
        target.replace(build.path / layout.EMBEDDINGS)
        space = _space(build, made_from, settings)
        return Made({"embedder": settings, "space": space, "embedded": embedded, **found})

    return Step("embeddings", made_from, (layout.EMBEDDINGS, *more), make)


def _space(build: BuildContext, made_from: str, settings: dict[str, Any]) -> str:
    """What stands for the model that made the embeddings: an SAE fits as long as it is the same."""
    before = build.before.whole("embeddings")
    if before is not None and (
        before.facts.get("embedder") == settings or _are_of_one_model(build)
    ):
        return space_of(before)
    return made_from


def _are_of_one_model(build: BuildContext) -> bool:
    """Whether documents that the bundle had before have nearly the same vectors now."""
    origin, new, old = build.origin(), build.vectors(), build.vectors_before()
    if origin is None or new.shape[1] != old.shape[1]:
        return False
    rows = np.flatnonzero(origin >= 0)
    rows = rows[:: max(len(rows) // _COMPARED, 1)]
    cosines = np.einsum("ij,ij->i", single(new[rows]), single(old[origin[rows]]))
    return bool(len(rows)) and bool(np.median(cosines) > _SAME_MODEL)


def embed_store(
    documents: DocumentStore,
    loaded: LoadedEmbedder,
    target: Path,
    made_from: str,
    build: BuildContext,
    *,
    known: KnownVectors | None = None,
    position: NDArray[np.int64] | None = None,
) -> None:
    """Write the vectors of all documents of a store to a file.

    Vectors that are `known` need not be made. `position` is the place of every document in the
    corpus, for vectors that came with it; None where the documents are in its order.
    """
    embedder, engine = loaded.embedder, build.engine
    places = np.arange(len(documents)) if position is None else position
    if isinstance(embedder, PrecomputedVectors) and (known is None or known.origin.min() < 0):
        embedder.check_documents(int((places >= 0).sum()))

    def embed(rows: NDArray[np.int64]) -> Float:
        some = documents.some(rows.tolist())
        if isinstance(embedder, PrecomputedVectors):
            return embedder.vectors_at([document.id for document in some], places[rows])
        texts = [document.embedding_text for document in some]
        if engine is None:
            return embedder.embed_documents(texts)
        return engine.embed(loaded.settings, texts)

    shard = SHARD if engine is None else engine.documents
    embed_corpus(
        documents,
        embedder.dimensions,
        embed,
        target,
        build.progress,
        made_from=made_from,
        shard=shard,
        known=known,
    )


def index_step(build: BuildContext, embeddings_from: str) -> Step:
    """Index the embeddings, of passages where there are any, and measure what the index finds."""
    seed = build.options.training.seed
    by_passages = VECTORS in build.log.steps["embeddings"].files
    vectors, unit = build.vectors(), "documents"
    if by_passages:
        passages = Passages.of(build.path, *vectors.shape)
        vectors, unit = passages.vectors, "passages"
    kind, address = asked_kind(build.options.index, *vectors.shape)
    asked = {"asked": build.options.index} if build.options.index else {}
    if by_passages:
        asked["of"] = unit
    made_from = fingerprint("index", 2, embeddings=embeddings_from, seed=seed, **asked)

    def make() -> Made:
        build.progress.start("Indexing", len(vectors), unit)
        if by_passages or not _has_grown(build, kind):
            build_index(
                vectors,
                build.path,
                build.progress.advance,
                kind,
                made_from=made_from,
                address=address,
                home=build.bundle,
            )
        # A database inside the bundle is no file that is moved there when all is done.
        home = build.bundle if kind == "milvus" else build.path
        index = open_index(home, lambda: vectors, read_parameters(build.path))
        parameters = measure_recall(index, vectors, build.path, seed)
        plain, steered = parameters.recall["plain"], parameters.recall["steered"]
        build.progress.note(
            f"The index finds {plain:.1%} of the true first {DEPTH}, steered {steered:.1%}."
        )
        return Made({"kind": kind, "recall": plain, "recall_steered": steered})

    return Step("index", made_from, index_files(kind), make)


def _has_grown(build: BuildContext, kind: str) -> bool:
    """Bring the bundle's index up to date; False where a new one must be built."""
    before = build.before.whole("index")
    if before is None or before.facts.get("kind") != kind or build.origin() is None:
        return False
    parameters = grow_index(
        build.vectors_before(),
        build.before.folder,
        build.vectors(),
        build.path,
        build.progress.advance,
    )
    return parameters is not None
