"""What a step of each feature would do to the results, computed while no key is pressed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.timer import Timer
from textual.widget import Widget

from saetui.tui.newest_request import NewestRequest

if TYPE_CHECKING:
    from saetui.core.search_request import SearchRequest
    from saetui.session.session import Session

# Effects count changes among this many first results.
_FIRST = 10


class StepEffects:
    """Computes the effects of a search's features once no further answer follows.

    CALM is how many seconds must pass without another answer.

    Args:
        view: Runs the worker and the timer.
        session: Returns the open session, or None before there is one.
        show: Called with how many of the first ten results a large step replaces, by feature.
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
        """Whether no computation waits to begin."""
        return self._timer is None

    def drop(self) -> None:
        """Forget earlier requests; none of their effects is shown."""
        self._trying.drop()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def ask(self, request: "SearchRequest") -> None:
        """Compute the effects for a search that was answered, unless another answer follows."""
        self.drop()
        timer: Timer = self._view.set_timer(self.CALM, lambda: self._begin(timer, request))
        self._timer = timer

    def _begin(self, timer: Timer, request: "SearchRequest") -> None:
        # A timer that was stopped may have gone off already.
        if timer is self._timer:
            self._timer = None
            self._trying.ask(request)

    def _try(self, request: "SearchRequest") -> dict[int, float]:
        from saetui.session.effects import effects

        session = self._session()
        if session is None or request.retrieval == "lexical":
            return {}
        found = effects(session, replace(request, limit=_FIRST))
        # A step of any feature moves most results a little; how many it replaces differs more.
        return {each.feature: (each.raised + each.lowered) / 2 for each in found}
