"""Search as one would write it in an afternoon: every document, in double precision.

Nothing here is shared with the product but the numbers and texts in the bundle and, in mode
`optimise`, the vector that the descent arrives at.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

import numpy as np
from bundles import HashEmbedder
from numpy.typing import NDArray

from saetui import DocumentFilter, SearchRequest
from saetui.core.steering import optimise
from saetui.store.bundle import Bundle

Scores = NDArray[np.float64]

# Equal documents may differ in the last of sixteen digits, by where they stand in a matrix.
_DIGITS = 12

_STEMS = {"answering": "answer", "summaries": "summary"}


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
        self.labels = [record.label for record in sae.features]
        self.terms = [record.terms for record in sae.features]
        # Of queries; which documents are nearest depends on the index.
        self.codes: dict[str, Scores] = {}
        self._passing: dict[DocumentFilter, NDArray[np.bool_]] = {}
        self._counts = [Counter(_words(each.embedding_text)) for each in self.documents]
        # Thousands of searches ask for the same words and features.
        self._okapi = cache(self._count_okapi)
        self._rarity = cache(self._count_rarity)
        self._shown = cache(self._estimate_shown)

    def scores(self, request: SearchRequest) -> Scores:
        """By meaning, or by meaning and words; minus infinity for what may not be found."""
        vector, added = self.parts(request)
        scores = added.copy() if vector is None else self.cosines(vector) + added
        if vector is None:
            # Without a query, features find the documents that show them and nothing else.
            scores[scores <= self.others(request) + 1e-9] = -np.inf
        scores[~self.passing(request)] = -np.inf
        return scores

    def others(self, request: SearchRequest) -> float:
        """What is added to documents that no change and no word is about."""
        if request.mode != "both":
            return 0.0
        z = self.code(request)
        raised = np.clip(self._changes(z, _changed(z, request)), 0, 1)
        with np.errstate(divide="ignore"):
            return float(0.15 * np.log(1 - raised).sum())

    def parts(self, request: SearchRequest) -> tuple[Scores | None, Scores]:
        """The vector that documents are compared with, or None, and what is added to cosines."""
        e, z = self.start(request), self.code(request)
        wanted = _changed(z, request)
        directions, words = self.weights.directions, self.words(request)
        match request.mode:
            case "codes" | "both":
                off = (z > 0) & (wanted == 0)
                kept = None if e is None else e - (z * off) @ directions
                changes = self._changes(z, wanted)
                return kept, words + (
                    self.relative @ changes
                    if request.mode == "codes"
                    else self._conditions(changes)
                )
            case "delta":
                return (0 if e is None else e) + (wanted - z) @ directions, words
            case "decode":
                return wanted @ directions + self.weights.bias, words
            case "optimise":
                found = optimise(self.weights, wanted.astype(np.float32))
                return found.vector.astype(np.float64), words

    @property
    def relative(self) -> Scores:
        """Activations as shares of the strongest."""
        strongest = self.z.max(axis=0)
        return self.z / np.where(strongest > 0, strongest, 1)

    def _changes(self, z: Scores, wanted: Scores) -> Scores:
        """What is asked for beside the query; what is off is only taken out of it."""
        return np.where((z > 0) & (wanted == 0), 0, wanted - z)

    def _conditions(self, changes: Scores) -> Scores:
        total = np.zeros(len(self.x))
        for feature in np.flatnonzero(changes):
            change = np.clip(changes[feature], -1, 1)
            shown = self._shown(feature)
            factor = 1 - change + change * shown if change > 0 else 1 + change * shown
            with np.errstate(divide="ignore"):
                total += 0.15 * np.log(np.maximum(factor, 0))
        return total

    def _estimate_shown(self, feature: int) -> Scores:
        """How far documents show a feature: by its label, five terms, and the activation."""
        root = np.sqrt(self.relative[:, feature])
        words = {word for term in self.terms[feature][:5] for word in _words(term)}
        telling = " ".join(sorted(word for word in words if self._rarity(word) >= 2))
        label, terms = self._okapi(self.labels[feature]), self._okapi(telling)
        if not label.any() and not terms.any():
            return root
        shares = [each / each.max() if each.any() else each for each in (label, terms)]
        odds = np.exp(-4.3 + 5 * shares[0] + 2.8 * shares[1] + 1.4 * root)
        least = np.exp(-4.3) / (1 + np.exp(-4.3))
        return np.asarray((odds / (1 + odds) - least) / (1 - least))

    def words(self, request: SearchRequest) -> Scores:
        """What the words of a query add: 0.7 / 28 for each unit of BM25, less if it is long."""
        if request.retrieval != "hybrid" or not request.query:
            return np.zeros(len(self.x))
        rarities = sum(self._rarity(word) for word in dict.fromkeys(_words(request.query)))
        return 0.7 / max(28, rarities) * self._okapi(request.query)

    def start(self, request: SearchRequest) -> Scores | None:
        """The embedding that a search starts from."""
        if request.like is not None:
            return self.document(request.like)
        return self.embedded(request.query) if request.query else None

    def code(self, request: SearchRequest) -> Scores:
        """The code of what a search starts from."""
        if request.like is not None:
            return self.encoded(self.document(request.like))
        if not request.query:
            return np.zeros(self.weights.n)
        return self.codes[request.query]

    def query_code(self, text: str) -> Scores:
        """Of a text: 0.35 of its own activations, 0.65 of those of the 20 nearest documents.

        A feature that the text names has 0.675 of the text's own activation.
        """
        e = self.embedded(text)
        scores = self.cosines(e) + self.words(SearchRequest(text))
        near = best(scores, 20)
        shares = np.exp(scores[near] / 0.2)
        weights = self.weights
        own = np.maximum(weights.encoder @ (e - weights.bias) + weights.encoder_bias, 0)
        named = np.array([_named(label, text) for label in self.labels])
        code = (0.35 + 0.325 * named) * own + 0.65 * (shares / shares.sum()) @ self.z[near]
        code[np.argsort(-code, kind="stable")[weights.k :]] = 0
        return code

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
            and (not wanted.until or document.published[: len(wanted.until)] <= wanted.until)
            and (not wanted.after or document.published[: len(wanted.after)] >= wanted.after)
            and all(z[feature] > 0 for feature in wanted.having)
            and all(z[feature] == 0 for feature in wanted.lacking)
        )

    def bm25(self, text: str, request: SearchRequest) -> Scores:
        """BM25; minus infinity where no word occurs or for a filter."""
        total = self._okapi(text)
        return np.where((total > 0) & self.passing(request), total, -np.inf)

    def _count_okapi(self, text: str) -> Scores:
        """Okapi BM25 as SQLite counts it; 0 where no word occurs."""
        lengths = np.array([count.total() for count in self._counts])
        total = np.zeros(len(lengths))
        for word in dict.fromkeys(_words(text)):
            often = np.array([count[word] for count in self._counts], dtype=np.float64)
            saturated = often * 2.2 / (often + 1.2 * (0.25 + 0.75 * lengths / lengths.mean()))
            total += self._rarity(word) * saturated
        return total

    def _count_rarity(self, word: str) -> float:
        having = sum(word in count for count in self._counts)
        if not having:
            return 0.0
        return max(math.log((len(self._counts) - having + 0.5) / (having + 0.5)), 1e-6)


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


def _named(label: str, text: str) -> float:
    """The share of a label's words that a text has."""
    words = set(_words(label))
    return len(words & set(_words(text))) / max(len(words), 1)


def _words(text: str) -> list[str]:
    # Of the stemming, what the words of these tests need.
    words = re.findall(r"\w+", text.casefold())
    return [_STEMS.get(word, word.removesuffix("s")) for word in words]


def best(scores: Scores, limit: int, among: Iterable[int] | None = None) -> list[int]:
    """The rows of the highest scores, the lower row first where two are equal."""
    rows = np.arange(len(scores)) if among is None else np.array(sorted(among), dtype=np.int64)
    rows = rows[scores[rows] > -np.inf]
    found: list[int] = rows[np.argsort(-scores[rows].round(_DIGITS), kind="stable")].tolist()
    return found[:limit]
