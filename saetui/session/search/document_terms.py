"""What a query's words and changed features add to the scores of documents."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from saetui.core.added_scores import Term
from saetui.core.code_scores import rewards
from saetui.core.conditions import Shown, shown
from saetui.core.search_request import SearchRequest
from saetui.session.search.steered_query import SteeredQuery
from saetui.session.search.word_search import WordSearch
from saetui.store.bundle import Bundle, StoredSae

# How many features' degrees on documents are kept.
_KEPT = 64


class DocumentTerms:
    """Computes what is added to cosines, and keeps what the next step of steering needs again.

    Args:
        bundle: Holds the documents.
        sae: Its codes say what documents activate.
        label: Returns the current label of a feature; empty if it has none.

    Attributes:
        search: Finds documents by words.
    """

    def __init__(self, bundle: Bundle, sae: StoredSae, label: Callable[[int], str]) -> None:
        self._sae = sae
        self._label = label
        self._shown = lru_cache(_KEPT)(self._compute_shown)
        self.search = WordSearch(bundle)

    def of_words(self, text: str) -> Term:
        """What the words of a text add."""
        return self.search.matches(text).term

    def of_query(self, request: SearchRequest) -> Term | None:
        """What the words of the query add in a search by meaning and words; else None."""
        if request.retrieval != "hybrid" or not request.query.strip():
            return None
        return self.of_words(request.query)

    def of_features(self, request: SearchRequest, steered: SteeredQuery) -> dict[int, Term]:
        """What each changed feature adds; nothing in modes that change the vector instead."""
        changes = steered.changes
        if request.mode == "codes":
            return rewards(self._sae.postings, changes)
        if request.mode == "both":
            changed = np.flatnonzero(changes).tolist()
            return {i: self.shown(i).changed(float(changes[i])) for i in changed}
        return {}

    def shown(self, feature: int) -> Shown:
        """How far documents show a feature."""
        return self._shown(feature, self._label(feature))

    def _compute_shown(self, feature: int, label: str) -> Shown:
        return shown(self._sae.postings, feature, self.of_words(label))
