"""Labels leave a bundle, are worked on elsewhere, and come back."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from command_line import Run

from saetui.session.session import open_session


@pytest.fixture
def own(bundle: Path, tmp_path: Path) -> Path:
    path = tmp_path / "own.bundle"
    shutil.copytree(bundle, path)
    return path


def test_labels_edited_elsewhere_come_back(run: Run, own: Path, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    assert run("labels", "export", own, file).out == f"Wrote 15 labels to {file}.\n"
    with file.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert rows[1]["label"] == "Accretion discs"
    assert (rows[1]["f1"], rows[1]["judge"]) == ("0.92", "words")
    file.write_text("feature,label\n1,Discs that accrete\n20,Something rare\n", "utf-8")
    imported = run("labels", "import", own, file)
    assert imported.out == "Added 2 labels to k4-n24.\n"
    assert "Of how many documents they are true is not known:" in imported.err
    found = run("feature", own, "1", "--json").json
    assert (found["label"], found["f1"]) == ("Discs that accrete", None)
    assert [(label["version"], label["method"]) for label in found["labels"]] == [
        (1, "terms"), (2, "imported")
    ]  # fmt: skip
    assert run("feature", own, "20", "--json").json["label"] == "Something rare"
    assert run("check", own).code == 0


def test_a_label_changed_in_an_exported_file_is_a_persons(
    run: Run, own: Path, tmp_path: Path
) -> None:
    """Labels that were made here are made anew with the next SAE; those of people are kept."""
    file = tmp_path / "labels.csv"
    assert run("labels", "export", own, file).code == 0
    text = file.read_text("utf-8")
    file.write_text(text.replace("1,Accretion discs,", "1,Discs of gas,"), "utf-8")
    assert run("labels", "import", own, file).code == 0
    methods = {
        feature: [
            label["method"] for label in run("feature", own, feature, "--json").json["labels"]
        ]
        for feature in ("0", "1")
    }
    assert methods["1"][-1] == "imported"
    assert set(methods["0"]) == {"terms"}


def test_labels_that_a_spreadsheet_would_compute_come_back_as_they_were(
    run: Run, own: Path, tmp_path: Path
) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("feature,label\n1,=SUM(A1)\n2,-net\n", "utf-8")
    assert run("labels", "import", own, file).code == 0
    assert run("labels", "export", own, file).code == 0
    assert "\n1,'=SUM(A1)," in file.read_text("utf-8")
    assert run("labels", "import", own, file).code == 0
    assert run("feature", own, "1", "--json").json["label"] == "=SUM(A1)"
    assert run("labels", "export", own, file, "--formulas").code == 0
    assert "\n2,-net," in file.read_text("utf-8")


def test_judgements_leave_a_bundle_with_the_labels_and_come_back(
    run: Run, own: Path, bundle: Path, tmp_path: Path
) -> None:
    session = open_session(own)
    for document, said in (("doc-1", "true"), ("doc-2", "untrue")):
        session.note(1, "judged", said, about="Accretion discs", document=document)
    session.note(1, "judged", "true", about="Another label", document="doc-3")
    session.close()
    found = run("feature", own, "1", "--json").json
    assert found["read"] == {"documents": 2, "true": 1}
    assert len(found["notes"]["judgements"]) == 3
    assert "True of 1 of 2 that you read" in run("feature", own, "1").out
    (listed,) = run("notes", own, "--json").json["notes"]
    assert listed["judgements"] == found["notes"]["judgements"]
    assert "'Accretion discs' true of 1 of 2" in run("notes", own).out
    file = tmp_path / "labels.jsonl"
    run("labels", "export", own, file)
    other = Path(shutil.copytree(bundle, tmp_path / "other.bundle"))
    done = run("labels", "import", other, file)
    assert done.out == "Added 15 labels and 2 judgements to k4-n24.\n"
    again = run("feature", other, "1", "--json").json
    assert again["read"] == {"documents": 2, "true": 1}
    assert again["notes"]["judgements"] == found["notes"]["judgements"][:2]


def test_neuronpedia_lines(run: Run, own: Path, tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    assert run("labels", "export", own, file, "--format", "neuronpedia").code == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0] == {
        "modelId": "synthetic", "layer": "k4-n24", "index": "0", "description": "Black holes",
        "explanationModelName": "", "typeName": "terms",
    }  # fmt: skip
    assert run("labels", "import", own, file).out == "Added 15 labels to k4-n24.\n"


def test_nothing_is_changed_by_a_file_with_a_wrong_line(
    run: Run, own: Path, tmp_path: Path
) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("feature,label\n1,One\n99,Too many\n", "utf-8")
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    done = run("labels", "import", own, file)
    assert (done.code, "Line 3 of labels.csv" in done.err) == (1, True)
    assert {path: path.read_bytes() for path in own.rglob("*") if path.is_file()} == before


def test_formats_that_are_not_known(run: Run, own: Path, tmp_path: Path) -> None:
    assert "does not say which format" in run("labels", "export", own, tmp_path / "x.txt").err
    done = run("labels", "export", own, tmp_path / "x.csv", "--format", "xml")
    assert "'xml' is not a format" in done.err
