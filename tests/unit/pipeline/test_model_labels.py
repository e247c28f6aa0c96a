"""A job has labels written, scored, judged and stored, and says what became of each."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import make_bundle
from chat_server import ChatServer, replying, topic_of
from endpoint_server import failing
from llm_models import PRICE, SOON, features

from saetui.errors import InputError, LanguageModelError
from saetui.interpret.judging.scores import Scores
from saetui.interpret.judging.trials import Examples, Trials, make_trials
from saetui.interpret.llm import Budget, CostEstimate, Labels, LLMLabeller, ModelSettings
from saetui.pipeline.model_labels import LabellingJob, Models
from saetui.progress import Progress, Silent
from saetui.store.bundle import Bundle

NUMBERS = (3, 7, 9)
ROWS = np.arange(20, dtype=np.int32)


class Shelf:
    """Three features that collect labels in memory, and note what is done with them."""

    subject = "shelf"
    size = 12

    def __init__(self, bundle: Bundle, known: Mapping[int, str]) -> None:
        self.sae = bundle.sae()
        self._labels = {number: known.get(number, "") for number in NUMBERS}
        self._known = known
        self.done: list[str] = []
        self.scores: Scores | None = None
        self.taken: set[int] = set()
        self.stored: dict[int, str] | None = None
        drawn = [
            Examples(number, ROWS[:6], ROWS[:6], ROWS[10:16], ROWS[12:18]) for number in NUMBERS
        ]
        self.trials: Trials = make_trials(drawn)

    @property
    def labels(self) -> Mapping[int, str]:
        return self._labels

    def estimate(self, labeller: LLMLabeller) -> CostEstimate:
        return labeller.estimate(features(NUMBERS))

    def write(self, labeller: LLMLabeller, progress: Progress) -> Labels:
        return labeller.label(features(NUMBERS), progress)

    def add(self, number: int, text: str, labels: Labels) -> bool:
        self.done.append(f"add {number}")
        self._labels[number] = text
        return text != self._known.get(number)

    def score(self) -> None:
        self.done.append("score")

    def take(self, scores: Scores, judged: set[int]) -> None:
        self.done.append("take")
        self.scores, self.taken = scores, set(judged)

    def store(self) -> None:
        self.done.append("store")
        self.stored = dict(self._labels)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bundle]:
    monkeypatch.setenv("SAETUI_CACHE", str(tmp_path / "cache"))
    bundle = Bundle(make_bundle(tmp_path / "small.bundle"))
    yield bundle
    bundle.close()


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


def model(server: ChatServer, name: str) -> ModelSettings:
    return ModelSettings(name, server.url, PRICE, concurrency=2, patience=SOON)


def job(
    bundle: Bundle,
    shelf: Shelf,
    server: ChatServer,
    *,
    labeller: bool = True,
    judge: bool = False,
    budget: Budget | None = None,
) -> LabellingJob:
    models = Models(
        model(server, "writer") if labeller else None,
        model(server, "reader") if judge else None,
        budget or Budget(),
    )
    return LabellingJob(bundle, shelf, models, Silent())


def is_judging(request: dict[str, Any]) -> bool:
    return "Concept:" in request["messages"][1]["content"]


def test_a_job_without_a_model_is_refused() -> None:
    with pytest.raises(InputError, match="No language model is named"):
        Models(None, None, Budget())


def test_new_labels_are_scored_and_stored_and_known_ones_are_counted(
    bundle: Bundle, server: ChatServer
) -> None:
    shelf = Shelf(bundle, {9: "Topic 9", 3: "Another"})
    outcome = job(bundle, shelf, server).run()
    assert (outcome.labelled, outcome.known, outcome.failed) == ((3, 7), 1, {})
    assert outcome.judged == 0
    assert shelf.done == ["add 3", "add 7", "add 9", "score", "store"]
    assert shelf.stored == {3: "Topic 3", 7: "Topic 7", 9: "Topic 9"}
    assert outcome.spending.dollars == pytest.approx(server.paid_dollars(PRICE))
    assert outcome.spending.dollars > 0


def test_a_reply_that_cannot_be_used_fails_its_feature_alone(
    bundle: Bundle, server: ChatServer
) -> None:
    server.rule = lambda request: replying("?")(request) if topic_of(request) == 7 else None
    shelf = Shelf(bundle, {})
    outcome = job(bundle, shelf, server).run()
    assert outcome.labelled == (3, 9)
    assert list(outcome.failed) == [7]
    assert "label" in outcome.failed[7]
    assert shelf.stored == {3: "Topic 3", 7: "", 9: "Topic 9"}


def test_where_nothing_is_new_nothing_is_stored(bundle: Bundle, server: ChatServer) -> None:
    shelf = Shelf(bundle, {number: f"Topic {number}" for number in NUMBERS})
    outcome = job(bundle, shelf, server).run()
    assert (outcome.labelled, outcome.known) == ((), 3)
    assert "store" not in shelf.done
    assert "score" not in shelf.done


def test_the_labels_just_written_are_judged_on_held_out_documents(
    bundle: Bundle, server: ChatServer
) -> None:
    documents = [bundle.documents.document(row) for row in ROWS.tolist()]
    # The second label has no text and the third is not about any document.
    shelf = Shelf(bundle, {3: "black", 9: "zeppelin"})
    outcome = job(bundle, shelf, server, labeller=False, judge=True).run()
    assert outcome.judged == 2
    assert (outcome.labelled, shelf.done) == ((), ["take", "store"])
    assert shelf.taken == {3, 9}
    asked = [request["messages"][1]["content"] for request in server.requests]
    for row, document in enumerate(documents):
        tried = row in shelf.trials.rows_of(0)
        assert any(json.dumps(document.text)[1:-1] in text for text in asked) == tried
    assert shelf.scores is not None
    figures = {
        protocol: scored.f1.value[NUMBERS[0]] for protocol, scored in shelf.scores.protocols.items()
    }
    about = np.array(["black" in document.embedding_text.lower() for document in documents])
    for protocol, trial in shelf.trials.protocols.items():
        own = trial.places < shelf.trials.indptr[1]
        said = about[shelf.trials.rows[trial.places[own]]]
        active = trial.active[own]
        hits = np.sum(said & active)
        assert figures[protocol] == pytest.approx(
            2 * hits / (2 * hits + np.sum(said != active)), abs=1e-6
        )


def test_a_label_that_was_not_judged_is_left_out(bundle: Bundle, server: ChatServer) -> None:
    server.rule = lambda request: (
        replying("no idea")(request)
        if 'Concept: "black"' in request["messages"][1]["content"]
        else None
    )
    shelf = Shelf(bundle, {3: "black", 9: "reef"})
    outcome = job(bundle, shelf, server, labeller=False, judge=True).run()
    assert outcome.judged == 1
    assert shelf.taken == {9}


def test_labels_are_stored_though_the_judge_cannot_be_asked(
    bundle: Bundle, server: ChatServer
) -> None:
    server.rule = lambda request: (
        failing(401, "No such key")(request) if is_judging(request) else None
    )
    shelf = Shelf(bundle, {})
    with pytest.raises(LanguageModelError, match="No such key"):
        job(bundle, shelf, server, judge=True).run()
    assert shelf.stored == {3: "Topic 3", 7: "Topic 7", 9: "Topic 9"}
    assert "take" not in shelf.done


def test_a_second_run_pays_for_nothing_again(bundle: Bundle, server: ChatServer) -> None:
    first = job(bundle, Shelf(bundle, {}), server, judge=True).run()
    paid = len(server.bill)
    again = job(bundle, Shelf(bundle, {}), server, judge=True).run()
    assert len(server.bill) == paid
    assert (again.labelled, again.judged) == (first.labelled, first.judged) == (NUMBERS, 3)
    assert again.spending.dollars == first.spending.dollars


def test_the_budget_is_that_of_all_runs_together(bundle: Bundle, server: ChatServer) -> None:
    # Set aside for a request is a token for every byte, of which three are a token at this server:
    # with what one can cost and half of another there is room for two.
    estimate = job(bundle, Shelf(bundle, {}), server).estimate()
    size = 4 * estimate.prompt_tokens / 3
    most = PRICE.of(int(size) + 256, 256)
    budget = Budget(dollars=most + 1.5 * PRICE.of(int(size / 3), 16))
    for _ in range(3):
        outcome = job(bundle, Shelf(bundle, {}), server, budget=budget).run()
        assert len(outcome.labelled) == 2
        (reason,) = outcome.failed.values()
        assert "budget" in reason
        assert outcome.spending.dollars == pytest.approx(server.paid_dollars(PRICE))
    assert len(server.bill) == 2


def test_an_estimate_asks_nothing_and_covers_writer_and_judge(
    bundle: Bundle, server: ChatServer
) -> None:
    known = {3: "black", 9: "reef"}
    both, writer, judge = (
        job(bundle, Shelf(bundle, known), server, labeller=one, judge=other).estimate()
        for one, other in ((True, True), (True, False), (False, True))
    )
    assert server.requests == []
    # Two of the features have a label to judge, which takes two requests each.
    assert (writer.questions, judge.questions, both.questions) == (3, 4, 7)
    assert writer.dollars and judge.dollars
    assert both.dollars == pytest.approx(writer.dollars + judge.dollars)
