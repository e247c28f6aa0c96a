import csv
from pathlib import Path

import pytest
from bundles import SECOND, add_larger_sae, make_bundle
from command_line import Run, without_colour

BLACK_HOLES, LANGUAGE_MODELS, REEFS = 0, 5, 10


def test_what_is_more_frequent_in_a_comes_first_and_what_is_in_b_last(
    run: Run, bundle: Path
) -> None:
    found = run("compare", bundle, 'category:"Black holes"', "--json", "--limit", "0").json
    assert (found["a"]["documents"], found["b"]["documents"]) == (20, 40)
    first, last = found["rows"][0], found["rows"][-1]
    assert first["id"] == BLACK_HOLES
    assert first["share_a"] == 1 > first["share_b"]
    assert first["low"] < first["ratio"] < first["high"]
    assert first["q"] < 0.001
    assert last["ratio"] < 1
    assert [row["keyness"] for row in found["rows"]] == sorted(
        (row["keyness"] for row in found["rows"]), reverse=True
    )
    assert "A: 20 documents; B: 40." in found["remarks"]


def test_counts_are_those_of_the_filter(run: Run, bundle: Path) -> None:
    rows = run("compare", bundle, "after:2015", "--json", "--limit", "0").json["rows"]
    for row in rows[:5]:
        both = run(
            "search", bundle, "--has", row["id"], "--after", "2015", "--json", "--like", "doc-0"
        )
        assert both.json["eligible"] in (row["a"], row["a"] - 1)


def test_a_filter_restricts_both_groups(run: Run, bundle: Path) -> None:
    found = run(
        "compare", bundle, 'category:"Black holes"', "--filter", "after:2015", "--json"
    ).json
    whole = run("compare", bundle, "after:2015", "--json").json
    assert found["a"]["documents"] + found["b"]["documents"] == whole["a"]["documents"]


def test_documents_in_both_groups_are_left_out_and_counted(run: Run, bundle: Path) -> None:
    found = run("compare", bundle, "after:2013", "before:2016", "--json").json
    assert found["shared"] == 18
    assert (found["a"]["documents"], found["b"]["documents"]) == (24, 18)
    assert any("18 documents are in both" in said for said in found["remarks"])


def test_families_are_counted_once_a_document(run: Run, bundle: Path) -> None:
    rows = run("compare", bundle, 'category:"Coral reefs"', "--families", "--json").json["rows"]
    assert rows[0]["label"] == "Coral reefs"
    assert rows[0]["a"] == 20
    features = run("compare", bundle, 'category:"Coral reefs"', "--json", "--limit", "0").json
    reefs = {row["id"]: row["b"] for row in features["rows"]}
    members = run("families", bundle, "--json").json[2]["members"]
    assert max(reefs.get(i, 0) for i in members) <= rows[0]["b"]
    assert rows[0]["b"] <= sum(reefs.get(i, 0) for i in members)


@pytest.mark.usefixtures("hash_embedder")
def test_results_of_a_search_are_a_group(run: Run, bundle: Path) -> None:
    found = run(
        "compare", bundle, "search:coral reef ocean", "--top", "10", "--json", "--least", "2"
    ).json
    assert found["a"]["documents"] == 10
    assert found["rows"][0]["id"] == REEFS


@pytest.mark.usefixtures("hash_embedder")
def test_a_bookmark_is_compared_with_and_without_its_steering(run: Run, tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "marked.bundle")
    run("search", folder, "black hole", "--steer", "10=+2", "--bookmark")
    name = run("bookmarks", folder, "--json").json[0]["name"]
    found = run(
        "compare", folder, f"bookmark:{name}", f"unsteered:{name}", "--top", "10", "--json"
    ).json
    assert found["rows"][0]["id"] == REEFS
    assert found["rows"][0]["share_a"] > found["rows"][0]["share_b"]


def test_a_file_of_ids_is_a_group(run: Run, bundle: Path, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("doc-0\ndoc-3\n\ndoc-6\ndoc-9\ndoc-12\nmissing\n", "utf-8")
    found = run("compare", bundle, f"@{ids}", "--json").json
    assert (found["a"]["documents"], found["a"]["missing"]) == (5, 1)
    assert found["rows"][0]["id"] == BLACK_HOLES
    assert any("1 ids of" in said for said in found["remarks"])


def test_another_bundle_with_the_same_sae_is_a_group(
    run: Run, bundle: Path, tmp_path: Path
) -> None:
    same = make_bundle(tmp_path / "same.bundle")
    found = run("compare", bundle, 'category:"Black holes"', f"bundle:{same}", "--json").json
    assert (found["a"]["documents"], found["b"]["documents"]) == (20, 60)
    assert found["rows"][0]["id"] == BLACK_HOLES
    other = make_bundle(tmp_path / "other.bundle", seed=3)
    refused = run("compare", bundle, "all", f"bundle:{other}")
    assert refused.code == 1
    assert "does not have the SAE" in refused.err


def test_few_documents_prove_nothing(run: Run, bundle: Path) -> None:
    rows = run("compare", bundle, "after:2015", "--least", "61", "--json", "--limit", "0").json
    assert rows["tested"] == 0
    assert all(row["q"] is None for row in rows["rows"])


def test_sorted_and_exported(run: Run, bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    outcome = run(
        "compare", bundle, "after:2015", "--sort", "ratio", "--export", path, "--limit", 3
    )
    assert outcome.code == 0
    with path.open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    ratios = [float(row["ratio"]) for row in written]
    assert ratios == sorted(ratios, reverse=True)
    assert len(written) > 3
    assert written[0]["label"] in outcome.out
    assert run("compare", bundle, "after:2015", "--sort", "beauty").code == 1
    assert run("compare", bundle, "after:2015", "--export", tmp_path / "out.txt").code == 1


def test_examples_are_of_each_side(run: Run, bundle: Path) -> None:
    text = run("compare", bundle, 'category:"Black holes"', "--examples", "2").out
    shown = text.split("Black holes, A: ")[1]
    assert shown.count("doc-") >= 2
    ids = [line.split()[0] for line in shown.splitlines() if line.startswith("  doc-")]
    assert all(int(each.removeprefix("doc-")) % 3 == 0 for each in ids[:2])


def test_a_terminal_shows_the_table(run_on_terminal: Run, bundle: Path) -> None:
    text = without_colour(run_on_terminal("compare", bundle, 'category:"Black holes"').out)
    assert "100.0%" in text
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["after:2050"], "No document is in the group 'after:2050'."),
        (["nonsense"], "'nonsense' is not a filter."),
        (["rest", "all"], "The first group cannot be the rest."),
        (["all", "rest"], "The group 'rest' has no document of its own."),
        (["@nowhere.txt"], "nowhere.txt cannot be read"),
        (["bookmark:none"], "No bookmark is called 'none'."),
        (["search:"], "'search:' says nothing to search for."),
    ],
)
def test_groups_that_are_none_are_explained(
    run: Run, bundle: Path, words: list[str], message: str
) -> None:
    outcome = run("compare", bundle, *words)
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err


def test_another_sae_is_used_on_demand(run: Run, tmp_path: Path) -> None:
    folder = add_larger_sae(make_bundle(tmp_path / "two.bundle"))
    options = ("--json", "--limit", 0)
    first = run("compare", folder, "after:2015", *options).json["rows"]
    second = run("compare", folder, "after:2015", "--sae", SECOND, *options).json["rows"]
    assert {row["id"] for row in first} != {row["id"] for row in second}
