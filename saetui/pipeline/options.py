"""What a user may ask of a build."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from saetui.corpus import CorpusOptions
from saetui.embed import EmbedderSettings
from saetui.errors import InputError


@dataclass(frozen=True)
class SaeSize:
    """Size of an SAE, written `k16-n768`.

    Attributes:
        n: Features.
        k: Active features per document at most.
    """

    n: int
    k: int

    @property
    def name(self) -> str:
        """How the size is written, and what the SAE's folder is called."""
        return f"k{self.k}-n{self.n}"

    @staticmethod
    def parse(text: str) -> "SaeSize":
        """A size from its text.

        Raises:
            InputError: It is not of that form, or k is larger than n.
        """
        match = re.fullmatch(r"k(\d+)-n(\d+)", text.strip())
        if match is None:
            raise InputError(f"'{text}' is not the size of an SAE.", "Write it like k16-n768.")
        size = SaeSize(n=int(match[2]), k=int(match[1]))
        if not 0 < size.k <= size.n:
            raise InputError(
                f"An SAE of n = {size.n} features cannot have k = {size.k} active.",
                "k must be at least 1 and at most n.",
            )
        return size


@dataclass(frozen=True)
class BuildOptions:
    """How to make a bundle of a corpus.

    Attributes:
        name: Of the bundle, for the reader; empty takes it from the output folder.
        corpus: How to read the corpus.
        embedder: Which embedder.
        saes: Sizes of the SAEs; empty chooses one from the corpus.
        seed: Of everything random.
        max_epochs: Stop training after so many passes over the corpus; None leaves it to training.
        train_also: Further corpora that only the SAE learns from.
    """

    name: str = ""
    corpus: CorpusOptions = field(default_factory=CorpusOptions)
    embedder: EmbedderSettings = field(default_factory=lambda: EmbedderSettings("minilm"))
    saes: tuple[SaeSize, ...] = ()
    seed: int = 0
    max_epochs: int | None = None
    train_also: tuple[Path, ...] = ()
