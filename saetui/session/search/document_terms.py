"""What a query's words and changed features add to the scores of documents."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from saetui.core.added_scores import Term
from saetui.core.code_scores import rewards
from saetui.core.conditions import Shown, shown
from saetui.core.search_request import SearchRequest
from saetui.session.search.steered_query import SteeredQuery
from saetui.session.search.word_search import WordSearch
from saetui.store.bundle import Bundle, StoredSae

# For how many features it is remembered how far documents show them.
_REMEMBERED = 64


class DocumentTerms:
    """Computes what is added to cosines, and remembers what steering asks for again.

    Args:
        bundle: Holds the documents.
        sae: Its codes say what documents activate.
        label: Returns the label of a feature as it is now; empty if it has none.

    Attributes:
        search: Finds documents by words.
    """

    def __init__(self, bundle: Bundle, sae: StoredSae, label: Callable[[int], str]) -> None:
        self._sae = sae
        self._label = label
        self._lock = threading.Lock()
        self._shown: OrderedDict[tuple[int, str], Shown] = OrderedDict()
        self.search = WordSearch(bundle.documents)

    def of_words(self, text: str) -> Term:
        """What the words of a text add."""
        return self.search.matches(text).term

    def of_query(self, request: SearchRequest) -> Term | None:
        """What the words of the query add, if it is asked by meaning and words; else None."""
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
        key = feature, self._label(feature)
        with self._lock:
            known = self._shown.get(key)
        if known is None:
            known = shown(self._sae.postings, feature, self.of_words(key[1]))
            with self._lock:
                self._shown[key] = known
                if len(self._shown) > _REMEMBERED:
                    self._shown.popitem(last=False)
        return known
