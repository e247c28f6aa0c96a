"""What a step of each feature would do to the results, worked out when nobody presses keys."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.timer import Timer
from textual.widget import Widget

from saetui.tui.newest_request import NewestRequest

if TYPE_CHECKING:
    from saetui.core.search_request import SearchRequest
    from saetui.session.session import Session

# Of which results it is asked what a step moves.
_FIRST = 10


class StepEffects:
    """Asks of each answer that is not followed by another what its features would do.

    CALM is how many seconds must pass without another answer.

    Args:
        view: On whose behalf.
        session: The open session; None before there is one.
        show: Given by feature how many of the first ten results a large step of it replaces.
    """

    CALM: ClassVar[float] = 0.15

    def __init__(
        self,
        view: Widget,
        session: "Callable[[], Session | None]",
        show: Callable[[Mapping[int, float]], None],
    ) -> None:
        self._view = view
        self._session = session
        self._timer: Timer | None = None
        self._trying: NewestRequest[SearchRequest, dict[int, float]] = NewestRequest(
            view, "effects", self._try, lambda request, found: show(found), lambda error: None
        )

    @property
    def calm(self) -> bool:
        """Whether nothing waits to be worked out."""
        return self._timer is None

    def drop(self) -> None:
        """Show nothing of what was asked so far."""
        self._trying.drop()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def ask(self, request: "SearchRequest") -> None:
        """Work it out for a search that was just answered, unless another answer comes soon."""
        self.drop()
        timer: Timer = self._view.set_timer(self.CALM, lambda: self._begin(timer, request))
        self._timer = timer

    def _begin(self, timer: Timer, request: "SearchRequest") -> None:
        # A timer that was stopped may have gone off already.
        if timer is self._timer:
            self._timer = None
            self._trying.ask(request)

    def _try(self, request: "SearchRequest") -> dict[int, float]:
        from saetui.session.feedback import effects

        session = self._session()
        if session is None or request.retrieval == "lexical":
            return {}
        found = effects(session, replace(request, limit=_FIRST))
        # Nearly all of them move by some place; those that leave tell features apart.
        return {each.feature: (each.raised + each.lowered) / 2 for each in found}
