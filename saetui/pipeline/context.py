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
from saetui.store.manifest import MANIFEST
from saetui.train.workers import ALONE, Workers


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
    carried_out: list[str] = field(default_factory=list)

    def step(
        self,
        name: str,
        made_from: str,
        files: tuple[str, ...],
        make: Callable[[], dict[str, Any]],
    ) -> str:
        """Carry out a step unless it was finished before; returns its fingerprint.

        Args:
            name: Of the step.
            made_from: Its fingerprint.
            files: What it makes, by path in the bundle.
            make: Makes them, and returns facts for the manifest.
        """
        if not self.log.finished(name, made_from):
            if any((self.path / file).exists() for file in files):
                self.no_longer_whole()
            facts = make()
            self.log.record(name, made_from, files, facts)
            self.carried_out.append(name)
        return made_from

    def no_longer_whole(self) -> None:
        """Say that the folder does not hold what its manifest lists, and must not pass for it."""
        (self.path / MANIFEST).unlink(missing_ok=True)

    def vectors(self) -> NDArray[np.float16]:
        """The corpus's embeddings, mapped; float16 `(N, d)`."""
        return map_array(self.path / layout.EMBEDDINGS, (None, None), np.float16)


@dataclass(frozen=True)
class LoadedEmbedder:
    """The embedder of a build.

    Attributes:
        embedder: Itself.
        settings: What the bundle records about it.
    """

    embedder: Embedder
    settings: dict[str, Any]
