"""Endpoints whose answers are wrong, too much, or meant to do harm."""

import json
import time

import pytest
from chat_server import completion, replying, topic_of
from endpoint_server import failing, saying, writing
from llm_models import PRICE, features, model_at

from saetui.errors import LanguageModelError
from saetui.interpret.llm import Ending, LLMLabeller, Patience

KEY = "sk-proj-Ab12Cd34Ef56Gh78Ij90"


def outcomes_at(server, ledger, numbers, progress=None, **options):
    labeller = LLMLabeller(model_at(server.url, ledger, **options))
    return labeller.label(features(numbers), progress).outcomes


def texts(outcomes):
    return [outcome.answer for outcome in outcomes]


@pytest.mark.parametrize(
    "count", [10**30, 2**62, 2**63, 10**9, -1, 1.5, True, "12", None, [], {}], ids=repr
)
@pytest.mark.parametrize("which", ["prompt_tokens", "completion_tokens"])
def test_a_reply_is_kept_whatever_is_wrong_with_its_figures(server, ledger, which, count):
    usage = {"prompt_tokens": 5, "completion_tokens": 5, which: count}
    server.rule = replying('{"label": "x"}', usage=usage)
    assert texts(outcomes_at(server, ledger, range(2))) == ["X", "X"]
    spending = ledger.spending()
    assert (spending.replies, spending.uncounted) == (2, 2)
    assert 0 < spending.dollars < 0.1
    assert 0 < spending.tokens < 20_000
    assert len(server.requests) == 2
    assert texts(outcomes_at(server, ledger, range(2))) == ["X", "X"]
    assert len(server.requests) == 2, "what is paid for is not asked twice"


@pytest.mark.parametrize(
    "changes",
    [
        {"usage": [1, 2]},
        {"usage": "none"},
        {"usage": {}, "model": 7, "created": "now", "id": None, "object": []},
        {"choices": [{"message": {"content": '{"label": "x"}'}, "finish_reason": 7}]},
        {"choices": [{"message": {"content": '{"label": "x"}', "refusal": 0}}, "another"]},
        {"choices": [{"message": {"content": [{"text": '{"label":'}, 3, {"text": ' "x"}'}]}}]},
    ],
)
def test_a_reply_is_kept_whatever_is_wrong_around_it(server, ledger, changes):
    server.rule = lambda request: saying(
        json.dumps({**completion(request, '{"label": "x"}'), **changes})
    )(request)
    assert texts(outcomes_at(server, ledger, [1])) == ["X"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("message", [None, 7, [], "text"])
def test_an_answer_without_a_message_is_not_the_protocol(server, ledger, message):
    server.rule = saying(json.dumps({"choices": [{"message": message}]}))
    with pytest.raises(LanguageModelError, match="did not answer in OpenAI's protocol"):
        outcomes_at(server, ledger, range(9))
    assert len(server.requests) == 1, "a wrong address is not waited for"
    server.rule = saying('{"error": {"message": "the provider is down"}}')
    with pytest.raises(LanguageModelError, match=r"it says: .*the provider is down"):
        outcomes_at(server, ledger, range(9))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{" * 200_000,
        '{"' * 100_000,
        '{"a":' * 40_000,
        '{"label": ' * 20_000,
        "<think>" * 30_000,
        "</think>" * 30_000,
        "\n" * 200_000,
        "x" * 600_000,
        '{"label": ' + "1" * 10_000 + "}",
    ],
    ids=lambda text: text[:12],
)
def test_a_reply_full_of_brackets_fails_alone_and_at_once(server, ledger, text):
    hostile = replying(text)
    server.rule = lambda request: hostile(request) if topic_of(request) == 2 else None
    started = time.process_time()
    outcomes = outcomes_at(server, ledger, range(5))
    assert texts(outcomes) == ["Topic 0", "Topic 1", None, "Topic 3", "Topic 4"]
    assert outcomes[2].reason.startswith("The reply cannot be used: it")
    assert time.process_time() - started < 20


def test_an_answer_full_of_brackets_is_not_the_protocol(server, ledger):
    server.rule = saying('{"choices": ' + "[" * 200_000)
    with pytest.raises(LanguageModelError, match=r"in OpenAI's protocol \(it is not JSON\)"):
        outcomes_at(server, ledger, range(3))


def test_an_answer_that_is_too_large_is_not_asked_for_again(server, ledger):
    server.rule = replying("word " * 2_000_000)
    with pytest.raises(LanguageModelError, match="it is larger than 8 MB"):
        outcomes_at(server, ledger, range(3))
    assert len(server.requests) == 1
    assert ledger.spending().unanswered == 1, "it may have been paid for"


def test_a_slow_answer_has_a_deadline(server, ledger):
    def write(send):
        send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        for _ in range(2_000):
            send(b" ")
            time.sleep(0.02)

    server.rule = writing(write)
    patience = Patience(deadline=0.3, tries=2, pause=0.001)
    started = time.monotonic()
    with pytest.raises(LanguageModelError, match=r"did not answer in time \(0.3 s\)"):
        outcomes_at(server, ledger, [1], patience=patience)
    assert time.monotonic() - started < 10
    assert ledger.spending().unanswered == 2


@pytest.mark.parametrize("value", ["Fri, 31 Dec 99999999999 23:59:59 GMT", "soon", "nan", "-1"])
def test_a_wait_that_makes_no_sense_is_no_wait(server, ledger, value):
    server.script = [lambda request: None, failing(429, "slow down", retry_after=value)]
    started = time.monotonic()
    assert texts(outcomes_at(server, ledger, range(3))) == ["Topic 0", "Topic 1", "Topic 2"]
    assert time.monotonic() - started < 10


def test_a_redirect_elsewhere_is_refused(server, ledger):
    server.rule = lambda request: (307, {"location": "http://127.0.0.1:9/v1/chat"}, b"")
    with pytest.raises(
        LanguageModelError, match=r"refers to http://127\.0\.0\.1:9/v1/chat"
    ) as caught:
        outcomes_at(server, ledger, range(3))
    assert "--base-url" in caught.value.hint
    assert len(server.requests) == 1
    assert ledger.spending().dollars == 0


def test_a_key_that_the_server_echoes_is_neither_shown_nor_stored(
    server, ledger, tmp_path, told, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    server.rule = replying(json.dumps({"label": f"Key {KEY}"}))
    assert texts(outcomes_at(server, ledger, [1], told)) == ["Key [key]"]
    server.rule = replying(None, refusal=f"I know {KEY[:16]} {KEY[16:]}")
    (refused,) = outcomes_at(server, ledger, [2], told)
    assert refused.reason == "The model declined: I know [key]."
    server.rule = failing(401, f"Wrong key: {KEY}", KEY)
    with pytest.raises(LanguageModelError, match=r"Wrong key: \[key\]") as caught:
        outcomes_at(server, ledger, [3], told)
    assert set(server.keys) == {f"Bearer {KEY}"}
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for start in range(len(KEY) - 8):
        part = KEY[start : start + 8]
        assert part.encode() not in stored
        assert part not in f"{told.notes} {caught.value}"


def test_a_request_that_is_sent_again_is_counted_once(server, ledger):
    """What a server answers with an error was not paid for, and what it answers is paid once."""
    server.script = [
        lambda request: None,
        failing(429, "slow down", retry_after_ms="1"),
        failing(503, "overloaded"),
        failing(500, "oops"),
        failing(408, "timeout"),
    ]
    assert None not in texts(outcomes_at(server, ledger, range(6), concurrency=2))
    spending = ledger.spending()
    assert (spending.replies, spending.unanswered) == (6, 0)
    assert spending.dollars == pytest.approx(server.paid_dollars(PRICE))
    assert spending.tokens == server.paid_tokens


def test_an_answer_that_was_lost_is_counted_beside_the_one_that_came(server, ledger):
    """A gateway's error may hide an answer that is paid for: it counts in full, and once."""
    server.script = [lambda request: None, failing(504, "gateway timeout")]
    assert None not in texts(outcomes_at(server, ledger, range(2)))
    spending = ledger.spending()
    assert (spending.replies, spending.unanswered) == (2, 1)
    paid = server.paid_dollars(PRICE)
    assert spending.dollars - spending.unanswered_dollars == pytest.approx(paid)


def test_a_reply_of_no_use_is_paid_once_and_so_is_the_next(server, ledger):
    def useless(request):
        server.charge(request, "two\nlines")
        return replying("two\nlines")(request)

    server.script = [useless]
    assert texts(outcomes_at(server, ledger, range(3))) == ["Topic 0", "Topic 1", "Topic 2"]
    spending = ledger.spending()
    assert spending.replies == len(server.bill) == 4
    assert spending.dollars == pytest.approx(server.paid_dollars(PRICE))
    assert set(server.times_paid().values()) == {1}


@pytest.mark.parametrize(
    "refusal", [failing(402, "Add credits"), failing(429, "Add credits", "insufficient_quota")]
)
def test_nothing_is_sent_once_the_credit_is_used_up(server, ledger, refusal):
    answered = iter(range(6))

    def until_it_is_used_up(request):
        time.sleep(0.01)
        return None if next(answered, None) is not None else refusal(request)

    server.rule = until_it_is_used_up
    outcomes = outcomes_at(server, ledger, range(40), concurrency=4)
    assert len(server.bill) == 6
    # Those that were under way when the first was refused, and no others.
    assert len(server.requests) <= 6 + 4
    endings = [outcome.ending for outcome in outcomes]
    assert endings.count(Ending.ANSWERED) == 6
    assert endings.count(Ending.NOT_ASKED) == 34
    (reason,) = {outcome.reason for outcome in outcomes if outcome.answer is None}
    assert "not paid for: Add credits" in reason
    assert "goes on where it stopped" in reason
    server.rule = lambda request: None
    assert None not in texts(outcomes_at(server, ledger, range(40)))
    assert set(server.times_paid().values()) == {1}
    assert ledger.spending().dollars == pytest.approx(server.paid_dollars(PRICE))


def test_those_that_wait_for_a_busy_server_are_not_sent_when_the_credit_ends(server, ledger):
    def rule(request):
        if topic_of(request) == 0:
            return None
        if topic_of(request) == 1:
            time.sleep(0.3)
            return failing(402, "Add credits")(request)
        return failing(500, "oops")(request)

    server.rule = rule
    patience = Patience(deadline=30, tries=3, pause=1.0, longest_pause=1.0)
    outcomes = outcomes_at(server, ledger, range(4), concurrency=4, patience=patience)
    assert [outcome.ending for outcome in outcomes[1:]] == [Ending.NOT_ASKED] * 3
    assert len(server.requests) == 4


def test_an_account_without_credit_from_the_start_is_an_error(server, ledger):
    server.rule = failing(402, "Add credits")
    with pytest.raises(LanguageModelError, match="not paid for: Add credits"):
        outcomes_at(server, ledger, range(9))
    assert len(server.requests) == 1


def test_an_empty_reply_that_was_cut_off_gets_more_room_and_then_fails(server, ledger):
    """A model that reasons may use up its room before the first word."""
    server.rule = lambda request: (
        replying("", "length")(request) if topic_of(request) == 1 else None
    )
    outcomes = outcomes_at(server, ledger, range(3))
    assert texts(outcomes) == ["Topic 0", None, "Topic 2"]
    assert outcomes[1].ending is Ending.FAILED
    assert outcomes[1].reason == "The reply was cut off after 4,096 tokens."
    rooms = [each["max_tokens"] for each in server.requests if topic_of(each) == 1]
    assert rooms == [256, 1_024, 4_096]


def test_more_room_than_the_server_has_is_not_asked_for_again(server, ledger):
    limit = failing(400, "maximum context length is 512 tokens", "context_length_exceeded")
    server.rule = lambda request: (
        limit(request) if request["max_tokens"] > 300 else replying("", "length")(request)
    )
    server.script = [lambda request: None]
    outcomes = outcomes_at(server, ledger, range(2))
    assert outcomes[1].reason.endswith("maximum context length is 512 tokens")
    assert len(server.requests) == 3
