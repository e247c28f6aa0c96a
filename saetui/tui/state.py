"""What the search view shows, as one value; every edit makes a new one.

Undo and redo are two stacks of these values, so that nothing is ever edited in place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from saetui.core.changes import DEFAULT_MODE, MODES, Change, Mode
from saetui.core.document_filter import EVERYTHING, RETRIEVALS, DocumentFilter, Retrieval

# Amounts are kept to this many decimals, so that up and down again is exactly where it began.
_DECIMALS = 6


@dataclass(frozen=True)
class SearchState:
    """A search as the user spelled it.

    Attributes:
        query: Text as submitted.
        mode: Steering mode.
        steering: Changes by feature, in the order in which they were made.
        solo: The one feature that is kept, or None.
        muted: Features that are off for now.
        like: Row of the document that is asked for instead of a text, or None.
        retrieval: Whether to search by meaning, by words, or both.
        filter: Which documents may be found.
        exact: Whether to compare with every document.
    """

    query: str = ""
    mode: Mode = DEFAULT_MODE
    steering: Mapping[int, Change] = field(default_factory=lambda: MappingProxyType({}))
    solo: int | None = None
    muted: tuple[int, ...] = ()
    like: int | None = None
    retrieval: Retrieval = "semantic"
    filter: DocumentFilter = EVERYTHING
    exact: bool = False

    @property
    def start(self) -> tuple[str, int | None]:
        """What features are those of: the text or the document."""
        return self.query, self.like

    @property
    def asks(self) -> bool:
        """Whether there is anything to search for."""
        return bool(self.query) or self.like is not None or bool(self.steering)

    def ask(self, query: str) -> "SearchState":
        """The same changes with another query.

        What is solo or muted may be absent there, and would then be silent without being seen.
        """
        return replace(self, query=query, like=None, solo=None, muted=())

    def more_like(self, row: int) -> "SearchState":
        """What is like a document, without the changes, which were made to another query."""
        unsteered = self.reset()
        retrieval: Retrieval = "semantic" if self.retrieval == "lexical" else self.retrieval
        return replace(unsteered, query="", like=row, retrieval=retrieval)

    def without_features(self) -> "SearchState":
        """The same search of another SAE, where the numbers of features mean something else."""
        wanted = replace(self.filter, having=(), lacking=())
        return replace(self.reset(), filter=wanted)

    def next_retrieval(self) -> "SearchState":
        """By meaning, by words, by both, around."""
        place = RETRIEVALS.index(self.retrieval)
        return replace(self, retrieval=RETRIEVALS[(place + 1) % len(RETRIEVALS)])

    def toggle_muted(self, feature: int) -> "SearchState":
        """One feature off for now, or on again with the change that it had."""
        muted = tuple(each for each in self.muted if each != feature)
        return replace(self, muted=muted if feature in self.muted else (*muted, feature))

    def next_mode(self) -> "SearchState":
        """The next steering mode, around."""
        return replace(self, mode=MODES[(MODES.index(self.mode) + 1) % len(MODES)])

    def change(self, feature: int, change: Change | None) -> "SearchState":
        """One feature changed, or (None) as the query has it."""
        steering = dict(self.steering)
        if change is None:
            steering.pop(feature, None)
        else:
            steering[feature] = change
        return replace(self, steering=MappingProxyType(steering))

    def nudge(self, feature: int, step: float, activation: float) -> "SearchState":
        """One feature strengthened by `step`, or weakened by a negative one.

        A feature that stands at a fixed amount, or was negated, moves from there; any other moves
        relative to its `activation` in the query, so that the change survives another query.
        """
        change = self.steering.get(feature, Change("add", 0.0))
        if change.operation == "add":
            return self.change(feature, Change("add", round(change.amount + step, _DECIMALS)))
        amount = round(change.apply(activation) + step, _DECIMALS)
        return self.change(feature, Change("set", amount))

    def negate(self, feature: int, activation: float) -> "SearchState":
        """One feature turned into the opposite of what it is now; twice is as strong as before."""
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

    def toggle_solo(self, feature: int) -> "SearchState":
        """Keep only this feature, or all again when it was the one kept."""
        return replace(self, solo=None if self.solo == feature else feature)

    def reset(self) -> "SearchState":
        """No feature changed."""
        return replace(self, steering=MappingProxyType({}), solo=None, muted=())


@dataclass(frozen=True)
class History:
    """The present state, and the states before and after it."""

    present: SearchState = SearchState()
    past: tuple[SearchState, ...] = ()
    future: tuple[SearchState, ...] = ()

    def record(self, state: SearchState) -> "History":
        """Go on to `state`; what had been undone is forgotten."""
        if state == self.present:
            return self
        return History(state, (*self.past, self.present), ())

    def undo(self) -> "History":
        """One state back; unchanged at the beginning."""
        if not self.past:
            return self
        return History(self.past[-1], self.past[:-1], (self.present, *self.future))

    def redo(self) -> "History":
        """One state on again; unchanged at the end."""
        if not self.future:
            return self
        return History(self.future[0], (*self.past, self.present), self.future[1:])

    @property
    def states(self) -> tuple[SearchState, ...]:
        """All of them, the oldest first."""
        return (*self.past, self.present, *self.future)

    def jump(self, place: int) -> "History":
        """Go to one of `states`; those after it can be done again."""
        states = self.states
        return History(states[place], states[:place], states[place + 1 :])
