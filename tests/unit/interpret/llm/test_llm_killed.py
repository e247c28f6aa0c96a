"""Two hundred features, an endpoint with every fault, and a kill in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from chat_server import replying, topic_of
from endpoint_server import failing
from llm_models import PRICE, features, model_at

from saetui.interpret.llm import Budget, Ledger, LLMLabeller

FEATURES = 200
CONCURRENCY = 8
SCRIPT = Path(__file__).parents[3] / "label_by_llm.py"


class Trouble:
    """Something else for each feature, the first time that it is asked about."""

    def __init__(self, server):
        self.server = server
        self.seen = Counter()
        self.midway = threading.Event()

    def __call__(self, request):
        topic = topic_of(request)
        self.seen[topic] += 1
        if len(self.server.bill) >= FEATURES // 2:
            self.midway.set()
        if self.seen[topic] > 1:
            return None
        fault = topic % 10
        if fault == 1:
            time.sleep(0.08)
        if fault == 2:
            return failing(429, "slow down", retry_after_ms="20")(request)
        if fault == 3:
            return failing(500, "oops")(request)
        if fault == 4:
            return self.paid(request, "Let me see.\nNo JSON here.")
        if fault == 5:
            return self.paid(request, '{"label": "cut', "length")
        return None

    def paid(self, request, text, finish="stop"):
        self.server.charge(request, text)
        return replying(text, finish)(request)


@contextmanager
def started(server, path, dollars):
    """A run in a process that does not outlast the block."""
    command = [sys.executable, SCRIPT, server.url, path, FEATURES, dollars, CONCURRENCY]
    path = os.pathsep.join([os.fspath(SCRIPT.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def finished(server, path, dollars):
    """What an undisturbed run reports."""
    with Ledger(path, "job", Budget(dollars=dollars)) as ledger:
        model = model_at(server.url, ledger, concurrency=CONCURRENCY)
        outcomes = LLMLabeller(model).label(features(range(FEATURES))).outcomes
        return [outcome.answer for outcome in outcomes], ledger.spending()


def kill_midway(server, trouble, path, dollars):
    with started(server, path, dollars) as process:
        assert trouble.midway.wait(30)
        process.kill()
        process.communicate()
        assert process.returncode < 0, "killed before it was done"


@pytest.fixture
def trouble(server):
    server.delay = 0.02
    server.rule = Trouble(server)
    return server.rule


def test_a_killed_run_goes_on_where_it_stopped(server, trouble, tmp_path):
    path = tmp_path / "r.sqlite"
    kill_midway(server, trouble, path, 5.0)
    before = len(server.bill)
    assert before < FEATURES + FEATURES // 10
    labels, spending = finished(server, path, 5.0)
    assert labels == [f"Topic {number}" for number in range(FEATURES)]
    again = {request: times for request, times in server.times_paid().items() if times > 1}
    assert set(again.values()) <= {2}
    assert len(again) <= spending.unanswered <= CONCURRENCY
    # Of each fifth feature, the first reply was of no use and yet was paid for.
    assert len(server.times_paid()) <= FEATURES + FEATURES // 5 + CONCURRENCY
    assert server.paid_dollars(PRICE) <= spending.dollars + 1e-9
    requests = len(server.requests)
    assert finished(server, path, 5.0) == (labels, spending)
    assert len(server.requests) == requests, "a third run asks nothing"


def test_an_interrupted_run_waits_for_what_is_paid(server, trouble, tmp_path):
    path = tmp_path / "r.sqlite"
    with started(server, path, 5.0) as process:
        assert trouble.midway.wait(30)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode != 0
    assert "KeyboardInterrupt" in said
    labels, spending = finished(server, path, 5.0)
    assert None not in labels
    assert spending.unanswered == 0
    assert set(server.times_paid().values()) == {1}
    assert spending.dollars == pytest.approx(server.paid_dollars(PRICE))


def test_the_budget_holds_over_a_kill(server, trouble, tmp_path):
    path = tmp_path / "r.sqlite"
    dollars = 0.3
    kill_midway(server, trouble, path, dollars)
    labels, spending = finished(server, path, dollars)
    labelled = sum(label is not None for label in labels)
    assert FEATURES // 2 - 40 < labelled < FEATURES
    assert server.paid_dollars(PRICE) <= spending.dollars <= dollars
    labels, _ = finished(server, path, 5.0)
    assert None not in labels, "a larger budget labels the rest"
