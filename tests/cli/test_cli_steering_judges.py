"""`saetui evaluate steering --judge`: another embedder, and a language model."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bundles import HashEmbedder, make_bundle
from chat_server import ChatServer, completion, replying
from command_line import Run
from embeddings_server import EmbeddingsServer
from endpoint_server import failing

pytestmark = pytest.mark.usefixtures("hash_embedder")

_LABEL = re.compile(r"Label (\d+): (.*)")
LANGUAGE_MODEL = "openai:small"


class WordEmbeddings(EmbeddingsServer):
    """Embeds by words, in another space than the bundle's unless the width is the same."""

    def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        vectors = HashEmbedder(self.width).embed_documents(request["input"])
        entries = [
            {"object": "embedding", "index": index, "embedding": vector.tolist()}
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return {"object": "list", "data": entries, "model": request["model"], "usage": usage}


class Reader(ChatServer):
    """Counts the words of each label in the documents that are new and in those that are gone."""

    def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        asked = request["messages"][1]["content"]
        labels = {int(number): json.loads(text) for number, text in _LABEL.findall(asked)}
        gone, new = asked.casefold().partition("found only before:")[2].split("found only after:")
        changes = {
            number: sum(new.count(word) - gone.count(word) for word in label.casefold().split())
            for number, label in labels.items()
        }
        up, down = (pick(changes, key=changes.__getitem__) for pick in (max, min))
        picks = {"up": up if changes[up] > 0 else 0, "down": down if changes[down] < 0 else 0}
        self.charge(request, json.dumps(picks))
        return completion(request, json.dumps(picks))


@pytest.fixture(scope="module")
def larger_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(
        tmp_path_factory.mktemp("bundles") / "larger.bundle", documents=300, k=2, n=40
    )


@pytest.fixture
def words(larger_bundle: Path) -> Iterator[tuple[object, ...]]:
    yield ("evaluate", "steering", larger_bundle, "--queries", 6)


def recognised(found: dict[str, Any], judge: str, what: str) -> dict[float, float]:
    return {
        point["strength"]: point[what][judge]["value"]
        for point in found["points"]
        if point["way"] == "delta"
    }


def test_another_embedder_judges(run: Run, words: tuple[object, ...], tmp_path: Path) -> None:
    judge, table, svg = "embedder:openai:other", tmp_path / "a.csv", tmp_path / "a.svg"
    with WordEmbeddings(64) as server:
        options = ("--judge", judge, "--base-url", server.url, "--csv", table, "--svg", svg)
        found = run(*words, *options, "--json").json
        embedded = [text for texts in server.texts for text in texts]
        text = run(*words, *options).out
    for point in found["points"]:
        assert list(point["up"]) == list(point["down"]) == ["words", "word space", judge]
    by_strength = recognised(found, judge, "up")
    assert by_strength[0] == pytest.approx(0.2)
    assert by_strength[2] == 1
    assert recognised(found, judge, "down")[0] == pytest.approx(0.2)
    # Apart from the few that are compared with the bundle's own, each document is read once.
    assert len(embedded) <= len(set(embedded)) + 16
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert float(rows[5][f"down {judge} low"]) == found["points"][5]["down"][judge]["low"]
    assert f"Raised feature recognised by {judge}" in text
    assert f"recognised by {judge}" in svg.read_text()


def test_the_bundles_own_embedder_does_not_judge(run: Run, words: tuple[object, ...]) -> None:
    manifest = json.loads((Path(str(words[2])) / "manifest.json").read_text())
    refused = run(*words, "--judge", f"embedder:{manifest['embedder']['spec']}").err
    assert "is the embedder that the bundle's SAE was trained on" in refused
    # Under another name it still gives the bundle's vectors.
    with WordEmbeddings(32) as server:
        refused = run(*words, "--judge", "embedder:openai:same", "--base-url", server.url).err
    assert "'openai:same' is the embedder that the bundle's SAE was trained on" in refused


def test_a_language_model_judges(run: Run, words: tuple[object, ...], tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    with Reader() as server:
        options = ("--judge", LANGUAGE_MODEL, "--base-url", server.url, "--csv", table)
        first = run(*words, *options, "--json")
        found, asked = first.json, len(server.requests)
        assert f"{asked} requests: about " in first.err
        assert set(server.times_paid().values()) == {1}
        by_strength = recognised(found, LANGUAGE_MODEL, "up")
        assert by_strength[2] == 1
        # Where nothing changed it is not asked.
        assert by_strength[0] == pytest.approx(0.2)
        assert recognised(found, LANGUAGE_MODEL, "down")[0] == pytest.approx(0.2)
        task, seen = (message["content"] for message in server.requests[0]["messages"])
        assert task.startswith("Somebody changed a search")
        assert len(_LABEL.findall(seen)) == 5
        schema = server.requests[0]["response_format"]["json_schema"]["schema"]
        assert schema["required"] == ["up", "down"]
        # What was paid for once is not asked again.
        assert run(*words, *options, "--json").json == found
        assert len(server.requests) == asked
        rows = list(csv.DictReader(table.read_text().splitlines()))
        assert float(rows[5][f"up {LANGUAGE_MODEL}"]) == pytest.approx(
            found["points"][5]["up"][LANGUAGE_MODEL]["value"]
        )


def test_a_reply_that_is_of_no_use_is_a_guess(run: Run, words: tuple[object, ...]) -> None:
    with Reader() as server:
        options = ("--judge", LANGUAGE_MODEL, "--base-url", server.url, "--json", "--only", "up")
        replies = ['{"up": 9, "down": 1}', '{"up": 2, "down": 2}', '{"up": true, "down": 1}']
        # The first question is asked until its attempts are used up, and the others go on.
        server.script = [*map(replying, replies)]
        found = run(*words, *options)
    # Several comparisons may put the same question.
    assert re.search(r"counted as guesses: \d+ of \d+. .* does not give the numbers", found.err)
    assert found.json["points"]


def test_a_budget_that_is_used_up_gives_no_figures(run: Run, words: tuple[object, ...]) -> None:
    with Reader() as server:
        options = ("--judge", LANGUAGE_MODEL, "--base-url", server.url, "--price", "10,10")
        refused = run(*words, *options, "--budget", 0.2)
        paid = len(server.bill)
        assert "comparisons were not asked about. The budget does not allow" in refused.err
        assert not refused.out
        assert 0 < server.paid_tokens * 10 / 1e6 <= 0.2
        # What was judged is kept, and the rest follows.
        assert run(*words, *options, "--budget", 100, "--json").json["points"]
        assert len(server.bill) > paid
        assert set(server.times_paid().values()) == {1}


@pytest.mark.parametrize("option", ["--judge", "--rewriter"])
def test_a_credit_that_is_used_up_gives_no_figures(
    run: Run, words: tuple[object, ...], option: str
) -> None:
    class Rewriter(Reader):
        def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
            if option == "--judge":
                return super().protocol_answer(request)
            self.charge(request, '{"query": "black holes"}')
            return completion(request, '{"query": "black holes"}')

    answered = iter(range(3))
    with Rewriter() as server:
        server.rule = lambda request: (
            None if next(answered, None) is not None else failing(402, "Add credits")(request)
        )
        options = (option, LANGUAGE_MODEL, "--base-url", server.url, "--json")
        refused = run(*words, *options)
        assert "were not asked about" in refused.err
        assert "not paid for: Add credits" in refused.err
        assert not refused.out
        server.rule = lambda request: None
        assert run(*words, *options).json["points"]
        assert set(server.times_paid().values()) == {1}


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        ("minilm", "'minilm' does not name a judge"),
        ("openai:", "'openai:' does not name a judge"),
        ("embedder:nothing", "There is no embedder 'nothing'"),
        ("embedder:precomputed:a.npy", "cannot judge: there are none of the labels"),
    ],
)
def test_what_is_no_judge_is_said(
    run: Run, words: tuple[object, ...], judge: str, said: str
) -> None:
    assert said in run(*words, "--judge", judge).err
