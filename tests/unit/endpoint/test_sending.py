"""Many requests to an endpoint that cannot keep up, says so, or fails for a while."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from endpoint_server import EndpointServer, failing, saying

from saetui.endpoint.client import connected, run, tasks
from saetui.endpoint.retries import NoAnswer, NotTheProtocol, Patience, Refused, Sender

SOON = Patience(deadline=30, tries=6, pause=0.01, longest_pause=0.05)
BUSY = failing(429, "slow down")


class EchoServer(EndpointServer):
    """Answers so many requests at a time, each after a while, and refuses the others."""

    def __init__(self, most: int = 1_000, delay: float = 0.0) -> None:
        super().__init__()
        self.refused = self.most_at_once = 0
        self._most, self._delay = most, delay
        self._at_once = 0
        self._counting = threading.Lock()
        self.rule = self._answer

    def _answer(self, request: dict[str, Any]) -> Any:
        with self._counting:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            busy = self._at_once > self._most
            self.refused += busy
        try:
            if busy:
                return BUSY(request)
            time.sleep(self._delay)
            return None
        finally:
            with self._counting:
                self._at_once -= 1

    def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"number": request["number"]}


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as running:
        yield running


def send(
    server: EndpointServer,
    numbers: Sequence[int],
    patience: Patience = SOON,
    concurrency: int = 8,
    notes: list[str] | None = None,
) -> list[int]:
    """Send each number, and give those that came back in their order."""
    found: dict[int, int] = {}

    async def all_of_them() -> None:
        sender = Sender(patience, concurrency, None if notes is None else notes.append)
        async with connected(server.url, patience.deadline) as endpoint:

            async def one(number: int) -> None:
                answer = await sender.send(lambda: endpoint.post("/echo", {"number": number}, 999))
                found[number] = answer["number"]

            async with tasks() as group:
                for number in numbers:
                    group.start_soon(one, number)

    run(all_of_them)
    return [found[number] for number in numbers]


def test_no_more_run_at_a_time_than_allowed():
    with EchoServer(delay=0.1) as server:
        assert send(server, range(12), concurrency=3) == list(range(12))
        assert server.most_at_once == 3


def test_an_endpoint_that_cannot_keep_up_is_sent_fewer_at_a_time():
    with EchoServer(most=2, delay=0.05) as server:
        patience = Patience(deadline=30, tries=20, pause=0.01, longest_pause=0.1)
        assert send(server, range(60), patience) == list(range(60))
        # Eight at a time without end would have been refused several times as often.
        assert server.refused <= 40


def test_when_one_is_told_to_wait_all_wait(server):
    times = []

    def rule(request):
        times.append(time.monotonic())
        time.sleep(0.05)

    server.rule = rule
    told: list[float] = []

    def busy(request):
        told.append(time.monotonic())
        return failing(429, "slow down", retry_after="0.5")(request)

    server.script = [busy]
    send(server, range(8), concurrency=2)
    # One request may have been under way when the other was refused.
    later = [began for began in times if began > told[0] + 0.1]
    assert len(later) >= 7
    assert min(later) >= told[0] + 0.49


def test_the_wait_is_not_longer_than_patience_allows(server):
    server.script = [failing(503, "overloaded", retry_after="600")]
    notes: list[str] = []
    started = time.monotonic()
    patience = Patience(deadline=30, tries=2, longest_wait=0.1)
    assert send(server, [1], patience, notes=notes) == [1]
    assert time.monotonic() - started < 30
    assert notes == ["The endpoint is busy or silent; waiting 1 s."]


def test_waits_grow_and_are_said_once_each(server):
    server.script = [failing(500, "oops")] * 4
    notes: list[str] = []
    patience = Patience(deadline=30, tries=5, pause=0.2, longest_pause=0.4)
    started = time.monotonic()
    assert send(server, [1], patience, notes=notes) == [1]
    # Half to all of 0.2, 0.4, 0.4 and 0.4 seconds.
    assert time.monotonic() - started >= 0.7
    assert notes == ["The endpoint is busy or silent; waiting 1 s."]


def test_a_request_is_given_up_after_its_tries(server):
    server.rule = BUSY
    with pytest.raises(Refused, match="slow down"):
        send(server, [1])
    assert len(server.requests) == SOON.tries


def test_what_does_not_pass_is_not_tried_again(server):
    server.rule = failing(401, "who are you")
    with pytest.raises(Refused, match="who are you"):
        send(server, [1])
    assert len(server.requests) == 1


def test_an_answer_outside_the_protocol_passes_only_where_others_were_answered(server):
    page = saying("<html>log in</html>")
    server.script = [page]
    with pytest.raises(NotTheProtocol):
        send(server, [1])
    assert len(server.requests) == 1
    server.script = [lambda request: None, page, page]
    assert send(server, [1, 2, 3], concurrency=1) == [1, 2, 3]


def test_a_failure_ends_the_waiting_of_all_others(server):
    def rule(request):
        if request["number"] == 0:
            return failing(429, "slow down", retry_after="60")(request)
        time.sleep(0.1)
        return failing(401, "who are you")(request)

    server.rule = rule
    started = time.monotonic()
    with pytest.raises(Refused, match="who are you"):
        send(server, [0, 1], concurrency=2)
    assert time.monotonic() - started < 30


def test_work_may_be_begun_where_an_event_loop_runs_already(server):
    """Notebooks have one."""
    import asyncio

    async def cell() -> list[int]:
        return send(server, [1, 2])

    assert asyncio.run(cell()) == [1, 2]


def test_a_silent_server_is_asked_again(server):
    server.script = [server.never]
    with pytest.raises(NoAnswer):
        send(server, [1], Patience(deadline=0.2, tries=1))
    server.script = [server.never]
    assert send(server, [1], Patience(deadline=1.0, tries=2, pause=0.01)) == [1]
