from pathlib import Path

from command_line import Run


def test_two_features_side_by_side(run: Run, bundle: Path) -> None:
    found = run("compare-features", bundle, "black holes", "2", "--json", "--limit", "3").json
    assert [each["id"] for each in found["features"]] == [0, 2]
    one, other = (each["documents"] for each in found["features"])
    assert found["both"] + found["only_a"] == one
    assert found["both"] + found["only_b"] == other
    assert found["low"] < found["lift"] < found["high"]
    assert found["families"] == ["Black holes"]
    for name in ("both", "only_a", "only_b"):
        assert len(found["examples"][name]) == min(3, found[name])
    rows = [{each["row"] for each in listed} for listed in found["examples"].values()]
    assert not rows[0] & rows[1] | rows[1] & rows[2]


def test_metadata_tell_two_features_apart(run: Run, bundle: Path) -> None:
    found = run("compare-features", bundle, "0", "10", "--json").json
    told = {each["value"]: each for each in found["told_apart"]}
    assert told["Black holes"]["share_a"] > 0.9
    assert told["Black holes"]["share_b"] < 0.1
    assert told["Black holes"]["q"] < 0.001
    text = run("compare-features", bundle, "0", "10").out
    assert "categories Black holes:" in text
    assert "times as often as by chance" in text


def test_a_feature_with_itself_is_refused(run: Run, bundle: Path) -> None:
    outcome = run("compare-features", bundle, "3", "3")
    assert (outcome.code, outcome.out) == (1, "")
    assert "Feature 3 is the same twice." in outcome.err
