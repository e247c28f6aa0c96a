"""Undo and redo for the search: two stacks of requests, none of which is ever edited in place."""

from dataclasses import dataclass

from saetui.core.search_request import SearchRequest


@dataclass(frozen=True)
class History:
    """The present request, and the requests before and after it."""

    present: SearchRequest
    past: tuple[SearchRequest, ...] = ()
    future: tuple[SearchRequest, ...] = ()

    def record(self, request: SearchRequest) -> "History":
        """Go on to `request`; what had been undone is forgotten."""
        if request == self.present:
            return self
        return History(request, (*self.past, self.present), ())

    def undo(self) -> "History":
        """One request back; unchanged at the beginning."""
        if not self.past:
            return self
        return History(self.past[-1], self.past[:-1], (self.present, *self.future))

    def redo(self) -> "History":
        """One request on again; unchanged at the end."""
        if not self.future:
            return self
        return History(self.future[0], (*self.past, self.present), self.future[1:])

    @property
    def requests(self) -> tuple[SearchRequest, ...]:
        """All of them, the oldest first."""
        return (*self.past, self.present, *self.future)

    def jump(self, place: int) -> "History":
        """Go to one of `requests`; redo leads to those after it."""
        requests = self.requests
        return History(requests[place], requests[:place], requests[place + 1 :])
