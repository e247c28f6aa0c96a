"""A sheet is written, judged and read back."""

import csv
import json
from pathlib import Path

import pytest
from bundles import make_bundle
from command_line import Run


@pytest.fixture(scope="module")
def judged_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged") / "judged.bundle"
    return make_bundle(folder, documents=150)


def fill_in(sheet: Path, target: Path) -> None:
    """Judge as a reader who finds a label true where a word of it is in the text."""
    with sheet.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        for row in rows:
            true = row["label"].lower().split()[0].rstrip("s") in row["text"].lower()
            writer.writerow({**row, "judgement": "yes" if true else "no"})


def test_a_sheet_is_judged_and_read_back(run: Run, judged_bundle: Path, tmp_path: Path) -> None:
    sheet, filled = tmp_path / "blind.csv", tmp_path / "filled.csv"
    words = ("evaluate", "labels", judged_bundle)
    said = run(*words, "--sheet", sheet, "--features", 6).out
    assert "Wrote 96 rows on 6 features" in said
    assert "blind.key.json: do not show it" in said
    fill_in(sheet, filled)
    key = tmp_path / "blind.key.json"
    options = ("--judgements", filled, "--key", key, "--judge", "Ann")
    found = run(*words, *options, "--json").json["labels"][""]
    assert found["judges"] == {"Ann": 96}
    assert found["features"] == 6
    shares = {each["name"]: each["true"]["value"] for each in found["shares"]}
    assert shares["tenth 1"] > shares["tenth 10"]
    assert shares["tenth 1"] > shares["random documents"]
    (figure,) = [each for each in found["figures"] if each["name"] == "F1, top"]
    assert figure["features"] == 6
    assert figure["shown"]["value"] > 0.8
    text = run(*words, *options).out
    assert "6 features, judged by Ann (96 rows)." in text
    assert "Of how many documents the labels are true" in text


def test_judgements_as_json_lines(run: Run, judged_bundle: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "blind.csv"
    words = ("evaluate", "labels", judged_bundle)
    run(*words, "--sheet", sheet, "--features", 2, "--seed", 3)
    questions = json.loads((tmp_path / "blind.key.json").read_text("utf-8"))["questions"]
    lines = tmp_path / "judged.jsonl"
    lines.write_text(
        "".join(
            json.dumps({**each, "confidence": 0.5, "label_by": "us"}) + "\n" for each in questions
        )
    )
    found = run(*words, "--judgements", lines, "--json").json["labels"]
    assert list(found) == ["us"]
    assert found["us"]["counting"][0]["precision"]["value"] == 1
    assert "Labels by us" in run(*words, "--judgements", lines).out


def test_what_is_wrong_is_said_in_a_sentence(
    run: Run, judged_bundle: Path, bundle: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "blind.csv"
    words = ("evaluate", "labels", judged_bundle)
    assert "Give either --sheet" in run(*words).err
    assert "Give either --sheet" in run(*words, "--sheet", sheet, "--judgements", sheet).err
    assert run(*words, "--sheet", sheet, "--features", 2).code == 0
    assert "blind.csv exists" in run(*words, "--sheet", sheet).err
    assert "blind.csv has no judgements" in run(*words, "--judgements", sheet).err
    other = ("evaluate", "labels", bundle, "--judgements", sheet)
    assert "The sheet was drawn from k4-n24" in run(*other).err
    (tmp_path / "blind.key.json").unlink()
    assert "There is no key of the sheet" in run(*words, "--judgements", sheet).err
