"""A small corpus on disk with vectors of its own, so that builds need no weights."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bundles import HashEmbedder, make_documents

from saetui.embed import EmbedderSettings
from saetui.pipeline.build import build_bundle
from saetui.pipeline.options import BuildOptions
from saetui.progress import Silent
from saetui.train.options import TrainingOptions
from saetui.train.size import SaeSize


@dataclass(frozen=True)
class SmallCorpus:
    """Where a corpus and its vectors are."""

    corpus: Path
    vectors: Path

    def options(self, **changes: object) -> BuildOptions:
        values: dict[str, object] = {
            "embedder": EmbedderSettings(f"precomputed:{self.vectors}"),
            "saes": (SaeSize(n=24, k=4),),
            "training": TrainingOptions(max_epochs=6),
        }
        return BuildOptions(**{**values, **changes})  # type: ignore[arg-type]


def write_corpus(folder: Path, documents: int = 160, *, told: bool = False) -> SmallCorpus:
    """Write a corpus; `told` also its metadata: each document's general topic as its category."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus, vectors = folder / "corpus.jsonl", folder / "vectors.npy"
    found = list(make_documents(documents))
    lines = [
        json.dumps({"id": d.id, "title": d.title, "text": d.text, **(d.metadata if told else {})})
        for d in found
    ]
    corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    embedded = HashEmbedder(32).embed_documents([d.embedding_text for d in found])
    np.save(vectors, embedded)
    return SmallCorpus(corpus, vectors)


def train_small_bundle(folder: Path) -> Path:
    """A bundle whose SAE is trained well: k = 4 of n = 32 features, d = 32, 400 documents."""
    small = write_corpus(folder / "corpus", 400)
    training = TrainingOptions(max_epochs=200, learning_rate=3e-3)
    options = small.options(saes=(SaeSize(n=32, k=4),), training=training, stability=False)
    build_bundle(str(small.corpus), folder / "trained.bundle", options, Silent())
    return folder / "trained.bundle"
