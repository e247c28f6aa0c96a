"""A corpus that grows, and an endpoint that embeds it and remembers what it was asked."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bundles import make_documents
from embeddings_server import HashingServer

from saetui.core.documents import Document
from saetui.embed import EmbedderSettings
from saetui.pipeline.options import BuildOptions
from saetui.train.options import TrainingOptions
from saetui.train.size import SaeSize

EDITED, REMOVED, DESCRIBED = (3, 77, 150), (10, 11, 200), (20, 30)


@dataclass(frozen=True)
class GrowingCorpus:
    """Two states of a corpus.

    Attributes:
        one: 240 documents.
        two: 60 more; of the first, three edited, three removed, two with other metadata; shuffled.
        documents: Those of `two` by id.
        server: Embeds them.
    """

    one: Path
    two: Path
    documents: dict[str, Document]
    server: HashingServer

    @property
    def words(self) -> list[str]:
        """Options of `saetui build` behind corpus and output."""
        options = ["--embedder", "openai:any", "--base-url", self.server.url, "--dimensions", "32"]
        return [*options, "--sae", "k4-n24", "--epochs", "6"]

    def options(self, **changes: object) -> BuildOptions:
        """The same in Python."""
        embedder = EmbedderSettings("openai:any", requested_dimensions=32, base_url=self.server.url)
        values: dict[str, object] = {
            "embedder": embedder,
            "saes": (SaeSize(n=24, k=4),),
            "training": TrainingOptions(max_epochs=6),
        }
        return BuildOptions(**{**values, **changes})  # type: ignore[arg-type]

    def embedded(self, since: int = 0) -> list[str]:
        """Documents' texts that the server was asked for after its first requests."""
        asked = [text for texts in self.server.texts[since:] for text in texts]
        known = {each.embedding_text for each in make_documents(300)}
        known |= {each.embedding_text for each in self.documents.values()}
        return [text for text in asked if text in known]


@contextmanager
def growing_corpus(folder: Path) -> Iterator[GrowingCorpus]:
    """Write both states."""
    folder.mkdir(parents=True, exist_ok=True)
    found = list(make_documents(300))
    one, two = folder / "one.jsonl", folder / "two.jsonl"
    write(one, found[:240])
    for place in EDITED:
        found[place] = replace(found[place], text=f"{found[place].text} A word more.")
    for place in DESCRIBED:
        found[place] = replace(found[place], metadata={"journal": "Nature"})
    left = [each for place, each in enumerate(found) if place not in REMOVED]
    random.Random(0).shuffle(left)
    write(two, left)
    with HashingServer(32) as server:
        yield GrowingCorpus(one, two, {each.id: each for each in left}, server)


def write(path: Path, documents: list[Document]) -> None:
    """Write documents as JSON Lines."""
    lines = [
        json.dumps(
            {
                **{name: getattr(d, name) for name in ("id", "title", "text", "url", "published")},
                **d.metadata,
            }
        )
        for d in documents
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
