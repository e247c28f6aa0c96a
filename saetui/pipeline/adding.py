"""Add documents to a bundle, replace or remove some, without the corpus that it was built of."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, open_corpus
from saetui.corpus.corpus import Corpus
from saetui.embed import Embedder, EmbedderSettings, load_embedder
from saetui.embed.precomputed import PrecomputedVectors
from saetui.errors import InputError
from saetui.pipeline.build import embedded_steps, sae_steps, to_train_again
from saetui.pipeline.changed_corpus import can_be_changed, extend_corpus
from saetui.pipeline.context import BuildContext, LoadedEmbedder, Made, Step, fingerprint
from saetui.pipeline.corpus_steps import counted, described, texts_of
from saetui.pipeline.finishing import BuildOutcome, bundle_under_way, finished
from saetui.pipeline.labelling_step import vocabulary_steps
from saetui.pipeline.options import BuildOptions
from saetui.pipeline.sources import (
    UsableDocuments,
    column_of,
    fingerprint_of,
    loaded_for,
    settle_source,
    with_column,
)
from saetui.progress import Progress
from saetui.store import layout
from saetui.store.index import choose_kind
from saetui.store.index.parameters import read_parameters
from saetui.store.manifest import Manifest, read_manifest
from saetui.train.options import TrainingOptions


@dataclass(frozen=True)
class AddOptions:
    """What to change in the documents of a bundle.

    Attributes:
        corpus: How to read the documents to add.
        replace: Whether they take the place of documents with the same ids.
        remove: Ids of documents to remove.
        vectors: Vectors of the documents to add, for a bundle whose vectors came with its corpus.
        ids: File that names the documents of these vectors.
        retrain: Whether to train the SAEs again.
        training: How, then.
    """

    corpus: CorpusOptions = field(default_factory=CorpusOptions)
    replace: bool = False
    remove: tuple[str, ...] = ()
    vectors: Path | None = None
    ids: Path | None = None
    retrain: bool = False
    training: TrainingOptions = field(default_factory=TrainingOptions)


class _NothingChanges(Exception):
    """All documents to add are in the bundle as they are."""


def add_documents(
    path: Path, source: str | None, options: AddOptions, progress: Progress
) -> BuildOutcome:
    """Change the documents of a bundle, and bring everything up to date that follows from them.

    `source` is a file, a folder, or `-` for standard input; None adds nothing.

    Raises:
        BundleError: There is no bundle.
        InputError: There is nothing to do, or a document cannot be added or removed.
        SaetuiError: A step cannot be carried out; the bundle is then as it was.
    """
    manifest = read_manifest(path)
    if source is None and not options.remove:
        raise InputError("There is nothing to add.", "Name a corpus, or documents with --remove.")
    build_options = BuildOptions(
        name=manifest.name,
        corpus=options.corpus,
        training=options.training,
        index=_index(path, manifest),
        retrain=options.retrain,
    )
    with bundle_under_way(path, path, build_options, progress) as build:
        build.require("documents")
        if not can_be_changed(path / layout.DOCUMENTS):
            raise InputError(
                f"{path} was written by a version whose bundles cannot grow.",
                "Build it again from its corpus.",
            )
        settings = EmbedderSettings.from_dict(manifest.embedder)
        options = replace(options, corpus=with_column(options.corpus, settings))
        corpus = None
        if source is not None:
            build.source = settle_source(source, build.work)
            build.source_name = "standard input" if source == "-" else Path(source).name
            corpus = open_corpus(build.source, options.corpus)
        loaded = _embedder(build, manifest, options, has_corpus=corpus is not None)
        try:
            return finished(build, _steps(build, loaded, corpus, options))
        except _NothingChanges:
            return BuildOutcome(path, (), manifest)


def _index(path: Path, manifest: Manifest) -> str:
    """The kind of index to ask for: the bundle's, if it is not the one that suits its size."""
    kind = str(manifest.index.get("kind", ""))
    if kind == "milvus":
        return f"{kind}:{read_parameters(path).address}"
    suits = choose_kind(manifest.documents, manifest.dimensions)
    return "" if kind == suits else kind


def _embedder(
    build: BuildContext, manifest: Manifest, options: AddOptions, *, has_corpus: bool
) -> LoadedEmbedder:
    """What embeds the new documents; the bundle goes on to record its own embedder."""
    settings = EmbedderSettings.from_dict(manifest.embedder)
    if options.vectors is not None:
        ids = None if options.ids is None else str(options.ids)
        spec = f"precomputed:{options.vectors}"
        asked = EmbedderSettings(spec, ids=ids)
        embedder = loaded_for(build.source, options.corpus, asked, build.work)
    elif has_corpus and column_of(settings):
        asked = EmbedderSettings(settings.spec)
        embedder = loaded_for(build.source, options.corpus, asked, build.work)
    elif settings.kind != "precomputed":
        embedder = load_embedder(settings)
    elif settings.query_spec:
        embedder = load_embedder(
            settings.query_spec,
            dimensions=settings.requested_dimensions,
            base_url=settings.base_url,
            query_prefix=settings.query_prefix,
        )
    elif not options.remove:
        raise InputError(
            "The vectors of this bundle were made elsewhere, by what it does not say.",
            "Give those of the new documents: --vectors FILE.npy",
        )
    else:
        embedder = PrecomputedVectors(settings.argument, None, settings)
    if embedder.dimensions != manifest.dimensions:
        raise InputError(
            f"The vectors of {embedder.name} have width {embedder.dimensions}, but those of the "
            f"bundle have width {manifest.dimensions}.",
            "They must be made by the same model.",
        )
    return LoadedEmbedder(embedder, manifest.embedder)


def _steps(
    build: BuildContext, loaded: LoadedEmbedder, corpus: Corpus | None, options: AddOptions
) -> Iterator[Step]:
    yield _documents_step(build, loaded.embedder, corpus, options)
    yield from embedded_steps(build, loaded)
    yield from vocabulary_steps(build)
    yield from sae_steps(build, loaded, to_train_again(build) if options.retrain else [])
    if "sweep" in build.before.steps:
        yield build.as_before("sweep")


def _documents_step(
    build: BuildContext, embedder: Embedder, corpus: Corpus | None, options: AddOptions
) -> Step:
    before = build.before.steps["documents"]
    made_from = fingerprint(
        "added",
        1,
        before=before.fingerprint,
        source=None if corpus is None else fingerprint_of(build.source),
        vectors=options.vectors and fingerprint_of(options.vectors),
        options=asdict(options.corpus),
        replace=options.replace,
        remove=sorted(options.remove),
    )

    def make() -> Made:
        documents: Iterable[Document] = ()
        if corpus is not None:
            documents = UsableDocuments(counted(build, corpus), embedder, options.corpus.vectors)
        changes = extend_corpus(
            build.before.folder,
            build.path,
            build.work,
            documents,
            made_from,
            removed=set(options.remove),
            may_replace=options.replace,
        )
        if changes.nothing and not options.retrain:
            raise _NothingChanges
        build.progress.note(described(changes))
        if isinstance(documents, UsableDocuments) and corpus is not None:
            build.progress.note(documents.report_of(corpus).summary())
        facts = dict(before.facts)
        if corpus is not None:
            added = {"source": build.source_name, "report": corpus.report.as_dict()}
            facts["additions"] = [*facts.get("additions", ()), added]
        return Made(facts, texts_of(before, changes, made_from))

    return Step("documents", made_from, (layout.DOCUMENTS,), make)
