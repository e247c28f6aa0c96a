"""How well search finds relevant documents: by meaning, by words, by both, and after feedback.

Feedback is measured on the residual collection: the query is steered toward the strongest features
of one relevant document, and the ranking of the other relevant documents is compared before and
after, with the first one removed from both rankings. Queries with a single relevant document are
left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import MODES, Mode, feedback_changes, knob_of
from saetui.core.codec import Codes, Float, Postings, SaeWeights, decode, encode_dense
from saetui.core.matches import largest_of_rows
from saetui.core.scores import AddedScores, Term, top, unit
from saetui.core.steering import Shown, rewards, steer_code, steered_vector

# Documents and vectors that are multiplied at a time.
_ROWS = 16_384
_VECTORS = 256
CUT = 10
DEPTH = 100
_RESAMPLES = 1_000
Figures = NDArray[np.float64]

Relevant = Mapping[int, int]
"""How relevant each relevant document of a query is, by its row."""


@dataclass(frozen=True)
class Collection:
    """Documents and judged queries.

    Attributes:
        embeddings: Unit-norm rows `(N, d)`.
        queries: Embeddings of the queries, float32 `(Q, d)`.
        relevant: Of each query.
        words: What the words of each query add to scores.
        texts: The queries.
    """

    embeddings: NDArray[np.floating]
    queries: Float
    relevant: Sequence[Relevant]
    words: Sequence[Term]
    texts: Sequence[str] = ()

    def added(self, place: int, terms: Iterable[Term] = ()) -> Float:
        """What the words of one query and other terms add to the scores of documents, `(N,)`."""
        return AddedScores.of([*terms, self.words[place]], len(self.embeddings)).scores


@dataclass(frozen=True)
class Coded:
    """The collection as an SAE sees it.

    Attributes:
        weights: Of the SAE.
        codes: Of the documents.
        postings: Of the documents.
        shown: How far documents show a feature.
        encode: The dense code of a query's text and embedding; None to encode queries as documents
            are.
        liked: What the telling words of a document in some row add to scores.
    """

    weights: SaeWeights
    codes: Codes
    postings: Postings
    shown: Callable[[int], Shown]
    encode: Callable[[str, Float], Float] | None = None
    liked: Callable[[int], Term] | None = None

    def code_of(self, text: str, e: Float) -> Float:
        """The dense code of a query."""
        return encode_dense(self.weights, e) if self.encode is None else self.encode(text, e)


@dataclass(frozen=True)
class Quality:
    """How good the rankings of one way to search are.

    Each figure is a mean over queries with its 95% interval, from queries drawn again with
    replacement.

    Attributes:
        name: Of the way to search.
        queries: How many queries there were.
        ndcg: nDCG@10.
        recall: Recall@100.
        gain: nDCG@10 minus that of the way it is compared with, query by query; None where it is
            compared with none.
    """

    name: str
    queries: int
    ndcg: tuple[float, float, float]
    recall: tuple[float, float, float]
    gain: tuple[float, float, float] | None = None


def ndcg(ranking: Sequence[int], relevant: Relevant, cut: int = CUT) -> float:
    """Normalised discounted cumulative gain of the first `cut` rows (Jarvelin and Kekalainen 2002).

    Gains are the judged relevances themselves, as trec_eval and BEIR have it.
    """
    discounts = 1 / np.log2(np.arange(2, cut + 2))
    gains = [relevant.get(row, 0) for row in ranking[:cut]]
    ideal = sorted(relevant.values(), reverse=True)[:cut]
    best = float(np.dot(ideal, discounts[: len(ideal)]))
    return float(np.dot(gains, discounts[: len(gains)])) / best if best else 0.0


def recall(ranking: Sequence[int], relevant: Relevant, depth: int = DEPTH) -> float:
    """The share of relevant documents among the first `depth` rows."""
    return sum(row in relevant for row in ranking[:depth]) / max(len(relevant), 1)


def by_meaning(collection: Collection, seed: int) -> Quality:
    """Ranked by the cosine of embeddings."""
    found = nearest(collection.queries, collection.embeddings, _depth(collection))
    return _quality("by meaning", _per_query(found.tolist(), collection.relevant), seed)


def by_words(collection: Collection, seed: int) -> Quality:
    """Ranked by BM25; documents that share no word with a query are not found."""
    found = [term.rows[top(term.values, DEPTH)].tolist() for term in collection.words]
    return _quality("by words", _per_query(found, collection.relevant), seed)


def fused(collection: Collection, seed: int) -> Quality:
    """Ranked by the cosine and what words add, as a search is by default."""
    added = np.stack([collection.added(place) for place in range(len(collection.queries))])
    found = nearest(collection.queries, collection.embeddings, _depth(collection), added)
    return _quality("by meaning and words", _per_query(found.tolist(), collection.relevant), seed)


def reconstructed(collection: Collection, coded: Coded, seed: int) -> Quality:
    """Ranked by the cosine of the SAE's reconstructions of queries and documents."""
    weights, codes = coded.weights, coded.codes
    rows = np.empty(collection.embeddings.shape, dtype=np.float32)
    for row, (indices, values) in enumerate(zip(codes.indices, codes.values, strict=True)):
        used = indices >= 0
        rows[row] = unit(values[used] @ weights.directions[indices[used]] + weights.bias)
    queries = np.stack([decode(weights, encode_dense(weights, e)) for e in collection.queries])
    found = nearest(queries, rows, _depth(collection))
    return _quality("reconstructed", _per_query(found.tolist(), collection.relevant), seed)


@dataclass(frozen=True)
class Feedback:
    """A way to use the relevant document that is given.

    Attributes:
        mode: Steering mode; None to leave the query as it is.
        strength: Change of the document's strongest feature; None for the mode's own.
        features: How many of its features are changed.
        words: Whether its most telling words count beside the query's.
        vector: Instead of features, the share of the document's own vector that is added to the
            query's: Rocchio's feedback without an SAE.
    """

    mode: Mode | None = None
    strength: float | None = None
    features: int = 16
    words: bool = False
    vector: float | None = None

    @property
    def name(self) -> str:
        """What it is called in tables."""
        if self.vector is not None:
            return f"document's vector {self.vector:g}"
        if self.mode is None:
            return "without feedback"
        strength = knob_of(self.mode).feedback if self.strength is None else self.strength
        return f"feedback, {self.mode} {strength:g}" + (" and words" if self.words else "")


def ways_of_feedback(strength: float | None = None) -> tuple[Feedback, ...]:
    """The ways compared: no feedback, features in every mode without words and with them.

    Adding the document's own vector to the query's shows what can be done without an SAE.
    """
    steered = (Feedback(mode, strength, words=words) for words in (False, True) for mode in MODES)
    return (Feedback(), *steered, Feedback(vector=0.5), Feedback(vector=1.0))


def with_feedback(
    collection: Collection, coded: Coded, ways: Sequence[Feedback], seed: int
) -> list[Quality]:
    """How well each way to use one relevant document finds the others of the same query.

    Each relevant document of a query is given once, and the query's figure is the mean over all of
    them. Gains are over the first way.
    """
    several = [place for place, found in enumerate(collection.relevant) if len(found) > 1]
    given = [
        (place, row) for place in several for row in sorted(collection.relevant[place]) if row >= 0
    ]
    if not given:
        return []
    depth = min(DEPTH + 1, len(collection.embeddings))
    texts = collection.texts or [""] * len(collection.queries)
    own = {place: coded.code_of(texts[place], collection.queries[place]) for place in several}
    qualities = []
    base: Figures | None = None
    for way in ways:
        steered = [_fed(collection, coded, own[each[0]], each, way) for each in given]
        found = nearest(
            np.stack([vector for vector, _ in steered]),
            collection.embeddings,
            depth,
            np.stack([added for _, added in steered]),
        ).tolist()
        rankings = [
            [row for row in ranking if row != shown][:DEPTH]
            for ranking, (_, shown) in zip(found, given, strict=True)
        ]
        relevant = [
            {row: gain for row, gain in collection.relevant[place].items() if row != shown}
            for place, shown in given
        ]
        owners = np.array([place for place, _ in given])
        figures = _per_query(rankings, relevant, owners)
        base = figures[0] if base is None else base
        qualities.append(_quality(way.name, figures, seed, base))
    return qualities


def _fed(
    collection: Collection, coded: Coded, z: Float, given: tuple[int, int], way: Feedback
) -> tuple[Float, Float]:
    """The vector to search with, and what adds to the scores of documents, `(N,)`.

    `z` is the code of the query; `given` its place, and the row of the document.
    """
    place, row = given
    e = collection.queries[place]
    if way.vector is not None:
        document = np.asarray(collection.embeddings[row], dtype=np.float32)
        return e + np.float32(way.vector) * document, collection.added(place)
    if way.mode is None:
        return e, collection.added(place)
    weights, codes = coded.weights, coded.codes
    slots = np.flatnonzero(codes.indices[row] >= 0)[: way.features]
    active, values = codes.indices[row][slots].tolist(), codes.values[row][slots].tolist()
    own = np.flatnonzero(z)
    steering = feedback_changes(
        dict(zip(active, values, strict=True)),
        way.mode,
        strength=way.strength,
        query=dict(zip(own.tolist(), z[own].tolist(), strict=True)),
    )
    code = steer_code(z, steering)
    vector = steered_vector(weights, e, z, code, way.mode)
    terms: list[Term] = []
    if way.mode == "codes":
        terms = [*rewards(coded.postings, code - z).values()]
    elif way.mode == "both":
        terms = [coded.shown(i).changed(float(code[i] - z[i])) for i in steering]
    if way.words and coded.liked is not None:
        terms.append(coded.liked(row))
    return vector, collection.added(place, terms)


def _depth(collection: Collection) -> int:
    return min(DEPTH, len(collection.embeddings))


def _per_query(
    rankings: Sequence[Sequence[int]],
    relevant: Sequence[Relevant],
    owners: NDArray[np.integer] | None = None,
) -> tuple[Figures, Figures]:
    """NDCG and recall of each query, means over the rankings that `owners` assigns to it."""
    owners = np.arange(len(rankings)) if owners is None else owners
    places = np.unique(owners, return_inverse=True)[1]
    counts = np.bincount(places)
    ndcgs, recalls = (
        np.bincount(
            places,
            [measure(ranking, right) for ranking, right in zip(rankings, relevant, strict=True)],
        )
        / counts
        for measure in (ndcg, recall)
    )
    return ndcgs, recalls


def _quality(
    name: str, figures: tuple[Figures, Figures], seed: int, base: Figures | None = None
) -> Quality:
    """Means over queries; gains are over the nDCG in `base`."""
    count = len(figures[0])
    drawing = np.random.default_rng(seed)
    drawn = drawing.multinomial(count, np.full(count, 1 / count), _RESAMPLES)

    def estimate(values: Figures) -> tuple[float, float, float]:
        low, high = np.percentile(drawn @ values / count, (2.5, 97.5))
        return float(values.mean()), float(low), float(high)

    gain = None if base is None else estimate(figures[0] - base)
    return Quality(name, count, estimate(figures[0]), estimate(figures[1]), gain)


def nearest(
    vectors: Float,
    embeddings: NDArray[np.floating],
    depth: int,
    added: NDArray[np.floating] | None = None,
    *,
    block: tuple[int, int] = (_ROWS, _VECTORS),
) -> NDArray[np.int64]:
    """Rows of the documents nearest to each vector, nearest first; int64 `(m, depth)`.

    Documents of equal score come in the order of their rows.

    Args:
        vectors: float32 `(m, d)`; the cosine is taken, so that they need not be of unit norm.
        embeddings: Unit-norm rows `(N, d)`, at least `depth` of them.
        depth: How many documents to find for each vector.
        added: Added to the cosines, `(m, N)`; None adds nothing.
        block: How many documents and how many vectors are multiplied at a time.
    """
    rows, most = block
    found = [
        _nearest(
            vectors[start : start + most],
            embeddings,
            depth,
            None if added is None else added[start : start + most],
            rows,
        )
        for start in range(0, len(vectors), most)
    ]
    return np.concatenate([np.empty((0, depth), dtype=np.int64), *found])


def _nearest(
    vectors: Float,
    embeddings: NDArray[np.floating],
    depth: int,
    added: NDArray[np.floating] | None,
    most: int,
) -> NDArray[np.int64]:
    queries = np.stack([unit(vector) for vector in vectors])
    rows = np.empty((len(queries), 0), dtype=np.int64)
    scores = np.empty((len(queries), 0), dtype=np.float32)
    for start in range(0, len(embeddings), most):
        block = np.asarray(embeddings[start : start + most], dtype=np.float32)
        here = queries @ block.T
        if added is not None:
            here = here + added[:, start : start + most]
        chosen = largest_of_rows(here, depth)
        rows = np.hstack([rows, chosen + start])
        scores = np.hstack([scores, np.take_along_axis(here, chosen, axis=1)])
        best = largest_of_rows(scores, depth)
        rows = np.take_along_axis(rows, best, axis=1)
        scores = np.take_along_axis(scores, best, axis=1)
    return rows
