"""A search as one value, cheap to import: what is asked for, and every edit of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from saetui.core.changes import DEFAULT_MODE, MODES, Change, Mode
from saetui.core.document_filter import EVERYTHING, RETRIEVALS, DocumentFilter, Retrieval

# Amounts are rounded, so that a step up and a step down end exactly where they began.
_DECIMALS = 6


@dataclass(frozen=True)
class SearchRequest:
    """A search, complete. Each edit returns a new request and leaves this one as it is.

    Attributes:
        query: Text; empty to search by a document or by the steered features alone.
        steering: Changes by feature, in the order in which they were made.
        mode: How changes become a ranking; see `saetui.core.steering`.
        solo: The one feature to keep, or None.
        limit: How many results.
        why: Whether to split each score into its terms.
        exact: Compare with every document instead of asking the index.
        like: Row of a document to start from instead of a text; it is not among the results.
        muted: Features that are off for now, whatever their changes.
        retrieval: `hybrid`: by the cosine and what the query's words add to it. `semantic`: by
            meaning alone. `lexical`: by the query's words, which no feature steers.
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
    retrieval: Retrieval = "hybrid"
    filter: DocumentFilter = EVERYTHING

    @property
    def start(self) -> tuple[str, int | None]:
        """The text or the document that the search starts from."""
        return self.query, self.like

    @property
    def has_start(self) -> bool:
        """Whether there is a text or a document to start from, not features alone."""
        return bool(self.query.strip()) or self.like is not None

    @property
    def asks(self) -> bool:
        """Whether there is anything to search for."""
        return self.has_start or bool(self.steering)

    @property
    def steered(self) -> bool:
        """Whether any feature is changed, muted or solo."""
        return bool(self.steering) or bool(self.muted) or self.solo is not None

    @property
    def effective(self) -> "SearchRequest":
        """The request as it is searched.

        Features cannot steer a search by words alone. There the changes wait: they stay in the
        request and count again in another kind of search.
        """
        return self.reset() if self.retrieval == "lexical" and self.steered else self

    # Edits.

    def ask(self, query: str) -> "SearchRequest":
        """The same changes with another query.

        A solo or muted feature may be absent from the new query; its effect could not be seen
        there, so neither is kept.
        """
        return replace(self, query=query, like=None, solo=None, muted=())

    def more_like(self, row: int) -> "SearchRequest":
        """Documents like the one in `row`, without the changes, which belong to another query."""
        retrieval: Retrieval = "hybrid" if self.retrieval == "lexical" else self.retrieval
        return replace(self.reset(), query="", like=row, retrieval=retrieval)

    def change(self, feature: int, change: Change | None) -> "SearchRequest":
        """One feature changed, or (None) as the query has it."""
        steering = dict(self.steering)
        if change is None:
            steering.pop(feature, None)
        else:
            steering[feature] = change
        return replace(self, steering=steering)

    def nudge(self, feature: int, step: float, activation: float) -> "SearchRequest":
        """One feature strengthened by `step`, or weakened by a negative one.

        A feature that is set to an amount, or negated, moves from that amount. Any other moves
        relative to its `activation` in the query, so that the change survives another query.
        """
        change = self.steering.get(feature, Change("add", 0.0))
        if change.operation == "add":
            return self.change(feature, Change("add", round(change.amount + step, _DECIMALS)))
        amount = round(change.apply(activation) + step, _DECIMALS)
        return self.change(feature, Change("set", amount))

    def negate(self, feature: int, activation: float) -> "SearchRequest":
        """One feature turned into its opposite; negated twice it is as strong as before."""
        match self.steering.get(feature):
            case None:
                return self.change(feature, Change("scale", -1.0))
            case Change("scale", -1.0):
                return self.change(feature, None)
            case Change("add", amount) if not activation:
                return self.change(feature, Change("add", -amount))
            case change:
                amount = -round(change.apply(activation), _DECIMALS)
                return self.change(feature, Change("set", amount))

    def toggle_solo(self, feature: int) -> "SearchRequest":
        """Keep only this feature; if it is the one kept, keep all again."""
        return replace(self, solo=None if self.solo == feature else feature)

    def toggle_muted(self, feature: int) -> "SearchRequest":
        """One feature off for now, or on again with the change that it had."""
        muted = tuple(each for each in self.muted if each != feature)
        return replace(self, muted=muted if feature in self.muted else (*muted, feature))

    def reset(self) -> "SearchRequest":
        """No feature changed, muted or solo."""
        return replace(self, steering={}, solo=None, muted=())

    def next_mode(self) -> "SearchRequest":
        """The next steering mode; the first follows the last."""
        return replace(self, mode=MODES[(MODES.index(self.mode) + 1) % len(MODES)])

    def next_retrieval(self) -> "SearchRequest":
        """By both, then by meaning, then by words, then by both again."""
        place = RETRIEVALS.index(self.retrieval)
        return replace(self, retrieval=RETRIEVALS[(place + 1) % len(RETRIEVALS)])

    def without_features(self) -> "SearchRequest":
        """The same search for another SAE, whose features have other numbers."""
        documents = replace(self.filter, having=(), lacking=())
        return replace(self.reset(), filter=documents)
