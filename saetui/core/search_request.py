"""A search as one value, cheap to import: what is asked for, and every edit of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from saetui.core.changes import DEFAULT_MODE, FEEDBACK_MODE, MODES, Change, Mode, knob_of
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
        pinned: Features whose changes go along to the next query.
        unfolded: List each document of a repeated text and passage of a paper, not one for all.
        liked: Rows of documents whose most telling words count beside the query's.
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
    pinned: tuple[int, ...] = ()
    unfolded: bool = False
    liked: tuple[int, ...] = ()

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
        """Whether any feature is changed, muted or solo, or words of a document count."""
        return bool(self.steering or self.muted or self.liked) or self.solo is not None

    @property
    def on(self) -> tuple[int, ...]:
        """Features that are changed, muted, solo or pinned, each once."""
        solo = () if self.solo is None else (self.solo,)
        return tuple(dict.fromkeys((*self.steering, *self.muted, *solo, *self.pinned)))

    @property
    def effective(self) -> "SearchRequest":
        """The request as it is searched.

        Features cannot steer a search by words alone. There the changes wait: they stay in the
        request and count again in another kind of search.
        """
        return self.reset() if self.retrieval == "lexical" and self.steered else self

    # Edits.

    def ask(self, query: str) -> "SearchRequest":
        """Another query, without changes of features that are not pinned.

        Changes belong to the query that they were made for. They stay where a query is emptied,
        which searches by them alone, and where the first query follows them.
        """
        kept = self if not self.has_start or not query.strip() else self._with_pinned()
        return replace(kept, query=query, like=None)

    def more_like(self, row: int) -> "SearchRequest":
        """Documents like the one in `row`, without changes of features that are not pinned."""
        retrieval: Retrieval = "hybrid" if self.retrieval == "lexical" else self.retrieval
        return replace(self._with_pinned(), query="", like=row, retrieval=retrieval)

    def _with_pinned(self) -> "SearchRequest":
        """The same search with the changes of pinned features alone."""
        steering = {i: change for i, change in self.steering.items() if i in self.pinned}
        return replace(
            self,
            liked=(),
            mode=self.mode if steering else self._mode_of_its_own,
            steering=steering,
            solo=self.solo if self.solo in self.pinned else None,
            muted=tuple(i for i in self.muted if i in self.pinned),
        )

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
        relative to its `activation` in the query, so that the change can be kept for another
        query. It moves no further than changes of the mode have an effect.
        """
        change = self.steering.get(feature, Change("add", 0.0))
        amount = knob_of(self.mode).moved(change.apply(activation) - activation, step)
        amount = round(amount, _DECIMALS)
        if change.operation == "add":
            return self.change(feature, Change("add", amount))
        return self.change(feature, Change("set", round(activation + amount, _DECIMALS)))

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
        return replace(self, muted=_toggled(self.muted, feature))

    def toggle_pinned(self, feature: int) -> "SearchRequest":
        """What is done to one feature goes along to the next query, or no longer."""
        return replace(self, pinned=_toggled(self.pinned, feature))

    def leave(self, feature: int) -> "SearchRequest":
        """One feature neither changed nor muted, solo or pinned."""
        return replace(
            self.change(feature, None),
            solo=None if self.solo == feature else self.solo,
            muted=_without(self.muted, feature),
            pinned=_without(self.pinned, feature),
        )

    def reset(self) -> "SearchRequest":
        """No feature changed, muted, solo or pinned, and no words but the query's."""
        mode = self._mode_of_its_own
        return replace(self, steering={}, mode=mode, solo=None, muted=(), pinned=(), liked=())

    @property
    def _mode_of_its_own(self) -> Mode:
        """The mode without the documents that the search was steered toward: they chose theirs."""
        return DEFAULT_MODE if self.liked and self.mode == FEEDBACK_MODE else self.mode

    def next_mode(self) -> "SearchRequest":
        """The next steering mode; the first follows the last."""
        return replace(self, mode=MODES[(MODES.index(self.mode) + 1) % len(MODES)])

    def next_retrieval(self) -> "SearchRequest":
        """By both, then by meaning, then by words, then by both again."""
        place = RETRIEVALS.index(self.retrieval)
        return replace(self, retrieval=RETRIEVALS[(place + 1) % len(RETRIEVALS)])

    def without_features(self) -> "SearchRequest":
        """The same search for another SAE, whose features have other numbers."""
        documents = replace(self.filter, having=(), lacking=(), active=())
        return replace(self.reset(), filter=documents)


def _without(features: tuple[int, ...], feature: int) -> tuple[int, ...]:
    return tuple(each for each in features if each != feature)


def _toggled(features: tuple[int, ...], feature: int) -> tuple[int, ...]:
    left = _without(features, feature)
    return left if feature in features else (*left, feature)
