import csv
import json
from pathlib import Path

import pytest
from bundles import make_bundle
from command_line import Run


@pytest.fixture
def marked(run: Run, tmp_path: Path) -> Path:
    folder = make_bundle(tmp_path / "marked.bundle")
    options = ("--add", "doc-4", "--add", "doc-7")
    assert run("lists", folder, "to-read", *options, "--note", "section 4").code == 0
    return folder


def test_marked_documents_are_listed_with_notes(run: Run, marked: Path) -> None:
    found = run("lists", marked, "to-read", "--json").json
    assert [each["id"] for each in found] == ["doc-4", "doc-7"]
    assert {each["note"] for each in found} == {"section 4"}
    assert all(each["title"] for each in found)
    assert run("lists", marked, "--json").json == [{"list": "to-read", "documents": 2}]
    run("lists", marked, "to-read", "--remove", "doc-4")
    assert [each["id"] for each in run("lists", marked, "to-read", "--json").json] == ["doc-7"]


@pytest.mark.usefixtures("hash_embedder")
def test_a_list_filters_and_is_a_group(run: Run, marked: Path) -> None:
    found = run("search", marked, "black hole", "--filter", "in:to-read", "--json").json
    assert {each["id"] for each in found["results"]} == {"doc-4", "doc-7"}
    assert found["eligible"] == 2
    assert found["request"]["filter"] == {"lists": ["to-read"]}
    run("lists", marked, "to-read", "--add", "doc-9")
    again = run("search", marked, "black hole", "--filter", "in:to-read", "--json").json
    assert again["eligible"] == 3
    compared = run("compare", marked, "in:to-read", "--json").json
    assert (compared["a"]["documents"], compared["b"]["documents"]) == (3, 57)
    refused = run("search", marked, "black hole", "--filter", "in:nothing")
    assert refused.code == 1
    assert "There is no list called 'nothing'." in refused.err


@pytest.mark.usefixtures("hash_embedder")
def test_a_saved_search_keeps_its_list(run: Run, marked: Path, tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    run("search", marked, "reef", "--filter", "in:to-read", "--save-preset", path)
    found = run("search", marked, "--preset", path, "--json").json
    assert found["eligible"] == 2


def test_a_list_is_exported(run: Run, marked: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    assert run("lists", marked, "to-read", "--export", path).code == 0
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["doc-4", "doc-7"]
    assert rows[0]["url"] == "https://example.org/4"
    assert rows[0]["note"] == "section 4"
    run("lists", marked, "to-read", "--export", tmp_path / "list.json")
    assert len(json.loads((tmp_path / "list.json").read_text("utf-8"))) == 2
    assert "arXiv ids" in run("lists", marked, "to-read", "--export", tmp_path / "list.bib").err
    assert "which format" in run("lists", marked, "to-read", "--export", tmp_path / "list.x").err


def test_lists_outlast_bad_lines_and_documents_that_are_gone(run: Run, marked: Path) -> None:
    path = marked / "lists.jsonl"
    lost = '{"list": "to-read", "document": "gone"}'
    path.write_text(f"{path.read_text('utf-8')}nonsense\n[1]\n{lost}", "utf-8")
    run("lists", marked, "to-read", "--add", "doc-1")
    found = run("lists", marked, "to-read", "--json").json
    assert [each["id"] for each in found] == ["doc-4", "doc-7", "gone", "doc-1"]
    assert [each["row"] for each in found] == [4, 7, None, 1]


def test_a_list_is_never_written_through_a_link(run: Run, tmp_path: Path) -> None:
    """In a bundle from elsewhere a link may lead to any file of the reader's."""
    folder, other = make_bundle(tmp_path / "linked.bundle", documents=12), tmp_path / "other"
    other.write_text("precious\n", "utf-8")
    (folder / "lists.jsonl").symlink_to(other)
    run("lists", folder, "to-read", "--add", "doc-1")
    assert other.read_text("utf-8") == "precious\n"
    assert [each["id"] for each in run("lists", folder, "to-read", "--json").json] == ["doc-1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--add", "doc-1"], "Which list is meant?"),
        (["two words", "--add", "doc-1"], "cannot be the name of a list"),
        (["to-read", "--add", "nobody"], "No document has the id 'nobody'."),
        (["to-read"], "There is no list called 'to-read'."),
    ],
)
def test_mistakes_are_told(run: Run, bundle: Path, words: list[str], message: str) -> None:
    outcome = run("lists", bundle, *words)
    assert outcome.code == 1
    assert message in outcome.err
    assert not (bundle / "lists.jsonl").exists()


def test_no_lists_yet(run: Run, bundle: Path) -> None:
    assert "There are no lists yet" in run("lists", bundle).out
