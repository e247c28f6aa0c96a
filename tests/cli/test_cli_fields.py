"""The fields that filters can name, and what the commands make of them."""

from pathlib import Path

import pytest
from bundles import make_bundle
from command_line import Run

from saetui.core.documents import Document


@pytest.fixture(scope="module")
def starred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose documents have numbers, dates, lists and an object among their fields."""

    def with_fields(row: int, document: Document) -> Document:
        return Document(
            document.id,
            document.title,
            document.text,
            published=document.published,
            metadata={
                "stars": row % 5 + 1,
                "seen": f"2019-0{row % 3 + 1}-14",
                "author": {"name": ["Ada", "Bo"][row % 2]},
                "tags": ["red", "blue"],
            },
        )

    return make_bundle(tmp_path_factory.mktemp("starred") / "my.bundle", changed=with_fields)


def test_fields_with_types_ranges_and_examples(run: Run, starred: Path) -> None:
    found = {each["name"]: each for each in run("fields", starred, "--json").json}
    assert list(found) == ["published", "author.name", "seen", "stars", "tags"]
    stars = found["stars"]
    assert (stars["kind"], stars["lowest"], stars["highest"]) == ("number", "1", "5")
    assert (stars["documents"], stars["distinct"]) == (60, 5)
    assert (found["seen"]["kind"], found["seen"]["highest"]) == ("date", "2019-03-14")
    assert found["tags"]["several"] and not stars["several"]
    assert found["author.name"]["examples"] == ["Ada", "Bo"]
    lines = run("fields", starred).out.splitlines()
    assert any(line.startswith("tags") and "list of texts" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "stars"),
    [("stars>3", {4, 5}), ("stars:2..3", {2, 3}), ("author.name=Ada stars>=5", {5})],
)
def test_a_search_by_them(run: Run, starred: Path, text: str, stars: set[int]) -> None:
    words = ("search", starred, "reef", "--lexical", "--filter", text, "--limit", "60", "--json")
    found = run(*words).json["results"]
    rows = [int(each["id"].removeprefix("doc-")) for each in found]
    assert rows and {row % 5 + 1 for row in rows} == stars


def test_a_field_that_is_not_there_names_those_that_are(run: Run, starred: Path) -> None:
    outcome = run("search", starred, "reef", "--lexical", "--filter", "starz>3")
    assert outcome.code == 1
    assert "No document has a field called 'starz'." in outcome.err
    assert "author.name, seen, stars, tags" in outcome.err
