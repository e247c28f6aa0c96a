import math
from pathlib import Path

import pytest
from command_line import Run, without_colour

from saetui.cli.search_text import rank_change

pytestmark = pytest.mark.usefixtures("hash_embedder")


def test_json_has_the_documented_fields(run: Run, bundle: Path) -> None:
    found = run(
        "search",
        bundle,
        "black hole merger",
        "--why",
        "--limit",
        "3",
        "--steer",
        "3=+0.4",
        "--json",
    ).json
    assert found.keys() >= {"query", "mode", "sae", "drift", "exact", "results", "features"}
    assert (found["query"], found["mode"], found["sae"]) == ("black hole merger", "delta", "k4-n24")
    assert found["exact"] is False
    assert 0 < found["drift"] < 1
    assert [result["rank"] for result in found["results"]] == [1, 2, 3]
    for result in found["results"]:
        assert result.keys() >= {"rank", "baseline_rank", "score", "id", "row", "title", "why"}
        assert result["id"] == f"doc-{result['row']}"
        terms = math.fsum(term["term"] for term in result["why"])
        assert terms + result["bias"] + result["remainder"] == pytest.approx(
            result["score"], abs=1e-5
        )
    assert all(
        feature.keys() == {"id", "label", "activation", "steered"} for feature in found["features"]
    )


def test_without_steering_nothing_changes_rank(run: Run, bundle: Path) -> None:
    found = run("search", bundle, "translation of a sentence", "--json").json
    assert found["drift"] == 1
    assert all(result["rank"] == result["baseline_rank"] for result in found["results"])
    assert found["dropped"] == []
    assert "why" not in found["results"][0]
    text = run("search", bundle, "translation of a sentence").out
    assert text.startswith("rank\tscore\ttitle")


def test_steering_moves_results_and_says_so(run: Run, bundle: Path) -> None:
    words = ("search", bundle, "black hole", "--steer", "larval settlement=+1", "--limit", "5")
    found = run(*words, "--json").json
    assert any("Larval" in result["title"] for result in found["results"])
    assert found["dropped"]
    text = run(*words).out
    assert text.startswith("rank\tchange\tscore\ttitle")
    changes = {row[1].partition(" ")[0] for row in run(*words).rows}
    assert changes & {"up", "NEW"}
    assert "Pushed out by steering" in text
    assert "Larval settlement" in text.partition("Features of the query")[2]


def test_a_family_is_steered_as_one(run: Run, bundle: Path) -> None:
    found = run("search", bundle, "", "--steer", "family:coral reefs=0.3", "--json").json
    assert [feature["id"] for feature in found["features"]] == [10, 11, 12, 13, 14]
    assert found["drift"] is None
    assert all(result["baseline_rank"] is None for result in found["results"])
    assert all("coral" in result["title"] for result in found["results"][:5])


@pytest.mark.parametrize("mode", ["delta", "codes", "decode", "optimise"])
def test_exact_and_index_agree_on_a_small_corpus(run: Run, bundle: Path, mode: str) -> None:
    words = ("search", bundle, "reef fish", "--mode", mode, "--json")
    by_index, exact = run(*words).json, run(*words, "--exact").json
    assert exact["exact"] is True
    assert by_index["results"] == exact["results"]


def test_query_from_standard_input(run: Run, bundle: Path) -> None:
    piped = run("search", bundle, "-", "--json", stdin=b"  reef fish \xff\n").json
    assert piped["query"] == "reef fish \ufffd"


def test_bytes_that_are_not_text_do_no_harm(run: Run, bundle: Path) -> None:
    assert (
        run("search", bundle, "reef \udcff \ud800", "--json").json["query"] == "reef \ufffd \ufffd"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("",), "There is nothing to search for."),
        (("reef", "--steer", "fish"), "'fish' does not say what to steer and how."),
        (("reef", "--steer", "99=1"), "There is no feature 99: this SAE has 24."),
        (("reef", "--sae", "other"), "has no SAE named other."),
    ],
)
def test_what_cannot_be_searched_is_explained(
    run: Run, bundle: Path, words: tuple[str, ...], message: str
) -> None:
    outcome = run("search", bundle, *words)
    assert outcome.code == 1
    assert outcome.out == ""
    assert message in outcome.err


@pytest.mark.parametrize("option", [("--limit", "0"), ("--mode", "none")])
def test_options_out_of_range_are_usage_errors(
    run: Run, bundle: Path, option: tuple[str, str]
) -> None:
    assert run("search", bundle, "reef", *option).code == 2


def test_an_empty_bundle_has_no_results(run: Run, empty_bundle: Path) -> None:
    assert run("search", empty_bundle, "reef", "--json").json["results"] == []
    assert run("search", empty_bundle, "reef").rows == []


def test_why_is_printed_for_every_result(run: Run, bundle: Path) -> None:
    text = run("search", bundle, "black hole", "--why", "--limit", "2").out
    lines = text.partition("\nWhy\n")[2].splitlines()[:2]
    assert [line.partition(" ")[0] for line in lines] == ["1", "2"]
    assert all("Black holes +0." in line and "unexplained" in line for line in lines)


@pytest.mark.parametrize(
    ("rank", "baseline", "expected"),
    [(1, 4, "up 3"), (2, 2, "="), (3, None, "NEW"), (6, 4, "down 2")],
)
def test_rank_change(rank: int, baseline: int | None, expected: str) -> None:
    assert rank_change(rank, baseline) == expected


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_terminal_is_never_overrun(
    run_on_terminal: Run, hostile_bundle: Path, width: int
) -> None:
    words = ("search", hostile_bundle, "black hole", "--why", "--steer", "4=1", "--limit", "30")
    outcome = run_on_terminal(*words, width=width)
    assert outcome.code == 0
    lines = without_colour(outcome.out).splitlines()
    assert max(len(line) for line in lines) <= width
