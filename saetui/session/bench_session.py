"""Measure how long a session takes to answer the app's questions, and the recall of its index."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import DEFAULT_MODE, Change, Mode
from saetui.core.codec import Float
from saetui.core.document_filter import EVERYTHING, DocumentFilter
from saetui.core.scores import single, unit
from saetui.core.search_request import SearchRequest
from saetui.progress import Progress
from saetui.session.session import Session
from saetui.store.arrays import forget_pages
from saetui.store.document_tables import LONGEST
from saetui.store.index.building import DEPTH, nearest_rows, query_vectors

# The app asks for as many results as a tall terminal shows, with reasons.
_LIMIT = 50
_STEP = 0.05
_STRENGTH = (0.25, 1.0)
_EXACT_SEARCHES = 3
_RECALL_QUERIES = 100
_LONGEST_FILTER = 8
_MOST_VALUES = 40


@dataclass(frozen=True)
class Latency:
    """The times of one interaction, repeated.

    Attributes:
        name: The interaction.
        milliseconds: The time of each repetition, in order.
        processor: Processor time of the calling thread in milliseconds, which other work on the
            machine disturbs little; empty if several threads take part.
    """

    name: str
    milliseconds: tuple[float, ...]
    processor: tuple[float, ...] = ()

    def percentile(self, share: float) -> float:
        """The time within which `share` percent of the repetitions ended."""
        return float(np.percentile(self.milliseconds, share))


def measure_session(session: Session, repeats: int, seed: int) -> Iterator[Latency]:
    """Repeat every kind of interaction and time it, in a bundle that has documents.

    Documents are drawn at random, and features from the codes of random documents, so dense
    features come as often as a reader meets them.
    """
    random = np.random.default_rng(seed)
    rows = random.integers(len(session.bundle), size=repeats).tolist()
    features = features_met(session, repeats, random)
    queries = [SearchRequest(like=row, limit=_LIMIT, why=True) for row in rows]
    session.warm()
    # One search before the first measurement reads and imports everything.
    session.search(queries[-1])

    def steered(mode: Mode, among: DocumentFilter = EVERYTHING) -> list[Callable[[], object]]:
        requests = [
            # One query is steered as by a person: ten steps of each feature.
            replace(
                queries[0],
                mode=mode,
                filter=among,
                steering={features[turn // 10]: Change("add", round(_STEP * (1 + turn % 10), 2))},
            )
            for turn in range(repeats)
        ]
        return [partial(session.search, request) for request in requests]

    yield _timed("search", [partial(session.search, query) for query in queries])
    yield _timed("steer", steered(DEFAULT_MODE))
    yield _timed("steer by codes", steered("codes"))
    yield _timed("steer by vectors", steered("delta"))
    exact = [replace(query, exact=True) for query in queries[:_EXACT_SEARCHES]]
    yield _timed("search every document", [partial(session.search, query) for query in exact])
    filters = [DocumentFilter(where=(pair,)) for pair in _facts(session)[:repeats]]
    if filters:
        some = [replace(queries[0], filter=each) for each in filters]
        yield _timed("search among some documents", [partial(session.search, q) for q in some])
        yield _timed("steer among some documents", steered(DEFAULT_MODE, filters[-1]))
    yield _timed("open a feature", [partial(session.feature, feature) for feature in features])
    typed = _typed(session, features)[:repeats]
    if typed:
        yield _timed(
            "filter features, a key", [partial(session.find_features, text) for text in typed]
        )
    families = session.sae.families
    if families:
        chosen = [families[i] for i in random.integers(len(families), size=repeats)]
        yield _timed("open a family", [partial(session.family, each) for each in chosen])
    yield _timed("open a document", [partial(session.document, row) for row in rows])


def features_met(session: Session, count: int, random: np.random.Generator) -> list[int]:
    """A feature that is active on each of `count` random documents."""
    codes, found = session.sae.codes, list[int]()
    for row in random.integers(len(session.bundle), size=count).tolist():
        active = codes.indices[row][codes.indices[row] >= 0]
        anything = int(random.integers(codes.n))
        found.append(int(random.choice(active)) if len(active) else anything)
    return found


def measured_recall(session: Session, seed: int) -> dict[str, float]:
    """The share of the true first ten documents that the index finds, plain and steered.

    Queries lie between documents, as texts do. Steered queries are moved along features of
    documents, by a quarter of the query's length up to all of it.
    """
    vectors = session.bundle.embeddings
    random = np.random.default_rng(seed)
    plain = query_vectors(vectors, _RECALL_QUERIES, random)
    directions = session.sae.weights.directions[features_met(session, len(plain), random)]
    strength = random.uniform(*_STRENGTH, (len(plain), 1)).astype(np.float32)
    kinds = {"plain": plain, "steered": plain + strength * directions}
    depth = min(DEPTH, len(vectors))
    true = nearest_rows(np.concatenate(list(kinds.values())), vectors, depth)
    forget_pages(vectors)
    found = np.array([_found(session, query, depth) for each in kinds.values() for query in each])
    shares = [np.isin(own, right).mean() for own, right in zip(found, true, strict=True)]
    halves = np.array(shares).reshape(len(kinds), -1).mean(axis=1).tolist()
    return dict(zip(kinds, halves, strict=True))


def _found(session: Session, query: Float, depth: int) -> list[int]:
    rows = session.searcher.ranker.nearest(query, depth, exact=False).rows.tolist()
    return [*rows, *[-1] * (depth - len(rows))]


def _facts(session: Session) -> list[tuple[str, str]]:
    """Pairs of a field and a value, each of which is a filter that was not used before."""
    facts = session.bundle.documents.facts
    if facts is None:
        return []
    return [
        (field, value)
        for field in facts.fields()
        for value in islice(facts.values(field), _MOST_VALUES)
        if len(value) < LONGEST
    ]


def _typed(session: Session, features: list[int]) -> list[str]:
    """Beginnings of labels, as they are typed letter by letter."""
    labels = [session.features[feature].label[:_LONGEST_FILTER] for feature in features]
    return [label[: length + 1] for label in labels for length in range(len(label))]


def _timed(name: str, work: list[Callable[[], object]]) -> Latency:
    taken, processor = [], []
    for each in work:
        started, busy = time.perf_counter(), time.thread_time()
        each()
        taken.append((time.perf_counter() - started) * 1000)
        processor.append((time.thread_time() - busy) * 1000)
    return Latency(name, tuple(taken), tuple(processor))


class DocumentEmbedder:
    """Embeds a text as the vector of some document, if a bundle's own embedder is missing."""

    name = "documents"
    revision = ""

    def __init__(self, vectors: NDArray[np.floating]) -> None:
        self._vectors = vectors

    @property
    def dimensions(self) -> int:
        """Width of the vectors."""
        return int(self._vectors.shape[1])

    def embed_query(self, text: str) -> Float:
        """The vector of a document, the same for the same text."""
        row = sum(ord(letter) * 31**place for place, letter in enumerate(text))
        return unit(single(self._vectors[row % len(self._vectors)]))

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Float:
        """A row for each text."""
        return np.stack([self.embed_query(text) for text in texts])
