"""What servers count, or fail to."""

from dataclasses import replace

from chat_server import replying
from llm_models import PRICE, features, model_at

from saetui.interpret.llm import Budget, Ledger, LLMLabeller, Price
from saetui.interpret.llm.questions import Reply, Request
from saetui.interpret.llm.settings import Costs


def test_replies_without_usage_are_taken_as_the_most_they_can_cost(server, ledger):
    server.rule = replying('{"label": "x"}', usage=None)
    LLMLabeller(model_at(server.url, ledger)).label(features(range(4)))
    spending = ledger.spending()
    assert (spending.replies, spending.uncounted) == (4, 4)
    sent = sum(len(message["content"]) for message in server.requests[0]["messages"])
    assert spending.dollars > 4 * PRICE.of(sent, 256)


def test_nonsense_as_usage_is_no_usage(server, ledger):
    usage = {"prompt_tokens": -1, "completion_tokens": "many"}
    server.rule = replying('{"label": "x"}', usage=usage)
    LLMLabeller(model_at(server.url, ledger)).label(features([1]))
    assert ledger.spending().uncounted == 1


def test_without_usage_the_budget_holds_all_the_more(server, tmp_path):
    server.rule = replying('{"label": "x"}', usage=None)
    with Ledger(tmp_path / "r.sqlite", "job", Budget(dollars=0.1)) as ledger:
        labels = LLMLabeller(model_at(server.url, ledger)).label(features(range(40)))
        answered = sum(outcome.answer is not None for outcome in labels.outcomes)
        assert 0 < answered == len(server.requests) < 40
        assert ledger.spending().dollars <= 0.1


def test_a_server_that_counts_more_than_was_set_aside_is_set_aside_more():
    costs = Costs(Price(1.0, 1.0))
    request = Request("1", ({"role": "user", "content": "word " * 100},), {}, 100, 0)
    first = costs.most(request)
    assert first.prompt_tokens >= 500
    assert costs.actual(Reply("", prompt_tokens=500, completion_tokens=100), first)[1]
    assert costs.most(request) == first
    costs.actual(Reply("", prompt_tokens=500, completion_tokens=300), first)
    assert costs.most(request).completion_tokens >= 290


def test_the_expectation_is_a_token_for_four_bytes():
    request = Request("1", ({"role": "user", "content": "word" * 100},), {}, 100, 0)
    cost = Costs(None).expected(request, 7)
    assert 100 <= cost.prompt_tokens <= 120
    assert (cost.completion_tokens, cost.dollars) == (7, 0)


def test_every_part_of_a_request_makes_its_key():
    request = Request("1", ({"role": "user", "content": "a"},), {"title": "t"}, 100, 0)
    others = [
        replace(request, version="2"),
        replace(request, messages=({"role": "user", "content": "b"},)),
        replace(request, schema={"title": "u"}),
        replace(request, room=101),
        replace(request, seed=1),
    ]
    keys = {each.key("http://here", "model") for each in [request, *others]}
    keys |= {request.key("http://there", "model"), request.key("http://here", "another")}
    assert len(keys) == 8
    assert replace(request).key("http://here", "model") in keys
