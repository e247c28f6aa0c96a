"""The features of a query: of its text, and of the documents that the text is nearest to."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from saetui.core.codec import Codes, Float
from saetui.core.query_code import NEIGHBOURS, ShortTexts, query_code, shortness
from saetui.session.search.ranking import Ranking
from saetui.store.bundle import Bundle, StoredSae


class QueryEncoder:
    """Encodes the texts of queries; see `saetui.core.query_code`.

    Args:
        bundle: Holds what its short texts are like, if that was measured.
        sae: The SAE.
        nearest: Finds the given number of documents nearest to a text of the given embedding.
    """

    def __init__(
        self, bundle: Bundle, sae: StoredSae, nearest: Callable[[str, Float, int], Ranking]
    ) -> None:
        self._bundle = bundle
        self._sae = sae
        self._nearest = nearest

    @cached_property
    def short_texts(self) -> ShortTexts:
        """What short texts of the corpus are like; zeros if that is not known."""
        weights, measured = self._sae.weights, self._bundle.short_texts
        if measured is None:
            nothing = np.zeros(weights.d, dtype=np.float32)
            return ShortTexts(nothing, np.zeros(weights.n, dtype=np.float32))
        return ShortTexts.of(weights, *measured)

    def code(self, text: str, e: Float, without: int | None = None) -> Float:
        """The dense code of a query, `(n,)`; a document `without` has no say."""
        found = self._nearest(text, e, NEIGHBOURS + 1)
        said = np.flatnonzero(found.rows != (-1 if without is None else without))[:NEIGHBOURS]
        rows, codes = found.rows[said], self._sae.codes
        near = Codes(np.asarray(codes.indices[rows]), np.asarray(codes.values[rows]), codes.n)
        short, scores = self.short_texts, found.scores[said]
        return query_code(self._sae.weights, e, short, shortness(text), near=near, scores=scores)

    def as_document(self, text: str, e: Float) -> Float:
        """The embedding of a text as if it were as long as documents are, `(d,)`."""
        return e - np.float32(shortness(text)) * self.short_texts.shift
