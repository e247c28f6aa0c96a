import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from bundles import make_bundle
from chat_server import ChatServer, completion
from command_line import Run

from saetui.cli.plots import Series, plot, svg_plot

pytestmark = pytest.mark.usefixtures("hash_embedder")


@pytest.fixture(scope="session")
def larger_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(
        tmp_path_factory.mktemp("bundles") / "larger.bundle", documents=300, k=2, n=40
    )


def test_steering_is_measured(run: Run, larger_bundle: Path, tmp_path: Path) -> None:
    svg, table = tmp_path / "a.svg", tmp_path / "a.csv"
    words = ("evaluate", "steering", larger_bundle, "--queries", 15, "--svg", svg, "--csv", table)
    found = run(*words, "--json").json
    assert found.keys() == {"trials", "queries", "features", "seed", "levels", "points"}
    ways = {point["way"] for point in found["points"]}
    assert {"delta", "codes", "decode", "optimise", "rewritten"} <= ways
    for point in found["points"]:
        assert point["up"].keys() == point["down"].keys() == {"words", "word space"}
        assert point["fidelity"].keys() == {"value", "low", "high"}
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == len(found["points"])
    assert float(rows[3]["up words"]) == found["points"][3]["up"]["words"]["value"]
    assert ET.parse(svg).getroot().tag.endswith("svg")
    text = run(*words).out
    assert "At equal cost to the query" in text
    assert "Raised feature recognised by words" in text


def test_queries_come_from_a_file(run: Run, larger_bundle: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_text("black hole jets\n\ncoral reef bleaching\n")
    words = ("evaluate", "steering", larger_bundle, "--query-file", queries, "--json")
    assert run(*words).json["queries"] == 2
    raised = run(*words, "--only", "up").json
    lowered = run(*words, "--only", "down").json
    assert "rewritten, up only" in {point["way"] for point in raised["points"]}
    assert "rewritten" not in {point["way"] for point in raised["points"] + lowered["points"]}
    queries.write_bytes(b"\xff\n")
    assert "cannot be read" in run(*words).err


def test_retrieval_is_measured(run: Run, larger_bundle: Path, tmp_path: Path) -> None:
    queries, qrels = tmp_path / "queries.jsonl", tmp_path / "qrels.tsv"
    queries.write_text('{"_id": "1", "text": "coral reef"}\n')
    qrels.write_text("1\tdoc-2\t1\n1\tdoc-5\t1\n")
    words = ("evaluate", "retrieval", larger_bundle, "--queries", queries, "--qrels", qrels)
    found = run(*words, "--json").json
    assert [each["name"] for each in found["all"]] == [
        "by meaning",
        "by words",
        "by meaning and words",
        "reconstructed",
    ]
    assert len(found["feedback"]) == 13
    text = run(*words).out
    assert "One relevant document given, judged on the others" in text
    qrels.write_text("1\tother\t1\n")
    assert "None of the documents" in run(*words).err


def test_a_plot_with_straight_axes() -> None:
    lines = plot([Series("a", [0.0, 0.5, 1.0], [0.0, 0.5, 1.0])], width=21, height=5, unicode=False)
    marks = [line.partition("|")[2].find("o") for line in lines[:5]]
    assert marks == [20, -1, 10, -1, 0]


def test_a_picture_escapes_its_texts() -> None:
    picture = svg_plot([Series("a < b", [1.0], [2.0])], title="&", across="x", up="y")
    texts = [each.text for each in ET.fromstring(picture).iter() if each.text]
    assert {"a < b", "&", "x", "y"} <= set(texts)


class Rewriter(ChatServer):
    """Asks for what it is told to, in the words that it is told."""

    def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        task, query = (message["content"] for message in request["messages"])
        wanted = json.loads(task.partition("more for ")[2].partition(".")[0])
        return completion(
            request, json.dumps({"query": f"{json.loads(query)['query']} on {wanted}"})
        )


def test_a_language_model_rewrites_the_queries(run: Run, larger_bundle: Path) -> None:
    words = ("evaluate", "steering", larger_bundle, "--queries", 6, "--only", "up", "--json")
    with Rewriter() as server:
        options = ("--rewriter", "openai:small", "--base-url", server.url)
        found = run(*words, *options).json
        asked = len(server.requests)
        assert asked == found["trials"]
        points = [point for point in found["points"] if point["way"] == "rewritten by small"]
        assert [point["strength"] for point in points] == [0, 1]
        assert points[0]["fidelity"]["value"] == pytest.approx(1)
        assert points[1]["fidelity"]["value"] < 1
        # What was paid for once is not asked again.
        assert run(*words, *options).json == found
        assert len(server.requests) == asked
    assert "does not name a language model" in run(*words, "--rewriter", "small").err


def test_first_features_of_queries_are_measured(run: Run, larger_bundle: Path) -> None:
    found = run("evaluate", "queries", larger_bundle, "--queries", 30, "--json").json["queries"]
    own = {(each["queries"], each["way"]): each["own"][0] for each in found}
    assert {kind for kind, _ in own} == {"titles", "their first 5 words"}
    # A title's own document has a say; left out, the measure must notice.
    assert own["titles", "as queries"] > own["titles", "without its document"]
    assert 0 < own["titles", "so, and sure"] <= 1
    assert "so, and sure" in run("evaluate", "queries", larger_bundle, "--queries", 3).out
