"""A small corpus on disk with vectors of its own, so that builds need no weights."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bundles import HashEmbedder, make_documents

from saetui.embed import EmbedderSettings
from saetui.pipeline.options import BuildOptions
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


def write_corpus(folder: Path, documents: int = 160) -> SmallCorpus:
    folder.mkdir(parents=True, exist_ok=True)
    corpus, vectors = folder / "corpus.jsonl", folder / "vectors.npy"
    found = list(make_documents(documents))
    lines = [json.dumps({"id": d.id, "title": d.title, "text": d.text}) for d in found]
    corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    embedded = HashEmbedder(32).embed_documents([d.embedding_text for d in found])
    np.save(vectors, embedded)
    return SmallCorpus(corpus, vectors)
