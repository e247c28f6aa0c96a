"""Looking up, naming, storing and exporting families."""

import io
import json

import networkx
import numpy as np
import pytest

from saetui.core.families import Families, Family, FamilyLabel, FamilyParameters
from saetui.errors import BundleDamaged

LARGE = Family(0, 3, "", (3, 1, 2, 5, 4), ((3, 1, 0.5), (3, 2, 0.4), (3, 5, 0.3), (1, 4, 0.25)), 1)
SMALL = Family(1, 6, "", (6, 2, 7, 8), ((6, 2, 0.5), (6, 7, 0.4), (6, 8, 1 / 3)), 2, 0.9, 0.8)
FOREST = ((3, 1, 0.5), (3, 2, 0.4), (1, 4, 0.25), (3, 5, 0.3))
FAMILIES = Families(FamilyParameters(), (1, 2, 3, 4, 5, 6, 7, 8), (LARGE, SMALL), FOREST)


def test_children_of_a_member_are_those_right_below_it():
    assert LARGE.children(3) == (1, 2, 5)
    assert LARGE.children(1) == (4,)
    assert LARGE.children(4) == ()


def test_a_feature_knows_its_families_largest_first():
    assert FAMILIES.of_feature(2) == (LARGE, SMALL)
    assert FAMILIES.of_feature(8) == (SMALL,)
    assert FAMILIES.of_feature(0) == ()


def test_the_smallest_family_stands_for_a_feature():
    assert FAMILIES.smallest_of(2) == SMALL
    assert FAMILIES.smallest_of(3) == LARGE
    assert FAMILIES.smallest_of(0) is None


def test_families_are_a_sequence():
    assert len(FAMILIES) == 2
    assert list(FAMILIES) == [LARGE, SMALL]
    assert FAMILIES[1] is SMALL


def test_json_gives_back_the_same_families():
    assert Families.from_dict(json.loads(json.dumps(FAMILIES.as_dict()))) == FAMILIES


def test_another_name_leaves_the_earlier_ones():
    by_model = FamilyLabel("Gas", "llm", "openai:gpt", "1", "2026-01-01", "words", 0.5, 0.4)
    renamed = SMALL.called(by_model)
    assert (renamed.label, renamed.f1, renamed.pearson) == ("Gas", 0.5, 0.4)
    assert renamed.newest_label == by_model
    again = renamed.called(FamilyLabel("Dust", "llm"))
    assert [label.text for label in again.labels] == ["Gas", "Dust"]
    assert (again.f1, again.members, again.edges) == (None, SMALL.members, SMALL.edges)
    families = Families(FamilyParameters(), (1,), (again,), ())
    assert Families.from_dict(json.loads(json.dumps(families.as_dict()))) == families


def test_a_name_of_unknown_origin_is_kept_too():
    before = Family(0, 3, "Stars", (3,), (), 1, 0.9, 0.8)
    after = before.called(FamilyLabel("Suns", "llm"))
    assert after.labels[0] == FamilyLabel("Stars", "", f1=0.9, pearson=0.8)


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: value.pop("forest"),
        lambda value: value.update(families=None),
        lambda value: value.update(parameters={"unheard_of": 1}),
        lambda value: value["parameters"].update(measure="guess"),
        lambda value: value["families"][0].update(f1="high"),
        lambda value: value.update(forest=[[1, 2]]),
        lambda value: value.update(clean=["x"]),
        lambda value: value.update(clean=[float("inf")]),
        lambda value: value["families"].append([]),
        lambda value: value["families"][0].pop("root"),
        # A circle, which would be walked for ever.
        lambda value: value["families"][0].update(
            edges=[[3, 1, 1.0], [1, 3, 1.0]], members=[3, 1, 3]
        ),
        lambda value: value["families"][0].update(members=[3, 1, 2]),
    ],
)
def test_damaged_json_is_refused(damage):
    value = json.loads(json.dumps(FAMILIES.as_dict()))
    damage(value)
    with pytest.raises(BundleDamaged, match="feature families"):
        Families.from_dict(value)


def test_anything_but_an_object_is_refused():
    with pytest.raises(BundleDamaged):
        Families.from_dict([])  # type: ignore[arg-type]


def test_the_graph_holds_every_clean_feature_and_can_be_written():
    labels = [f"label {feature}" for feature in range(9)]
    graph = FAMILIES.to_networkx(labels, np.arange(9) / np.float32(100))
    assert sorted(graph) == list(FAMILIES.clean)
    assert graph.nodes[4] == {"label": "label 4", "density": pytest.approx(0.04), "families": "0"}
    assert graph.nodes[2]["families"] == "0 1"
    assert graph.edges[1, 4] == {"weight": 0.25, "forest": True, "families": "0"}
    assert (graph.nodes[6]["family"], graph.nodes[6]["family_label"]) == (1, "")
    forest = [edge[:2] for edge in graph.edges(data="forest") if edge[2]]
    assert networkx.is_forest(graph.edge_subgraph(forest).to_undirected())
    for family in FAMILIES:
        of_family = {
            edge[:2] for edge in graph.edges(data="families") if str(family.id) in edge[2].split()
        }
        assert of_family == {edge[:2] for edge in family.edges}
    file = io.BytesIO()
    networkx.write_graphml(graph, file)
    assert b"label 4" in file.getvalue()
    assert json.dumps(networkx.node_link_data(graph, edges="edges"))
