"""What the steps of one SAE share: where it lies, and what they read of the corpus."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, Postings, SaeWeights
from saetui.core.features import both_ends, co_occurring
from saetui.core.truth import Probabilities, Truth, counted_codes
from saetui.embed import Embedder
from saetui.embed.protocol import lengths_read
from saetui.interpret.labelling import LabelledSplit
from saetui.pipeline.context import (
    BuildContext,
    LoadedEmbedder,
    Made,
    Step,
    StepRecord,
    fingerprint,
    space_of,
)
from saetui.pipeline.embedding import SHARD
from saetui.progress import Progress
from saetui.store import layout, passages, relations, saes
from saetui.store.arrays import forget_pages, save_array
from saetui.store.documents import DocumentStore
from saetui.store.features import read_features
from saetui.store.relations import CO_OCCURRING, LONGEST, NEAREST, OPPOSED, save_lists
from saetui.train.size import SaeSize

MEASURED = 8_192
"""Documents on which an SAE is measured, at most."""

CODE_FILES = (*saes.CODES, *saes.POSTINGS, *relations.FILES)
"""What encoding the corpus makes, by path in the folder of the SAE."""

LABEL_FILES = (layout.FEATURES, saes.TRUTH, saes.TRUTH_OF, *relations.CO_OCCURRING.names)
"""What labelling the features makes."""

# Features whose directions are compared with all others' together.
_BLOCK = 512


class SaeWork:
    """One SAE of a bundle that is being built."""

    def __init__(self, build: BuildContext, size: SaeSize, loaded: LoadedEmbedder) -> None:
        self.build = build
        self.size = size
        self.loaded = loaded
        self.folder = layout.sae_folder(build.path, size.name)
        # Whether what the bundle has of it stays, by whatever steps it was made.
        self.is_kept = False

    def step(
        self,
        kind: str,
        files: Sequence[str],
        make: Callable[["SaeWork"], Made],
        **inputs: object,
    ) -> Step:
        """A step that makes some files of this SAE.

        Args:
            kind: Of the step; its name is the kind and the name of the SAE.
            files: What it makes, by path in the folder of the SAE.
            make: Makes them.
            inputs: Everything that decides what it makes, as JSON values.
        """
        inside = tuple(f"saes/{self.size.name}/{file}" for file in files)
        name = f"{kind} {self.size.name}"
        return Step(name, fingerprint(kind, 1, **inputs), inside, partial(make, self))

    def before(self, kind: str) -> StepRecord | None:
        """The step of that kind by which the bundle got its SAE of this name; None without one."""
        return self.build.before.steps.get(f"{kind} {self.size.name}")

    def was_whole(self, kind: str) -> bool:
        """Whether the files of that step are in the bundle as they were written."""
        return self.build.before.whole(f"{kind} {self.size.name}") is not None

    @property
    def folder_before(self) -> Path:
        """Where the bundle's SAE of this name lies."""
        return layout.sae_folder(self.build.before.folder, self.size.name)

    @property
    def is_the_same(self) -> bool:
        """Whether the SAE is the one that the bundle has, so that its features are, too."""
        before, now = self.before("train"), self.build.log.steps.get(f"train {self.size.name}")
        return before is not None and now is not None and before.fingerprint == now.fingerprint

    @property
    def has_grown(self) -> bool:
        """Whether there are documents that the SAE was not trained among."""
        trained = self.build.log.steps[f"train {self.size.name}"]
        embeddings = self.build.log.steps["embeddings"].fingerprint
        return str(trained.facts.get("embeddings", embeddings)) != embeddings

    def weights(self) -> SaeWeights:
        """Its weights, from the disk."""
        return saes.load_weights(self.folder)

    @property
    def has_same_embeddings(self) -> bool:
        """Whether the embeddings are those of the bundle."""
        before = self.build.before.steps.get("embeddings")
        return (
            before is not None
            and before.fingerprint == self.build.log.steps["embeddings"].fingerprint
        )

    @property
    def has_same_embedder(self) -> bool:
        """Whether equal texts have equal vectors in the bundle."""
        before = self.build.before.steps.get("embeddings")
        return before is not None and before.facts.get("embedder") == self.loaded.settings

    def unless_current(self, step: Step, current: bool) -> Step:
        """A step, or the one that made the same files of the bundle, if these are current.

        What was imported was made by other steps than what is made here.
        """
        before = self.build.before.steps.get(step.name)
        if not current or before is None:
            return step
        return replace(step, made_from=before.fingerprint, files=tuple(before.files))

    def codes_before(self) -> Codes:
        """Codes of all documents that the bundle has had until now, mapped."""
        trained = self.build.before.steps[f"train {self.size.name}"]
        slots = int(trained.facts["most_active"])
        count = len(self.build.vectors_before())
        return saes.load_codes(self.folder_before, count, self.size.n, slots)

    def codes(self) -> Codes:
        """Codes of all documents, mapped."""
        trained = self.build.log.steps[f"train {self.size.name}"]
        slots = int(trained.facts["most_active"])
        return saes.load_codes(self.folder, len(self.build.vectors()), self.size.n, slots)

    @cached_property
    def postings(self) -> Postings:
        """Codes by feature, mapped."""
        return saes.load_postings(self.folder, self.size.n)

    @cached_property
    def truth(self) -> Truth:
        """How true labels are of the documents of their features, as labelling found."""
        return saes.load_truth(self.folder, self.postings)

    @property
    def counted(self) -> Postings:
        """The postings that count for their features."""
        return self.truth.counted

    @cached_property
    def counted_codes(self) -> Codes:
        """Codes in which a feature stands only for the documents that count for it."""
        return counted_codes(self.codes(), self.counted)

    def store_truth(self, probabilities: Probabilities) -> None:
        """Write which documents count for which features, and which features these share.

        `probabilities` are of the labels that the features have now.
        """
        (self.folder / saes.TRUTH).parent.mkdir(parents=True, exist_ok=True)
        save_array(self.folder / saes.TRUTH, probabilities)
        records = read_features(self.folder / layout.FEATURES, self.size.n)
        versions = np.array([record.version for record in records], dtype=np.int32)
        save_array(self.folder / saes.TRUTH_OF, versions)
        for earlier in ("truth", "counted_codes"):
            self.__dict__.pop(earlier, None)
        write_co_occurring(self.folder, self.counted_codes, self.counted, self.build.progress)

    @cached_property
    def split(self) -> LabelledSplit:
        """What labels of features and of families are made from and scored on."""
        by_passages = (self.build.path / passages.VECTORS).exists()
        return LabelledSplit(
            texts_read(self.build.documents, None if by_passages else self.loaded.embedder),
            self.postings,
            embeddings=self.build.vectors(),
            embed=term_embedder(self.loaded.embedder),
            seed=self.build.options.training.seed,
            progress=self.build.progress,
            vocabulary=self.build.vocabulary,
        )


def measured_rows(count: int) -> NDArray[np.int64]:
    """Rows of the documents that an SAE is measured on, spread evenly over `count` documents."""
    return np.unique(np.linspace(0, count - 1, min(count, MEASURED)).astype(np.int64))


def texts_read(documents: DocumentStore, embedder: Embedder | None) -> Iterator[tuple[str, str]]:
    """Title and text of each document, as far as its embedder reads them.

    What was cut off has no part in a document's features, so its words must not name any. Without
    an embedder, all of every text was read.
    """
    for start in range(0, len(documents), SHARD):
        some = documents.some(range(start, min(start + SHARD, len(documents))))
        texts = [document.embedding_text for document in some]
        kept = map(len, texts) if embedder is None else lengths_read(embedder, texts)
        for document, text, length in zip(some, texts, kept, strict=True):
            before = len(text) - len(document.text)
            yield document.title, document.text[: max(length - before, 0)]


def has_same_space(build: BuildContext) -> bool:
    """Whether the embeddings are of the model that made those of the bundle."""
    before, now = build.before.steps.get("embeddings"), build.log.steps["embeddings"]
    return before is not None and space_of(before) == space_of(now)


def term_embedder(embedder: Embedder) -> Callable[[Sequence[str]], Float] | None:
    """What embeds the words of labels; None where vectors came without their embedder."""
    from saetui.embed.precomputed import PrecomputedVectors

    return None if isinstance(embedder, PrecomputedVectors) else embedder.embed_documents


def write_direction_lists(folder: Path, weights: SaeWeights, progress: Progress) -> None:
    """Write for each feature which others point the same way, and which the opposite way."""
    nearest, opposed = [], []
    progress.start("Comparing directions", weights.n, "features")
    for start in range(0, weights.n, _BLOCK):
        block = weights.directions[start : start + _BLOCK]
        for feature, cosines in enumerate(block @ weights.directions.T, start):
            ends = both_ends(cosines, feature, LONGEST)
            nearest.append(ends[0])
            opposed.append(ends[1])
            progress.advance()
    for files, lists in ((NEAREST, nearest), (OPPOSED, opposed)):
        save_lists(folder, files, lists)


def write_co_occurring(folder: Path, codes: Codes, counted: Postings, progress: Progress) -> None:
    """Write for each feature which others count most often for the same documents."""
    lists = []
    progress.start("Listing related features", counted.n, "features")
    for feature in range(counted.n):
        lists.append(co_occurring(codes, counted, feature, LONGEST))
        progress.advance()
    save_lists(folder, CO_OCCURRING, lists)
    forget_pages(codes.indices)
