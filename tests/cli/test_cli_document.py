from pathlib import Path

import pytest
from command_line import Run, without_colour


def test_json(run: Run, bundle: Path) -> None:
    found = run("document", bundle, "doc-7", "--json", "--limit", "3").json
    assert (found["id"], found["row"]) == ("doc-7", 7)
    assert found["metadata"] == {"categories": ["Language models"]}
    assert found["url"] == "https://example.org/7"
    activations = [feature["activation"] for feature in found["features"]]
    assert activations == sorted(activations, reverse=True)
    assert len(found["neighbours"]) == 3
    assert found["neighbours"][0].keys() == {"id", "row", "title", "cosine"}
    assert found == run("document", bundle, "--row", "7", "--json", "--limit", "3").json


def test_text(run: Run, bundle: Path) -> None:
    found = run("document", bundle, "doc-7", "--json").json
    text = run("document", bundle, "doc-7").out
    assert text.startswith(f"{found['title']}\ndoc-7  row 7  {found['published']}  ")
    assert f"\n{found['text']}\n" in text


def test_text_wraps_on_a_terminal(run_on_terminal: Run, hostile_bundle: Path) -> None:
    outcome = run_on_terminal("document", hostile_bundle, "doc-0", width=30)
    lines = without_colour(outcome.out).splitlines()
    assert max(len(line) for line in lines) <= 30
    assert "\u2026" not in "".join(lines[: lines.index("Features")])
    assert "[/red]" in outcome.out


@pytest.mark.parametrize("words", [(), ("doc-7", "--row", "7")])
def test_either_an_id_or_a_row(run: Run, bundle: Path, words: tuple[str, ...]) -> None:
    outcome = run("document", bundle, *words)
    assert outcome.code == 2
    assert "either a document's ID or --row" in outcome.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing",), "No document has the id 'nothing'."),
        (("--row", "60"), "There is no document in row 60: there are 60."),
    ],
)
def test_what_is_not_there(run: Run, bundle: Path, words: tuple[str, ...], message: str) -> None:
    outcome = run("document", bundle, *words)
    assert outcome.code == 1
    assert message in outcome.err


@pytest.mark.usefixtures("hash_embedder")
def test_the_command_line_says_which_sentences(run: Run, bundle: Path) -> None:
    found = run("document", bundle, "doc-3", "--evidence", "Black hole mergers", "--json").json
    evidence = found["evidence"]
    assert (evidence["feature"], evidence["label"]) == (2, "Black hole mergers")
    assert evidence["by"] == "meaning"
    assert any(each["marked"] for each in evidence["sentences"])
    for each in evidence["sentences"]:
        text = found["title"] if each["in_title"] else found["text"]
        assert text[each["start"] : each["end"]] == each["text"]
    out = run("document", bundle, "doc-3", "--evidence", str(2)).out
    assert "Sentences, by how much they carry Black hole mergers" in out
