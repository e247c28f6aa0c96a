"""What a user may ask of a build."""

from dataclasses import dataclass, field
from pathlib import Path

from saetui.corpus import CorpusOptions
from saetui.embed import EmbedderSettings
from saetui.train.options import TrainingOptions
from saetui.train.size import SaeSize


@dataclass(frozen=True)
class SaeSource:
    """What a user asks for by `--sae-from`.

    Attributes:
        source: A bundle, an SAE's folder in one, a file, a folder, or a repository of the Hugging
            Face hub with perhaps a folder in it.
        extend: Features to learn from what the SAE leaves unexplained.
        force: Whether to take an SAE that the self-test finds wrong.
    """

    source: str
    extend: int = 0
    force: bool = False


@dataclass(frozen=True)
class BuildOptions:
    """How to make a bundle of a corpus.

    Attributes:
        name: Of the bundle, for the reader; empty takes it from the output folder.
        corpus: How to read the corpus.
        embedder: Which embedder.
        saes: Sizes of the SAEs; empty chooses one from the corpus.
        training: How to train SAEs; its seed is that of everything random.
        stability: Whether to train each SAE again with another seed to see which features come
            back; None: where that takes minutes at most.
        train_also: Further corpora that only the SAE learns from.
        engine: Where embedding and encoding run, see `saetui.pipeline.engines`.
        address: Of the cluster; empty starts one on this machine.
        index: Kind of the index, see `saetui.store.index`; empty chooses one from the size.
        retrain: Whether to train SAEs again that the bundle has.
        passages: Whether long texts are cut into passages, each of which is embedded.
        sae_from: An SAE that is not trained but given; it comes before all others.
        vocabulary: File of names that labels may have; empty takes the bundle's, if it has one, and
            `none` takes none.
    """

    name: str = ""
    corpus: CorpusOptions = field(default_factory=CorpusOptions)
    embedder: EmbedderSettings = field(default_factory=lambda: EmbedderSettings("minilm"))
    saes: tuple[SaeSize, ...] = ()
    training: TrainingOptions = field(default_factory=TrainingOptions)
    stability: bool | None = None
    train_also: tuple[Path, ...] = ()
    index: str = ""
    engine: str = "local"
    address: str = ""
    retrain: bool = False
    sae_from: SaeSource | None = None
    passages: bool = False
    vocabulary: str = ""
