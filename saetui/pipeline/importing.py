"""Make a bundle of what others published: the steps of a build, with their results taken over."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.documents import Document
from saetui.corpus.arxiv import submission_month
from saetui.embed import EmbedderSettings, availability, known_embedders
from saetui.errors import EmbedderError, InputError
from saetui.interop.array_files import ArrayFile
from saetui.interop.saerch_documents import arxiv_id, read_documents
from saetui.interop.saerch_folder import ENDING, SaerchFolder, WeightFile, choose_weights
from saetui.pipeline.build import (
    BuildOutcome,
    bundle_under_way,
    earlier_saes,
    written_manifest,
)
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext
from saetui.pipeline.corpus_steps import index_vectors
from saetui.pipeline.embedding import EmbeddingTask, embed_corpus
from saetui.pipeline.hub_weights import WeightsOnHub
from saetui.pipeline.options import BuildOptions
from saetui.pipeline.published_sae import PublishedSae, take_weights
from saetui.pipeline.sources import fingerprint_of
from saetui.progress import Progress
from saetui.store import bundle as layout
from saetui.store.documents import DocumentStore, write_documents
from saetui.train.size import SaeSize


@dataclass(frozen=True)
class ImportOptions:
    """How to import.

    Attributes:
        name: Of the bundle, for the reader; empty takes it from the output folder.
        saes: Which weights, by file or size; empty for all.
        hub: Repository on the Hugging Face hub to take weights from; empty for the folder.
        embedder: What made the embeddings, and can embed queries.
        force: Import weights that the self-test finds wrong.
        seed: Of everything random.
        index: Kind of the index; empty chooses one from the size.
    """

    name: str = ""
    saes: tuple[str, ...] = ()
    hub: str = ""
    embedder: str = "openai:text-embedding-3-small"
    force: bool = False
    seed: int = 0
    index: str = ""


def import_saerch(
    source: Path, path: Path, options: ImportOptions, progress: Progress
) -> BuildOutcome:
    """Make a bundle of the files of the paper (arXiv 2408.00657), or finish it.

    Args:
        source: Folder of the files.
        path: Folder of the bundle.
        options: What to import.
        progress: Told of every step.

    Raises:
        InputError: A file is missing, damaged, or not what its name says; or the self-test finds
            that weights and embeddings do not belong together.
        SaetuiError: A step cannot be carried out; what was finished before is kept.
    """
    folder = SaerchFolder.at(source)
    embeddings = ArrayFile(folder.embeddings, "floating", 2)
    settings = _embedder(options.embedder, embeddings.shape[1], progress)
    files = _weights(folder, options, progress)
    build_options = BuildOptions(name=options.name, index=options.index)
    build_options = replace(
        build_options, training=replace(build_options.training, seed=options.seed)
    )
    with bundle_under_way(path, source, build_options, progress) as build:
        run = _Import(build, folder, embeddings, settings, options.force)
        return run.carry_out(files)


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
    folder: SaerchFolder, options: ImportOptions, progress: Progress
) -> tuple[WeightFile, ...]:
    if not options.hub:
        return choose_weights(folder.weights(), options.saes, str(folder.path))
    hub = WeightsOnHub(options.hub)
    # Files that are named need not be looked up.
    named = bool(options.saes) and all(name.endswith(ENDING) for name in options.saes)
    names = [Path(name) for name in (options.saes if named else hub.names())]
    chosen = choose_weights(names, options.saes, options.hub)
    progress.start("Fetching weights", len(chosen), "files")
    found = []
    for file in chosen:
        found.append(replace(file, path=hub.fetch(file.path.as_posix())))
        progress.advance()
    return tuple(found)


@dataclass
class _Import:
    """One import under way."""

    build: BuildContext
    folder: SaerchFolder
    embeddings: ArrayFile
    settings: dict[str, Any]
    force: bool
    _embeddings_from: str = field(default="", init=False)

    def carry_out(self, files: tuple[WeightFile, ...]) -> BuildOutcome:
        build, settings = self.build, self.settings
        source = fingerprint_of(self.embeddings.path)
        self._embeddings_from = fingerprint("embeddings", 1, source=source, embedder=settings)
        # Weights first: whether they belong to the embeddings is known within seconds.
        for file in files:
            take_weights(
                build,
                self.folder,
                file,
                self.embeddings,
                made_from=self._embeddings_from,
                force=self.force,
            )
        self._documents()
        with contextlib.closing(DocumentStore(build.path / layout.DOCUMENTS)) as documents:
            self._embed(documents)
            index_vectors(build, self._embeddings_from)
            for file in files:
                size = SaeSize(file.n, file.k)
                PublishedSae(
                    build,
                    size,
                    documents,
                    self.folder,
                    file,
                    settings=settings,
                    embeddings_from=self._embeddings_from,
                    force=self.force,
                ).run()
        names = [file.sae for file in files]
        names += earlier_saes(build, names, self._embeddings_from)
        manifest = written_manifest(build, settings, names)
        shutil.rmtree(build.work, ignore_errors=True)
        return BuildOutcome(build.path, tuple(build.carried_out), manifest)

    def _documents(self) -> None:
        texts, metadata = self.folder.texts, self.folder.metadata
        made_from = fingerprint(
            "documents",
            1,
            kind="saerch",
            texts=fingerprint_of(texts),
            metadata=metadata and fingerprint_of(metadata),
            count=len(self.embeddings),
        )

        def make() -> dict[str, Any]:
            self.build.progress.start("Reading", len(self.embeddings), "documents")
            target = self.build.path / layout.DOCUMENTS
            count = write_documents(target, self._counted(read_documents(texts, metadata)))
            if count != len(self.embeddings):
                target.unlink()
                raise _unequal(self.embeddings, count, texts)
            facts = {"documents": count, "metadata": metadata.name if metadata else None}
            return {"source": self.folder.path.name, "format": "saerch", "report": facts}

        self.build.step("documents", made_from, (layout.DOCUMENTS,), make)

    def _counted(self, documents: Iterator[Document]) -> Iterator[Document]:
        for number, document in enumerate(documents, start=1):
            if number > len(self.embeddings):
                raise _unequal(self.embeddings, number, self.folder.texts, "at least ")
            yield _dated(document)
            self.build.progress.advance()

    def _embed(self, documents: DocumentStore) -> None:
        def make() -> dict[str, Any]:
            target = self.build.work / "embeddings.npy"

            def rows(start: int, stop: int) -> "np.ndarray[Any, np.dtype[np.float32]]":
                return self.embeddings.rows(start, stop).astype(np.float32)

            width = self.embeddings.shape[1]
            task = EmbeddingTask(documents, width, rows, self._embeddings_from)
            embed_corpus(task, target, self.build.progress)
            target.replace(self.build.path / layout.EMBEDDINGS)
            return {"embedder": self.settings}

        self.build.step("embeddings", self._embeddings_from, (layout.EMBEDDINGS,), make)


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
