"""The steps that make one SAE of a bundle: train, encode, label, relate."""

import contextlib
import datetime
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, SaeWeights
from saetui.core.families import Families, FamilyParameters
from saetui.core.features import statistics
from saetui.core.postings import Postings
from saetui.corpus import open_corpus
from saetui.embed import Embedder
from saetui.interpret.families.building import VERSION as FAMILIES_VERSION
from saetui.interpret.families.building import find_families
from saetui.interpret.families.scores import score_families
from saetui.interpret.families.statistics import family_statistics
from saetui.interpret.families.superfeatures import FamilyNames
from saetui.interpret.labelling import Study
from saetui.interpret.terms.terms import VERSION
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, LoadedEmbedder
from saetui.pipeline.corpus_steps import embed_store
from saetui.pipeline.encoding import Encode, by_windows, encode_corpus
from saetui.pipeline.label_records import JUDGES, label_records, qualities, score_records, summary
from saetui.pipeline.sources import fingerprint_of
from saetui.progress import Progress, Silent
from saetui.store import bundle as layout
from saetui.store import feature_lists, saes
from saetui.store.arrays import map_array, save_array
from saetui.store.documents import DocumentStore, write_documents
from saetui.store.families import write_families
from saetui.store.features import read_features, write_features
from saetui.train.options import SaeConfig, TrainingOptions
from saetui.train.size import SaeSize, choose_size
from saetui.train.workers import Workers

if TYPE_CHECKING:
    from saetui.train.training import TrainedSae

STEPS = ("train", "codes", "labels", "families")
# Up to so many numbers read in an epoch (documents x width x features), training takes a minute.
_CHEAP_AGAIN = 1 << 34


def chosen_size(build: BuildContext) -> SaeSize:
    """A size that suits the corpus, explained to the user."""
    count, dimensions = build.vectors().shape
    choice = choose_size(count, dimensions)
    build.progress.note(choice.reason)
    return SaeSize(choice.n, choice.k)


@dataclass(frozen=True)
class _Training:
    """What the first worker tells the others to train."""

    config: SaeConfig
    options: TrainingOptions
    twice: bool

    def run(
        self, vectors: NDArray[np.float16], work: Path, progress: Progress, workers: Workers
    ) -> "TrainedSae":
        # Torch takes a second to import, which a build that has nothing to train is spared.
        from saetui.train.stability import train_twice
        from saetui.train.training import train_sae

        train = train_twice if self.twice else train_sae
        return train(
            vectors,
            self.config,
            self.options,
            checkpoint_dir=work,
            progress=progress,
            workers=workers,
        )


def assist(path: Path, workers: Workers) -> None:
    """Train along with the first worker whatever it trains for a bundle, until it is done."""
    vectors = map_array(path / layout.EMBEDDINGS, (None, None), np.float16)
    while True:
        task = workers.agree(None)
        if not isinstance(task, _Training):
            return
        task.run(vectors, path / ".build", Silent(), workers)


class SaeBuild:
    """Makes one SAE of a bundle.

    Args:
        build: The build that it is part of.
        size: Of the SAE.
        documents: The corpus.
        loaded: Its embedder.
        embeddings_from: Fingerprint of the embeddings.
    """

    def __init__(
        self,
        build: BuildContext,
        size: SaeSize,
        documents: DocumentStore,
        loaded: LoadedEmbedder,
        embeddings_from: str,
    ) -> None:
        self._build = build
        self._size = size
        self._documents = documents
        self._loaded = loaded
        self._embeddings_from = embeddings_from
        self._folder = layout.sae_folder(build.path, size.name)

    def run(self) -> None:
        """Carry out what is missing."""
        trained_from = self._step(
            "train",
            (saes.CONFIGURATION, saes.WEIGHTS, *((saes.STABILITY,) if self._twice() else ())),
            self._train,
            embeddings=self._embeddings_from,
            size=asdict(self._size),
            options=asdict(self._build.options.training),
            twice=self._twice(),
            also=[fingerprint_of(path) for path in self._build.options.train_also],
        )
        encoded_from = self._step(
            "codes",
            (*saes.CODES, *saes.POSTINGS, *feature_lists.FILES),
            lambda: self._encode(trained_from),
            sae=trained_from,
            embeddings=self._embeddings_from,
        )
        labelled_from = self._step(
            "labels",
            (layout.FEATURES,),
            self._label,
            codes=encoded_from,
            embedder=self._loaded.settings,
            method=VERSION,
            judges=JUDGES,
        )
        self._step(
            "families",
            (layout.FAMILIES,),
            self._relate,
            labels=labelled_from,
            parameters=asdict(FamilyParameters()),
            method=FAMILIES_VERSION,
            judges=JUDGES,
        )

    def _step(
        self,
        kind: str,
        files: Sequence[str],
        make: Callable[[], dict[str, Any]],
        **inputs: object,
    ) -> str:
        inside = tuple(f"saes/{self._size.name}/{file}" for file in files)
        made_from = fingerprint(kind, 1, **inputs)
        return self._build.step(f"{kind} {self._size.name}", made_from, inside, make)

    def _twice(self) -> bool:
        """Whether to train again with another seed."""
        asked = self._build.options.stability
        count, d = self._build.vectors().shape
        return count * d * self._size.n <= _CHEAP_AGAIN if asked is None else asked

    def _train(self) -> dict[str, Any]:
        vectors = self._training_vectors()
        size, build = self._size, self._build
        task = _Training(
            SaeConfig(vectors.shape[1], size.n, size.k, size.variant),
            build.options.training,
            self._twice(),
        )
        build.workers.agree(task)
        checkpoints = build.work / f"train-{size.name}"
        trained = task.run(vectors, checkpoints, build.progress, build.workers)
        metadata = {"corpus": build.source_name, "embedder": self._loaded.settings["spec"]}
        saes.save_weights(self._folder, trained.weights, metadata)
        if trained.stability is not None:
            save_array(self._folder / saes.STABILITY, trained.stability)
        shutil.rmtree(checkpoints, ignore_errors=True)
        return {
            "n": size.n,
            "k": size.k,
            "most_active": trained.weights.k,
            "metrics": trained.metrics,
            "embeddings": self._embeddings_from,
        }

    def _training_vectors(self) -> NDArray[np.float16]:
        """The corpus's vectors, with those of the further corpora behind them."""
        build, own = self._build, self._build.vectors()
        parts = [own]
        for path in build.options.train_also:
            source = fingerprint_of(path)
            made_from = fingerprint("also", 1, source=source, embedder=self._loaded.settings)
            stem = build.work / f"also-{made_from[:12]}"
            texts, target = stem.with_suffix(".sqlite"), stem.with_suffix(".npy")
            finished = stem.with_suffix(".finished")
            if not texts.exists():
                write_documents(texts, open_corpus(path, build.options.corpus))
            if not finished.exists():
                with contextlib.closing(DocumentStore(texts)) as documents:
                    embed_store(documents, self._loaded, target, made_from, build)
                finished.touch()
            parts.append(map_array(target, (None, own.shape[1]), np.float16))
        return own if len(parts) == 1 else np.concatenate(parts)

    def _encode(self, trained_from: str) -> dict[str, Any]:
        vectors, weights = self._build.vectors(), saes.load_weights(self._folder)
        work = self._build.work / f"codes-{self._size.name}"
        encode_corpus(
            vectors,
            weights,
            self._folder,
            work,
            made_from=trained_from,
            progress=self._build.progress,
            encoded=self._by_engine(weights, vectors),
        )
        return {}

    def _by_engine(self, weights: SaeWeights, vectors: NDArray[np.float16]) -> Encode | None:
        """What encodes on a cluster; None to encode here."""
        engine = self._build.engine
        if engine is None:
            return None
        return by_windows(partial(engine.encode, weights), vectors, engine.documents)

    @cached_property
    def _postings(self) -> Postings:
        return saes.load_postings(self._folder, self._size.n)

    @cached_property
    def _study(self) -> Study:
        """Of the features; their families are judged by what it knows of the documents."""
        return Study(
            ((document.title, document.text) for document in self._documents),
            self._postings,
            embeddings=self._build.vectors(),
            embed=term_embedder(self._loaded.embedder),
            seed=self._build.options.training.seed,
            progress=self._build.progress,
        )

    def _label(self) -> dict[str, Any]:
        stability = saes.load_stability(self._folder, self._size.n)
        found = self._study.label_and_score(stability)
        write_features(
            self._folder / layout.FEATURES,
            statistics(self._postings, len(self._build.vectors())),
            label_records(found, self._started()),
            quality=qualities(found.quality),
            scores=[
                record
                for name in JUDGES
                if name in found.scores
                for record in score_records(found.scores[name])
            ],
        )
        return summary(found)

    def _started(self) -> str:
        """The day on which this build began, so that going on later gives the same bundle."""
        note = self._build.work / "started"
        if not note.exists():
            note.write_text(datetime.datetime.now(datetime.UTC).date().isoformat(), "utf-8")
        return note.read_text("utf-8").strip()

    def _slots(self) -> int:
        """Places for active features in the codes of one document."""
        return int(self._build.log.steps[f"train {self._size.name}"].facts["most_active"])

    def _relate(self) -> dict[str, Any]:
        size = self._size
        codes = saes.load_codes(self._folder, len(self._build.vectors()), size.n, self._slots())
        records = read_features(self._folder / layout.FEATURES, size.n)
        names = FamilyNames(
            [record.label for record in records],
            [record.terms for record in records],
            self._postings.counts(),
        )
        unknown = float("nan")
        found = find_families(
            codes,
            self._postings,
            FamilyParameters(),
            self._build.progress,
            f1=np.array([unknown if r.f1 is None else r.f1 for r in records]),
            pearson=np.array([unknown if r.pearson is None else r.pearson for r in records]),
            labels=[record.label for record in records],
        )
        families = self._scored(names.named(found, self._started()))
        write_families(self._folder / layout.FAMILIES, families)
        seed = self._build.options.training.seed
        return family_statistics(families, codes, self._postings, seed=seed).to_json()

    def _scored(self, families: Families) -> Families:
        """Families with scores of their labels, where there are documents enough to judge by."""
        if not len(families):
            return families
        return score_families(self._study, self._postings, families)


def term_embedder(embedder: Embedder) -> Callable[[Sequence[str]], Float] | None:
    """What embeds the words of labels; precomputed vectors come without."""
    from saetui.embed.precomputed import PrecomputedVectors

    return None if isinstance(embedder, PrecomputedVectors) else embedder.embed_documents
