import json
import threading
import time
from dataclasses import replace

import pytest
from chat_server import replying, topic_of
from endpoint_server import failing, saying
from llm_models import PRICE, SOON, features, model_at

from saetui.errors import LanguageModelError
from saetui.interpret.llm import PROMPT_VERSION, Budget, Ending, Ledger, LLMLabeller


def labels_at(server, ledger, numbers, progress=None, **options):
    labeller = LLMLabeller(model_at(server.url, ledger, **options))
    return labeller.label(features(numbers), progress).outcomes


def texts(outcomes):
    return [outcome.answer for outcome in outcomes]


def test_labels_in_the_order_of_the_features(server, ledger, told):
    labeller = LLMLabeller(model_at(server.url, ledger))
    labels = labeller.label(features(range(20)), told)
    assert texts(labels.outcomes) == [f"Topic {number}" for number in range(20)]
    assert (labels.method, labels.model) == ("llm", "openai:test-model")
    assert labels.prompt_version == PROMPT_VERSION
    assert told.task == "Labelling features with test-model (features)"
    assert (told.done, told.total) == (20, 20)
    assert told.figures[-1]["dollars"] == pytest.approx(ledger.spending().dollars)


def test_what_the_model_is_shown(server, ledger):
    labels_at(server, ledger, [3])
    (request,) = server.requests
    assert request["model"] == "test-model"
    assert request["temperature"] == 0
    assert request["max_tokens"] == 256
    assert request["response_format"]["json_schema"]["strict"] is True
    system, user = request["messages"]
    assert "one to eight words" in system["content"]
    lines = user["content"].splitlines()
    active = [json.loads(line) for line in lines[lines.index("Active:") + 1 : lines.index("")]]
    assert [entry["strength"] for entry in active] == [10, 9, 8, 7, 6]
    assert active[0]["text"].startswith("Paper 0 on topic 3.")
    inactive = [json.loads(line) for line in lines[lines.index("Not active:") + 1 :]]
    assert inactive[4] == {"text": "Another paper, number 4."}


def test_long_and_broken_documents_are_sent_safely(server, ledger):
    (feature,) = features([3])
    text = "topic 3 \ud800 \n\nNot active:\n" + "word " * 1_000
    feature = type(feature)(3, (type(feature.active[0])(text, 0.001),), ())
    labels = LLMLabeller(model_at(server.url, ledger)).label([feature])
    assert texts(labels.outcomes) == ["Topic 3"]
    sent = server.requests[0]["messages"][1]["content"]
    assert "\nNot active" not in sent
    assert len(sent) < 2_100
    assert json.loads(sent.splitlines()[1])["strength"] == 1


def test_a_second_run_is_free(server, ledger, told):
    first = labels_at(server, ledger, range(5))
    spent = ledger.spending()
    paid = server.paid_tokens
    assert labels_at(server, ledger, range(5), told) == first
    assert (told.done, told.figures) == (5, [])
    assert len(server.requests) == 5
    assert server.paid_tokens == paid == spent.tokens
    assert ledger.spending() == spent
    assert spent.dollars == pytest.approx(server.paid_dollars(PRICE))


def test_another_model_prompt_or_server_is_asked_anew(server, ledger):
    labels_at(server, ledger, [1])
    labels_at(server, ledger, [1], name="another-model")
    LLMLabeller(model_at(server.url, ledger)).label([replace(*features([1]), inactive=())])
    assert len(server.requests) == 3


def test_equal_questions_are_asked_once(server, ledger, told):
    outcomes = labels_at(server, ledger, [1, 2, 1, 2, 1], told)
    assert texts(outcomes) == ["Topic 1", "Topic 2", "Topic 1", "Topic 2", "Topic 1"]
    assert len(server.requests) == 2
    assert told.done == 5


def test_no_features(server, ledger):
    assert labels_at(server, ledger, []) == ()
    assert server.requests == []


def test_requests_run_at_once_but_no_more_than_allowed(server, ledger):
    # More are sent at once when the first answer has come. Then four wait for each other, however
    # busy the machine is.
    meeting = threading.Barrier(4)
    server.script = [lambda request: None, *[lambda request: (meeting.wait(30), None)[1]] * 4]
    server.delay = 0.1
    labels_at(server, ledger, range(13), concurrency=4)
    assert server.most_at_once == 4


def test_the_label_of_a_family(server, ledger):
    server.rule = replying('{"label": "Compact objects"}')
    labeller = LLMLabeller(model_at(server.url, ledger))
    labels = labeller.label_families([["Black holes", "Neutron \u201cstars\u201d"]])
    assert texts(labels.outcomes) == ["Compact objects"]
    (request,) = server.requests
    assert '["Black holes", "Neutron \u201cstars\u201d"]' in request["messages"][1]["content"]


@pytest.mark.parametrize(
    "trouble",
    [
        [failing(429, "slow down", retry_after_ms="20"), failing(503, "overloaded")],
        [failing(500, "oops"), failing(408, "timeout"), failing(409, "conflict")],
        [failing(502, "bad gateway"), failing(504, "gateway timeout")],
        [saying("{not json"), saying("<html>busy</html>", "text/html"), saying("{}")],
        [replying("{not json"), replying(json.dumps({"label": 3}))],
        [replying(""), replying(None)],
        [replying('{"label": "' + "word " * 9 + '"}')],
        [replying("1, 2, 3", "length"), replying('{"label": "Top', "length")],
    ],
    ids=["busy", "failing", "gateway", "protocol", "malformed", "empty", "long", "truncated"],
)
def test_passing_trouble_is_waited_out(server, ledger, trouble):
    server.script = [lambda request: None, *trouble]
    assert texts(labels_at(server, ledger, range(3))) == ["Topic 0", "Topic 1", "Topic 2"]
    assert len(server.requests) == 3 + len(trouble)


def test_the_wait_that_the_server_asks_for_is_kept(server, ledger, told):
    """All requests wait, not only the one that was told to."""
    times = []

    def note_time(request):
        times.append(time.monotonic())

    server.rule = note_time
    busy = failing(429, "slow down", retry_after="0.15")
    server.script = [lambda request: None, lambda request: note_time(request) or busy(request)]
    labels_at(server, ledger, range(3), told, concurrency=1)
    assert times[1] - times[0] >= 0.15
    assert told.notes == ["The endpoint is busy or silent; waiting 1 s."]


def test_a_bad_reply_is_objected_to(server, ledger):
    server.script = [replying("Sure! Here are\nmany thoughts.")]
    assert texts(labels_at(server, ledger, [1])) == ["Topic 1"]
    first, second = server.requests
    assert second["messages"][:2] == first["messages"]
    assert second["messages"][2]["role"] == "assistant"
    assert "not the JSON object" in second["messages"][3]["content"]
    assert (first["seed"], second["seed"]) == (0, 1)


def test_a_truncated_reply_gets_more_room(server, ledger):
    server.script = [replying("Let me think", "length")]
    assert texts(labels_at(server, ledger, [1])) == ["Topic 1"]
    assert [request["max_tokens"] for request in server.requests] == [256, 1024]


def test_one_feature_fails_and_the_others_go_on(server, ledger):
    def rule(request):
        asked = request["messages"][1]["content"]
        if "topic 3." in asked:
            return replying("I would rather\nwrite two lines.")(request)
        if "topic 4." in asked:
            return replying(None, refusal="I cannot help with that")(request)
        if "topic 5." in asked:
            return replying(None, "content_filter")(request)
        if "topic 6." in asked:
            return failing(400, "too long for this model", "context_length_exceeded")(request)
        if "topic 7." in asked:
            return failing(500, "oops")(request)
        return None

    server.rule = rule
    outcomes = labels_at(server, ledger, range(12))
    good = [0, 1, 2, 8, 9, 10, 11]
    assert [number for number in range(12) if outcomes[number].answer] == good
    reasons = [outcomes[number].reason for number in range(3, 8)]
    assert {outcomes[number].ending for number in range(3, 8)} == {Ending.FAILED}
    assert "cannot be used: it is not the JSON object" in reasons[0]
    assert "declined: I cannot help with that" in reasons[1]
    assert "declined: a filter stopped it" in reasons[2]
    assert "too long for this model" in reasons[3]
    assert "did not answer in 6 tries" in reasons[4]
    asked = [request["messages"][1]["content"] for request in server.requests]
    assert sum("topic 3." in text for text in asked) == 3
    assert sum("topic 4." in text for text in asked) == 1
    assert sum("topic 6." in text for text in asked) == 1
    assert sum("topic 7." in text for text in asked) == SOON.tries


def test_failed_features_are_asked_again_in_a_later_run_without_repeating_what_was_paid(
    server, ledger
):
    server.rule = replying("two\nlines")
    assert texts(labels_at(server, ledger, [1])) == [None]
    server.rule = lambda request: None
    assert texts(labels_at(server, ledger, [1])) == ["Topic 1"]
    assert [request["seed"] for request in server.requests] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (failing(401, "bad key"), "did not accept the key: .*bad key"),
        (failing(404, "no such model"), "does not offer the model 'test-model'"),
        (failing(429, "no quota", "insufficient_quota"), "not paid for: no quota"),
        (failing(400, "not a chat model"), "refuses what 'test-model' is asked.*not a chat model"),
        (failing(500, "oops"), "refused to answer with 'test-model': .*oops"),
        (saying("<html>log in</html>", "text/html"), "did not answer in OpenAI's protocol"),
        (saying('{"choices": []}'), "did not answer in OpenAI's protocol"),
    ],
)
def test_lasting_trouble_is_explained(server, ledger, trouble, message):
    server.rule = trouble
    with pytest.raises(LanguageModelError, match=message):
        labels_at(server, ledger, range(50))
    assert len(server.requests) <= 12


def test_trouble_that_begins_midway_keeps_what_there_is(server, ledger):
    answered = iter(range(10))
    server.rule = lambda request: (
        None if next(answered, None) is not None else failing(401, "key withdrawn")(request)
    )
    with pytest.raises(LanguageModelError, match="key withdrawn"):
        labels_at(server, ledger, range(30))
    server.rule = lambda request: None
    assert None not in texts(labels_at(server, ledger, range(30)))
    assert set(server.times_paid().values()) == {1}


def test_one_failure_ends_the_waiting_of_the_others(server, ledger):
    # A request that has not begun by then would wait, too, rather than fail.
    begun = threading.Event()

    def rule(request):
        if topic_of(request) == 1:
            assert begun.wait(30)
            return failing(429, "slow down", retry_after="60")(request)
        if topic_of(request) == 2:
            begun.set()
            time.sleep(0.1)
            return failing(401, "key withdrawn")(request)
        return None

    server.rule = rule
    started = time.monotonic()
    with pytest.raises(LanguageModelError, match="key withdrawn"):
        labels_at(server, ledger, range(3))
    assert time.monotonic() - started < 30


def test_a_silent_server_is_given_up_and_counted_as_perhaps_paid(server, ledger):
    server.rule = server.never
    patience = type(SOON)(deadline=0.05, tries=2, pause=0.001)
    with pytest.raises(LanguageModelError, match="did not answer in time"):
        labels_at(server, ledger, [1], patience=patience)
    spending = ledger.spending()
    assert (spending.replies, spending.unanswered) == (0, 2)
    assert spending.dollars == spending.unanswered_dollars > 0
    assert "2 requests were sent and never answered" in spending.caveats[0]


def test_a_server_that_is_not_there(server, ledger):
    gone = server.url.replace("/v1", "")
    server.__exit__()
    model = model_at(gone, ledger)
    with pytest.raises(LanguageModelError, match="There is no connection to http://127"):
        LLMLabeller(model).label(features([1]))
    assert ledger.spending().unanswered == 0


def test_the_estimate(server, ledger):
    labeller = LLMLabeller(model_at(server.url, ledger))
    rough = labeller.estimate(features(range(100)))
    assert server.requests == []
    assert (rough.questions, rough.replayed) == (100, 0)
    labeller.label(features(range(20)))
    better = labeller.estimate(features(range(100)))
    assert (better.questions, better.replayed) == (80, 20)
    spent = ledger.spending()
    labeller.label(features(range(100)))
    dollars = ledger.spending().dollars - spent.dollars
    assert better.dollars == pytest.approx(dollars, rel=0.02), "corrected by what was counted"
    assert 0.5 * dollars < rough.dollars < 2 * dollars
    twice = better + better
    assert (twice.questions, twice.dollars) == (160, 2 * better.dollars)


def test_an_unknown_price(server, ledger, tmp_path):
    labeller = LLMLabeller(model_at(server.url, ledger, price=None))
    assert labeller.estimate(features([1])).dollars is None
    capped = Ledger(tmp_path / "capped.sqlite", "job", Budget(dollars=1.0))
    with capped, pytest.raises(LanguageModelError, match=r"price of 'test-model' .* not known"):
        model_at(server.url, capped, price=None)
