"""Search as one would write it in an afternoon: every document, in double precision.

Nothing here is shared with the product but the numbers and texts in the bundle and, in mode
`optimise`, the vector that the descent arrives at.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
from bundles import HashEmbedder
from numpy.typing import NDArray

from saetui import DocumentFilter, SearchRequest
from saetui.core.optimise import optimise
from saetui.store.bundle import Bundle

Scores = NDArray[np.float64]

# Equal documents may differ in the last of sixteen digits, by where they stand in a matrix.
_DIGITS = 12


class NaiveSearch:
    """Scores every document of a bundle by the words of README and `saetui.core.steering`."""

    def __init__(self, bundle: Bundle) -> None:
        sae = bundle.sae()
        self.weights = sae.weights
        self.x = np.asarray(bundle.embeddings, dtype=np.float64)
        self.z = np.zeros((len(self.x), sae.weights.n))
        for row, slots in enumerate(zip(sae.codes.indices, sae.codes.values, strict=True)):
            for feature, value in zip(*slots, strict=True):
                if feature >= 0:
                    self.z[row, feature] = value
        self.documents = list(bundle.documents)
        self._passing: dict[DocumentFilter, NDArray[np.bool_]] = {}
        self._counts = [Counter(_words(each.embedding_text)) for each in self.documents]

    def scores(self, request: SearchRequest) -> Scores:
        """By meaning; minus infinity for what may not be found."""
        vector, rewards = self.parts(request)
        scores = rewards.copy() if vector is None else self.cosines(vector) + rewards
        if vector is None:
            # Without a query, steering by codes finds what it rewards and nothing else.
            scores[scores <= 0] = -np.inf
        scores[~self.passing(request)] = -np.inf
        return scores

    def parts(self, request: SearchRequest) -> tuple[Scores | None, Scores]:
        """The vector that documents are compared with, or None, and what is added for codes."""
        e = self.start(request)
        z = np.zeros(self.weights.n) if e is None else self.encoded(e)
        wanted = _changed(z, request)
        directions, nothing = self.weights.directions, np.zeros(len(self.x))
        match request.mode:
            case "codes":
                strongest = self.z.max(axis=0)
                return e, self.z / np.where(strongest > 0, strongest, 1) @ (wanted - z)
            case "delta":
                return (0 if e is None else e) + (wanted - z) @ directions, nothing
            case "decode":
                return wanted @ directions + self.weights.bias, nothing
            case "optimise":
                found = optimise(self.weights, wanted.astype(np.float32))
                return found.vector.astype(np.float64), nothing

    def start(self, request: SearchRequest) -> Scores | None:
        """The embedding that a search starts from."""
        if request.like is not None:
            return self.document(request.like)
        return self.embedded(request.query) if request.query else None

    def embedded(self, text: str) -> Scores:
        return HashEmbedder().embed_query(text).astype(np.float64)

    def document(self, row: int) -> Scores:
        return self.x[row] / np.linalg.norm(self.x[row])

    def encoded(self, e: Scores) -> Scores:
        """The `k` largest activations above zero of an embedding."""
        weights = self.weights
        a = weights.encoder @ (e - weights.bias) + weights.encoder_bias
        strongest = np.argsort(-a, kind="stable")[: weights.k]
        z = np.zeros(weights.n)
        z[strongest] = np.maximum(a[strongest], 0)
        return z

    def cosines(self, vector: Scores) -> Scores:
        return self.x @ (vector / np.linalg.norm(vector))

    def passing(self, request: SearchRequest) -> NDArray[np.bool_]:
        """Which documents may be found."""
        if request.filter not in self._passing:
            rows = range(len(self.documents))
            self._passing[request.filter] = np.array(
                [self._passes(i, request.filter) for i in rows]
            )
        passes = self._passing[request.filter].copy()
        if request.like is not None:
            passes[request.like] = False
        return passes

    def _passes(self, row: int, wanted: DocumentFilter) -> bool:
        document, z = self.documents[row], self.z[row]
        return (
            (
                not wanted.categories
                or bool({*wanted.categories} & {*document.metadata["categories"]})
            )
            and (not wanted.before or document.published[: len(wanted.before)] <= wanted.before)
            and (not wanted.after or document.published[: len(wanted.after)] >= wanted.after)
            and all(z[feature] > 0 for feature in wanted.having)
            and all(z[feature] == 0 for feature in wanted.lacking)
        )

    def bm25(self, text: str, request: SearchRequest) -> Scores:
        """Okapi BM25 as SQLite counts it; minus infinity where no word occurs or for a filter."""
        lengths = np.array([count.total() for count in self._counts])
        total = np.zeros(len(lengths))
        for word in dict.fromkeys(_words(text)):
            often = np.array([count[word] for count in self._counts], dtype=np.float64)
            having = np.count_nonzero(often)
            rarity = math.log((len(often) - having + 0.5) / (having + 0.5))
            saturated = often * 2.2 / (often + 1.2 * (0.25 + 0.75 * lengths / lengths.mean()))
            total += max(rarity, 1e-6) * saturated
        return np.where((total > 0) & self.passing(request), total, -np.inf)


def _changed(z: Scores, request: SearchRequest) -> Scores:
    """A code with a request's changes applied."""
    wanted = z.copy()
    for feature, change in request.steering.items():
        match change.operation:
            case "add":
                wanted[feature] += change.amount
            case "set":
                wanted[feature] = change.amount
            case "scale":
                wanted[feature] *= change.amount
    if request.solo is not None:
        wanted[np.arange(len(z)) != request.solo] = 0
    wanted[list(request.muted)] = 0
    return wanted


def _words(text: str) -> list[str]:
    # Of the stemming, what the words of these tests need.
    return [word.removesuffix("s") for word in re.findall(r"\w+", text.casefold())]


def best(scores: Scores, limit: int, among: Iterable[int] | None = None) -> list[int]:
    """The rows of the highest scores, the lower row first where two are equal."""
    rows = np.arange(len(scores)) if among is None else np.array(sorted(among), dtype=np.int64)
    rows = rows[scores[rows] > -np.inf]
    found: list[int] = rows[np.argsort(-scores[rows].round(_DIGITS), kind="stable")].tolist()
    return found[:limit]


def fused(rankings: Iterable[list[int]], documents: int) -> Scores:
    """Reciprocal rank fusion; minus infinity for what no ranking has."""
    scores = np.full(documents, -np.inf)
    for ranking in rankings:
        for rank, row in enumerate(ranking, start=1):
            scores[row] = max(scores[row], 0) + 1 / (60 + rank)
    return scores
