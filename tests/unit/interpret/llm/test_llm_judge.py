import json

import numpy as np
import pytest
from chat_server import replying
from llm_models import Told, features, model_at

from saetui.interpret.llm import Budget, Ending, Ledger, LLMJudge, LLMLabeller
from saetui.interpret.llm.judge import LabelToJudge
from saetui.progress import Silent

TEXTS = [f"On topic {number % 3}, paper {number}." for number in range(25)]
ALL = tuple(range(25))
EVEN = ALL[::2]


def judge_at(server, ledger, texts=TEXTS, **options) -> LLMJudge:
    return LLMJudge(model_at(server.url, ledger), texts.__getitem__, **options)


def question(label, rows=ALL):
    return LabelToJudge(0, label, np.array(rows, dtype=np.int32))


def expected(label, rows=ALL):
    return np.float32([0.75 if f"{label.lower()}," in TEXTS[row] else -0.5 for row in rows])


def shown(request):
    """The documents of a request in the order in which the model sees them."""
    lines = request["messages"][1]["content"].splitlines()
    return [json.loads(line)["text"] for line in lines if line.startswith("{")]


def test_confidences_belong_to_their_documents(server, ledger):
    told = Told()
    asked = [question("Topic 1"), question("Topic 2", EVEN), question("Topic 0", ())]
    judge = judge_at(server, ledger)
    found = judge.confidences(asked, told)
    assert judge.name == "openai:test-model"
    assert [each.dtype for each in found] == [np.float32] * 3
    np.testing.assert_array_equal(found[0], expected("Topic 1"))
    np.testing.assert_array_equal(found[1], expected("Topic 2", EVEN))
    assert found[2].shape == (0,)
    assert (told.done, told.total) == (5, 5)
    assert told.task == "Judging with test-model (batches of documents)"
    assert told.notes == []


def test_the_model_sees_label_and_documents_alone_in_drawn_order(server, ledger):
    judge_at(server, ledger, batch=10).confidences([question("Topic 1")], Silent())
    batches = [shown(request) for request in server.requests]
    assert sorted(map(len, batches)) == [8, 8, 9]
    order = [text for batch in batches for text in batch]
    assert sorted(order) == sorted(TEXTS)
    assert order != TEXTS
    for request in server.requests:
        assert "a term" not in str(request)
        head, _, *documents = request["messages"][1]["content"].splitlines()
        assert head == 'Concept: "Topic 1"'
        assert all(set(json.loads(line)) == {"document", "text"} for line in documents)


def test_the_order_depends_on_the_seed_alone(server, tmp_path):
    def asked(seed, name):
        server.requests.clear()
        with Ledger(tmp_path / name, "job") as fresh:
            judge_at(server, fresh, seed=seed).confidences([question("Topic 1")], Silent())
        return {tuple(shown(request)) for request in server.requests}

    assert asked(0, "a") == asked(0, "b") != asked(1, "c")


def test_what_was_judged_costs_nothing(server, ledger):
    judge = judge_at(server, ledger)
    first = judge.confidences([question("Topic 1")], Silent())
    np.testing.assert_array_equal(judge.confidences([question("Topic 1")], Silent()), first)
    assert len(server.requests) == 3
    estimate = judge.estimate([question("Topic 1"), question("Topic 2")])
    assert (estimate.questions, estimate.replayed) == (3, 3)


@pytest.mark.parametrize(
    "entries",
    [
        [{"document": 1, "confidence": 0.5}],
        [{"document": 1, "confidence": 0.5}, {"document": 1, "confidence": 0.5}],
        [{"document": 1, "confidence": 0.5}, {"document": 2, "confidence": 80}],
        [{"document": 1, "confidence": 0.5}, {"document": 2, "confidence": None}],
        [{"document": 1, "confidence": 0.5}, {"document": 2}],
        [{"document": 1, "confidence": 0.5}, {"document": 2.5, "confidence": 1}],
        [{"document": 1, "confidence": True}, {"document": 2, "confidence": 1}],
        [{"document": 1, "confidence": 0.5}, 7],
        {"document": 1},
    ],
)
def test_judgements_that_are_not_what_was_asked(server, ledger, entries):
    server.script = [replying(json.dumps({"judgements": entries}))]
    judge = judge_at(server, ledger, ["on topic 1", "other"])
    (confidences,) = judge.confidences([question("Topic 1", (0, 1))], Silent())
    np.testing.assert_array_equal(confidences, np.float32([0.75, -0.5]))
    assert len(server.requests) == 2


def test_a_label_that_cannot_be_judged_fails_alone(server, ledger):
    server.rule = lambda request: (
        replying("no\nidea")(request) if "paper 24" in request["messages"][1]["content"] else None
    )
    told = Told()
    asked = [question("Topic 1"), question("Topic 2", range(5))]
    found = judge_at(server, ledger).confidences(asked, told)
    assert np.isnan(found[0]).all()
    assert found[0].shape == (25,)
    np.testing.assert_array_equal(found[1], expected("Topic 2", range(5)))
    assert told.notes[0].startswith("Labels not judged by openai:test-model: 1. The reply cannot")


def test_labeller_and_judge_share_a_budget(server, tmp_path):
    with Ledger(tmp_path / "r.sqlite", "job", Budget(tokens=20_000)) as ledger:
        labeller = LLMLabeller(model_at(server.url, ledger))
        labels = labeller.label(features(range(10))).outcomes
        assert {label.ending for label in labels} == {Ending.ANSWERED}
        judge = judge_at(server, ledger)
        outcomes = judge.judge([question(label.answer) for label in labels], Silent())
    assert 10_000 < server.paid_tokens <= 20_000
    assert {outcome.ending for outcome in outcomes} == {Ending.ANSWERED, Ending.NOT_ASKED}
    assert {outcome.reason for outcome in outcomes if outcome.answer is None} == {
        "The budget does not allow another request."
    }
