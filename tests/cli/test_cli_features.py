from contextlib import closing
from pathlib import Path

import pytest
from bundles import make_bundle
from command_line import Run, without_colour
from odd_bundles import rewrite

from saetui.core.families import Family
from saetui.store.bundle import Bundle

FIELDS = {
    "id", "label", "density", "documents", "max_activation", "f1", "pearson", "judge", "quality",
    "cohesion", "stability", "family", "active", "true",
}  # fmt: skip


def test_json_has_the_documented_fields(run: Run, bundle: Path) -> None:
    found = run("features", bundle, "--json", "--limit", "0").json
    assert [feature["id"] for feature in found] == list(range(24))
    assert all(feature.keys() == FIELDS for feature in found)
    assert found[1]["label"] == "Accretion discs"
    assert found[1]["density"] == pytest.approx(found[1]["documents"] / 60)
    assert found[1]["family"] == 0
    assert (found[23]["label"], found[23]["documents"], found[23]["family"]) == ("", 0, None)


def test_the_smallest_family_stands_for_a_feature(run: Run, tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "overlapping.bundle")
    with closing(Bundle(folder)) as bundle:
        families = list(bundle.sae().families)
    small = Family(len(families), 2, "Chirps", (2, 11), ((2, 11, 0.2),), 2)
    rewrite(folder, families=[*families, small])
    found = run("features", folder, "--json", "--limit", "0").json
    assert found[2]["family"] == found[11]["family"] == small.id
    assert run("feature", folder, 2, "--json").json["family"] == small.id
    named = [row[-1] for row in run("features", folder, "--limit", "0", "--sort", "family").rows]
    assert named.count("Chirps") == 2
    known = [name for name in named if name]
    assert known == sorted(known, key=str.casefold), "sorted by what is shown"


def test_a_list_is_cut_at_its_limit_and_says_so(run: Run, bundle: Path) -> None:
    outcome = run("features", bundle, "--limit", "7")
    assert len(outcome.rows) == 7
    assert outcome.err == "7 of 24 features; --limit 0 shows all\n"
    assert run("features", bundle, "--limit", "0").err == ""


def test_words_choose_features(run: Run, bundle: Path) -> None:
    outcome = run("features", bundle, "black", "hole")
    assert [row[1] for row in outcome.rows] == ["Black holes", "Black hole mergers"]
    assert outcome.err == ""
    nothing = run("features", bundle, "quasar")
    assert (nothing.code, nothing.rows, nothing.err) == (0, [], "no features found\n")
    assert run("features", bundle, "quasar", "--json").json == []


def test_figures_names_and_meaning_choose_features(
    run: Run, bundle: Path, hash_embedder: None
) -> None:
    good = run("features", bundle, "f1>=0.89", "--json").json
    assert [feature["id"] for feature in good] == [0, 1, 2]
    assert run("features", bundle, "quality:dead", "--json").json[-1]["id"] == 23
    outside = run("features", bundle, "family:none", "--json", "--limit", "0").json
    assert {feature["id"] for feature in outside} == set(range(15, 24))
    near = run("features", bundle, "~merger binary chirp", "family:any", "--json").json
    assert near[0]["label"] == "Black hole mergers"
    upward = run("features", bundle, "f1>0", "--sort", "f1", "--reverse", "--json").json
    assert [feature["id"] for feature in upward[:2]] == [14, 13]


@pytest.mark.parametrize(
    ("key", "field"),
    [("density", "density"), ("documents", "documents"), ("max", "max_activation")],
)
def test_sorted_from_the_largest(run: Run, bundle: Path, key: str, field: str) -> None:
    found = run("features", bundle, "--sort", key, "--limit", "0", "--json").json
    values = [feature[field] for feature in found]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]


def test_sorted_by_id_despite_words(run: Run, bundle: Path) -> None:
    found = run("features", bundle, "l", "--sort", "id", "--json").json
    ids = [feature["id"] for feature in found]
    assert ids == sorted(ids)
    assert ids != [feature["id"] for feature in run("features", bundle, "l", "--json").json]


def test_sorted_by_how_they_go_with_a_field(run: Run, bundle: Path) -> None:
    found = run("features", bundle, "--sort", "relate:published", "--json", "--limit", "0").json
    related = [each["relation"] for each in found]
    assert {each["field"] for each in related} == {"published"}
    values = [each["rho"] for each in related if each["rho"] is not None]
    assert values == sorted(values, reverse=True)
    assert [each["rho"] for each in related[len(values) :]] == [None] * (24 - len(values))
    first, *_ = run("features", bundle, "--sort", "relate:published", "--limit", "1").rows
    assert first[2] == f"{values[0]:+.2f}"
    assert "called 'moons'" in run("features", bundle, "--sort", "relate:moons").err
    assert "Choose one of: label" in run("features", bundle, "--sort", "beauty").err


def test_features_without_documents_have_a_name(run: Run, bundle: Path) -> None:
    assert run("features", bundle, "23").rows == [
        ["23", "Feature 23 (never active)", "0.0000", "0.000", "-", "dead", ""]
    ]


def test_one_feature_in_json(run: Run, bundle: Path) -> None:
    found = run("feature", bundle, "black holes", "--json", "--limit", "4").json
    assert found.keys() > FIELDS
    assert sum(found["histogram"]) == found["active"]
    assert sum(found["counted_histogram"]) == found["documents"] < found["active"]
    weak = {example["row"] for example in found["weak"]}
    assert weak
    assert not weak & {example["row"] for example in found["top"]}
    assert 0 <= found["true"]["low"] < found["true"]["value"] < found["true"]["high"] <= 1
    assert len(found["top"]) == 4
    activations = [example["activation"] for example in found["top"]]
    assert activations == sorted(activations, reverse=True)
    assert activations[0] == found["max_activation"]
    assert len(found["deciles"]) == 10
    assert all(1 <= len(tenth) <= 3 for tenth in found["deciles"])
    assert found["nearest"][0]["cosine"] > 0 > found["opposed"][0]["cosine"]
    assert all(isinstance(other["documents"], int) for other in found["co_occurring"])
    lows = [other["low"] for other in found["co_occurring"]]
    assert lows == sorted(lows, reverse=True)
    assert found["families"] == [{"id": 0, "label": "Black holes"}]
    assert found["labels"] == [
        {
            "version": 1,
            "text": "Black holes",
            "terms": ["black", "hole", "horizon"],
            "method": "terms",
            "model": "",
            "prompt_version": "",
            "created": "2024-08-01",
            "reasoning": "",
            "scores": found["labels"][0]["scores"],
        }
    ]
    scores = found["labels"][0]["scores"]
    assert [score["protocol"] for score in scores] == ["top", "deciles", "hard"]
    assert scores[0]["f1"] == {"value": 0.94, "low": 0.84, "high": 0.99}
    assert (found["f1"], found["judge"], found["quality"]) == (0.94, "words", "one")
    active = {example["row"] for example in found["top"]}
    assert found["near_misses"]
    assert not active & {example["row"] for example in found["near_misses"]}


def test_one_feature_as_text(run: Run, bundle: Path) -> None:
    text = run("feature", bundle, "0").out
    assert text.startswith("0  Black holes\n")
    parts = [part.splitlines()[0] for part in text.split("\n\n")[1:]]
    assert parts == [
        "Strongest documents",
        "Documents from each tenth, strongest first",
        "Active, but the label is probably not true of them",
        "Documents near to it that do not activate it",
        "Nearest features",
        "Opposed features",
        "Features on the same documents",
        "Families",
        "Labels, oldest first",
        "How well a judge tells its documents by the label, on held-out documents",
    ]


def test_a_feature_that_never_fires(run: Run, bundle: Path) -> None:
    outcome = run("feature", bundle, "23")
    assert outcome.code == 0
    assert "Documents that activate it most" not in outcome.out
    assert run("feature", bundle, "23", "--json").json["top"] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("24", "There is no feature 24: this SAE has 24."),
        ("quasar", "No feature is called 'quasar'."),
        ("black", "'black' could mean 2 features"),
    ],
)
def test_unclear_names_are_explained(run: Run, bundle: Path, name: str, message: str) -> None:
    outcome = run("feature", bundle, name)
    assert outcome.code == 1
    assert message in outcome.err


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [12, 40, 80])
def test_hostile_names_stay_data(
    run_on_terminal: Run, hostile_bundle: Path, width: int, encoding: str
) -> None:
    for words in (("features", hostile_bundle), ("feature", hostile_bundle, "0")):
        outcome = run_on_terminal(*words, width=width, encoding=encoding)
        assert outcome.code == 0
        shown = without_colour(outcome.out)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert max(len(line) for line in shown.splitlines()) <= width
        assert width < 80 or "[red]not" in shown


def test_a_pipe_gets_everything(run: Run, hostile_bundle: Path) -> None:
    (row,) = [row for row in run("features", hostile_bundle).rows if row[0] == "0"]
    assert row[1] == "[red]not markup[/red] \u241b[31mnot red<U+202E> tab"
