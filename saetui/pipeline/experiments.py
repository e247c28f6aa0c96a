"""Train autoencoders to compare them, without adding them to a bundle."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saetui.errors import BundleDamaged, InputError
from saetui.paths import cache_dir
from saetui.pipeline.context import BuildLog
from saetui.progress import Progress
from saetui.store import layout, saes
from saetui.store.arrays import map_array, save_array
from saetui.store.atomic import write_json
from saetui.store.json_files import read_json
from saetui.store.manifest import BUILD_LOG, MANIFEST, read_manifest, write_manifest
from saetui.store.swap import WORK, make_moves_left, only_one_build, replace_files
from saetui.train.options import ALONE, SaeConfig, TrainingOptions, Workers
from saetui.train.size import SaeSize, SizeChoice, Sweep, choose_size

if TYPE_CHECKING:
    from saetui.train.training import TrainedSae


@dataclass(frozen=True)
class Vectors:
    """What to train on.

    Attributes:
        path: A bundle or a file of vectors.
        rows: Float `(N, d)`, mapped.
        bundle: Whether `path` is a bundle.
    """

    path: Path
    rows: NDArray[np.floating]
    bundle: bool

    @classmethod
    def at(cls, path: Path) -> "Vectors":
        """The vectors of a bundle, or of a `.npy` file.

        Raises:
            InputError: It is neither.
            BundleError: The bundle cannot be read.
        """
        if path.suffix == ".npy" and path.is_file():
            try:
                rows = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise InputError(
                    f"{path} cannot be read as an array ({error}).", "Save it by numpy.save."
                ) from None
            if rows.ndim != 2 or not np.issubdtype(rows.dtype, np.floating) or not rows.size:
                raise InputError(
                    f"{path} holds {rows.dtype} of shape {rows.shape}, not vectors.",
                    "It must be a matrix of floats with a row for each document.",
                )
            return cls(path, rows, False)
        manifest = read_manifest(path)
        shape = (manifest.documents, manifest.dimensions)
        return cls(path, map_array(path / layout.EMBEDDINGS, shape, np.float16), True)

    def choice(self) -> SizeChoice:
        """The size that suits them."""
        return choose_size(*self.rows.shape)

    def config(self, size: SaeSize) -> SaeConfig:
        """An autoencoder of this size for them."""
        return SaeConfig(self.rows.shape[1], size.n, size.k, size.variant)


def train_each(
    vectors: Vectors,
    sizes: Sequence[SaeSize],
    options: TrainingOptions,
    progress: Progress,
    *,
    seeds: Sequence[int] | None = None,
    twice: bool = False,
    workers: Workers = ALONE,
) -> "Iterator[tuple[SaeSize, TrainedSae]]":
    """Train each size, with each of the seeds or else with that of the options.

    After an interruption, a second call continues where the first stopped. With `twice`, a second
    seed shows which features are found again.
    """
    from saetui.train.training import train_sae, train_twice

    train = train_twice if twice else train_sae
    with _unfinished(vectors.path, workers) as work:
        for size, seed in product(sizes, [options.seed] if seeds is None else seeds):
            trained = train(
                vectors.rows,
                vectors.config(size),
                replace(options, seed=seed),
                checkpoint_dir=work / size.name / ("" if seeds is None else f"seed-{seed}"),
                progress=progress,
                workers=workers,
            )
            yield size, trained


@contextmanager
def _unfinished(path: Path, workers: Workers) -> Iterator[Path]:
    """A folder for checkpoints of the training on a path; it is removed when all is done."""
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    work = cache_dir() / "training" / name
    work.mkdir(parents=True, exist_ok=True)
    yield work
    if workers.first:
        shutil.rmtree(work, ignore_errors=True)


def save_trained(folder: Path, trained: "TrainedSae") -> None:
    """Write an SAE without a corpus: its weights as SAELens reads them, and its metrics."""
    folder.mkdir(parents=True, exist_ok=True)
    saes.save_weights(folder, trained.weights, {})
    if trained.stability is not None:
        save_array(folder / saes.STABILITY, trained.stability)
    write_json(folder / "metrics.json", trained.metrics)


def save_sweep(path: Path, sweep: Sweep) -> None:
    """Keep a sweep in a bundle; it replaces an earlier one."""
    with only_one_build(path):
        make_moves_left(path)
        manifest, staged = read_manifest(path), path / WORK / "sweep"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        write_json(staged / layout.SWEEP, sweep.to_json())
        log = BuildLog(path)
        log.folder = staged
        log.record("sweep", "", (layout.SWEEP,), {})
        files = {**manifest.files, layout.SWEEP: log.files()[layout.SWEEP]}
        write_manifest(staged, replace(manifest, files=files))
        replace_files(path, staged, (layout.SWEEP, BUILD_LOG, MANIFEST))


def load_sweep(path: Path) -> Sweep | None:
    """The sweep that a bundle keeps, if it has one."""
    if layout.SWEEP not in read_manifest(path).files:
        return None
    file = path / layout.SWEEP
    try:
        return Sweep.from_json(read_json(file))
    except (TypeError, KeyError, AttributeError):
        raise BundleDamaged(f"{file} does not hold a sweep of sizes.") from None
