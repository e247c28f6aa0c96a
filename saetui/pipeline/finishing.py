"""How every build begins and ends: the folder is held, steps are carried out, the bundle is whole.

What makes a bundle differs (a corpus, a download, an SAE more); what finishes one does not.
"""

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from saetui.core.documents import CorpusChanges
from saetui.core.feature_layout import LEAST, VERSION, laid_out
from saetui.core.matches import match_features
from saetui.errors import (
    BuildError,
    BundleDamaged,
    BundleError,
    InputError,
    SaetuiError,
    lacks_memory,
)
from saetui.pipeline.changed_corpus import forget_changes
from saetui.pipeline.context import BuildContext, BuildLog, Made, Step, fingerprint
from saetui.pipeline.corpus_steps import READ_FACTS
from saetui.pipeline.engines import opened_engine
from saetui.pipeline.following import sign_what_was_said, what_became_of_notes
from saetui.pipeline.options import BuildOptions
from saetui.progress import Progress
from saetui.store import layout, saes
from saetui.store.arrays import save_array
from saetui.store.atomic import write_json
from saetui.store.json_files import read_json
from saetui.store.manifest import (
    BUILD_LOG,
    MANIFEST,
    Manifest,
    SaeRecord,
    read_manifest,
    write_manifest,
)
from saetui.store.relations import matches_file, write_matches
from saetui.store.swap import WORK, make_moves_left, only_one_build, replace_files
from saetui.train.options import ALONE, Workers
from saetui.version import __version__

_STAGED = "next"
_BEGAN_WITH = "began-with.json"
# Kinds of the steps of every SAE.
_KINDS = ("train", "codes", "labels", "families")
# Steps that other steps of a bundle take results over from.
_COPIED = ("labels", "families")


@dataclass(frozen=True)
class BuildOutcome:
    """What a build did.

    Attributes:
        path: The bundle.
        steps: The steps that were carried out, in order; empty when all was there already.
        manifest: Of the bundle.
        changes: What became of the documents that the bundle had before; None if it had none, or
            if they are as they were.
        embedded: Texts that were embedded.
    """

    path: Path
    steps: tuple[str, ...]
    manifest: Manifest
    changes: CorpusChanges | None = None
    embedded: int = 0


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
    with only_one_build(path):
        try:
            make_moves_left(path)
            work = path / WORK
            staged = work / _STAGED
            staged.mkdir(parents=True, exist_ok=True)
            before = BuildLog(path)
            _forget_other_beginnings(staged, before)
            build = BuildContext(
                path,
                staged,
                work,
                source,
                source.name,
                options,
                progress,
                BuildLog(staged),
                before,
                workers,
            )
            with (
                contextlib.closing(build),
                opened_engine(options.engine, options.address) as build.engine,
            ):
                yield build
        except SaetuiError:
            _remove_if_empty(path / WORK)
            raise
        except OSError as error:
            if lacks_memory(error):
                raise
            raise BuildError(
                f"{error.filename or path} cannot be written or read ({error.strerror or error}).",
                "Free some space or mend the permissions, then run the same command: it goes on.",
            ) from error


def _remove_if_empty(work: Path) -> None:
    """Remove the folder of work after a mistake that was noticed before anything was done."""
    if {path.name for path in work.rglob("*") if path.is_file()} <= {_BEGAN_WITH}:
        shutil.rmtree(work, ignore_errors=True)


def _forget_other_beginnings(staged: Path, before: BuildLog) -> None:
    """Drop what a stopped build has made of a bundle that has changed since.

    Labels that came into the bundle in between must not be lost because the stopped build had
    copied earlier ones. Embeddings and trained SAEs, which take long, stay if they can.
    """
    note = staged.with_name(_BEGAN_WITH)
    now = before.as_json()["steps"]
    try:
        then = dict(read_json(note))
    except (BundleDamaged, TypeError, ValueError):
        then = {} if note.exists() or now else now
    changed = {
        name.partition(" ")[0]
        for name in then.keys() | now.keys()
        if then.get(name) != now.get(name)
    }
    if changed - {*_COPIED, "map", "matches", "sweep"}:
        shutil.rmtree(staged)
        staged.mkdir()
        forget_changes(staged.parent)
    elif changed:
        log = BuildLog(staged)
        log.keep_only(name for name in log.steps if name.partition(" ")[0] not in _COPIED)
    write_json(note, now)


def finished(build: BuildContext, steps: Iterable[Step]) -> BuildOutcome:
    """Carry out the steps that are missing, then move what they made into the bundle.

    Each step may be decided on when those before it are done.
    """
    for step in steps:
        build.carry_out(step)
    records = [_sae_record(build, name) for name in build.saes]
    for step in (*matching_steps(build, records), *map_steps(build, records)):
        build.carry_out(step)
    build.log.keep_only(build.steps)
    manifest = _manifest(build, records)
    build.close()
    if build.carried_out or not _is_written(build.bundle, manifest):
        write_manifest(build.path, manifest)
        sign_what_was_said(build.bundle, manifest)
        files = [*manifest.files, BUILD_LOG, MANIFEST]
        replace_files(build.bundle, build.path, files, set(build.before.files()) - set(files))
        for sentence in what_became_of_notes(build.bundle):
            build.progress.note(sentence)
    changes = build.changes
    shutil.rmtree(build.work, ignore_errors=True)
    embedded = build.log.steps["embeddings"].facts.get("embedded", 0)
    return BuildOutcome(
        build.bundle,
        tuple(build.carried_out),
        manifest,
        changes,
        embedded if "embeddings" in build.carried_out else 0,
    )


def _manifest(build: BuildContext, records: Sequence[SaeRecord]) -> Manifest:
    count, dimensions = build.vectors().shape
    embeddings = build.log.steps["embeddings"].facts
    read = {name: embeddings[name] for name in READ_FACTS if name in embeddings}
    return Manifest(
        name=build.options.name or build.bundle.stem,
        documents=count,
        dimensions=dimensions,
        corpus=build.log.steps["documents"].facts | read,
        embedder=embeddings["embedder"],
        index=build.log.steps["index"].facts,
        saes=tuple(records),
        files=build.log.files(),
        saetui=__version__,
    )


def _is_written(bundle: Path, manifest: Manifest) -> bool:
    try:
        return read_manifest(bundle) == manifest
    except BundleError:
        return False


def _sae_record(build: BuildContext, name: str) -> SaeRecord:
    """What the manifest says about an SAE."""
    facts = {kind: build.log.steps[f"{kind} {name}"].facts for kind in _KINDS}
    trained = facts["train"]
    metrics = {
        **trained["metrics"],
        # The figures of an SAE from elsewhere are known once the corpus is encoded.
        **facts["codes"].get("metrics", {}),
        **{kind: facts[kind] for kind in ("labels", "families")},
        **({"replaced_on": trained["replaced_on"]} if "replaced_on" in trained else {}),
    }
    return SaeRecord(name, trained["n"], trained["k"], metrics, trained["most_active"])


_MATCHES = "matches"


def matching_steps(build: BuildContext, records: Sequence[SaeRecord]) -> Iterator[Step]:
    """Match the features of every two SAEs, both ways."""
    for one, other in permutations(records, 2):
        yield _matching_step(build, one, other)


def _matching_step(build: BuildContext, one: SaeRecord, other: SaeRecord) -> Step:
    def make() -> Made:
        folder, of_other = (layout.sae_folder(build.path, each.name) for each in (one, other))
        matches = match_features(
            saes.load_weights(folder).directions,
            saes.load_postings(folder, one.n),
            saes.load_weights(of_other).directions,
            saes.load_codes(of_other, len(build.vectors()), other.n, other.slots),
            progress=build.progress,
        )
        write_matches(folder, other.name, matches)
        return Made({})

    made_from = fingerprint(
        _MATCHES,
        1,
        codes=[build.log.steps[f"codes {each.name}"].fingerprint for each in (one, other)],
    )
    file = f"saes/{one.name}/{matches_file(other.name)}"
    return Step(f"{_MATCHES} {one.name} {other.name}", made_from, (file,), make)


_MAP = "map"


def map_steps(build: BuildContext, records: Sequence[SaeRecord]) -> Iterator[Step]:
    """Lay out the features of every SAE that has enough of them."""
    for record in records:
        if record.n >= LEAST:
            yield _map_step(build, record)


def _map_step(build: BuildContext, record: SaeRecord) -> Step:
    def make() -> Made:
        folder, progress = layout.sae_folder(build.path, record.name), build.progress
        found, done = None, 0
        for found in laid_out(saes.load_weights(folder).directions):
            if not done:
                progress.start(f"map of {record.name}", found.total, "step")
            progress.advance(found.done - done)
            done = found.done
        assert found is not None
        save_array(folder / saes.MAP, found.places)
        return Made({})

    trained = build.log.steps[f"train {record.name}"]
    made_from = fingerprint(_MAP, VERSION, trained=trained.fingerprint)
    return Step(f"{_MAP} {record.name}", made_from, (f"saes/{record.name}/{saes.MAP}",), make)
