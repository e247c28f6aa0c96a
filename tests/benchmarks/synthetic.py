"""A large bundle of made-up documents with a known structure, for measuring at scale.

    python tests/benchmarks/synthetic.py OUT [--documents 420000] [--dimensions 1536]
        [--features 9216] [--active 64] [--seed 0] [--parts]

Every document is about a few topics. A topic has a general feature and special ones below it, and
each feature has a direction; an embedding is a sparse combination of directions, plus the mean that
all texts share, plus noise. Directions are no more isotropic than those of real embeddings: along
their principal axes documents vary as abstracts embedded by MiniLM do, scaled to the width (the
first sixth of the axes holds two thirds of the variance). The SAE's directions are the true ones.

Documents are made block by block, so that memory does not grow with their number. Everything after
that is the product's own code, except that labels and families are the true ones.

With `--parts` it writes the vectors and the texts as one would bring them along, for measuring
`saetui build` itself.
"""

import argparse
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saetui.core.codec import SaeWeights
from saetui.core.documents import Document
from saetui.core.families import Families, Family, FamilyParameters
from saetui.core.features import statistics
from saetui.core.scores import single
from saetui.embed import EmbedderSettings
from saetui.pipeline.encoding import encode_corpus
from saetui.progress import Silent
from saetui.store import layout, saes
from saetui.store.arrays import forget_pages
from saetui.store.atomic import sha256_of
from saetui.store.documents import write_documents
from saetui.store.features import FeatureQuality, write_features
from saetui.store.index import build_index, measure_recall, open_index
from saetui.store.labels import LabelRecord, ScoreRecord
from saetui.store.manifest import MANIFEST, FileRecord, Manifest, SaeRecord, write_manifest
from saetui.store.relations import write_families
from saetui.version import __version__

BLOCK = 4_096
# Features of one topic: the general one, and the special ones below it.
TOPIC = 16
# Topics of a document, and special features of each.
TOPICS, SPECIALS = 10, 5
# Squared length of an embedding that the shared mean and the noise make up.
MEAN, NOISE = 0.30, 0.10
SYLLABLES = (
    *("ga", "la", "xy", "su", "per", "no", "va", "li", "ght", "cur", "ve", "tra", "ns", "tion"),
    *("e", "mo", "ka", "ri", "de", "sol"),
)


@dataclass(frozen=True)
class World:
    """What documents are made of.

    Attributes:
        directions: float32 `(n, d)`, unit norm.
        axes: float32 `(d,)`, how far documents vary along each axis.
        mean: float32 `(d,)`.
        popularity: float64 `(n / 16,)`, of topics, rising to 1.
        words: Of each feature, two.
        active: Features of a document.
        seed: Of everything.
    """

    directions: np.ndarray
    axes: np.ndarray
    mean: np.ndarray
    popularity: np.ndarray
    words: list[str]
    active: int
    seed: int

    @property
    def n(self) -> int:
        return len(self.directions)


def make_world(d: int, n: int, active: int, seed: int) -> World:
    """Directions, words and popularities."""
    random = np.random.default_rng([seed, 0])
    # Fitted to the spectrum of 11,438 abstracts by MiniLM, by share of the width.
    axes = (1 / np.sqrt(6 + 384 * np.arange(d) / d) ** 0.95).astype(np.float32)
    own = random.standard_normal((n, d)).astype(np.float32) * axes
    general = np.repeat(own[::TOPIC], TOPIC, axis=0)[:n]
    directions = unit(own) + 0.7 * unit(general)
    directions[::TOPIC] = own[::TOPIC]
    topics = -(-n // TOPIC)
    weight = 1 / (10 + np.arange(topics)) ** 0.8
    words = ["".join(random.choice(SYLLABLES, random.integers(2, 4))) for _ in range(2 * n)]
    return World(
        directions=unit(directions),
        axes=axes,
        mean=unit(random.standard_normal((1, d)).astype(np.float32) * axes)[0],
        popularity=np.cumsum(weight / weight.sum()),
        words=[f"{words[2 * i]} {words[2 * i + 1]}" for i in range(n)],
        active=active,
        seed=seed,
    )


def unit(rows: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1)).astype(np.float32)


def features_of(world: World, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of documents and how strong each is, `(m, active)`; repeated ones are at zero."""
    random = np.random.default_rng([world.seed, 1, start])
    count, n = stop - start, world.n
    topics = np.searchsorted(world.popularity, random.random((count, TOPICS))) * TOPIC
    special = 1 + (TOPIC - 1) * random.random((count, TOPICS, SPECIALS)) ** 2
    specials = (topics[:, :, None] + special.astype(np.int64)).reshape(count, -1)
    stray = random.integers(n, size=(count, max(world.active - TOPICS * (1 + SPECIALS), 0)))
    chosen = np.minimum(np.hstack([topics, specials, stray])[:, : world.active], n - 1)
    share = 0.5 ** np.arange(TOPICS)[None, :] * 0.9 + 0.1
    strengths = random.exponential(1.0, chosen.shape) + 0.05
    ranks = np.hstack(
        [share, np.repeat(share, SPECIALS, axis=1), np.full((1, stray.shape[1]), 0.2)]
    )
    strengths = strengths * ranks[:, : world.active]
    order = np.argsort(chosen, axis=1, kind="stable")
    ordered = np.take_along_axis(chosen, order, axis=1)
    again = np.hstack([np.zeros((count, 1), bool), ordered[:, 1:] == ordered[:, :-1]])
    repeated = np.empty_like(again)
    np.put_along_axis(repeated, order, again, axis=1)
    return chosen, np.where(repeated, 0, strengths).astype(np.float32)


def vectors_of(world: World, start: int, stop: int) -> np.ndarray:
    """Embeddings of documents, float16 `(m, d)` of unit norm."""
    from scipy.sparse import csr_matrix

    chosen, strengths = features_of(world, start, stop)
    count = stop - start
    indptr = np.arange(count + 1) * chosen.shape[1]
    codes = csr_matrix((strengths.ravel(), chosen.ravel(), indptr), shape=(count, world.n))
    explained = unit(codes @ world.directions)
    random = np.random.default_rng([world.seed, 2, start])
    noise = random.standard_normal(explained.shape, dtype=np.float32) * np.sqrt(world.axes)
    parts = (1 - MEAN - NOISE) ** 0.5 * explained + NOISE**0.5 * unit(noise)
    return unit(MEAN**0.5 * world.mean + parts).astype(np.float16)


def documents_of(world: World, count: int) -> Iterator[Document]:
    """Documents with short texts made of the words of their strongest features."""
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        chosen, strengths = features_of(world, start, stop)
        order = np.argsort(-strengths, axis=1)[:, :24]
        strongest = np.take_along_axis(chosen, order, axis=1).tolist()
        for row, features in enumerate(strongest, start):
            words = [world.words[feature] for feature in features]
            yield Document(
                id=f"synthetic-{row}",
                title=f"{words[0].capitalize()} and {words[1]}",
                text=f"We measure {', '.join(words[:12])}. Then {' and '.join(words[12:])}.",
                published=f"{2000 + row % 25}-{1 + row % 12:02}",
                metadata={
                    "categories": [f"topic.{features[0] // TOPIC % 40}"],
                    "stars": row * 7_919 % 1_000,
                },
            )


def write_vectors(world: World, count: int, path: Path) -> np.ndarray:
    """Write all embeddings, and return them mapped."""
    shape = (count, world.directions.shape[1])
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        array[start:stop] = vectors_of(world, start, stop)
        forget_pages(array)
    array.flush()
    return np.asarray(np.lib.format.open_memmap(path, mode="r"))


def true_sae(world: World, vectors: np.ndarray) -> SaeWeights:
    """The SAE whose directions are the true ones."""
    sample = single(vectors[: 8 * BLOCK])
    return SaeWeights(
        encoder=world.directions,
        encoder_bias=np.full(world.n, -0.02, dtype=np.float32),
        directions=world.directions,
        bias=sample.mean(axis=0),
        k=world.active,
    )


def true_families(world: World) -> Families:
    """A family for each topic."""
    families = []
    for number, root in enumerate(range(0, world.n, TOPIC)):
        members = tuple(range(root, min(root + TOPIC, world.n)))
        edges = tuple((root, child, 0.5 - 0.02 * (child - root)) for child in members[1:])
        families.append(Family(number, root, world.words[root].capitalize(), members, edges, 1))
    forest = tuple(edge for family in families for edge in family.edges)
    return Families(FamilyParameters(), tuple(range(world.n)), tuple(families), forest)


def label_records(world: World) -> tuple[list[LabelRecord], list[ScoreRecord]]:
    """Labels of every feature, and their scores by two judges in three protocols."""
    random = np.random.default_rng([world.seed, 3])
    labels = [
        LabelRecord(i, world.words[i], tuple(world.words[(i + j) % world.n] for j in range(6)), "t")
        for i in range(world.n)
    ]
    figures = random.random((world.n, 6)).round(2).tolist()
    scores = [
        ScoreRecord(i, 0, judge, protocol, 20, *(((f, f - 0.1, min(f + 0.1, 1)),) * 3))
        for i in range(world.n)
        for (judge, protocol), f in zip(
            ((j, p) for j in ("words", "words+embedder") for p in ("top", "deciles", "hard")),
            figures[i],
            strict=True,
        )
    ]
    return labels, scores


def make(folder: Path, world: World, count: int) -> None:
    """Write the bundle."""
    d, name = world.directions.shape[1], f"k{world.active}-n{world.n}"
    folder.mkdir(parents=True, exist_ok=True)
    sae = layout.sae_folder(folder, name)
    vectors = timed("vectors", lambda: write_vectors(world, count, folder / layout.EMBEDDINGS))
    timed(
        "documents",
        lambda: write_documents(folder / layout.DOCUMENTS, documents_of(world, count)),
    )
    weights = true_sae(world, vectors)
    saes.save_weights(sae, weights, {})
    work = folder / ".build"
    timed(
        "codes",
        lambda: encode_corpus(vectors, weights, sae, work, made_from="", progress=Silent()),
    )
    shutil.rmtree(work)
    labels, scores = label_records(world)
    figures = statistics(saes.load_postings(sae, world.n), count)
    quality = [FeatureQuality("coherent", 0.5, 0.5)] * world.n
    write_features(sae / layout.FEATURES, figures, labels, quality=quality, scores=scores)
    write_families(sae / layout.FAMILIES, true_families(world))
    timed("index", lambda: build_index(vectors, folder, lambda rows: None, made_from="synthetic"))
    index = open_index(folder, lambda: vectors)
    measured = timed("recall", lambda: measure_recall(index, vectors, folder, world.seed))
    print(f"index: {measured.kind}, {measured.candidates} candidates, recall {measured.recall}")
    recall = {"recall": measured.recall["plain"], "recall_steered": measured.recall["steered"]}
    manifest = Manifest(
        name="synthetic",
        documents=count,
        dimensions=d,
        corpus={"source": "synthetic"},
        embedder=EmbedderSettings("precomputed:synthetic.npy", dimensions=d).as_dict(),
        index={"kind": measured.kind, **recall},
        saes=(SaeRecord(name, world.n, world.active),),
        files=files_of(folder),
        saetui=__version__,
    )
    write_manifest(folder, manifest)


def make_parts(folder: Path, world: World, count: int) -> None:
    """Write the vectors and the texts as one would bring them along."""
    folder.mkdir(parents=True, exist_ok=True)
    write_vectors(world, count, folder / "vectors.npy")
    with (folder / "documents.jsonl").open("w", encoding="utf-8") as lines:
        for document in documents_of(world, count):
            record = {
                name: getattr(document, name) for name in ("id", "title", "text", "published")
            }
            lines.write(json.dumps(record | dict(document.metadata)) + "\n")


def files_of(folder: Path) -> dict[str, FileRecord]:
    """Size and hash of every file."""
    return {
        path.relative_to(folder).as_posix(): FileRecord(path.stat().st_size, sha256_of(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def timed(what: str, work):
    """Do it, and print how long it took."""
    started = time.perf_counter()
    result = work()
    print(f"{what}: {time.perf_counter() - started:.1f} s", flush=True)
    return result


def main() -> None:
    """Make what was asked for."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("out", type=Path)
    options.add_argument("--documents", type=int, default=420_000)
    options.add_argument("--dimensions", type=int, default=1_536)
    options.add_argument("--features", type=int, default=9_216)
    options.add_argument("--active", type=int, default=64)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--parts", action="store_true")
    chosen = options.parse_args()
    world = make_world(chosen.dimensions, chosen.features, chosen.active, chosen.seed)
    (make_parts if chosen.parts else make)(chosen.out, world, chosen.documents)


if __name__ == "__main__":
    main()
