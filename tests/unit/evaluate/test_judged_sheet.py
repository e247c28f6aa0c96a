"""What readers wrote on a sheet is understood, or refused with one sentence."""

import json
from pathlib import Path

import pytest
from bundles import make_bundle

from saetui.errors import InputError
from saetui.evaluate.blind_sheet import (
    JudgedSheet,
    Key,
    Question,
    check_judgements,
    check_key,
    draw_key,
    read_judged_lines,
    read_judged_sheet,
)
from saetui.store.bundle import Bundle

QUESTIONS = [
    Question(f"r{i}", 3, "Jets", f"doc-{i}", "active", i + 1, 1 - i / 10) for i in range(6)
]
KEY = Key("some", "k4-n8", "abc", {each.id: each for each in QUESTIONS})


def read(folder: Path, *lines: str, columns: str = "id,judgement") -> JudgedSheet:
    path = folder / "blind.csv"
    path.write_text("\n".join([columns, *lines]) + "\n", "utf-8")
    return read_judged_sheet(path, KEY, "Ann")


def said(sheet: JudgedSheet) -> dict[str, float]:
    return {each.question.id: each.confidence for each in sheet.judged}


def test_yes_no_unsure_and_confidences(tmp_path: Path) -> None:
    sheet = read(tmp_path, "r0,yes", "r1,N", "r2,0.4", "r3,?", "r4,", "r5,-1")
    assert said(sheet) == {"r0": 1, "r1": -1, "r2": 0.4, "r5": -1}
    assert (sheet.unsure, sheet.open) == (1, 1)
    assert {each.judge for each in sheet.judged} == {"Ann"}


def test_rows_that_were_deleted_are_open_and_blank_lines_are_nothing(tmp_path: Path) -> None:
    sheet = read(tmp_path, "r0,yes", ",", "r1,no")
    assert (len(sheet.judged), sheet.open) == (2, 4)


def test_several_judges_are_told_by_a_column(tmp_path: Path) -> None:
    sheet = read(tmp_path, "r0,yes,Bob", "r0,no,Eve", "r1,no,", columns="id,judgement,judge")
    assert [(each.judge, each.confidence) for each in sheet.judged] == [
        ("Bob", 1), ("Eve", -1), ("Ann", -1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["r0,yes", "zz,no"], "Line 3 of blind.csv has the id 'zz', which its key does not know"),
        (["r0,yes", "r1,no", "r0,no"], "Lines 2 and 4 of blind.csv say both yes and no of row r0"),
        (["r0,", "r1,"], "blind.csv has no judgements"),
        (["r0,maybe"], "Line 2 of blind.csv says 'maybe'"),
        (["r0,7"], "Line 2 of blind.csv says '7'"),
        (["r0,nan"], "Line 2 of blind.csv says 'nan'"),
    ],
)
def test_what_cannot_be_meant_is_named_by_line(
    tmp_path: Path, lines: list[str], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        read(tmp_path, *lines)


LINE = {"feature": 3, "label": "Jets", "document": "d", "kind": "decile", "tenth": 2}


def lines_of(folder: Path, *lines: object) -> dict[str, JudgedSheet]:
    path = folder / "judged.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    return read_judged_lines(path, "Ann")


def test_lines_of_judgements_by_who_wrote_the_label(tmp_path: Path) -> None:
    found = lines_of(
        tmp_path,
        {**LINE, "activation": 0.2, "confidence": 0.3, "label_by": "saetui"},
        {**LINE, "activation": 0.2, "confidence": -1, "label_by": "reader", "judge": "Bob"},
        {**LINE, "kind": "near", "tenth": None, "activation": 0, "confidence": -1,
         "label_by": "saetui"},
    )  # fmt: skip
    assert list(found) == ["saetui", "reader"]
    ours = [(each.question.kind, each.question.tenth) for each in found["saetui"].judged]
    assert ours == [("active", 2), ("near", None)]
    assert found["reader"].judged[0].judge == "Bob"


@pytest.mark.parametrize(
    "line", [1, {}, {**LINE, "kind": "x", "activation": 0, "confidence": 0}, {**LINE}]
)
def test_a_line_that_is_no_judgement_is_named(tmp_path: Path, line: object) -> None:
    with pytest.raises(InputError, match=r"Line 1 of judged\.jsonl is not a judgement"):
        lines_of(tmp_path, line)
    with pytest.raises(InputError, match="has no judgements"):
        lines_of(tmp_path)


def test_judgements_of_another_bundle_are_refused(tmp_path: Path) -> None:
    one = Bundle(make_bundle(tmp_path / "one.bundle", documents=120))
    other = Bundle(make_bundle(tmp_path / "other.bundle", documents=120, seed=1, n=32))
    key = draw_key(one, one.sae(), one.sae().features, 3, 0)
    check_key(key, one, one.sae())
    with pytest.raises(InputError, match="drawn from k4-n24 of 'synthetic', which is not k4-n32"):
        check_key(key, other, other.sae())
    lines = [
        {"feature": each.feature, "label": each.label, "document": each.document,
         "kind": each.kind, "tenth": each.tenth, "activation": each.activation, "confidence": 1}
        for each in key.questions.values()
    ]  # fmt: skip
    sheet = lines_of(tmp_path, *lines)[""]
    check_judgements(sheet, one, one.sae())
    with pytest.raises(InputError, match="say another activation than k4-n32"):
        check_judgements(sheet, other, other.sae())
    for change, complaint in (({"feature": 99}, "feature 99"), ({"document": "x"}, "'x'")):
        changed = lines_of(tmp_path, {**lines[0], **change})[""]
        with pytest.raises(InputError, match=f"a judgement on {complaint}, which k4-n24"):
            check_judgements(changed, one, one.sae())
