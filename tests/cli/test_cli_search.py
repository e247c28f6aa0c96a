import json
import math
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from bundles import HashEmbedder, make_bundle, make_indexed_bundle
from command_line import Run, without_colour

from saetui.cli.search_output import rank_change
from saetui.core.changes import MODES, Change
from saetui.core.document_filter import DocumentFilter
from saetui.core.search_request import SearchRequest
from saetui.session.saved.presets import save_preset
from saetui.session.saved.search_json import search_to_json
from saetui.session.saved.search_text import command_text
from saetui.session.session import Session
from saetui.store.bundle import Bundle

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
    assert (found["query"], found["mode"], found["sae"]) == ("black hole merger", "both", "k4-n24")
    assert found["exact"] is False
    assert found["drift"] == pytest.approx(1)
    assert 0 < found["kept"] <= 1
    assert 0 <= found["overlap"] <= 1
    assert [result["rank"] for result in found["results"]] == [1, 2, 3]
    for result in found["results"]:
        assert result.keys() >= {"rank", "baseline_rank", "score", "id", "row", "title", "why"}
        assert result["id"] == f"doc-{result['row']}"
        terms = math.fsum(term["term"] for term in result["why"])
        terms += result["bias"] + result["remainder"] + result["words"]
        assert terms == pytest.approx(result["score"], abs=1e-5)
    documented = {"id", "label", "activation", "steered", "sure", "near"}
    assert all(feature.keys() == documented for feature in found["features"])
    assert found["told"] == 10


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


@pytest.fixture(scope="session")
def indexed_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of which the index does not find all that is near."""
    return make_indexed_bundle(tmp_path_factory.mktemp("bundles") / "indexed.bundle", "projected")


@pytest.mark.parametrize("mode", ["delta", "decode", "optimise"])
def test_exact_finds_more_than_the_index_and_says_how_much(
    run: Run, indexed_bundle: Path, mode: str
) -> None:
    words = (
        "search",
        indexed_bundle,
        "black hole merger",
        "--mode",
        mode,
        "--limit",
        "20",
        "--semantic",
        "--json",
    )
    by_index, exact = run(*words).json, run(*words, "--exact").json
    assert (by_index["exact"], by_index["recall"], exact["exact"]) == (False, None, True)
    found, true = ({r["id"]: r["score"] for r in each["results"]} for each in (by_index, exact))
    assert 0.5 <= exact["recall"] < 1
    assert exact["recall"] == pytest.approx(len(found.keys() & true.keys()) / 20)
    assert sum(true.values()) > sum(found.values())
    assert all(score == true[id_] for id_, score in found.items() if id_ in true)


def test_query_from_standard_input(run: Run, bundle: Path) -> None:
    piped = run("search", bundle, "-", "--json", stdin=b"  reef fish \xff\n").json
    assert piped["query"] == "reef fish \ufffd"


def test_a_query_may_be_several_words(run: Run, bundle: Path) -> None:
    quoted = run("search", bundle, "black hole merger", "--json")
    assert quoted.json["query"] == "black hole merger"
    assert run("search", bundle, "black", "hole", "merger", "--json").out == quoted.out
    assert run("search", bundle, "black", "--json", "hole", "merger").out == quoted.out


def test_results_stand_apart_from_features_and_settings(run: Run, bundle: Path) -> None:
    outcome = run("search", bundle, "black hole", "--limit", "3")
    results, features, less_sure, settings = outcome.out.split("\n\n")
    assert len(results.splitlines()) == 4
    assert features.startswith("Features of the query\n")
    assert less_sure.startswith("Less sure to be asked about\nfeature")
    assert settings.startswith("Settings\nk4-n24")
    assert not outcome.err


def test_nothing_found_is_said_beside_the_output(run: Run, bundle: Path) -> None:
    outcome = run("search", bundle, "zzz", "--lexical", "--json")
    assert outcome.json["results"] == []
    assert outcome.err == "No document is found.\n"
    outcome = run("search", bundle, "reef", "--filter", "after:2900")
    assert outcome.rows == []
    assert outcome.err == "No document passes the filter.\n"


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
    assert all("Black holes +0." in line and "no feature" in line for line in lines)


def test_what_documents_lack_is_said_in_words(run: Run, bundle: Path) -> None:
    steered = ("search", bundle, "black hole", "--why", "--steer", "10=+0.3", "--limit", "2")
    assert "lacks Coral reefs -" in run(*steered).out
    assert "No document about" not in run(*steered).out
    found = run(*steered, "--filter", "without:10").out
    assert "\nNo document about the query has Coral reefs.\n" in found
    assert "lacks" not in run(*steered[:4]).out


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


def ids(found: dict) -> list[str]:
    return [result["id"] for result in found["results"]]


def test_more_like_a_document_and_away_from_another(run: Run, bundle: Path) -> None:
    found = run("search", bundle, "--like", "doc-3", "--json").json
    assert "doc-3" not in ids(found)
    assert found["like"] == "doc-3"
    away = run("search", bundle, "--like", "doc-3", "--away", ids(found)[0], "--json").json
    assert ids(away) != ids(found)
    assert any(feature["steered"] < feature["activation"] for feature in away["features"])
    toward = run("search", bundle, "reef", "--toward", "doc-0", "--json").json
    assert toward["kept"] < 1


def test_filters_narrow_what_is_found(run: Run, bundle: Path) -> None:
    found = run(
        "search", bundle, "black hole", "--category", "coral reefs", "--after", "2012",
        "--before", "2016-06", "--has", "coral reefs", "--json",
    ).json  # fmt: skip
    assert 0 < found["eligible"] < 60
    assert len(found["results"]) == min(10, found["eligible"])
    assert all("coral" in result["title"] for result in found["results"])
    assert all("2012" <= result["published"] <= "2016-06" for result in found["results"])
    none = run("search", bundle, "reef", "--has", "0", "--without", "0")
    assert "0 of 60 documents pass the filter" in none.out
    where = run("search", bundle, "reef", "--where", "categories=Black holes", "--json").json
    assert all("black" in result["title"] for result in where["results"])


def test_words_and_both(run: Run, bundle: Path) -> None:
    words = run("search", bundle, '"reef fish"', "--lexical", "--why", "--json").json
    assert words["retrieval"] == "lexical"
    for result in words["results"]:
        assert result["words"] == pytest.approx(result["score"])
    asked = ("search", bundle, "reef fish", "--steer", "0=+0.5", "--why")
    assert "words +" in run(*asked).out
    assert run(*asked, "--hybrid").out == run(*asked).out
    meaning = run(*asked, "--semantic").out
    assert "semantic" in meaning.splitlines()[-1]
    assert "words +" not in meaning


def test_effects_say_what_a_step_replaces(run: Run, bundle: Path) -> None:
    found = run("search", bundle, "reef fish", "--effects", "--json").json
    assert all({"raised", "lowered", "moved"} <= feature.keys() for feature in found["features"])
    assert "replaces up" in run("search", bundle, "reef fish", "--effects").out


def test_exact_searches_say_what_the_index_finds(run: Run, bundle: Path) -> None:
    assert "the index finds 100% of these" in run("search", bundle, "reef", "--exact").out
    found = run("search", bundle, "reef", "--steer", "3=+1", "--mode", "optimise", "--json").json
    assert found["recall"] is None
    assert found["code_error"]["after"] <= found["code_error"]["before"]


def test_a_saved_search_is_found_again(run: Run, bundle: Path, tmp_path: Path) -> None:
    preset = tmp_path / "reef.json"
    words = (
        "search", bundle, "reef fish", "--steer", "3=+0.4", "--mode", "codes", "--mute", "11",
        "--without", "2", "--limit", "4", "--json",
    )  # fmt: skip
    saved = run(*words, "--save-preset", preset).json
    assert run("search", bundle, "--preset", preset, "--json").json == saved
    replayed = run("search", bundle, "--preset", preset, "--replay", "--json").json
    assert replayed == {"steps": [saved]}
    assert "Step 1: ask: reef fish" in run("search", bundle, "--preset", preset, "--replay").out
    other = run("search", bundle, "coral", "--preset", preset, "--limit", "2", "--json").json
    assert (other["query"], other["mode"], len(other["results"])) == ("coral", "codes", 2)
    assert [f["id"] for f in other["features"] if f["steered"] != f["activation"]][-1] == 3
    preset.write_text(preset.read_text().replace('"Relativistic jets"', '"Jets"'))
    outcome = run("search", bundle, "--preset", preset)
    assert "Warning: Feature 3 was called 'Jets'" in outcome.err


def test_fifty_recorded_steps_replay_the_same(run: Run, bundle: Path, tmp_path: Path) -> None:
    session = Session(Bundle(bundle), embedder=HashEmbedder())
    steps = [SearchRequest("black hole", mode=MODES[0])]
    for step in range(49):
        change = Change("add", round(0.1 * (step % 5 - 2), 2))
        steering = {**steps[-1].steering, step % 24: change}
        mode = MODES[step // 10 % len(MODES)]
        retrieval = "hybrid" if step % 8 == 7 else "semantic"
        steps.append(replace(steps[-1], steering=steering, mode=mode, retrieval=retrieval))
    answers = [search_to_json(session, session.search(step)) for step in steps]
    preset = tmp_path / "steps.json"
    save_preset(preset, session, steps[-1], steps)
    session.close()
    replayed = run("search", bundle, "--preset", preset, "--replay", "--json").json["steps"]
    assert replayed == answers


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("reef", "--replay"), "There is nothing to replay."),
        (("reef", "--lexical", "--hybrid"), "are different ways to search"),
        (("reef", "--like", "doc-1"), "from a text or from a document"),
        (("--like", "doc-none"), "No document has the id 'doc-none'"),
        (("reef", "--where", "categories"), "does not say what a field must be"),
        (("reef", "--after", "soon"), "'soon' is not a date."),
        (("reef", "--filter", "after:2019-99"), "'2019-99' is not a date."),
        (("reef", "--filter", "before:2019-02-30"), "'2019-02-30' is not a date."),
        (("reef", "--before", "\uff12\uff10\uff11\uff19"), "is not a date."),
        (("reef", "--before", "0000"), "'0000' is not a date."),
    ],
)
def test_what_cannot_go_together_is_explained(
    run: Run, bundle: Path, words: tuple[str, ...], message: str
) -> None:
    outcome = run("search", bundle, *words)
    assert outcome.code == 1
    assert message in outcome.err


def test_words_alone_are_not_steered_and_the_changes_are_kept(run: Run, bundle: Path) -> None:
    plain = run("search", bundle, "reef fish", "--lexical")
    outcome = run("search", bundle, "reef fish", "--lexical", "--steer", "3=1")
    assert "words alone cannot be steered" in outcome.err
    assert outcome.out == plain.out
    assert not plain.err
    found = run("search", bundle, "reef fish", "--lexical", "--steer", "3=1", "--json").json
    assert [each["feature"] for each in found["request"]["changes"]] == [3]


def test_a_request_goes_in_and_comes_out(run: Run, bundle: Path, tmp_path: Path) -> None:
    words = ("search", bundle, "reef fish", "--steer", "3=+0.4", "--json")
    text = 'before:2015 "categories":"Coral reefs" without:"Relativistic jets"'
    found = run(*words, "--filter", text).json
    assert found["request"]["filter"] == {
        "until": "2014", "where": [["categories", "Coral reefs"]], "lacking": [3],
    }  # fmt: skip
    options = ("--before", "2015", "--where", "categories=Coral reefs", "--without", "3")
    assert run(*words, *options).json == found
    file = tmp_path / "request.json"
    file.write_text(json.dumps(found["request"]))
    assert run("search", bundle, "--request", file, "--json").json == found
    piped = run("search", bundle, "--request", "-", "--json", stdin=file.read_bytes())
    assert piped.json == found
    for damage, message in (("{", "as JSON"), ('{"colour": 1}', "no field 'colour'"), ("3", "3")):
        file.write_text(damage)
        assert message in run("search", bundle, "--request", file).err
    outcome = run("search", bundle, "--request", file, "--preset", "x")
    assert "Choose one" in outcome.err


def test_results_are_kept_and_compared(run: Run, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "own.bundle")
    words = ("search", bundle, "reef fish", "--steer", "3=+0.4", "--json")
    made = run(*words, "--bookmark")
    assert "Bookmarked as reef-fish" in made.err
    (kept,) = run("bookmarks", bundle, "--json").json
    assert kept["results"] == ids(made.json)
    assert kept["name"] in run("bookmarks", bundle).out
    again = run("search", bundle, "--preset", kept["name"], "--json")
    assert again.json == made.json
    assert "Warning" not in again.err
    value = json.loads(Path(kept["path"]).read_text())
    value["results"][0] = "doc-none"
    Path(kept["path"]).write_text(json.dumps(value))
    assert "1 of 10 results are others" in run("search", bundle, "--preset", kept["name"]).err
    # On top of the preset it is another search, of which nothing was said.
    assert "Warning" not in run("search", bundle, "--preset", kept["name"], "--limit", "3").err
    assert run("bookmarks", bundle, "--remove", kept["name"]).code == 0
    assert run("bookmarks", bundle, "--json").json == []
    assert "No bookmark is called" in run("search", bundle, "--preset", kept["name"]).err


def test_results_are_exported(run: Run, bundle: Path, tmp_path: Path) -> None:
    outcome = run("search", bundle, "reef", "--export", tmp_path / "a.csv", "--json")
    assert "Wrote 10 of 10 results" in outcome.err
    lines = (tmp_path / "a.csv").read_text("utf-8").splitlines()
    assert lines[0].startswith("rank,baseline_rank,score,id")
    assert len(lines) == 11
    assert "which format" in run("search", bundle, "reef", "--export", tmp_path / "a.x").err


@pytest.mark.parametrize(
    "request_",
    [
        SearchRequest("-reef 'fish' \"x\"", {3: Change("add", -0.25), 4: Change("scale", -1.0)}),
        SearchRequest(like=3, mode="delta", solo=2, muted=(5, 6), exact=True, limit=7),
        SearchRequest("reef", retrieval="hybrid", filter=DocumentFilter("2011", having=(1,))),
    ],
)
def test_the_command_of_a_search_repeats_it(
    run: Run, bundle: Path, request_: SearchRequest
) -> None:
    session = Session(Bundle(bundle), embedder=HashEmbedder())
    wanted = search_to_json(session, session.search(request_))
    program, *words = shlex.split(command_text(session, request_))
    session.close()
    assert program == "saetui"
    assert run(words[0], "--json", *words[1:]).json == wanted


def test_any_words_find_the_feature_to_steer(run: Run, bundle: Path) -> None:
    outcome = run("search", bundle, "black hole", "--steer", "~bleach=+0.3", "--json")
    (change,) = outcome.json["request"]["changes"]
    assert (change["label"], change["amount"]) == ("Bleaching", 0.3)
    assert f"For ~bleach, feature {change['feature']} is steered: Bleaching" in outcome.err
    # No label has these words, so their meaning counts.
    outcome = run("search", bundle, "black hole", "--steer", "~zebra bleaching=+0.3", "--json")
    (change,) = outcome.json["request"]["changes"]
    assert change["label"] == "Coral reefs"
    assert "For ~zebra bleaching" in outcome.err


def test_the_command_line_folds_and_counts(run: Run, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", remarks=9)
    assert "x 9" in run("search", bundle, "merger to report").out
    assert "x 9" not in run("search", bundle, "merger to report", "--unfold").out
    found = run("search", bundle, "merger to report", "--json").json["results"]
    assert sorted(result["repeats"] for result in found)[-2:] == [1, 9]
    assert "8 documents repeat the text of another one." in run("stats", bundle).out
    assert run("stats", bundle, "--json").json["repeated"] == 8
