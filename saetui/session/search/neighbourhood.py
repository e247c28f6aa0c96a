"""What a ranker remembers, since steering asks for it again at each step."""

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.search import cosines
from saetui.session.search.document_masks import Eligible

if TYPE_CHECKING:
    from saetui.session.search.ranking import Ranker

# Bytes of embeddings of eligible documents that are kept, so that they need not be read again.
_KEPT_BYTES = 48 << 20

Rows = NDArray[np.int64]


class FilteredDocuments:
    """The documents that pass one filter.

    Args:
        ranker: Of the documents.
        eligible: Which they are.

    Attributes:
        rows: Their rows, ascending.
    """

    def __init__(self, ranker: "Ranker", eligible: Eligible) -> None:
        self._ranker = ranker
        self._eligible = eligible
        self.rows: Rows = np.flatnonzero(eligible)
        self._vectors: NDArray[np.floating] | None = None

    def are(self, eligible: Eligible) -> bool:
        """Whether they are those of a filter."""
        return eligible is self._eligible or np.array_equal(eligible, self._eligible)

    def cosines(self, vector: Float) -> Float:
        """To each of them; their embeddings are kept where they are few enough for memory."""
        if self._vectors is None:
            some = self._ranker.vectors(self.rows[:1])
            if len(self.rows) * some.nbytes > _KEPT_BYTES:
                return self._ranker.cosines(vector, self.rows)
            self._vectors = self._ranker.vectors(self.rows)
        return cosines(vector, self._vectors)


class QueryNeighbourhood:
    """Documents around one query: steering by codes asks for the same ones at each step.

    Args:
        ranker: Of the documents.
        e: The query's embedding `(d,)`.
        eligible: Which documents may be found; None: all.

    Attributes:
        lock: For whoever asks.
    """

    def __init__(self, ranker: "Ranker", e: Float, eligible: Eligible | None) -> None:
        self.lock = threading.Lock()
        self._ranker = ranker
        self._e = e
        self._eligible = eligible
        self._nearest: dict[int, tuple[Rows, Float]] = {}
        self._rows: Rows = np.empty(0, dtype=np.int64)
        self._cosines: Float = np.empty(0, dtype=np.float32)

    def is_of(self, e: Float, eligible: Eligible | None) -> bool:
        """Whether it is about this query."""
        if eligible is None or self._eligible is None:
            return eligible is self._eligible and np.array_equal(e, self._e)
        return np.array_equal(e, self._e) and np.array_equal(eligible, self._eligible)

    def nearest(self, depth: int) -> tuple[Rows, Float]:
        """Rows and cosines of the nearest documents, best first."""
        if depth not in self._nearest:
            found = self._ranker.nearest(self._e, depth, exact=False, eligible=self._eligible)
            self._nearest[depth] = found.rows, found.scores
            self._remember(found.rows, found.scores)
        return self._nearest[depth]

    def cosines(self, rows: Rows) -> Float:
        """Of some rows, in their order."""
        new = rows[~self._known(rows)]
        if len(new):
            self._remember(new, self._ranker.cosines(self._e, new))
        return self._cosines[np.searchsorted(self._rows, rows)]

    def _known(self, rows: Rows) -> NDArray[np.bool_]:
        if not len(self._rows):
            return np.zeros(len(rows), dtype=bool)
        places = np.searchsorted(self._rows, rows)
        return np.asarray(self._rows[np.minimum(places, len(self._rows) - 1)] == rows)

    def _remember(self, rows: Rows, cosines: Float) -> None:
        new = ~self._known(rows)
        together = np.concatenate([self._rows, rows[new]])
        order = np.argsort(together)
        self._rows = together[order]
        self._cosines = np.concatenate([self._cosines, cosines[new]])[order]
