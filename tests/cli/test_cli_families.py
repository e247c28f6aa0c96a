import json
from pathlib import Path
from typing import Any

import networkx
import pytest
from command_line import Run, without_colour


def test_json_has_the_documented_fields(run: Run, bundle: Path) -> None:
    found = run("families", bundle, "--json").json
    assert [family["label"] for family in found] == [
        "Black holes",
        "Language models",
        "Coral reefs",
    ]
    fields = {"id", "label", "root", "members", "mean_density", "f1", "pearson", "judge"}
    assert all(family.keys() == fields for family in found)
    assert [family["f1"] for family in found] == pytest.approx([0.9, 0.8, 0.7])
    assert found[1]["root"] == 5
    assert found[1]["members"] == [5, 6, 7, 8, 9]
    features = run("features", bundle, "--limit", "0", "--json").json
    densities = [features[member]["density"] for member in found[1]["members"]]
    assert found[1]["mean_density"] == pytest.approx(sum(densities) / 5)


def test_words_choose_families(run: Run, bundle: Path) -> None:
    assert [row[1] for row in run("families", bundle, "REEF").rows] == ["Coral reefs"]
    assert not run("families", bundle, "eef").rows
    nothing = run("families", bundle, "quasar")
    assert (nothing.code, nothing.rows, nothing.err) == (0, [], "no families found\n")


def test_a_list_is_cut_at_its_limit_and_says_so(run: Run, bundle: Path) -> None:
    outcome = run("families", bundle, "--limit", "2")
    assert len(outcome.rows) == 2
    assert outcome.err == "2 of 3 families; --limit 0 shows all\n"


def test_a_family_in_json_is_nested(run: Run, bundle: Path) -> None:
    found = run("family", bundle, "language models", "--json").json
    assert found["tree"]["id"] == found["root"] == 5
    assert found["tree"]["weight"] is None
    children = found["tree"]["children"]
    assert [child["id"] for child in children] == [6, 7, 8]
    (grandchild,) = children[0]["children"]
    assert grandchild.keys() == {"id", "label", "density", "documents", "weight", "children"}
    assert (grandchild["id"], grandchild["children"]) == (9, [])


def test_a_family_in_json_has_its_documents_and_its_block(run: Run, bundle: Path) -> None:
    found = run("family", bundle, "1", "--limit", "3", "--json").json
    assert len(found["top"]) == 3 < found["documents"]
    assert found["top"][0]["activation"] >= found["top"][1]["activation"] > 0
    block = found["block"]
    assert block["features"] == found["members"]
    documents = {node["id"]: node["documents"] for node in _nodes(found["tree"])}
    for place, member in enumerate(block["features"]):
        assert block["co_occurrence"][place][place] == documents[member]
        assert block["similarity"][place][place] in (0, pytest.approx(1))
    between = [
        block["co_occurrence"][block["features"].index(parent["id"])][
            block["features"].index(child["id"])
        ]
        for parent in _nodes(found["tree"])
        for child in parent["children"]
    ]
    assert found["parent_child"] == pytest.approx(sum(between) / len(between))
    assert found["labels"] == [
        {
            "text": "Language models",
            "method": "terms",
            "model": "",
            "prompt_version": "",
            "created": "2024-08-01",
            "judge": "words",
            "f1": pytest.approx(0.8),
            "pearson": pytest.approx(0.4),
        }
    ]


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for child in node["children"] for below in _nodes(child))]


@pytest.mark.parametrize("ending", ["graphml", "json"])
def test_the_forest_is_exported_whole(
    run: Run, hostile_bundle: Path, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"forest.{ending}"
    outcome = run("families", hostile_bundle, "--export", path)
    assert (outcome.code, outcome.out) == (0, f"{path}: 15 features, 12 edges\n")
    if ending == "graphml":
        graph = networkx.read_graphml(path, node_type=int)
    else:
        graph = networkx.node_link_graph(json.loads(path.read_text("utf-8")), edges="edges")
    families = run("families", hostile_bundle, "--json").json
    assert sorted(graph) == list(range(15))
    for family in families:
        assert graph.nodes[family["root"]]["family"] == family["id"]
        in_it = {
            node
            for node, named in graph.nodes(data="families")
            if str(family["id"]) in named.split()
        }
        assert in_it == set(family["members"])
    assert "\x1b" not in graph.nodes[0]["label"]


def test_an_export_of_unknown_form_is_refused(run: Run, bundle: Path, tmp_path: Path) -> None:
    outcome = run("families", bundle, "--export", tmp_path / "forest.dot")
    assert outcome.code == 1
    assert "forest.dot does not say which format" in outcome.err
    assert not list(tmp_path.iterdir())


def test_a_family_as_text_is_indented(run: Run, bundle: Path) -> None:
    outcome = run("family", bundle, "1")
    lines = outcome.out.splitlines()
    assert lines[0] == "family 1  Language models  5 features"
    assert "F1 0.80, Pearson 0.40; parent and child share" in lines[1]
    assert [line.split("\t")[0] for line in lines[3:8]] == [
        "Language models",
        "  Machine translation",
        "    Text summaries",
        "  Attention heads",
        "  Question answering",
    ]


def test_a_terminal_draws_the_branches(run_on_terminal: Run, bundle: Path) -> None:
    lines = without_colour(run_on_terminal("family", bundle, "1").out).splitlines()
    assert [line.split("  ")[0] for line in lines[3:8]] == [
        "Language models",
        "\u251c\u2500 Machine translation",
        "\u2502",
        "\u251c\u2500 Attention heads",
        "\u2514\u2500 Question answering",
    ]
    assert lines[5].startswith("\u2502  \u2514\u2500 Text summaries")


def test_without_unicode_branches_are_spaces(run_on_terminal: Run, bundle: Path) -> None:
    text = run_on_terminal("family", bundle, "1", encoding="ascii").out
    assert "\n    Text summaries" in without_colour(text)


@pytest.mark.parametrize(
    ("name", "message"),
    [("7", "No family is called '7'."), ("oral", "No family is called 'oral'.")],
)
def test_unclear_names_are_explained(run: Run, bundle: Path, name: str, message: str) -> None:
    outcome = run("family", bundle, name)
    assert outcome.code == 1
    assert message in outcome.err
