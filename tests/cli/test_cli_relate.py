import csv
from dataclasses import replace
from pathlib import Path

import pytest
from bundles import make_bundle
from command_line import Run, without_colour

from saetui.core.documents import Document

REEFS = 10


@pytest.fixture(scope="module")
def starred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def with_stars(row: int, document: Document) -> Document:
        stars = row % 5 + (8 if row % 3 == 2 else 0)
        return replace(document, metadata={**document.metadata, "stars": stars})

    folder = tmp_path_factory.mktemp("bundles") / "starred.bundle"
    return make_bundle(folder, documents=150, changed=with_stars)


def test_what_goes_with_a_number(run: Run, starred: Path) -> None:
    found = run("relate", starred, "--to", "stars", "--json").json
    assert (found["kind"], found["documents"]) == ("number", 150)
    assert found["rows"][0]["id"] == REEFS
    assert found["rows"][0]["rho"] > 0.5
    assert found["rows"][0]["mean"] > found["rows"][0]["other_mean"] + 5
    assert {score["features"] for score in found["models"]["stars"]} == {5, 10, 20, None}
    assert found["models"]["stars"][0]["mean"] > 0.3


def test_as_text_it_says_how_much_few_features_tell(run: Run, starred: Path) -> None:
    with_models = run("relate", starred, "--to", "stars", "--limit", "4").out
    said = (
        "Predicted on other documents by 5, 10, 20 features, and by all of the embedding, R2: stars"
    )
    assert said in " ".join(with_models.split())
    without = run("relate", starred, "--to", "stars", "--no-model").out
    assert "Predicted" not in without


def test_families_and_categories(run: Run, starred: Path) -> None:
    options = ("--families", "--json", "--no-model")
    found = run("relate", starred, "--to", "categories", *options).json
    assert found["kind"] == "category"
    assert {row["label"]: row["most"] for row in found["rows"]} == {
        name: name for name in ("Black holes", "Coral reefs", "Language models")
    }


def test_a_field_that_no_document_has_is_told(run: Run, starred: Path) -> None:
    outcome = run("relate", starred, "--to", "moons")
    assert outcome.code == 1
    assert "No document has a field called 'moons'." in outcome.err
    assert "stars" in outcome.err


def test_trends_by_year(run: Run, starred: Path, tmp_path: Path) -> None:
    path = tmp_path / "years.csv"
    found = run("trends", starred, "--by", "year", "--export", path, "--json").json
    assert found["periods"] == [str(year) for year in range(2010, 2020)]
    assert found["documents"] == [15] * 10
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["2019"]) == pytest.approx(found["rows"][0]["shares"][-1], rel=1e-4)


def test_a_period_that_is_none_is_told(run: Run, starred: Path) -> None:
    outcome = run("trends", starred, "--by", "week")
    assert (outcome.code, outcome.out) == (1, "")
    assert "'week' is not a period." in outcome.err


def test_a_terminal_draws_shares(run_on_terminal: Run, starred: Path) -> None:
    lines = without_colour(run_on_terminal("trends", starred, "--by", "year").out).splitlines()
    assert any("█" in line for line in lines)
    assert all(len(line) <= 80 for line in lines)
    plain = without_colour(run_on_terminal("trends", starred, encoding="ascii").out)
    assert "█" not in plain


def test_documents_without_dates_are_told(run: Run, tmp_path: Path) -> None:
    folder = make_bundle(
        tmp_path / "undated.bundle", changed=lambda row, each: replace(each, published="")
    )
    outcome = run("trends", folder)
    assert outcome.code == 1
    assert "No document has a date" in outcome.err
