"""Make a bundle of a corpus, or add SAEs to one: which steps that takes, in which order."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from saetui.embed import EmbedderSettings, load_embedder
from saetui.errors import InputError
from saetui.pipeline.context import BuildContext, LoadedEmbedder, Step
from saetui.pipeline.corpus_steps import documents_step, embeddings_step, index_step
from saetui.pipeline.finishing import WORK, BuildOutcome, bundle_under_way, finished
from saetui.pipeline.options import BuildOptions
from saetui.pipeline.sae_steps import trained_sae
from saetui.pipeline.sae_work import SaeWork
from saetui.pipeline.sources import settle_source
from saetui.pipeline.training_step import assist, chosen_size
from saetui.progress import Progress
from saetui.store.manifest import read_manifest
from saetui.train.workers import ALONE, Workers


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
        return finished(build, _build_steps(build))


def _build_steps(build: BuildContext) -> Iterator[Step]:
    documents = documents_step(build)
    yield documents
    embedder = load_embedder(build.options.embedder)
    settings = build.options.embedder.resolved(embedder).as_dict()
    loaded = LoadedEmbedder(embedder, settings)
    embeddings = embeddings_step(build, loaded, documents.made_from)
    yield embeddings
    yield index_step(build, embeddings.made_from)
    yield from _sae_steps(build, loaded, embeddings.made_from)


def _sae_steps(build: BuildContext, loaded: LoadedEmbedder, embeddings_from: str) -> Iterator[Step]:
    for size in build.options.saes or (chosen_size(build),):
        if size.name not in build.saes:
            build.saes.append(size.name)
        yield from trained_sae(SaeWork(build, size, loaded), embeddings_from)


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
        assist(path, path / WORK, workers)
        return BuildOutcome(path, (), manifest)
    options = replace(options, name=manifest.name)
    try:
        with bundle_under_way(path, path, options, progress, workers) as build:
            if "embeddings" not in build.log.steps:
                raise InputError(
                    f"{path} does not say how it was built, so that nothing can be added to it.",
                    "Build it again from its corpus.",
                )
            build.source_name = str(manifest.corpus.get("source", ""))
            build.saes.extend(sae.name for sae in manifest.saes)
            settings = manifest.embedder
            loaded = LoadedEmbedder(load_embedder(EmbedderSettings.from_dict(settings)), settings)
            embeddings_from = build.log.steps["embeddings"].fingerprint
            return finished(build, _sae_steps(build, loaded, embeddings_from))
    finally:
        workers.agree(None)
