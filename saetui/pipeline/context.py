"""What every step of a build works with, how a step is carried out once, and how that is recorded.

A step is known by its fingerprint: a hash of its version, its parameters and the fingerprints of
the steps that it reads from. When the same fingerprint was recorded and the files are still there,
the step is skipped; anything else builds it again.
"""

import datetime
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.documents import CorpusChanges
from saetui.embed import Embedder
from saetui.errors import BuildError, InputError
from saetui.interpret.terms.vocabulary import Vocabulary
from saetui.pipeline.changed_corpus import load_changes
from saetui.pipeline.engines import RayEngine
from saetui.pipeline.options import BuildOptions
from saetui.progress import Progress
from saetui.store import layout
from saetui.store.arrays import map_array
from saetui.store.atomic import remembered_sha256, sha256_of, write_json
from saetui.store.documents import DocumentStore
from saetui.store.json_files import parse_json, read_regular_file
from saetui.store.manifest import BUILD_LOG, FileRecord
from saetui.store.saes import WEIGHTS
from saetui.store.swap import link_file
from saetui.train.options import ALONE, Workers


def fingerprint(step: str, version: int, **inputs: object) -> str:
    """Hash of a step and everything that decides what it makes; inputs are JSON values."""
    text = json.dumps([step, version, inputs], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class StepRecord:
    """A finished step.

    Attributes:
        fingerprint: Of what it was made from.
        files: What it made, by path in the bundle.
        facts: What it found out, for the manifest and for later steps.
        identity: Stands for what it made, if the fingerprint does not.
    """

    fingerprint: str
    files: dict[str, FileRecord]
    facts: dict[str, Any] = field(default_factory=dict)
    identity: str = ""

    @property
    def made(self) -> str:
        """What stands for the files that it made."""
        return self.identity or self.fingerprint


def space_of(embeddings: StepRecord) -> str:
    """What stands for the model that made embeddings; bundles from before it was kept had one."""
    return str(embeddings.facts.get("space") or embeddings.fingerprint)


class BuildLog:
    """The finished steps of one bundle's folder, kept in a file there.

    A log that cannot be read counts as empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: dict[str, StepRecord] = {}
        try:
            values = parse_json(read_regular_file(folder / BUILD_LOG).decode())
            for name, step in values["steps"].items():
                files = {path: FileRecord(**record) for path, record in step["files"].items()}
                facts, identity = step["facts"], step.get("identity", "")
                self.steps[name] = StepRecord(step["fingerprint"], files, facts, identity)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.steps = {}

    def whole(self, step: str) -> StepRecord | None:
        """A step whose files are as they were written; None if it has none or they are not."""
        record = self.steps.get(step)
        if record is None or not self.finished(step, record.fingerprint):
            return None
        same = (remembered_sha256(self.folder / p) == f.sha256 for p, f in record.files.items())
        return record if all(same) else None

    def finished(self, step: str, wanted: str) -> bool:
        """Whether a step was finished with this fingerprint, and its files are still in place."""
        record = self.steps.get(step)
        if record is None or record.fingerprint != wanted:
            return False
        return all(_size(self.folder / path) == file.size for path, file in record.files.items())

    def record(
        self,
        step: str,
        made_from: str,
        files: Iterable[str],
        facts: dict[str, Any],
        identity: str = "",
    ) -> None:
        """Note that a step is finished; from now on it is skipped."""
        records = {
            path: FileRecord((self.folder / path).stat().st_size, sha256_of(self.folder / path))
            for path in files
        }
        self.steps[step] = StepRecord(made_from, records, facts, identity)
        self.write()

    def take_over(self, step: str, other: "BuildLog") -> None:
        """Link the files of a step that another folder holds, and note the step as finished."""
        record = other.steps[step]
        for path in record.files:
            link_file(other.folder / path, self.folder / path)
        self.steps[step] = record
        self.write()

    def keep_only(self, steps: Iterable[str]) -> None:
        """Drop all other steps."""
        kept = set(steps)
        self.steps = {name: record for name, record in self.steps.items() if name in kept}
        self.write()

    def as_json(self) -> dict[str, Any]:
        """The log as its file holds it."""
        return {"steps": {name: asdict(step) for name, step in self.steps.items()}}

    def write(self) -> None:
        """Write the log."""
        write_json(self.folder / BUILD_LOG, self.as_json())

    def files(self) -> dict[str, FileRecord]:
        """Every file of every step."""
        return {path: file for step in self.steps.values() for path, file in step.files.items()}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


@dataclass(frozen=True)
class Made:
    """What a step has found out.

    Attributes:
        facts: For the manifest and for later steps, JSON values.
        identity: Stands for what was made, where that may be the same although it was made from
            something else; empty: the step's fingerprint does.
        more_files: Made beside those that the step always makes, by path in the bundle.
    """

    facts: dict[str, Any]
    identity: str = ""
    more_files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of a build.

    Attributes:
        name: Such as `embeddings` or `codes k16-n768`.
        made_from: Fingerprint of everything that decides what the step makes.
        files: What it makes, by path in the bundle.
        make: Makes the files.
    """

    name: str
    made_from: str
    files: tuple[str, ...]
    make: Callable[[], Made]


@dataclass
class BuildContext:
    """One run over the steps of one bundle.

    Steps write into a folder beside the bundle's files. What the bundle has already and still fits
    is linked there; when all steps are done, the files are moved into the bundle together.

    Attributes:
        bundle: Folder of the bundle.
        path: Folder that the new files are made in; it then holds the whole new bundle.
        work: Folder for unfinished work.
        source: The corpus, as something that can be read again.
        source_name: What to call it.
        options: What was asked for.
        progress: Told of every step.
        log: The steps that are finished in `path`.
        before: The steps that made the bundle as it is.
        workers: Who trains together.
        engine: Where embedding and encoding run; None for this process.
        vocabulary: Names that labels may have.
        saes: Names of the SAEs that the bundle will have, in their order.
        steps: Names of the steps that the bundle consists of, in the order in which they came.
        carried_out: Those of them that this run carried out.
    """

    bundle: Path
    path: Path
    work: Path
    source: Path
    source_name: str
    options: BuildOptions
    progress: Progress
    log: BuildLog
    before: BuildLog
    workers: Workers = ALONE
    engine: RayEngine | None = None
    vocabulary: Vocabulary | None = None
    saes: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    carried_out: list[str] = field(default_factory=list)
    _documents: DocumentStore | None = None

    def carry_out(self, step: Step) -> None:
        """Carry out a step, unless it was finished before."""
        self.steps.append(step.name)
        if self.log.finished(step.name, step.made_from):
            return
        if self.before.finished(step.name, step.made_from):
            self.log.take_over(step.name, self.before)
            return
        made = step.make()
        files = (*step.files, *made.more_files)
        self.log.record(step.name, step.made_from, files, made.facts, made.identity)
        self.carried_out.append(step.name)

    def as_before(self, name: str) -> Step:
        """A step of the bundle, whose files stay as they are."""
        before = self.before.steps[name]

        def make() -> Made:
            missing = ", ".join(f for f in before.files if not (self.before.folder / f).exists())
            raise BuildError(
                f"{self.bundle} lacks {missing or 'files of ' + name}.",
                "Build it again from its corpus.",
            )

        return Step(name, before.fingerprint, tuple(before.files), make)

    def vectors(self) -> NDArray[np.float16]:
        """The corpus's embeddings, mapped; float16 `(N, d)`."""
        return map_array(self.path / layout.EMBEDDINGS, (None, None), np.float16)

    def vectors_before(self) -> NDArray[np.float16]:
        """The embeddings that the bundle has had until now, mapped; float16 `(M, d')`."""
        return map_array(self.before.folder / layout.EMBEDDINGS, (None, None), np.float16)

    @property
    def changes(self) -> CorpusChanges | None:
        """What this build changes in the documents; None where they are new or as they were."""
        return load_changes(self.work, self.log.steps["documents"].fingerprint)

    def origin(self) -> NDArray[np.int64] | None:
        """For each document the row of the bundle that had its text, -1 where none had.

        None where the bundle had no documents before.
        """
        if self.changes is not None:
            return self.changes.origin
        before = self.before.whole("documents")
        if before is None or before.fingerprint != self.log.steps["documents"].fingerprint:
            return None
        return np.arange(len(self.documents))

    @property
    def documents(self) -> DocumentStore:
        """The corpus, once it was read."""
        if self._documents is None:
            self._documents = DocumentStore(self.path / layout.DOCUMENTS)
        return self._documents

    def started(self) -> str:
        """The day on which this build began, so that going on later gives the same bundle."""
        note = self.work / "started"
        if not note.exists():
            note.write_text(datetime.datetime.now(datetime.UTC).date().isoformat(), "utf-8")
        return note.read_text("utf-8").strip()

    def replaced(self, sae: str) -> dict[str, str]:
        """The day on which new weights take the place of others, as a fact about the SAE.

        A note of that day or an earlier one that names no SAE may be about the other one.
        """
        weights, before = f"saes/{sae}/{WEIGHTS}", self.before.steps.get(f"train {sae}")
        if before is None or before.files[weights].sha256 == sha256_of(self.path / weights):
            return {}
        return {"replaced_on": self.started()}

    def require(self, name: str) -> None:
        """Check that the bundle says how it was built, as far as a step of this name.

        Raises:
            InputError: It does not.
        """
        if name not in self.before.steps:
            raise InputError(
                f"{self.bundle} does not say how it was built, so that nothing can be added to it.",
                "Build it again from its corpus.",
            )

    def saes_before(self) -> list[str]:
        """Names of the SAEs that the bundle has had until now."""
        kinds = (step.partition(" ") for step in self.before.steps)
        return [name for kind, _, name in kinds if kind == "train"]

    def close(self) -> None:
        """Close what the steps opened."""
        if self._documents is not None:
            self._documents.close()
            self._documents = None


@dataclass(frozen=True)
class LoadedEmbedder:
    """The embedder of a build.

    Attributes:
        embedder: The embedder itself.
        settings: What the bundle records about it.
    """

    embedder: Embedder
    settings: dict[str, Any]

    @property
    def came_with_corpus(self) -> bool:
        """Whether the vectors were made elsewhere, so that only those of the corpus are there."""
        return str(self.settings["spec"]).startswith("precomputed:")
