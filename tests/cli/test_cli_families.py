from pathlib import Path

import pytest
from command_line import Run, without_colour


def test_json_has_the_documented_fields(run: Run, bundle: Path) -> None:
    found = run("families", bundle, "--json").json
    assert [family["label"] for family in found] == [
        "Black holes",
        "Language models",
        "Coral reefs",
    ]
    assert all(
        family.keys() == {"id", "label", "root", "members", "mean_density", "f1", "pearson"}
        for family in found
    )
    assert found[1]["root"] == 5
    assert found[1]["members"] == [5, 6, 7, 8, 9]
    features = run("features", bundle, "--limit", "0", "--json").json
    densities = [features[member]["density"] for member in found[1]["members"]]
    assert found[1]["mean_density"] == pytest.approx(sum(densities) / 5)


def test_words_choose_families(run: Run, bundle: Path) -> None:
    assert [row[1] for row in run("families", bundle, "REEF").rows] == ["Coral reefs"]
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


def test_a_family_as_text_is_indented(run: Run, bundle: Path) -> None:
    outcome = run("family", bundle, "1")
    assert outcome.out.splitlines()[0] == "family 1  Language models  5 features"
    assert [row[0] for row in outcome.rows] == [
        "Language models",
        "  Machine translation",
        "    Text summaries",
        "  Attention heads",
        "  Question answering",
    ]


def test_a_terminal_draws_the_branches(run_on_terminal: Run, bundle: Path) -> None:
    lines = without_colour(run_on_terminal("family", bundle, "1").out).splitlines()
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "Language models",
        "\u251c\u2500 Machine translation",
        "\u2502",
        "\u251c\u2500 Attention heads",
        "\u2514\u2500 Question answering",
    ]
    assert lines[4].startswith("\u2502  \u2514\u2500 Text summaries")


def test_without_unicode_branches_are_spaces(run_on_terminal: Run, bundle: Path) -> None:
    text = run_on_terminal("family", bundle, "1", encoding="ascii").out
    assert "\n    Text summaries" in without_colour(text)


@pytest.mark.parametrize(
    ("name", "message"),
    [("7", "No family is called '7'."), ("s", "'s' could mean 3 families")],
)
def test_unclear_names_are_explained(run: Run, bundle: Path, name: str, message: str) -> None:
    outcome = run("family", bundle, name)
    assert outcome.code == 1
    assert message in outcome.err
