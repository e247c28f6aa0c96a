"""A query after the user's changes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from saetui.core.codec import Float, SaeWeights
from saetui.core.search_request import SearchRequest
from saetui.core.steering import optimise, steer_code, steered_vector, turned_off
from saetui.session.search.queries import Query


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
    """Apply the changes of a request to its query.

    Args:
        weights: Of the SAE.
        query: What the request starts from.
        request: Holds the changes and the mode.
        interrupted: Called before each step of `optimise`; once it returns true, no more are made.

    Raises:
        InputError: See `steer_code`.
    """
    code = steer_code(query.z, request.steering, request.solo, request.muted)
    if request.mode == "optimise" and request.retrieval != "lexical":
        found = optimise(weights, code, interrupted=interrupted)
        return SteeredQuery(query, code, found.vector, (found.before, found.after))
    vector = steered_vector(weights, query.e, query.z, code, request.mode)
    return SteeredQuery(query, code, vector)
