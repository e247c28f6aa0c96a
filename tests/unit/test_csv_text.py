"""CSV that a spreadsheet opens as what it is."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.text import csv_text, without_guard


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_rows_stay_whole_and_no_text_is_a_formula(rows: list[tuple[str, str]]) -> None:
    # Unlike open files, StringIO with newline="" passes on every line break as it is.
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert len(read) == len(rows)
    for before, after in zip(rows, read, strict=True):
        assert [without_guard(cell) for cell in after] == [
            without_guard(cell.replace("\r\n", "\n").replace("\r", "\n")) for cell in before
        ]
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in after)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"])
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    plain = text.replace("\r", "\n")
    (row,) = csv.reader(io.StringIO(csv_text([[text, -0.5]]), newline=""))
    assert row == [f"'{plain}", "-0.5"]
    assert without_guard(row[0]) == plain
    (row,) = csv.reader(io.StringIO(csv_text([[text]], formulas=True), newline=""))
    assert row == [plain]


def test_a_bare_carriage_return_does_not_end_a_row() -> None:
    assert csv_text([["a\rb", "c"]]) == '"a\nb",c\n'
    assert without_guard("'tis") == "'tis"
