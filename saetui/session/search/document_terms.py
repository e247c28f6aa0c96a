"""What a query's words and changed features add to the scores of documents."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from saetui.core.scores import Term, added_up
from saetui.core.search_request import SearchRequest
from saetui.core.steering import Shown, rewards, shown
from saetui.session.search.steered_query import SteeredQuery
from saetui.session.search.word_search import WordSearch
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureRecord
from saetui.store.stored_sae import StoredSae

# How many features' degrees on documents are kept.
_KEPT = 64
# How many of a feature's terms say whether a document shows it.
_TERMS = 5


class DocumentTerms:
    """Computes what is added to cosines, and keeps what the next step of steering needs again.

    Args:
        bundle: Holds the documents.
        sae: Its codes say what documents activate.
        record: Returns what is known of a feature now.

    Attributes:
        search: Finds documents by words.
    """

    def __init__(
        self, bundle: Bundle, sae: StoredSae, record: Callable[[int], FeatureRecord]
    ) -> None:
        self._sae = sae
        self._record = record
        self._shown = lru_cache(_KEPT)(self._compute_shown)
        self.search = WordSearch(bundle)

    def of_words(self, text: str) -> Term:
        """What the words of a text add."""
        return self.search.matches(text).term

    def of_query(self, request: SearchRequest) -> Term | None:
        """What words add in a search by meaning and words; None in others, and without words.

        They are the query's, and the most telling ones of documents that the results shall be like.
        """
        if request.retrieval != "hybrid":
            return None
        own = [self.of_words(request.query)] if request.query.strip() else []
        return added_up([*own, *map(self.search.of_liked, request.liked)])

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
        record = self._record(feature)
        return self._shown(feature, record.label, record.terms)

    def _compute_shown(self, feature: int, label: str, terms: tuple[str, ...]) -> Shown:
        words = self.search.telling(terms[:_TERMS])
        return shown(self._sae.postings, feature, self.of_words(label), self.of_words(words))
