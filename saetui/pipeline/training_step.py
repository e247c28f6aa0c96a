"""The step that trains an SAE on the embeddings of a bundle."""

import contextlib
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saetui.corpus import open_corpus
from saetui.pipeline.context import BuildContext, Made, Step, fingerprint
from saetui.pipeline.corpus_steps import embed_store
from saetui.pipeline.sae_work import SaeWork, has_same_space
from saetui.pipeline.sources import fingerprint_of
from saetui.progress import Progress, Silent
from saetui.store import layout, saes
from saetui.store.arrays import map_array, save_array
from saetui.store.documents import DocumentStore, write_documents
from saetui.train.options import SaeConfig, TrainingOptions, Workers
from saetui.train.size import SaeSize, choose_size

if TYPE_CHECKING:
    from saetui.train.training import TrainedSae

# Training reads documents x width x features numbers in an epoch. Up to this many take a minute,
# and a second training for the stability of features is then no burden.
_CHEAP_AGAIN = 1 << 34


# With fewer documents an SAE learns little that holds for others: one of 300 abstracts had a
# held-out nMSE of 0.75, where one of 11,438 had 0.31, and 28% instead of 62% of its features came
# back with another seed.
_FEW = 2_000
# A smaller share of repeated texts makes no feature.
_MANY_REPEATS = 0.005
# Rows that are copied at a time.
_COPIED = 8_192


def chosen_size(build: BuildContext) -> SaeSize:
    """A size that suits the corpus, explained to the user."""
    count, d = len(_distinct(build)), build.vectors().shape[1]
    choice = choose_size(count, d)
    build.progress.note(choice.reason)
    if count < _FEW:
        build.progress.note(_expectation(count, build.options.training.held_out))
    return SaeSize(choice.n, choice.k)


def _expectation(count: int, held_out: float) -> str:
    """What an SAE of few documents is good for, in sentences."""
    holds = (
        "What holds is in the held-out lines of: saetui stats BUNDLE."
        if int(count * held_out) > 1
        else "So few cannot show what holds for others."
    )
    are = "document is" if count == 1 else "documents are"
    return (
        f"{count:,} {are} few for an SAE: expect features that describe these well and others "
        f"badly, and that another seed mostly does not find again. {holds} An SAE of many "
        "documents of the same embedder does better, given by --sae-from."
    )


def _distinct(build: BuildContext) -> NDArray[np.int64]:
    """Rows to train on: all, or one of each text where many are repeated."""
    repeats, count = build.documents.repeats, len(build.documents)
    folded = repeats.folded(None, count)
    # The others train on the file of all vectors.
    if folded is None or build.workers.count > 1 or repeats.extra < _MANY_REPEATS * count:
        return np.arange(count)
    return np.flatnonzero(folded)


def training_step(work: SaeWork) -> Step:
    """Train the SAE, perhaps twice to see which features come back.

    An SAE that the bundle has already stays, whatever has become of the corpus, as long as it was
    trained as it would be now on vectors of the same model; unless it is to be trained again.
    """
    build, now = work.build, work.build.log.steps["embeddings"].fingerprint
    before = work.before("train")
    if before is not None and has_same_space(build) and not build.options.retrain:
        trained_on = str(before.facts.get("embeddings", ""))
        asked = build.options.stability
        for twice in (True, False) if asked is None else (asked,):
            step = _step(work, trained_on, twice=twice)
            if step.made_from == before.fingerprint:
                return step
    return _step(work, now, twice=_is_trained_twice(work))


def _step(work: SaeWork, trained_on: str, *, twice: bool) -> Step:
    build = work.build
    return work.step(
        "train",
        (saes.CONFIGURATION, saes.WEIGHTS, *((saes.STABILITY,) if twice else ())),
        lambda work: _train(work, twice=twice),
        embeddings=trained_on,
        size={"n": work.size.n, "k": work.size.k, "variant": work.size.variant},
        options=asdict(build.options.training),
        twice=twice,
        also=[fingerprint_of(path) for path in build.options.train_also],
    )


def _is_trained_twice(work: SaeWork) -> bool:
    asked = work.build.options.stability
    count, d = work.build.vectors().shape
    return count * d * work.size.n <= _CHEAP_AGAIN if asked is None else asked


@dataclass(frozen=True)
class _Training:
    """What the first worker tells the others to train."""

    config: SaeConfig
    options: TrainingOptions
    twice: bool

    def run(
        self, vectors: NDArray[np.float16], work: Path, progress: Progress, workers: Workers
    ) -> "TrainedSae":
        # Importing torch takes a second, which a build that has nothing to train is spared.
        from saetui.train.training import train_sae, train_twice

        train = train_twice if self.twice else train_sae
        return train(
            vectors,
            self.config,
            self.options,
            checkpoint_dir=work,
            progress=progress,
            workers=workers,
        )


def assist(path: Path, work: Path, workers: Workers) -> None:
    """Train along with the first worker whatever it trains for a bundle, until it is done."""
    vectors = map_array(path / layout.EMBEDDINGS, (None, None), np.float16)
    while True:
        task = workers.agree(None)
        if not isinstance(task, _Training):
            return
        task.run(vectors, work, Silent(), workers)


def _train(work: SaeWork, *, twice: bool) -> Made:
    size, build = work.size, work.build
    vectors = _training_vectors(work)
    task = _Training(
        SaeConfig(vectors.shape[1], size.n, size.k, size.variant), build.options.training, twice
    )
    build.workers.agree(task)
    checkpoints = build.work / f"train-{size.name}"
    trained = task.run(vectors, checkpoints, build.progress, build.workers)
    metadata = {"corpus": build.source_name, "embedder": work.loaded.settings["spec"]}
    saes.save_weights(work.folder, trained.weights, metadata)
    if trained.stability is not None:
        save_array(work.folder / saes.STABILITY, trained.stability)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return Made(
        {
            "n": size.n,
            "k": size.k,
            "most_active": trained.weights.k,
            "metrics": trained.metrics,
            "embeddings": build.log.steps["embeddings"].fingerprint,
            **build.replaced(size.name),
        }
    )


def _training_vectors(work: SaeWork) -> NDArray[np.float16]:
    """The corpus's vectors, and behind them those of the corpora that only the SAE learns from."""
    build, own = work.build, work.build.vectors()
    rows = _distinct(build)
    if len(rows) < len(own):
        # Repeated texts, such as a hundred times "No comment", would have features of their own.
        own = _copied(own, rows, build.work / "distinct.npy")
    parts = [own]
    for path in build.options.train_also:
        source = fingerprint_of(path)
        made_from = fingerprint("also", 1, source=source, embedder=work.loaded.settings)
        stem = build.work / f"also-{made_from[:12]}"
        texts, target = stem.with_suffix(".sqlite"), stem.with_suffix(".npy")
        finished = stem.with_suffix(".finished")
        if not texts.exists():
            write_documents(texts, open_corpus(path, build.options.corpus))
        if not finished.exists():
            with contextlib.closing(DocumentStore(texts)) as documents:
                embed_store(documents, work.loaded, target, made_from, build)
            finished.touch()
        parts.append(map_array(target, (None, own.shape[1]), np.float16))
    return own if len(parts) == 1 else np.concatenate(parts)


def _copied(
    vectors: NDArray[np.float16], rows: NDArray[np.int64], path: Path
) -> NDArray[np.float16]:
    """Some rows in a file of their own, mapped."""
    shape = (len(rows), vectors.shape[1])
    target = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    for start in range(0, len(rows), _COPIED):
        target[start : start + _COPIED] = vectors[rows[start : start + _COPIED]]
    target.flush()
    return map_array(path, shape, np.float16)
