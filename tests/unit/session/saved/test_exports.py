"""What was found, in files that others read."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.changes import Change
from saetui.core.documents import Document
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.saved.exports import arxiv_id, bibtex_entry, export_results
from saetui.session.saved.search_json import request_from_json
from saetui.session.session import Session


def test_json_and_csv_hold_every_result(session: Session, tmp_path: Path) -> None:
    request = SearchRequest("reef fish", {1: Change("add", 0.3)}, why=True)
    response = session.search(request)
    assert export_results(tmp_path / "a.json", session, response) == 10
    found = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert [each["id"] for each in found["results"]] == [each.id for each in response.results]
    # What was asked stands with what was found, and can be asked again.
    assert request_from_json(session, found["request"], "a.json") == (request, {})
    assert export_results(tmp_path / "a.CSV", session, response) == 10
    with (tmp_path / "a.CSV").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["id"] for row in rows] == [each.id for each in response.results]
    assert [row["title"] for row in rows] == [each.title for each in response.results]


def test_titles_can_neither_break_rows_nor_be_computed(session: Session, tmp_path: Path) -> None:
    response = session.search(SearchRequest("reef fish"))
    titles = ["=1+1", "a\rb", "-net", *("plain" for _ in response.results[3:])]
    odd = tuple(
        replace(result, title=title) for result, title in zip(response.results, titles, strict=True)
    )
    response = replace(response, results=odd)
    path = tmp_path / "a.csv"
    for formulas, guard in ((False, "'"), (True, "")):
        export_results(path, session, response, formulas=formulas)
        with path.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        shown = [row["title"] for row in rows]
        assert shown[:3] == [f"{guard}=1+1", "a\nb", f"{guard}-net"]
        assert len(rows) == len(odd)


def test_what_cannot_be_exported_is_told(session: Session, tmp_path: Path) -> None:
    response = session.search(SearchRequest("reef"))
    with pytest.raises(InputError, match="which format"):
        export_results(tmp_path / "a.txt", session, response)
    with pytest.raises(InputError, match="made from arXiv ids"):
        export_results(tmp_path / "a.bib", session, response)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        export_results(tmp_path / "file" / "a.csv", session, response)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_paper_on_arxiv() -> None:
    document = Document(
        "astro-ph/9901001",
        "Dust & {\\alpha} at 5%",
        "...",
        published="1999-01-04",
        metadata={"authors": "A. One, B. Two and C. Three", "categories": "astro-ph hep-th"},
    )
    assert bibtex_entry(document) == (
        "@misc{arXiv:astro-ph/9901001,\n"
        "  title = {{Dust \\& {\\alpha} at 5\\%}},\n"
        "  author = {A. One and B. Two and C. Three},\n"
        "  year = {1999},\n"
        "  eprint = {astro-ph/9901001},\n"
        "  archivePrefix = {arXiv},\n"
        "  primaryClass = {astro-ph},\n"
        "  url = {https://arxiv.org/abs/astro-ph/9901001},\n"
        "  month = jan,\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (Document("2408.00657", "", "x"), "2408.00657"),
        (Document("arXiv:2408.00657v2", "", "x"), "2408.00657v2"),
        (Document("7", "", "x", "https://arxiv.org/pdf/0704.0001.pdf"), "0704.0001"),
        (Document("1234.5678", "", "x"), ""),
        (Document("doc-1", "", "x", "https://example.org/2408.00657"), ""),
    ],
)
def test_ids(document: Document, found: str) -> None:
    assert arxiv_id(document) == found


@given(st.text(), st.one_of(st.text(), st.lists(st.text())))
def test_an_entry_is_closed_where_it_ends(title: str, authors: object) -> None:
    entry = bibtex_entry(Document("2408.00657", title, "x", metadata={"authors": authors}))
    # BibTeX counts every brace, other programs only those without a backslash before them.
    for read in (entry, re.sub(r"\\.", "..", entry)):
        assert_closed_at_the_end(read.rstrip())


def assert_closed_at_the_end(entry: str) -> None:
    depth = 0
    for place, character in enumerate(entry):
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth > 0 or place < len("@misc") or place == len(entry) - 1
    assert depth == 0


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("On the set A\\", "On the set A"),
        ("Ends twice\\\\", "Ends twice\\\\"),
        ("A lone { brace", "A lone  brace"),
        ("A lone } brace", "A lone  brace"),
        ("\\{a}", "\\a"),
        ("{\\alpha} & 5\\%", "{\\alpha} \\& 5\\%"),
        ("a\\\\& b", "a\\\\\\& b"),
    ],
)
def test_backslashes_and_braces_cannot_break_an_entry(title: str, written: str) -> None:
    entry = bibtex_entry(Document("2408.00657", title, "x"))
    assert f"  title = {{{{{written}}}}},\n" in entry
    for read in (entry, re.sub(r"\\.", "..", entry)):
        assert_closed_at_the_end(read.rstrip())
