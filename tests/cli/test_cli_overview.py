from pathlib import Path

from command_line import Run, without_colour


def test_an_overview_in_json(run: Run, bundle: Path) -> None:
    found = run("overview", bundle, "--json").json
    assert found["documents"] == sum(found["sizes"]) == 60
    assert found["periods"][0] == "2010"
    assert {each["name"] for each in found["contents"]} == {
        "Black holes",
        "Coral reefs",
        "Language models",
    }
    assert [each["name"] for each in found["fields"]] == ["published", "categories"]
    assert 1 <= len(found["queries"]) <= 3


def test_an_overview_as_text(run_on_terminal: Run, bundle: Path) -> None:
    outcome = run_on_terminal("overview", bundle, "--limit", "2")
    text = without_colour(outcome.out)
    assert "60 documents" in text
    assert "Contents: 3 families" in text
    assert sum(name in text.split("Fields")[0] for name in ("Black holes", "Coral reefs")) >= 1
    assert "To try" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_an_empty_bundle_is_told(run: Run, empty_bundle: Path) -> None:
    outcome = run("overview", empty_bundle)
    assert (outcome.code, outcome.out) == (1, "")
    assert "This bundle holds no documents." in outcome.err
