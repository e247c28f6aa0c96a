"""What a session is asked, and what it answers: plain values without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from saetui.core.changes import DEFAULT_MODE, Change, Mode
from saetui.core.document_filter import EVERYTHING, DocumentFilter, Retrieval
from saetui.core.documents import Document
from saetui.core.explain import Explanation
from saetui.core.families import Family
from saetui.store.features import FeatureRecord
from saetui.store.labels import LabelRecord, ScoreRecord
from saetui.store.notes import FeatureNotes


@dataclass(frozen=True)
class SearchRequest:
    """A search, complete.

    Attributes:
        query: Text; empty to search by a document or by the steered features alone.
        steering: Changes by feature.
        mode: How changes become a ranking; see `saetui.core.steering`.
        solo: The one feature to keep, or None.
        limit: How many results.
        why: Whether to split each score into its terms.
        exact: Compare with every document instead of asking the index.
        like: Row of a document to start from instead of a text; it is not among the results.
        muted: Features that are off for now, whatever their changes.
        retrieval: `semantic`: by meaning. `lexical`: by the query's words, which no feature
            steers. `hybrid`: by the ranks in both.
        filter: Which documents may be found.
    """

    query: str = ""
    steering: Mapping[int, Change] = field(default_factory=dict)
    mode: Mode = DEFAULT_MODE
    solo: int | None = None
    limit: int = 10
    why: bool = False
    exact: bool = False
    like: int | None = None
    muted: tuple[int, ...] = ()
    retrieval: Retrieval = "semantic"
    filter: DocumentFilter = EVERYTHING

    @property
    def starting(self) -> bool:
        """Whether there is anything to start from beside features."""
        return bool(self.query.strip()) or self.like is not None


@dataclass(frozen=True, slots=True)
class Result:
    """One document that was found.

    Attributes:
        rank: From 1.
        baseline_rank: Its rank without steering; None when it was not among the first
            100, or when there is no query to compare with.
        score: What it was ranked by: the cosine to the steered query, in mode `codes` with the
            rewards of its features; BM25 in a lexical search, the fused ranks in a hybrid one.
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


@dataclass(frozen=True, slots=True)
class Example:
    """A document as an example of a feature.

    Attributes:
        row: Its row in the bundle.
        id: Its id in the corpus.
        title: Its title, or its first words.
        activation: Of the feature on it.
    """

    row: int
    id: str
    title: str
    activation: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another feature, seen from one.

    Attributes:
        id: Number of the other feature.
        name: Its label or number.
        value: Cosine of the directions, or number of documents together.
    """

    id: int
    name: str
    value: float


@dataclass(frozen=True)
class FeatureDetail:
    """Everything about one feature.

    Attributes:
        record: Figures and label.
        labels: Every label it has had.
        scores: Of every label that was scored.
        notes: What the reader said about it.
        histogram: Counts of activations in equal steps from 0 to the maximum.
        top: The documents that activate it most.
        deciles: Examples from each tenth of its documents, strongest tenth first.
        near_misses: Documents nearest to its direction that do not activate it; `activation` is
            their cosine to it.
        nearest: Features of similar direction.
        opposed: Features of opposite direction.
        co_occurring: Features active on the same documents.
        families: Families it is in.
    """

    record: FeatureRecord
    labels: tuple[LabelRecord, ...]
    scores: tuple[ScoreRecord, ...]
    notes: FeatureNotes
    histogram: tuple[int, ...]
    top: tuple[Example, ...]
    deciles: tuple[tuple[Example, ...], ...]
    near_misses: tuple[Example, ...]
    nearest: tuple[Neighbour, ...]
    opposed: tuple[Neighbour, ...]
    co_occurring: tuple[Neighbour, ...]
    families: tuple[Family, ...]


@dataclass(frozen=True)
class DocumentDetail:
    """Everything about one document.

    Attributes:
        row: Its row in the bundle.
        document: Its text and what is known about it.
        features: Features active on it, strongest first; `value` is the activation.
        neighbours: The nearest other documents; `activation` is the cosine.
    """

    row: int
    document: Document
    features: tuple[Neighbour, ...]
    neighbours: tuple[Example, ...]
