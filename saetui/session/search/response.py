"""The answer to a search, and the sentence of a long document that says why it was found."""

from dataclasses import dataclass

from saetui.core.scores import Explanation
from saetui.core.search_request import SearchRequest
from saetui.core.words import sentences, words_of
from saetui.text import visible_line


@dataclass(frozen=True, slots=True)
class Result:
    """One document that was found.

    Attributes:
        rank: From 1.
        baseline_rank: Its rank without steering; None if it was not among the first 100, or if
            there is no query to compare with.
        score: What it is ranked by: the cosine to the steered query, plus what changed features
            and, in a hybrid search, the query's words add; in a lexical search BM25.
        row: Its row in the bundle.
        id: Its id in the corpus.
        title: Its title, or its first words.
        published: ISO date or empty.
        why: The terms of its score, if the request asks for them.
        repeats: How many documents this result stands for: those of the same text.
        passage: Of a document that was embedded by passages, the one nearest to the query; in a
            lexical search nothing.
        paper: Title of the paper that it is a passage of; empty if it is none.
        more: How many further passages of the paper were found; this is the best of them.
        excerpt: The sentence of such a document that has most of the query's words, and on to the
            end of its passage.
        excerpt_at: Where that begins in the document's text.
    """

    rank: int
    baseline_rank: int | None
    score: float
    row: int
    id: str
    title: str
    published: str
    why: Explanation | None = None
    repeats: int = 1
    passage: str = ""
    paper: str = ""
    more: int = 0
    excerpt: str = ""
    excerpt_at: int = 0


@dataclass(frozen=True, slots=True)
class QueryFeature:
    """A feature that the query activates, or that is changed, muted, solo or pinned.

    Attributes:
        id: Its number.
        name: Its label, or its number.
        activation: Its activation in the unsteered query.
        steered: Its activation after the changes.
        sure: Whether the query is fairly sure to ask about it.
        near: How many of the documents nearest to the query (`SearchResponse.told`) count for it;
            None if the query is no text, or has nothing to do with the feature.
    """

    id: int
    name: str
    activation: float
    steered: float
    sure: bool = True
    near: int | None = None

    @property
    def added(self) -> bool:
        """Whether it is listed only because it was changed or pinned."""
        return self.activation == 0 and self.near is None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A document that steering pushed out of the results, with its rank before.

    Without a title it is called by its first words; `paper` is the title of the paper that it is a
    passage of, if it is one.
    """

    baseline_rank: int
    row: int
    id: str
    title: str
    paper: str = ""


@dataclass(frozen=True)
class SearchResponse:
    """The answer to a search.

    Attributes:
        request: The search.
        results: The documents found, best first.
        features: Features that the query asks about, the most probable first, then those that were
            added; see `saetui.core.query_features`. Of a document those that it activates,
            strongest first.
        dropped: Documents that are results without steering and not with it.
        drift: Cosine of the query's embedding and the steered vector; 1 in `codes`, and in `delta`
            if nothing changed; None without a query.
        exact: Whether every document was compared.
        milliseconds: Time from request to answer, without embedding the query.
        kept: Mean cosine of the results to the query's embedding, as a share of that of the results
            without steering; None without a query.
        overlap: The share of the results without steering that are still results; None without a
            query.
        recall: In an exact search, the share of its results that the index finds.
        code_error: In `optimise`, the squared error of the steered vector's code as a share of the
            wanted code's square, before and after the steps; None in other modes.
        eligible: How many documents pass the filter.
        told: Of how many documents nearest to the query `QueryFeature.near` says how many count.
        lacking: Raised features that no document about the query has: neither a result nor one of
            the first 100 without steering.
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
    told: int = 0
    lacking: tuple[int, ...] = ()

    @property
    def lacking_said(self) -> str:
        """Says that no document about the query has what was raised; empty where one has."""
        names = [visible_line(each.name, 60) for each in self.features if each.id in self.lacking]
        if len(names) > 2:
            return f"No document about the query has {len(names):,} of the raised features."
        return f"No document about the query has {' or '.join(names)}." if names else ""


# A word of the query counts if a sentence has its beginning, so that other forms count, too.
_STEM = 6
# Shorter words of letters with spaces between them, such as "of", tell sentences apart by chance.
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A sentence of a document, with what follows it in the passage, and where it begins."""

    text: str
    start: int


def excerpt(text: str, query: str, start: int = 0, stop: int | None = None) -> Excerpt:
    """The sentence of a passage that has most of a query's words, long words counting for more.

    Args:
        text: Of the document.
        query: As it was typed; where no sentence has a word of it, the passage's beginning is told.
        start: Where the passage begins.
        stop: Where it ends; None for the end of the text.
    """
    passage = text[start:stop]
    stems = {
        word[:_STEM]: len(word)
        for word in words_of(query)
        if len(word) >= _SHORTEST or not word.isascii()
    }

    def shared(span: tuple[int, int]) -> int:
        words = passage[slice(*span)].casefold()
        return sum(weight for stem, weight in stems.items() if stem in words)

    spans = sentences(passage)
    if not spans:
        return Excerpt("", start)
    # Of equal ones `max` takes the first.
    first = max(spans, key=shared)[0]
    return Excerpt(passage[first:].strip(), start + first)
