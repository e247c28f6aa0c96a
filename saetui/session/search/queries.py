"""What searches start from: texts and documents as vectors and codes, remembered."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import numpy as np

from saetui.core.codec import Float, SaeWeights, encode_dense
from saetui.core.search import unit
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.store.bundle import Bundle


@dataclass(frozen=True)
class Baseline:
    """What a search without steering finds.

    Attributes:
        ranks: By row, from 1.
        cosines: Of the documents to the query, in order of rank.
    """

    ranks: dict[int, int]
    cosines: Float


@dataclass(frozen=True)
class Query:
    """What a search starts from.

    Attributes:
        e: Its embedding `(d,)`; zeros for none.
        z: Its dense code `(n,)`.
        words: Its text; of a document, its title.
        row: The document that it is, or None.
        baselines: What was found without steering, by the manner of searching.
    """

    e: Float
    z: Float
    words: str = ""
    row: int | None = None
    baselines: dict[Hashable, Baseline] = field(default_factory=dict)


class Queries:
    """Makes queries, and remembers the latest, since steering repeats them.

    Args:
        bundle: Of the documents.
        weights: Of the SAE; called when first needed.
        embed: The vector of a text.
        encode: The dense code of a text and its vector.
        remembered: How many queries are remembered.
    """

    def __init__(
        self,
        bundle: Bundle,
        weights: Callable[[], SaeWeights],
        embed: Callable[[str], Float],
        encode: Callable[[str, Float], Float],
        remembered: int,
    ) -> None:
        self._bundle = bundle
        self._weights = weights
        self._embed = embed
        self._encode = encode
        self._most = remembered
        self._known: OrderedDict[str | int, Query] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, request: SearchRequest) -> Query:
        """What a request starts from.

        Raises:
            InputError: It starts from a text and a document at once, or from no document's row.
            EmbedderError: The text cannot be embedded.
        """
        if request.like is not None and request.query.strip():
            raise InputError(
                "A search starts from a text or from a document, not from both.",
                "Leave out one of them.",
            )
        if request.like is not None:
            return self._remembered(request.like, self._of_document)
        if not request.query.strip():
            return self._without_text("")
        # By words alone a text need not be understood, nor the embedder be there.
        if request.retrieval == "lexical":
            return self._without_text(request.query)
        return self._remembered(request.query, self._of_text)

    def of_text(self, text: str) -> Query:
        """A text that is not blank."""
        return self._remembered(text, self._of_text)

    def _remembered(self, key: "str | int", make: Callable[["str | int"], Query]) -> Query:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        query = make(key)
        with self._lock:
            self._known[key] = query
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return query

    def _of_text(self, text: "str | int") -> Query:
        text = str(text)
        e = self._embed(text)
        return Query(e, self._encode(text, e), text)

    def _of_document(self, row: "str | int") -> Query:
        row = int(row)
        self._bundle.check_row(row)
        # Half precision on disk leaves the norm a little off.
        e = unit(np.asarray(self._bundle.embeddings[row], dtype=np.float32))
        words = self._bundle.documents.title_of(row)
        return Query(e, encode_dense(self._weights(), e), words, row)

    def _without_text(self, words: str) -> Query:
        weights = self._weights()
        nothing = np.zeros(weights.d, dtype=np.float32)
        return Query(nothing, np.zeros(weights.n, dtype=np.float32), words)
