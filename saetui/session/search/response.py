"""The answer to a search: plain values without behaviour."""

from dataclasses import dataclass

from saetui.core.explain import Explanation
from saetui.core.search_request import SearchRequest


@dataclass(frozen=True, slots=True)
class Result:
    """One document that was found.

    Attributes:
        rank: From 1.
        baseline_rank: Its rank without steering; None when it was not among the first
            100, or when there is no query to compare with.
        score: What it was ranked by: the cosine to the steered query, in mode `codes` with the
            rewards of its features; in a hybrid search with what the query's words add; BM25 in
            a lexical one.
        row: Its row in the bundle.
        id: Its id in the corpus.
        title: Its title, or its first words.
        published: ISO date or empty.
        why: The terms of its score, when asked for.
    """

    rank: int
    baseline_rank: int | None
    score: float
    row: int
    id: str
    title: str
    published: str
    why: Explanation | None = None


@dataclass(frozen=True, slots=True)
class QueryFeature:
    """A feature that the query activates or that was changed.

    Attributes:
        id: Number of the feature.
        name: Label or number.
        activation: In the query as it was typed.
        steered: After the changes.
    """

    id: int
    name: str
    activation: float
    steered: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """A document that steering pushed out of the results.

    Attributes:
        baseline_rank: Where it was without steering.
        row: Its row in the bundle.
        id: Its id in the corpus.
        title: Its title, or its first words.
    """

    baseline_rank: int
    row: int
    id: str
    title: str


@dataclass(frozen=True)
class SearchResponse:
    """What a search found.

    Attributes:
        request: What was asked.
        results: Best first.
        features: Those that the query activates, strongest first, then those added.
        dropped: Documents among the first results without steering that are not now.
        drift: Cosine between the query's embedding and the steered vector; 1 when nothing
            changed in `delta` and always in `codes`; None without a query.
        exact: Whether every document was compared.
        milliseconds: From request to answer, without embedding the query.
        kept: Mean cosine of the results to the query's embedding, as a share of what the results
            without steering have; None without a query.
        overlap: The share of the first results without steering that are results now; None
            without a query.
        recall: In an exact search, the share of its results that the index finds, too.
        code_error: In `optimise`, the squared error of the steered vector's code as a share of the
            wanted code's square, before and after the steps; None in other modes.
        eligible: How many documents pass the filter.
    """

    request: SearchRequest
    results: tuple[Result, ...]
    features: tuple[QueryFeature, ...]
    dropped: tuple[Dropped, ...]
    drift: float | None
    exact: bool
    milliseconds: float
    kept: float | None = None
    overlap: float | None = None
    recall: float | None = None
    code_error: tuple[float, float] | None = None
    eligible: int = 0
