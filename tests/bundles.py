"""Small complete bundles for tests, made of synthetic documents that have a structure.

Every document is about one of three general topics and one special topic below it; a feature
stands for each topic, and a family for each general one. Words are embedded by hashing, so that
queries work without weights: texts that share words are near each other.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Postings, SaeWeights, build_postings, encode
from saetui.core.documents import Document
from saetui.core.families import Edge, Families, Family, FamilyLabel, FamilyParameters
from saetui.core.features import Statistics, statistics
from saetui.core.matches import match_features
from saetui.core.truth import Probabilities, stored
from saetui.embed import Embedder, EmbedderSettings
from saetui.errors import InputError
from saetui.progress import Progress, Silent
from saetui.store.arrays import save_array
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle
from saetui.store.documents import write_documents
from saetui.store.features import FeatureQuality, write_features
from saetui.store.index import build_index
from saetui.store.index.parameters import Kind, write_parameters
from saetui.store.labels import LabelRecord, ScoreRecord
from saetui.store.layout import DOCUMENTS, EMBEDDINGS, FAMILIES, FEATURES, sae_folder
from saetui.store.manifest import MANIFEST, FileRecord, Manifest, SaeRecord, write_manifest
from saetui.store.relations import write_families, write_matches
from saetui.store.saes import CODES, POSTINGS, TRUTH, save_weights

Vectors = NDArray[np.float32]

# A general topic's words, then the special topics below it: label and words.
TOPICS = {
    "Black holes": (
        "black hole horizon",
        {
            "Accretion discs": "accretion disc inflow",
            "Black hole mergers": "merger binary chirp",
            "Relativistic jets": "jet beaming plasma",
            "Tidal disruption": "tidal disruption flare",
        },
    ),
    "Language models": (
        "language model token",
        {
            "Machine translation": "translation bilingual sentence",
            "Attention heads": "attention head layer",
            "Question answering": "question answer passage",
            "Text summaries": "summary abstractive headline",
        },
    ),
    "Coral reefs": (
        "coral reef ocean",
        {
            "Bleaching": "bleaching heat stress",
            "Reef fish": "fish grazing school",
            "Acidification": "acidification carbonate shell",
            "Larval settlement": "larva settlement recruit",
        },
    ),
}
_FILLERS = ("we", "measure", "compare", "sample", "estimate", "observe", "report", "method")
HOSTILE = "[red]not markup[/red] \x1b[31mnot red\u202e \ttab"


@dataclass(frozen=True)
class HashEmbedder:
    """Embeds a text as the sum of its words, each a direction that only the word decides."""

    dimensions: int = 32
    name: str = "hash"
    revision: str = "1"
    _words: dict[str, Vectors] = field(default_factory=dict, repr=False, compare=False)

    def embed_query(self, text: str) -> Vectors:
        if not text.strip():
            raise InputError("There is no text to embed.")
        vector: Vectors = self.embed_documents([text])[0]
        return vector

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().split():
                vectors[row] += self._word(word.strip(".,"))
            vectors[row] /= np.linalg.norm(vectors[row])
            if progress is not None:
                progress.advance()
        return vectors

    def _word(self, word: str) -> Vectors:
        if word not in self._words:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
            vector = np.random.default_rng(seed).standard_normal(self.dimensions)
            self._words[word] = (vector / np.linalg.norm(vector)).astype(np.float32)
        return self._words[word]


def make_bundle(
    folder: Path,
    *,
    documents: int = 60,
    n: int = 24,
    k: int = 4,
    d: int = 32,
    seed: int = 0,
    embedder: Embedder | None = None,
    hostile: bool = False,
    index: Kind | None = None,
    candidates: int | None = None,
    remarks: int = 0,
    truth: bool = False,
    changed: Callable[[int, Document], Document] | None = None,
) -> Path:
    """Write a whole bundle and return its folder.

    Args:
        folder: Where it goes.
        documents: How many; ids are `doc-0`, `doc-1`, ...
        n: Features, 16 or more. The first 15 stand for the topics in the order of `TOPICS`, a
            general one before its special ones; the others have no label, the last never fires.
        k: Active features per document at most.
        d: Width of the embeddings, if no embedder is given.
        seed: Of the documents.
        embedder: For documents and topics; None for `HashEmbedder(d)`. The manifest names it
            `minilm` if it is one that hashes: no bundle can name that.
        hostile: Give document 0 and feature 0 a name that a terminal must not obey.
        index: Its kind; None for the one that suits the size.
        candidates: How many rows the index is asked for at least; None for the usual number.
        remarks: So many of the last documents say the same, but for spaces and case.
        truth: Whether it says which documents count for which features: those that have a word of
            the feature's topic.
        changed: Gives the document that stands in a row in place of the usual one.
    """
    embedder = embedder or HashEmbedder(d)
    corpus = list(make_documents(documents, seed, hostile))
    corpus = corpus if changed is None else list(map(changed, range(documents), corpus))
    for place in range(documents - remarks, documents):
        said = ("No merger to report.", "no merger  to report.", "No\nmerger to REPORT.")[place % 3]
        corpus[place] = replace(corpus[place], title="", text=said)
    embeddings = np.asarray(
        embedder.embed_documents([document.embedding_text for document in corpus])
        if corpus
        else np.zeros((0, embedder.dimensions)),
        dtype=np.float16,
    )
    weights = _weights(embedder, embeddings, n, k, seed)
    codes = encode(weights, embeddings.astype(np.float32))
    postings = build_postings(codes)

    write_documents(folder / DOCUMENTS, corpus)
    save_array(folder / EMBEDDINGS, embeddings)
    parameters = build_index(embeddings, folder, lambda _: None, index)
    if candidates is not None:
        write_parameters(folder, replace(parameters, candidates=candidates))
    name = f"k{k}-n{n}"
    sae = sae_folder(folder, name)
    save_weights(sae, weights, {"seed": seed})
    save_codes(sae, codes, postings)
    labels = _labels(n, hostile)
    figures = statistics(postings, documents)
    write_features(
        sae / FEATURES, figures, labels, quality=_quality(figures), scores=_scores(labels)
    )
    if truth:
        save_array(sae / TRUTH, _truth(postings, labels, corpus))
    write_families(sae / FAMILIES, _families(codes, postings, labels))

    settings = EmbedderSettings("minilm", dimensions=embedder.dimensions)
    if not isinstance(embedder, HashEmbedder):
        settings = settings.resolved(embedder)
    manifest = Manifest(
        name="synthetic",
        documents=documents,
        dimensions=embedder.dimensions,
        corpus={"source": "synthetic"},
        embedder=settings.as_dict(),
        index={},
        saes=(SaeRecord(name, n, k),),
        files=_files(folder),
        saetui="0.1.0",
    )
    write_manifest(folder, manifest)
    return folder


@dataclass(frozen=True)
class TwinEmbedder(HashEmbedder):
    """Gives every tenth document of a corpus the vector of the one before it."""

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = super().embed_documents(texts, progress)
        if len(texts) >= INDEXED:
            vectors[9::10] = vectors[8::10]
        return vectors


INDEXED = 1_200
CANDIDATES = 40


def make_indexed_bundle(folder: Path, kind: Kind) -> Path:
    """Write a bundle in which a search really depends on its index, and return its folder.

    The index names a thirtieth of the 1,200 documents, so that what it names and in which order
    decides what is found. Documents 8 and 9, 18 and 19, ... have equal vectors, so that ties occur.
    """
    return make_bundle(
        folder,
        documents=INDEXED,
        embedder=TwinEmbedder(),
        index=kind,
        candidates=CANDIDATES,
    )


SECOND = "k4-n32"


def add_larger_sae(folder: Path) -> Path:
    """Give a bundle of `make_bundle` a second SAE, of 32 features, and match the two.

    Of the features of topics, 1 ("Accretion discs") splits into 1 and 15 there, 2 ("Black hole
    mergers") is lost, and all others recur under their numbers; 16 is a novel one.
    """
    bundle = Bundle(folder)
    first = bundle.sae()
    random = np.random.default_rng(7)
    n, topics, d = 32, len(_topics()), first.weights.d
    directions = random.standard_normal((n, d)).astype(np.float32)
    directions[:topics] = first.weights.directions[:topics] + 0.02 * directions[:topics]
    aside = directions[topics] / np.linalg.norm(directions[topics])
    directions[1], directions[topics] = directions[1] + 0.7 * aside, directions[1] - 0.7 * aside
    directions[2] = random.standard_normal(d)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    bias = np.full(n, -10, dtype=np.float32)
    bias[: topics + 2] = -0.15
    weights = SaeWeights(directions, bias, directions, first.weights.bias, 4)
    codes = encode(weights, np.asarray(bundle.embeddings, dtype=np.float32))
    postings = build_postings(codes)
    labels = _labels(n, hostile=False)
    for number, label in ((1, "Thin discs"), (topics, "Thick discs"), (topics + 1, "Methods")):
        labels[number] = LabelRecord(number, label, (), "terms", created="2024-08-01")
    folders = {record.name: sae_folder(folder, record.name) for record in bundle.manifest.saes}
    folders[SECOND] = sae = sae_folder(folder, SECOND)
    save_weights(sae, weights, {})
    save_codes(sae, codes, postings)
    figures = statistics(postings, len(bundle))
    write_features(sae / FEATURES, figures, labels, quality=_quality(figures))
    write_families(sae / FAMILIES, _families(codes, postings, labels))
    sides = [(first.record.name, first.weights, first.codes, first.postings)]
    sides.append((SECOND, weights, codes, postings))
    for one, other in (sides, sides[::-1]):
        matches = match_features(
            one[1].directions, one[3], other[1].directions, other[2], progress=Silent()
        )
        write_matches(folders[one[0]], other[0], matches)
    saes = (*bundle.manifest.saes, SaeRecord(SECOND, n, 4))
    bundle.close()
    write_manifest(folder, replace(bundle.manifest, saes=saes, files=_files(folder)))
    return folder


def make_documents(count: int, seed: int = 0, hostile: bool = False) -> Iterator[Document]:
    """Documents, general topics in turn, special topics and further words by chance."""
    random = np.random.default_rng(seed)
    generals = list(TOPICS.items())
    for i in range(count):
        general, (words, specials) = generals[i % len(generals)]
        special = list(specials)[int(random.integers(len(specials)))]
        fillers = random.choice(_FILLERS, 3, replace=False).tolist()
        body = [*words.split(), *specials[special].split(), *fillers]
        random.shuffle(body)
        yield Document(
            id=f"doc-{i}",
            title=HOSTILE if hostile and i == 0 else f"{special} and {general.lower()}, part {i}",
            text=" ".join(body).capitalize() + ".",
            url=f"https://example.org/{i}",
            published=f"20{10 + i % 10}-{1 + i % 12:02d}",
            metadata={"categories": [general]},
        )


def save_codes(folder: Path, codes: Codes, postings: Postings) -> None:
    """Write codes by document and by feature."""
    arrays = (codes.indices, codes.values, postings.indptr, postings.rows, postings.values)
    for name, array in zip((*CODES, *POSTINGS), arrays, strict=True):
        save_array(folder / name, array)


def _topics() -> list[tuple[str, str]]:
    """Label and words of every topic, a general one before its special ones."""
    return [
        topic
        for general, (words, specials) in TOPICS.items()
        for topic in ((general, words), *specials.items())
    ]


def _weights(
    embedder: Embedder, embeddings: NDArray[np.float16], n: int, k: int, seed: int
) -> SaeWeights:
    topics = embedder.embed_documents([words for _, words in _topics()])
    others = np.random.default_rng(seed + 1).standard_normal((n - len(topics), topics.shape[1]))
    directions = np.concatenate([topics, others]).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    encoder_bias = np.full(n, -0.15, dtype=np.float32)
    encoder_bias[len(topics) :] = -0.3
    encoder_bias[-1] = -10
    bias = np.zeros(topics.shape[1], dtype=np.float32)
    if len(embeddings):
        bias = 0.1 * embeddings.astype(np.float32).mean(axis=0)
    return SaeWeights(directions, encoder_bias, directions, bias.astype(np.float32), k)


def _labels(n: int, hostile: bool) -> list[LabelRecord]:
    labels = [
        LabelRecord(i, label, tuple(words.split()), "terms", created="2024-08-01")
        for i, (label, words) in enumerate(_topics())
    ]
    if hostile:
        labels[0] = LabelRecord(0, HOSTILE, (HOSTILE,), "terms", created="2024-08-01")
    return [*labels, *(LabelRecord(i, "", (), "terms") for i in range(len(labels), n))]


def _quality(figures: Statistics) -> list[FeatureQuality]:
    """Qualities that follow from numbers alone, so that tests can tell what to expect."""
    words = ["dead" if not n else "rare" if n < 3 else "one" for n in figures.documents]
    return [
        FeatureQuality(word, None if word == "dead" else 0.5 - i / 100, 1 - i / 50)
        for i, word in enumerate(words)
    ]


def _scores(labels: Sequence[LabelRecord]) -> list[ScoreRecord]:
    """Scores of every label by one judge in three protocols, falling with the feature's number."""
    return [
        ScoreRecord(label.feature, 0, "words", protocol, 20, *((f1, f1 - 0.1, f1 + 0.05),) * 3)
        for label in labels
        if label.text
        for place, protocol in enumerate(("top", "deciles", "hard"))
        for f1 in [0.94 - label.feature / 50 - place / 20]
    ]


def _truth(
    postings: Postings, labels: Sequence[LabelRecord], corpus: Sequence[Document]
) -> Probabilities:
    """A label is probably true where the text has a word of the topic, the more the stronger."""
    found = np.full(len(postings.rows), 0.1)
    for label in labels:
        span = slice(*postings.indptr[label.feature : label.feature + 2])
        for place, row in enumerate(
            postings.rows[span].tolist(), start=int(postings.indptr[label.feature])
        ):
            words = set(corpus[row].text.casefold().replace(".", "").split())
            if words & set(label.terms):
                found[place] = 0.6 + 0.4 * len(words & set(label.terms)) / len(label.terms)
    return stored(found)


def _families(codes: Codes, postings: Postings, labels: Sequence[LabelRecord]) -> Families:
    """One family for each general topic; its last special topic hangs below the first."""
    active = np.zeros((len(codes.indices), codes.n), dtype=np.int64)
    rows, slots = np.nonzero(codes.indices >= 0)
    active[rows, codes.indices[rows, slots]] = 1
    together, counts = active.T @ active, postings.counts()

    def edge(parent: int, child: int) -> Edge:
        rarer = min(counts[parent], counts[child])
        return parent, child, float(together[parent, child] / (rarer + 1))

    families: list[Family] = []
    start = 0
    for _, specials in TOPICS.values():
        first, *middle, last = range(start + 1, start + 1 + len(specials))
        edges = (*(edge(start, child) for child in (first, *middle)), edge(first, last))
        members = (start, first, *middle, last)
        f1 = 0.9 - len(families) / 10
        label = FamilyLabel(labels[start].text, "terms", "", "", "2024-08-01", "words", f1, f1 / 2)
        family = Family(len(families), start, "", members, edges, 1)
        families.append(family.called(label))
        start += 1 + len(specials)
    forest = tuple(edge for family in families for edge in family.edges)
    return Families(FamilyParameters(), tuple(range(start)), tuple(families), forest)


def _files(folder: Path) -> dict[str, FileRecord]:
    return {
        path.relative_to(folder).as_posix(): FileRecord(path.stat().st_size, sha256_of(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
