"""Servers that take other options than OpenAI's."""

import numpy as np
import pytest
from chat_server import replying
from endpoint_server import failing
from llm_models import SOON, Told, features, model_at

from saetui.endpoint.keys import OFFICIAL_URL
from saetui.errors import LanguageModelError
from saetui.interpret.llm import Ledger, LLMJudge, LLMLabeller, Patience
from saetui.interpret.llm.chat import first_dialect
from saetui.interpret.llm.judge import LabelToJudge
from saetui.progress import Silent


def refusing(*options):
    """A server that refuses requests with any of these options, and names the first in words."""

    def rule(request):
        form = (request.get("response_format") or {}).get("type", "")
        for option in options:
            if option in request or option == form:
                return failing(400, f"Unsupported parameter: '{option}' is not supported.")(request)
        return None

    return rule


def label(server, ledger, numbers, progress=None, **options):
    labeller = LLMLabeller(model_at(server.url, ledger, **options))
    return [outcome.answer for outcome in labeller.label(features(numbers), progress).outcomes]


@pytest.mark.parametrize(
    "options",
    [
        ["json_schema"],
        ["response_format"],
        ["max_tokens"],
        ["temperature", "max_tokens"],
        ["seed", "temperature", "response_format"],
    ],
)
def test_options_that_are_refused_are_left_out_from_then_on(server, ledger, options):
    server.rule = refusing(*options)
    assert label(server, ledger, range(10)) == [f"Topic {number}" for number in range(10)]
    refused = len(server.requests) - 10
    assert refused <= len(options) + ("response_format" in options)
    last = server.requests[-1]
    assert not set(options) & set(last)
    assert ("max_completion_tokens" in last) == ("max_tokens" in options)
    if options == ["json_schema"]:
        assert last["response_format"] == {"type": "json_object"}


def test_a_refusal_that_names_nothing(server, ledger):
    """Some servers say no more than that the request is bad."""
    bad = failing(400, "Bad request")
    server.rule = lambda request: bad(request) if "response_format" in request else None
    assert label(server, ledger, range(4)) == ["Topic 0", "Topic 1", "Topic 2", "Topic 3"]
    assert len(server.requests) == 4 + 2


VALIDATION = (
    "1 validation error: {'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), "
    "'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}"
)


@pytest.mark.parametrize("message", [VALIDATION, "Internal Server Error"])
@pytest.mark.parametrize("forms", [["json_schema"], ["json_schema", "json_object"]])
def test_a_server_that_fails_over_a_form_is_asked_in_another_at_once(
    server, ledger, told, message, forms
):
    """As llama-cpp-python's server does, with status 500."""
    fails = failing(500, message)
    server.rule = lambda request: (
        fails(request) if (request.get("response_format") or {}).get("type") in forms else None
    )
    patience = Patience(deadline=30, tries=2, pause=10)
    assert label(server, ledger, range(4), told, patience=patience) == [*map(topic, range(4))]
    assert len(server.requests) == 4 + len(forms)
    (note,) = told.notes
    asked_for = "JSON objects" if len(forms) == 1 else "plain text"
    assert note.startswith(f"{server.url} takes no JSON schemas with 'test-model'; it is asked for")
    assert asked_for in note
    # What a server says of a form is kept; a mere failure might have had another reason.
    asked = len(server.requests)
    assert label(server, ledger, range(4, 8), told) == [*map(topic, range(4, 8))]
    certain = message == VALIDATION
    assert len(server.requests) == asked + 4 + (0 if certain else len(forms))
    assert len(told.notes) == (1 if certain else 2)


def test_what_a_server_takes_is_remembered_for_the_model_and_over_runs(server, tmp_path):
    server.rule = lambda request: (
        failing(500, VALIDATION)(request)
        if (request.get("response_format") or {}).get("type") == "json_schema"
        else None
    )
    for run, model in enumerate(("small", "small", "large")):
        with Ledger(tmp_path / "r.sqlite", f"job {run}") as ledger:
            server.requests.clear()
            told = Told()
            label(server, ledger, range(3 * run, 3 * run + 3), told, name=model)
            first = model != "small" or run == 0
            assert len(server.requests) == (4 if first else 3)
            assert len(told.notes) == (1 if first else 0)


def test_a_server_that_fails_whatever_it_is_asked_is_not_asked_three_times_as_often(server, ledger):
    server.rule = failing(500, "oops")
    with pytest.raises(LanguageModelError, match="oops"):
        label(server, ledger, range(5))
    assert len(server.requests) == SOON.tries + 2


def test_a_failure_midway_does_not_change_how_the_server_is_asked(server, ledger, told):
    server.script = [lambda request: None, failing(500, "oops"), failing(500, "oops")]
    assert label(server, ledger, range(6), told) == [*map(topic, range(6))]
    assert {each["response_format"]["type"] for each in server.requests} == {"json_schema"}
    assert not [note for note in told.notes if "takes no" in note]


def test_a_limit_that_is_refused_under_both_names(server, ledger):
    server.rule = refusing("max_tokens", "max_completion_tokens", "response_format")
    with pytest.raises(LanguageModelError, match="max_completion_tokens"):
        label(server, ledger, range(5))
    assert len(server.requests) <= 4 * 3


def test_a_bad_text_does_not_change_how_the_others_are_asked(server, ledger):
    server.rule = lambda request: (
        failing(400, "This text is forbidden")(request)
        if "topic 2." in request["messages"][1]["content"]
        else None
    )
    assert label(server, ledger, range(6)) == ["Topic 0", "Topic 1", None, *map(topic, (3, 4, 5))]
    good = [request for request in server.requests if "topic 2." not in str(request["messages"])]
    assert {request["response_format"]["type"] for request in good} == {"json_schema"}


def topic(number):
    return f"Topic {number}"


@pytest.mark.parametrize(
    "text",
    [
        "Label: Black holes",
        "**Label:** Black holes",
        "black holes",
        '"Black holes."',
        'Here it is:\n```json\n{"label": "black holes"}\n```\nIs that good?',
        '<think>{"label": "no"}\nmany words</think>\n{"label": "Black holes"}',
    ],
)
def test_a_server_that_ignores_the_form(server, ledger, text):
    server.rule = replying(text)
    assert label(server, ledger, [1]) == ["Black holes"]


@pytest.mark.parametrize(
    "text",
    ["1: 0.5\n2: -1", "Document 1: 0.5\nDocument 2: -1.0", "[1] 0.5\n[2] -1", "- 1. .5\n- 2. -1"],
)
def test_judgements_from_a_server_that_ignores_the_form(server, ledger, text):
    server.rule = replying(text)
    judge = LLMJudge(model_at(server.url, ledger), ["a", "b"].__getitem__)
    question = LabelToJudge(0, "x", np.arange(2, dtype=np.int32))
    (found,) = judge.confidences([question], Silent())
    assert sorted(found) == [-1, 0.5]


def test_openai_is_asked_with_the_name_that_all_its_models_take():
    assert first_dialect(OFFICIAL_URL).limit == "max_completion_tokens"
    assert first_dialect("https://me.openai.azure.com/openai/v1").limit == "max_completion_tokens"
    assert first_dialect("http://localhost:11434/v1").limit == "max_tokens"


@pytest.mark.parametrize(
    "kept", ["", "{}", "[]", "{not json", '{"format": 9}', '{"format": 1, "x": 2}']
)
def test_a_dialect_that_another_version_kept_is_found_anew(server, ledger, kept):
    ledger.remember_dialect(server.url, "test-model", kept)
    assert label(server, ledger, [1]) == ["Topic 1"]
    assert server.requests[0]["response_format"]["type"] == "json_schema"
