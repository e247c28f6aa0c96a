"""Queries: the texts and documents that searches start from, as embeddings and codes."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from saetui.core.codec import Float, SaeWeights, encode_dense
from saetui.core.relevance import Relevance
from saetui.core.search import unit
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.search.query_encoder import EncodedText
from saetui.store.bundle import Bundle


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

    Args:
        bundle: Holds the documents.
        weights: Loads the weights of the SAE.
        embed: Computes the embedding of a text.
        encode: Says what a text with its embedding is made of.
        remembered: How many queries are kept.
    """

    def __init__(
        self,
        bundle: Bundle,
        weights: Callable[[], SaeWeights],
        embed: Callable[[str], Float],
        encode: Callable[[str, Float], EncodedText],
        remembered: int,
    ) -> None:
        self._bundle = bundle
        self._weights = weights
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
        return Query(e, encode_dense(self._weights(), e), words, row)

    def _without_embedding(self, words: str) -> Query:
        weights = self._weights()
        nothing = np.zeros(weights.d, dtype=np.float32)
        return Query(nothing, np.zeros(weights.n, dtype=np.float32), words)
