"""How every build begins and ends: the folder is held, steps are carried out, the bundle is whole.

What makes a bundle differs (a corpus, a download, an SAE more); what finishes one does not. Only
this module writes manifests of builds.
"""

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from saetui.errors import BuildError, InputError, lacks_memory
from saetui.pipeline.build_log import BuildLog
from saetui.pipeline.context import BuildContext, Step
from saetui.pipeline.engines import opened_engine
from saetui.pipeline.locking import only_one_build
from saetui.pipeline.matching_steps import match_saes
from saetui.pipeline.options import BuildOptions
from saetui.pipeline.sae_steps import STEPS
from saetui.progress import Progress
from saetui.store import bundle as layout
from saetui.store.manifest import Manifest, SaeRecord, write_manifest
from saetui.train.workers import ALONE, Workers
from saetui.version import __version__

WORK = ".build"
"""Folder of unfinished work, below that of the bundle."""


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


@contextlib.contextmanager
def bundle_under_way(
    path: Path,
    source: Path,
    options: BuildOptions,
    progress: Progress,
    workers: Workers = ALONE,
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
            work = path / WORK
            work.mkdir(exist_ok=True)
            log = BuildLog(path)
            build = BuildContext(path, work, source, source.name, options, progress, log, workers)
            with (
                contextlib.closing(build),
                opened_engine(options.engine, options.address) as build.engine,
            ):
                yield build
    except OSError as error:
        if lacks_memory(error):
            raise
        raise BuildError(
            f"{error.filename or path} cannot be written or read ({error.strerror or error}).",
            "Free some space or mend the permissions, then run the same command: it goes on.",
        ) from error


def finished(build: BuildContext, steps: Iterable[Step]) -> BuildOutcome:
    """Carry out the steps that are missing, then write the manifest.

    Args:
        build: The build.
        steps: In their order; each may be decided on when those before it are done.
    """
    for step in steps:
        build.carry_out(step)
    embeddings = build.log.steps["embeddings"]
    for name in _earlier_saes(build, embeddings.fingerprint):
        build.saes.append(name)
    records = [_sae_record(build, name) for name in build.saes]
    match_saes(build, records)
    count, dimensions = build.vectors().shape
    manifest = Manifest(
        name=build.options.name or build.path.stem,
        documents=count,
        dimensions=dimensions,
        corpus=build.log.steps["documents"].facts,
        embedder=embeddings.facts["embedder"],
        index=build.log.steps["index"].facts,
        saes=tuple(records),
        files=build.log.files(),
        saetui=__version__,
    )
    write_manifest(build.path, manifest)
    build.close()
    shutil.rmtree(build.work, ignore_errors=True)
    return BuildOutcome(build.path, tuple(build.carried_out), manifest)


def _earlier_saes(build: BuildContext, embeddings_from: str) -> list[str]:
    """SAEs of earlier builds: kept while they fit the embeddings, removed otherwise."""
    kept = []
    for step in list(build.log.steps):
        kind, _, name = step.partition(" ")
        if kind != STEPS[0] or name in build.saes:
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


def _sae_record(build: BuildContext, name: str) -> SaeRecord:
    """What the manifest says about an SAE."""
    facts = {kind: build.log.steps[f"{kind} {name}"].facts for kind in STEPS}
    trained = facts["train"]
    metrics = {
        **trained["metrics"],
        # The figures of an SAE from elsewhere are known once the corpus is encoded.
        **facts["codes"].get("metrics", {}),
        **{kind: facts[kind] for kind in ("labels", "families")},
    }
    return SaeRecord(name, trained["n"], trained["k"], metrics, trained["most_active"])
