"""Make a bundle of a corpus, or add SAEs to one: which steps that takes, in which order."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from saetui.embed import EmbedderSettings, load_embedder
from saetui.embed.precomputed import PrecomputedVectors
from saetui.errors import InputError
from saetui.pipeline.context import BuildContext, LoadedEmbedder, Step
from saetui.pipeline.corpus_steps import documents_step, embeddings_step, index_step
from saetui.pipeline.embedding import SHORT_TEXTS, short_texts_step
from saetui.pipeline.encoding import encoding_step
from saetui.pipeline.family_step import family_step
from saetui.pipeline.finishing import BuildOutcome, bundle_under_way, finished
from saetui.pipeline.given_sae import find_sae
from saetui.pipeline.given_sae_steps import check_embedder, given_sae, size_of
from saetui.pipeline.labelling_step import labelling_step, vocabulary_steps
from saetui.pipeline.options import BuildOptions
from saetui.pipeline.sae_work import SaeWork, has_same_space
from saetui.pipeline.sources import loaded_for, settle_source, with_column
from saetui.pipeline.training_step import assist, chosen_size, training_step
from saetui.progress import Progress
from saetui.store.manifest import Manifest, read_manifest
from saetui.store.swap import WORK
from saetui.train.options import ALONE, Workers
from saetui.train.size import SaeSize


def build_bundle(
    source: str, path: Path, options: BuildOptions, progress: Progress
) -> BuildOutcome:
    """Make the bundle at `path`, or finish it, or leave it alone where nothing has changed.

    The corpus `source` is a file, a folder, or `-` for standard input.

    Raises:
        SaetuiError: A step cannot be carried out; what was finished before is kept.
    """
    with bundle_under_way(path, Path(source), options, progress) as build:
        build.source = settle_source(source, build.work)
        if source == "-":
            build.source_name = "standard input"
        return finished(build, _build_steps(build))


def _build_steps(build: BuildContext) -> Iterator[Step]:
    # Vocabulary and embedder first: whether they can be had here should be known at once.
    named = list(vocabulary_steps(build))
    options = build.options
    embedder = loaded_for(build.source, options.corpus, options.embedder, build.work)
    build.options = replace(options, corpus=with_column(options.corpus, options.embedder))
    if isinstance(embedder, PrecomputedVectors):
        embedder.check_queries()
    settings = build.options.embedder.resolved(embedder).as_dict()
    loaded = LoadedEmbedder(embedder, settings)
    if options.sae_from is not None:
        # So should whether the SAE is there and reads what the embedder makes.
        check_embedder(embedder.dimensions, loaded, find_sae(options.sae_from))
    yield from named
    yield documents_step(build, embedder)
    yield from embedded_steps(build, loaded)
    yield from sae_steps(build, loaded, _asked_saes(build))


def embedded_steps(build: BuildContext, loaded: LoadedEmbedder) -> Iterator[Step]:
    """The steps between the documents and the SAEs."""
    embeddings = embeddings_step(build, loaded)
    yield embeddings
    yield index_step(build, embeddings.made_from)
    yield short_texts_step(build, loaded)


def _asked_saes(build: BuildContext) -> Sequence[SaeSize]:
    """The sizes asked for, else the first SAE of the bundle if it fits, else what suits."""
    if build.options.saes:
        return build.options.saes
    if build.options.sae_from is not None:
        return []
    names = build.saes_before()
    if names and has_same_space(build):
        if build.options.retrain:
            return to_train_again(build)
        return [SaeSize.parse(names[0])]
    return [chosen_size(build)]


def to_train_again(build: BuildContext) -> list[SaeSize]:
    """The SAEs of the bundle that were trained for one; those that were given cannot be."""
    sizes = [SaeSize.parse(name) for name in build.saes_before()]
    return [size for size in sizes if not size.origin]


def sae_steps(
    build: BuildContext, loaded: LoadedEmbedder, asked: Sequence[SaeSize]
) -> Iterator[Step]:
    """The steps of the SAEs that are asked for, and of those that the bundle has and that fit.

    SAEs of `asked` that the bundle has already are not trained again.
    """
    source, first = build.options.sae_from, list[str]()
    given = None if source is None else find_sae(source)
    if given is not None:
        first = [size_of(build, given).name]
    expect_saes(build, [*first, *(size.name for size in asked)])
    if given is not None:
        yield from given_sae(build, loaded, given)
    for size in asked:
        if not size.origin:
            yield from trained_sae(SaeWork(build, size, loaded))
        elif f"train {size.name}" not in build.before.steps:
            raise InputError(
                f"{size.name} is the name of an SAE that was not trained here.",
                "Give it by --sae-from.",
            )
    yield from other_saes(build, loaded)


def trained_sae(work: SaeWork) -> Iterator[Step]:
    """The steps of an SAE that is trained here; one that the bundle has may stay."""
    trained = training_step(work)
    yield trained
    yield from _behind(work, trained)


def kept_sae(work: SaeWork) -> Iterator[Step]:
    """The steps that bring an SAE of the bundle up to date, wherever it came from."""
    work.is_kept = True
    trained = work.build.as_before(f"train {work.size.name}")
    yield trained
    yield from _behind(work, trained)


def _behind(work: SaeWork, trained: Step) -> Sequence[Step]:
    codes = encoding_step(work, trained)
    labels = labelling_step(work, codes)
    return codes, labels, family_step(work, labels)


def expect_saes(build: BuildContext, names: Sequence[str]) -> None:
    """Note which SAEs the bundle will have: some first, then those that it has and that fit."""
    kept = sorted(build.saes_before()) if has_same_space(build) else []
    build.saes[:] = dict.fromkeys([*build.saes, *names, *kept])


def other_saes(build: BuildContext, loaded: LoadedEmbedder) -> Iterator[Step]:
    """The steps of the SAEs that the bundle keeps and that have had none in this build."""
    for name in build.saes:
        if f"train {name}" not in build.steps:
            yield from kept_sae(SaeWork(build, SaeSize.parse(name), loaded))


def add_saes(
    path: Path, options: BuildOptions, progress: Progress, workers: Workers = ALONE
) -> BuildOutcome:
    """Train SAEs on the embeddings of a bundle and add them to it.

    The bundle can be opened all the while. All workers but the first only train.

    Raises:
        BundleError: There is no bundle.
        InputError: The bundle was not built here, so that its steps are not known.
    """
    manifest = read_manifest(path)
    if not workers.first:
        assist(path, path / WORK, workers)
        return BuildOutcome(path, (), manifest)
    options = replace(options, name=manifest.name)
    nothing_asked = not options.saes and options.sae_from is None and not options.vocabulary
    try:
        with bundle_under_way(path, path, options, progress, workers) as build:
            loaded = _as_built(build, manifest)
            asked = None if nothing_asked else options.saes
            return finished(build, _adding_steps(build, loaded, asked))
    finally:
        workers.agree(None)


def bring_up_to_date(path: Path, progress: Progress) -> BuildOutcome:
    """Find out anew what follows from the labels of a bundle's features, where labels were added.

    This is which documents count, of how many the labels are true, and the families.

    Raises:
        InputError: The bundle was not built here, so that its steps are not known.
        SaetuiError: A step cannot be carried out; the bundle is then as it was.
    """
    manifest = read_manifest(path)
    with bundle_under_way(path, path, BuildOptions(name=manifest.name), progress) as build:
        loaded = _as_built(build, manifest)
        return finished(build, _adding_steps(build, loaded, ()))


def _as_built(build: BuildContext, manifest: Manifest) -> LoadedEmbedder:
    """The embedder of a bundle whose documents stay as they are."""
    build.require("embeddings")
    build.source_name = str(manifest.corpus.get("source", ""))
    build.saes.extend(sae.name for sae in manifest.saes)
    settings = manifest.embedder
    return LoadedEmbedder(load_embedder(EmbedderSettings.from_dict(settings)), settings)


def _adding_steps(
    build: BuildContext, loaded: LoadedEmbedder, asked: Sequence[SaeSize] | None
) -> Iterator[Step]:
    for name in ("documents", "embeddings", "index", SHORT_TEXTS, "sweep"):
        if name in build.before.steps:
            yield build.as_before(name)
    yield from vocabulary_steps(build)
    yield from sae_steps(build, loaded, [chosen_size(build)] if asked is None else asked)
