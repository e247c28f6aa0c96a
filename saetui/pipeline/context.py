"""What every step of a build works with, and how a step is carried out once."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.documents import CorpusChanges
from saetui.embed import Embedder
from saetui.errors import BuildError
from saetui.interpret.terms.vocabulary import Vocabulary
from saetui.pipeline.build_log import BuildLog
from saetui.pipeline.changed_corpus import load_changes
from saetui.pipeline.engines import Engine
from saetui.pipeline.options import BuildOptions
from saetui.progress import Progress
from saetui.store import layout
from saetui.store.arrays import map_array
from saetui.store.documents import DocumentStore
from saetui.store.hashes import sha256_of
from saetui.store.saes import WEIGHTS
from saetui.train.options import ALONE, Workers


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
    engine: Engine | None = None
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
