"""What the steps of one SAE share: where it lies, and what they read of the corpus."""

import datetime
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

from saetui.core.codec import Codes, Float, SaeWeights
from saetui.core.postings import Postings
from saetui.embed import Embedder
from saetui.interpret.labelling import LabelledSplit
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, LoadedEmbedder, Step
from saetui.pipeline.encoding import Encode, by_windows, encode_corpus
from saetui.store import bundle as layout
from saetui.store import feature_lists, saes
from saetui.train.size import SaeSize

CODE_FILES = (*saes.CODES, *saes.POSTINGS, *feature_lists.FILES)
"""What encoding the corpus makes, by path in the folder of the SAE."""


class SaeWork:
    """One SAE of a bundle that is being built.

    Args:
        build: The build that it is part of.
        size: Of the SAE.
        loaded: The embedder of the corpus.
    """

    def __init__(self, build: BuildContext, size: SaeSize, loaded: LoadedEmbedder) -> None:
        self.build = build
        self.size = size
        self.loaded = loaded
        self.folder = layout.sae_folder(build.path, size.name)

    def step(
        self,
        kind: str,
        files: Sequence[str],
        make: Callable[["SaeWork"], dict[str, Any]],
        **inputs: object,
    ) -> Step:
        """A step that makes some files of this SAE.

        Args:
            kind: Of the step; its name is the kind and the name of the SAE.
            files: What it makes, by path in the folder of the SAE.
            make: Makes them, and returns facts for the manifest.
            inputs: Everything that decides what it makes, as JSON values.
        """
        inside = tuple(f"saes/{self.size.name}/{file}" for file in files)
        name = f"{kind} {self.size.name}"
        return Step(name, fingerprint(kind, 1, **inputs), inside, partial(make, self))

    def weights(self) -> SaeWeights:
        """Its weights, from the disk."""
        return saes.load_weights(self.folder)

    def encode(self, weights: SaeWeights, made_from: str, known: Encode | None = None) -> None:
        """Write the codes of all documents, by document and by feature.

        Args:
            weights: Of the SAE.
            made_from: Fingerprint; a run that was stopped goes on only with codes of the same.
            known: Gives codes that are known already; None computes them.
        """
        build, vectors = self.build, self.build.vectors()
        engine = build.engine
        if known is None and engine is not None:
            known = by_windows(partial(engine.encode, weights), vectors, engine.documents)
        encode_corpus(
            vectors,
            weights,
            self.folder,
            build.work / f"codes-{self.size.name}",
            made_from=made_from,
            progress=build.progress,
            encoded=known,
        )

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
    def study(self) -> LabelledSplit:
        """What labels of features and of families are made from and scored on."""
        return LabelledSplit(
            ((document.title, document.text) for document in self.build.documents),
            self.postings,
            embeddings=self.build.vectors(),
            embed=term_embedder(self.loaded.embedder),
            seed=self.build.options.training.seed,
            progress=self.build.progress,
        )

    def started(self) -> str:
        """The day on which this build began, so that going on later gives the same bundle."""
        note = self.build.work / "started"
        if not note.exists():
            note.write_text(datetime.datetime.now(datetime.UTC).date().isoformat(), "utf-8")
        return note.read_text("utf-8").strip()


def term_embedder(embedder: Embedder) -> Callable[[Sequence[str]], Float] | None:
    """What embeds the words of labels; None where vectors came without their embedder."""
    from saetui.embed.precomputed import PrecomputedVectors

    return None if isinstance(embedder, PrecomputedVectors) else embedder.embed_documents
