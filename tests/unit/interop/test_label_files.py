"""Labels go out and come back in every format."""

import csv
import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import InputError
from saetui.interop.feature_files import (
    COLUMNS,
    FORMATS,
    Judgement,
    format_of,
    read_labels_from,
    write_labels,
)
from saetui.store.features import FeatureRecord
from saetui.store.labels import LabelRecord

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=10)


def record(number: int, label: str, terms: tuple[str, ...] = ()) -> FeatureRecord:
    return FeatureRecord(number, label, terms, 3, 0.1, 0.2, 0.3, f1=0.5, judge="words", version=1)


def write(path: Path, kind: str, records: list[FeatureRecord]) -> int:
    provenance = {
        r.id: LabelRecord(r.id, r.label, r.terms, "llm", "model-1", "2", "2026-01-02", 1)
        for r in records
    }
    return write_labels(path, kind, records, provenance, {}, bundle="astro", sae="k4-n8")  # type: ignore[arg-type]


@given(st.lists(TEXT, max_size=6), st.sampled_from(FORMATS))
def test_labels_come_back(texts: list[str], kind: str) -> None:
    wanted = [" ".join(text.split()) for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels"
        written = write(path, kind, [record(i, text) for i, text in enumerate(wanted)])
        if written:
            found, _ = read_labels_from(path, len(texts), "2026-02-03")
            assert [(each.feature, each.text) for each in found] == [
                (i, text) for i, text in enumerate(wanted) if text
            ]
            assert {(each.method, each.model) for each in found} == {("llm", "model-1")}


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_our_own_formats_keep_provenance(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"labels.{kind}"
    write(path, kind, [record(2, 'Black "holes", and\u2028more', ("hole", "black; hole"))])
    (found,), _ = read_labels_from(path, 8, "2026-02-03")
    assert (found.prompt_version, found.created) == ("2", "2026-01-02")
    assert found.terms[0] == "hole"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_judgements_come_back(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"labels.{kind}"
    judged = {1: {"doc; 1": True, 'doc "2"': False}}
    records = [record(0, "Zero"), record(1, "One")]
    write_labels(path, kind, records, {}, judged, bundle="b", sae="s")  # type: ignore[arg-type]
    labels, found = read_labels_from(path, 8, "2026-02-03")
    assert [label.text for label in labels] == ["Zero", "One"]
    assert found == [Judgement(1, "One", "doc; 1", True), Judgement(1, "One", 'doc "2"', False)]


def test_the_files_are_what_other_tools_read(tmp_path: Path) -> None:
    records = [record(0, "Zero", ("a", "b")), record(1, "")]
    for kind in FORMATS:
        assert write(tmp_path / kind, kind, records) == 1
    with (tmp_path / "csv").open(newline="") as handle:
        (row,) = csv.DictReader(handle)
    assert tuple(row) == COLUMNS
    assert (row["feature"], row["label"], row["terms"], row["f1"]) == ("0", "Zero", "a; b", "0.5")
    assert json.loads((tmp_path / "jsonl").read_text())["terms"] == ["a", "b"]
    assert json.loads((tmp_path / "neuronpedia").read_text()) == {
        "modelId": "astro", "layer": "k4-n8", "index": "0", "description": "Zero",
        "explanationModelName": "model-1", "typeName": "llm",
    }  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("array", [False, True])
def test_explanations_as_neuronpedia_hands_them_out(
    tmp_path: Path, array: bool, packed: bool
) -> None:
    entries = [
        {
            "modelId": "gemma-2-2b", "layer": "20-gemmascope-res-16k", "index": str(index),
            "description": f"text {index}", "explanationModelName": "gpt-4o-mini",
            "typeName": "oai_token-act-pair", "embedding": [0.1], "createdAt": "2024-11-01",
        }
        for index in (3, 1)
    ]  # fmt: skip
    text = json.dumps(entries) if array else "\n".join(map(json.dumps, entries))
    data = text.encode()
    path = tmp_path / "batch-0.jsonl.gz"
    path.write_bytes(gzip.compress(data) if packed else data)
    found, _ = read_labels_from(path, 8, "2026-02-03")
    assert [(each.feature, each.text, each.model) for each in found] == [
        (3, "text 3", "gpt-4o-mini"),
        (1, "text 1", "gpt-4o-mini"),
    ]
    path.write_bytes(gzip.compress(data)[:-9])
    with pytest.raises(InputError, match="cannot be unpacked"):
        read_labels_from(path, 8, "2026-02-03")


@pytest.mark.parametrize(("text", "complaint"), [("[1]", "Entry 1 of"), ("[{}", "not valid JSON")])
def test_an_array_of_something_else_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_labels_from(path, 8, "2026-02-03")


def test_the_readers_own_label_says_so(tmp_path: Path) -> None:
    write_labels(tmp_path / "x.csv", "csv", [record(0, "Mine")], {}, {}, bundle="b", sae="s")
    (found,), _ = read_labels_from(tmp_path / "x.csv", 1, "2026-02-03")
    assert (found.method, found.created) == ("reader", "2026-02-03")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a,b\n1,2\n", "no columns 'feature' and 'label'"),
        ("", "no columns"),
        ("feature,label\n8,Eight\n", "Line 2 of labels is about feature '8'"),
        ("feature,label\nx,Y\n", "about feature 'x'"),
        ('{"feature": 1, "label": "One"}\n[]\n', "Line 2 of labels is not a JSON object"),
        ('{"feature": -1, "label": "One"}\n', "about feature '-1'"),
        ('{"label": "One"}\n', "about feature 'None'"),
        ('{"feature": 1, "label": "One", "judgements": ["a"]}\n', "Line 1 of labels has judg"),
        ('{"feature": 1, "label": "One", "judgements": {"a": 1}}\n', "Line 1 of labels has judg"),
        ("feature,label,judgements\n1,One,yes\n", "Line 2 of labels has judgements that are not"),
    ],
)
def test_what_is_no_label_is_named_by_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "labels"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=complaint):
        read_labels_from(path, 8, "2026-02-03")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"feature,label\n0,na\xefve\n")
    with pytest.raises(InputError, match="not UTF-8"):
        read_labels_from(tmp_path / "latin.csv", 8, "")
    with pytest.raises(InputError, match="cannot be read"):
        read_labels_from(tmp_path / "absent.csv", 8, "")


def test_the_format_is_told_from_the_name() -> None:
    assert format_of(Path("a.CSV")) == "csv"
    assert format_of(Path("a.jsonl")) == format_of(Path("a.ndjson")) == "jsonl"
    with pytest.raises(InputError, match="does not say which format"):
        format_of(Path("a.txt"))
