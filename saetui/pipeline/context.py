"""What every step of a build works with, and how a step is carried out once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.embed import Embedder
from saetui.pipeline.build_log import BuildLog
from saetui.pipeline.engines import Engine
from saetui.pipeline.options import BuildOptions
from saetui.progress import Progress
from saetui.store import bundle as layout
from saetui.store.arrays import map_array
from saetui.store.documents import DocumentStore
from saetui.store.manifest import MANIFEST
from saetui.train.workers import ALONE, Workers


@dataclass(frozen=True)
class Step:
    """One step of a build.

    Attributes:
        name: Such as `embeddings` or `codes k16-n768`.
        made_from: Fingerprint of everything that decides what the step makes.
        files: What it makes, by path in the bundle.
        make: Makes the files, and returns facts for the manifest.
    """

    name: str
    made_from: str
    files: tuple[str, ...]
    make: Callable[[], dict[str, Any]]


@dataclass
class BuildContext:
    """One run over the steps of one bundle.

    Attributes:
        path: Folder of the bundle.
        work: Folder for unfinished work, below it.
        source: The corpus, as something that can be read again.
        source_name: What to call it.
        options: What was asked for.
        progress: Told of every step.
        log: The finished steps.
        workers: Who trains together.
        engine: Where embedding and encoding run; None for this process.
        saes: Names of the SAEs that the bundle will have, in their order.
        carried_out: Names of the steps that this run carried out.
    """

    path: Path
    work: Path
    source: Path
    source_name: str
    options: BuildOptions
    progress: Progress
    log: BuildLog
    workers: Workers = ALONE
    engine: Engine | None = None
    saes: list[str] = field(default_factory=list)
    carried_out: list[str] = field(default_factory=list)
    _documents: DocumentStore | None = None

    def carry_out(self, step: Step) -> None:
        """Carry out a step, unless it was finished before."""
        if self.log.finished(step.name, step.made_from):
            return
        if any((self.path / file).exists() for file in step.files):
            self.no_longer_whole()
        facts = step.make()
        self.log.record(step.name, step.made_from, step.files, facts)
        self.carried_out.append(step.name)

    def no_longer_whole(self) -> None:
        """Remove the manifest, because the folder no longer holds what it lists."""
        (self.path / MANIFEST).unlink(missing_ok=True)

    def vectors(self) -> NDArray[np.float16]:
        """The corpus's embeddings, mapped; float16 `(N, d)`."""
        return map_array(self.path / layout.EMBEDDINGS, (None, None), np.float16)

    @property
    def documents(self) -> DocumentStore:
        """The corpus, once it was read."""
        if self._documents is None:
            self._documents = DocumentStore(self.path / layout.DOCUMENTS)
        return self._documents

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
