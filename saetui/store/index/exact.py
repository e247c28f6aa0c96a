"""An index of kind `exact`: none at all, since comparing with every vector is as fast."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.search import cosines, top
from saetui.store.index.parameters import IndexParameters, Rows


class ExactIndex:
    """Compares with every vector.

    Args:
        parameters: What is recorded about it.
        vectors: The bundle's, `(N, d)`; called when first needed.
    """

    exact = True

    def __init__(
        self, parameters: IndexParameters, vectors: Callable[[], NDArray[np.floating]]
    ) -> None:
        self.parameters = parameters
        self._vectors = vectors

    def search(self, vector: Float, count: int) -> Rows:
        """See `VectorIndex.search`."""
        if not self.parameters.documents:
            return np.empty(0, dtype=np.int64)
        return top(cosines(vector, self._vectors()), count).astype(np.int64)
