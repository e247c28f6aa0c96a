"""Queries: the texts and documents that searches start from, embedded, encoded and steered."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from saetui.core.codec import Float, SaeWeights, encode_dense
from saetui.core.query_features import Relevance
from saetui.core.scores import unit
from saetui.core.search_request import SearchRequest
from saetui.core.steering import optimise, steer_code, steered_vector, turned_off
from saetui.embed import Embedder, EmbedderSettings, load_embedder
from saetui.errors import InputError, SaetuiError
from saetui.session.search.query_encoder import EncodedText
from saetui.store.bundle import Bundle
from saetui.store.manifest import Manifest
from saetui.store.stored_sae import StoredSae


@dataclass(frozen=True)
class Baseline:
    """What a search without steering finds.

    Attributes:
        ranks: Ranks from 1, by row; where one passage of each paper is found, by that paper's key.
        rows: The documents found, best first.
        cosines: Cosines of the documents to the query, in order of rank.
    """

    ranks: dict[int, int]
    rows: list[int]
    cosines: Float


@dataclass(frozen=True)
class Query:
    """What a search starts from.

    Attributes:
        e: Its embedding `(d,)`; zeros if it has none.
        z: Its dense code `(n,)`.
        words: Its text, or the title of its document.
        row: Row of its document; None if it is a text.
        baselines: What was found without steering, for each way to search.
        relevance: What the text asks about; None of a document.
    """

    e: Float
    z: Float
    words: str = ""
    row: int | None = None
    baselines: dict[Hashable, Baseline] = field(default_factory=dict)
    relevance: Relevance | None = None


class Queries:
    """Makes queries, and keeps the latest for the next steps of steering.

    `embed` computes the embedding of a text, and `encode` says what features such a text has;
    `remembered` is how many queries are kept.
    """

    def __init__(
        self,
        bundle: Bundle,
        sae: StoredSae,
        embed: Callable[[str], Float],
        encode: Callable[[str, Float], EncodedText],
        remembered: int,
    ) -> None:
        self._bundle = bundle
        self._sae = sae
        self._embed = embed
        self._encode = encode
        self._kept = lru_cache(remembered)(self._make)

    def of(self, request: SearchRequest) -> Query:
        """The query of a request.

        Raises:
            InputError: The request has a text and a document, or there is no such document.
            EmbedderError: The text cannot be embedded.
        """
        if request.like is not None and request.query.strip():
            raise InputError(
                "A search starts from a text or from a document, not from both.",
                "Leave out one of them.",
            )
        # A search by words alone needs no embedding, so it works without an embedder.
        if not request.has_start or (request.retrieval == "lexical" and request.like is None):
            return self._without_embedding(request.query)
        return self._kept(request.query, request.like)

    def of_text(self, text: str) -> Query:
        """The query of a text, which must not be blank."""
        return self._kept(text, None)

    def _make(self, text: str, row: int | None) -> Query:
        if row is not None:
            return self._of_document(row)
        e = self._embed(text)
        found = self._encode(text, e)
        return Query(e, found.code, text, relevance=found.relevance)

    def _of_document(self, row: int) -> Query:
        self._bundle.check_row(row)
        # In half precision the norm is a little off 1.
        e = unit(np.asarray(self._bundle.embeddings[row], dtype=np.float32))
        words = self._bundle.documents.title_of(row)
        return Query(e, encode_dense(self._sae.weights, e), words, row)

    def _without_embedding(self, words: str) -> Query:
        weights = self._sae.weights
        nothing = np.zeros(weights.d, dtype=np.float32)
        return Query(nothing, np.zeros(weights.n, dtype=np.float32), words)


_WITHOUT_EMBEDDER = (
    "Until then, searching by features, by a document (its id) and by words alone still works."
)


class QueryEmbedder:
    """Embeds queries with the embedder that made a bundle's embeddings. Any thread may call it.

    The manifest names the embedder, unless another one is given.
    """

    def __init__(self, manifest: Manifest, embedder: Embedder | None = None) -> None:
        self._manifest = manifest
        self._embedder = embedder
        self._loading = threading.Lock()

    def load(self) -> Embedder:
        """The embedder, loaded at the first call.

        Raises:
            EmbedderError: It cannot be loaded on this machine.
            InputError: Its vectors have another width than the bundle's embeddings.
        """
        with self._loading:
            if self._embedder is None:
                settings = EmbedderSettings.from_dict(self._manifest.embedder)
                try:
                    self._embedder = load_embedder(settings)
                except SaetuiError as error:
                    error.hint = f"{error.hint} {_WITHOUT_EMBEDDER}".strip()
                    raise
            if self._embedder.dimensions != self._manifest.dimensions:
                raise InputError(
                    f"The embedder {self._embedder.name} gives vectors of width "
                    f"{self._embedder.dimensions}, but the bundle's have width "
                    f"{self._manifest.dimensions}.",
                    "Open the bundle with the embedder that it was built with.",
                )
            return self._embedder

    def embed(self, text: str) -> Float:
        """The embedding of a query, float32 `(d,)`.

        Raises:
            EmbedderError: The embedder cannot be loaded, or fails.
        """
        return self.load().embed_query(text)


@dataclass(frozen=True)
class SteeredQuery:
    """A query after the user's changes.

    Attributes:
        query: The query before the changes.
        code: `z'`, dense `(n,)`.
        vector: `e'`, not normalised, `(d,)`.
        code_error: See `SearchResponse`.
    """

    query: Query
    code: Float
    vector: Float
    code_error: tuple[float, float] | None = None

    @property
    def kept(self) -> Float:
        """The query's own code `(n,)` without the features that are turned off."""
        return np.where(turned_off(self.query.z, self.code), 0, self.query.z)

    @property
    def changes(self) -> Float:
        """`z' - z`, dense `(n,)`; 0 for features that are turned off, which the vector lacks."""
        return np.where(turned_off(self.query.z, self.code), 0, self.code - self.query.z)


def steer_query(
    weights: SaeWeights,
    query: Query,
    request: SearchRequest,
    interrupted: Callable[[], bool] = lambda: False,
) -> SteeredQuery:
    """Apply the changes of a request to its query, in its mode.

    `optimise` stops making steps once `interrupted` returns true.

    Raises:
        InputError: See `steer_code`.
    """
    code = steer_code(query.z, request.steering, request.solo, request.muted)
    if request.mode == "optimise" and request.retrieval != "lexical":
        found = optimise(weights, code, interrupted=interrupted)
        return SteeredQuery(query, code, found.vector, (found.before, found.after))
    vector = steered_vector(weights, query.e, query.z, code, request.mode)
    return SteeredQuery(query, code, vector)
