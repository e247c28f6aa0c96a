"""Make a bundle of a corpus: every step in its order, none of them twice."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from saetui.embed import EmbedderSettings, load_embedder
from saetui.errors import BuildError, InputError
from saetui.pipeline.build_log import BuildLog
from saetui.pipeline.context import BuildContext, LoadedEmbedder
from saetui.pipeline.corpus_steps import embed_documents, index_vectors, read_documents
from saetui.pipeline.engines import opened_engine
from saetui.pipeline.locking import only_one_build
from saetui.pipeline.matching_steps import match_saes
from saetui.pipeline.options import BuildOptions
from saetui.pipeline.sae_steps import STEPS, SaeBuild, assist, chosen_size
from saetui.pipeline.sources import settle_source
from saetui.progress import Progress
from saetui.store import bundle as layout
from saetui.store.documents import DocumentStore
from saetui.store.manifest import Manifest, SaeRecord, read_manifest, write_manifest
from saetui.train.workers import ALONE, Workers
from saetui.version import __version__

_WORK = ".build"


@dataclass(frozen=True)
class BuildOutcome:
    """What a build did.

    Attributes:
        path: The bundle.
        steps: The steps that were carried out, in order; empty when all was there already.
        manifest: Of the bundle.
    """

    path: Path
    steps: tuple[str, ...]
    manifest: Manifest


def build_bundle(
    source: str, path: Path, options: BuildOptions, progress: Progress
) -> BuildOutcome:
    """Make the bundle at `path`, or finish it, or leave it alone where nothing has changed.

    Args:
        source: The corpus: a file, a folder, or `-` for standard input.
        path: Folder of the bundle.
        options: How to make it.
        progress: Told of every step.

    Raises:
        SaetuiError: A step cannot be carried out; what was finished before is kept.
    """
    with bundle_under_way(path, Path(source), options, progress) as build:
        build.source = settle_source(source, build.work)
        if source == "-":
            build.source_name = "standard input"
        return _run(build)


@contextlib.contextmanager
def bundle_under_way(
    path: Path, source: Path, options: BuildOptions, progress: Progress
) -> Iterator[BuildContext]:
    """The folder of a bundle, held for one build.

    Raises:
        BuildError: It cannot be read or written, or another build is at work there.
        InputError: It is a file.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file.", "Choose another name for the bundle's folder.")
    try:
        with only_one_build(path):
            work = path / _WORK
            work.mkdir(exist_ok=True)
            build = BuildContext(path, work, source, source.name, options, progress, BuildLog(path))
            with opened_engine(options.engine, options.address) as build.engine:
                yield build
    except OSError as error:
        raise BuildError(
            f"{error.filename or path} cannot be written or read ({error.strerror or error}).",
            "Free some space or mend the permissions, then run the same command: it goes on.",
        ) from error


def _run(build: BuildContext) -> BuildOutcome:
    """Carry out what is missing, then write the manifest."""
    documents_from = read_documents(build)
    with contextlib.closing(DocumentStore(build.path / layout.DOCUMENTS)) as documents:
        embedder = load_embedder(build.options.embedder)
        settings = build.options.embedder.resolved(embedder).as_dict()
        loaded = LoadedEmbedder(embedder, settings)
        embeddings_from = embed_documents(build, documents, loaded, documents_from)
        index_vectors(build, embeddings_from)
        sizes = build.options.saes or (chosen_size(build),)
        for size in sizes:
            SaeBuild(build, size, documents, loaded, embeddings_from).run()
    names = [size.name for size in sizes]
    names += earlier_saes(build, names, embeddings_from)
    manifest = written_manifest(build, settings, names)
    shutil.rmtree(build.work, ignore_errors=True)
    return BuildOutcome(build.path, tuple(build.carried_out), manifest)


def add_saes(
    path: Path, options: BuildOptions, progress: Progress, workers: Workers = ALONE
) -> BuildOutcome:
    """Train SAEs on the embeddings of a bundle and add them to it.

    The bundle can be opened all the while, unless an SAE of the same name is replaced.

    Args:
        path: The bundle.
        options: Which SAEs, with what seed and for how long; the rest is the bundle's own.
        progress: Told of every step.
        workers: Who trains together; all but the first only train.

    Raises:
        BundleError: There is no bundle.
        InputError: The bundle was not built here, so that its steps are not known.
    """
    manifest = read_manifest(path)
    if not workers.first:
        assist(path, workers)
        return BuildOutcome(path, (), manifest)
    try:
        with only_one_build(path):
            return _add(path, options, progress, workers)
    finally:
        workers.agree(None)


def _add(path: Path, options: BuildOptions, progress: Progress, workers: Workers) -> BuildOutcome:
    manifest, log, work = read_manifest(path), BuildLog(path), path / _WORK
    if "embeddings" not in log.steps:
        raise InputError(
            f"{path} does not say how it was built, so that nothing can be added to it.",
            "Build it again from its corpus.",
        )
    work.mkdir(exist_ok=True)
    source_name = str(manifest.corpus.get("source", ""))
    options = replace(options, name=manifest.name)
    build = BuildContext(path, work, path, source_name, options, progress, log, workers)
    settings = manifest.embedder
    loaded = LoadedEmbedder(load_embedder(EmbedderSettings.from_dict(settings)), settings)
    sizes = options.saes or (chosen_size(build),)
    with contextlib.closing(DocumentStore(path / layout.DOCUMENTS)) as documents:
        for size in sizes:
            SaeBuild(build, size, documents, loaded, log.steps["embeddings"].fingerprint).run()
    names = [sae.name for sae in manifest.saes]
    names += [size.name for size in sizes if size.name not in names]
    added = written_manifest(build, settings, names)
    shutil.rmtree(work, ignore_errors=True)
    return BuildOutcome(path, tuple(build.carried_out), added)


def earlier_saes(build: BuildContext, wanted: list[str], embeddings_from: str) -> list[str]:
    """SAEs of earlier builds: kept while they fit the embeddings, removed otherwise."""
    kept = []
    for step in list(build.log.steps):
        kind, _, name = step.partition(" ")
        if kind != STEPS[0] or name in wanted:
            continue
        steps = [f"{each} {name}" for each in STEPS]
        fits = build.log.steps[step].facts.get("embeddings") == embeddings_from
        if fits and all(each in build.log.steps for each in steps):
            kept.append(name)
            continue
        build.no_longer_whole()
        for each in steps:
            build.log.forget(each)
        shutil.rmtree(layout.sae_folder(build.path, name), ignore_errors=True)
        build.log.write()
    return sorted(kept)


def written_manifest(build: BuildContext, settings: dict[str, Any], names: list[str]) -> Manifest:
    """Match the SAEs with each other, and write the manifest of all there is."""
    facts = {name: step.facts for name, step in build.log.steps.items()}
    count, dimensions = build.vectors().shape
    records = []
    for name in names:
        trained = facts[f"{STEPS[0]} {name}"]
        metrics = {
            **trained["metrics"],
            # Of an SAE from elsewhere the figures are known once the corpus is encoded.
            **facts[f"{STEPS[1]} {name}"].get("metrics", {}),
            **{kind: facts[f"{kind} {name}"] for kind in ("labels", "families")},
        }
        records.append(SaeRecord(name, trained["n"], trained["k"], metrics, trained["most_active"]))
    match_saes(build, records)
    manifest = Manifest(
        name=build.options.name or build.path.stem,
        documents=count,
        dimensions=dimensions,
        corpus=facts["documents"],
        embedder=settings,
        index=facts["index"],
        saes=tuple(records),
        files=build.log.files(),
        saetui=__version__,
    )
    write_manifest(build.path, manifest)
    return manifest
