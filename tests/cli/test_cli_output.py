import io
import json
import math

import pytest
from command_line import Terminal, without_colour
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from saetui.cli.json_output import finite
from saetui.cli.output import Column, Output, cut, density, duration, pad, rate, widths
from saetui.session.saved.search_json import number
from saetui.text import visible, visible_line

anything = st.text(st.characters(exclude_categories=()), max_size=60)
ENCODINGS = ["utf-8", "latin-1", "ascii"]


@given(text=st.text(max_size=40), width=st.integers(1, 50))
def test_cut_fits_and_says_so(text: str, width: int) -> None:
    text = visible_line(text)
    fitted = cut(text, width, "\u2026")
    assert cell_len(fitted) <= width
    assert fitted == text or fitted.endswith("\u2026")


def test_cut_and_pad_count_cells() -> None:
    assert cut("\u6f22\u5b57\u6f22\u5b57", 5, "\u2026") == "\u6f22\u5b57\u2026"
    assert cut("abcdef", 2, "...") == ".."
    assert pad("\u6f22", 4) == "\u6f22  "
    assert pad("7", 3, right=True) == "  7"


@given(
    natural=st.lists(st.integers(1, 90), min_size=1, max_size=7),
    numeric=st.lists(st.booleans(), min_size=7, max_size=7),
    room=st.integers(1, 200),
)
def test_columns_fit_the_room(natural: list[int], numeric: list[bool], room: int) -> None:
    cells = ["x" * width for width in natural]
    given_widths = widths([cells], numeric[: len(cells)], room)
    assert sum(given_widths) <= max(room, len(cells))
    assert all(1 <= got <= wanted for got, wanted in zip(given_widths, natural, strict=True))
    if sum(natural) <= room:
        assert given_widths == natural


def test_text_is_cut_before_numbers() -> None:
    assert widths([["x" * 50, "1.234", "y" * 20]], [False, True, False], 35) == [15, 5, 15]


@given(
    rows=st.lists(st.tuples(anything, anything, anything), max_size=4),
    width=st.integers(5, 60),
    encoding=st.sampled_from(ENCODINGS),
)
def test_a_table_never_overruns_a_terminal(
    rows: list[tuple[str, str, str]], width: int, encoding: str
) -> None:
    terminal = Terminal(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        output = Output(terminal)
        output.table([Column("a"), Column("b", numeric=True), Column("c")], rows)
        output.line("".join(rows[0]) if rows else "")
    lines = without_colour(terminal.text).split("\n")
    assert len(lines) == 1 + len(rows) + 1 + 1
    assert max(cell_len(line) for line in lines) <= width
    assert all(visible(line) == line for line in lines)


@given(
    rows=st.lists(st.tuples(anything, anything), max_size=4), encoding=st.sampled_from(ENCODINGS)
)
def test_a_pipe_gets_one_line_a_row(rows: list[tuple[str, str]], encoding: str) -> None:
    pipe = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Output(pipe).table([Column("a"), Column("b")], rows)
    pipe.seek(0)
    lines = pipe.read().split("\n")[:-1]
    assert len(lines) == 1 + len(rows)
    assert all(line.count("\t") == 1 for line in lines)


@given(value=st.dictionaries(anything, st.one_of(anything, st.integers(), st.none())))
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_can_be_read_back(value: dict[str, object], encoding: str) -> None:
    pipe = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Output(pipe).json(value)
    pipe.seek(0)
    text = pipe.read()
    assert text.endswith("\n")
    assert json.loads(text) == value


def test_json_keeps_letters_where_it_can() -> None:
    for encoding, shown in (("utf-8", "\u00e9"), ("ascii", "\\u00e9")):
        pipe = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        Output(pipe).json("\u00e9")
        pipe.seek(0)
        assert pipe.read() == f'"{shown}"\n'


def test_json_cannot_steer_a_terminal() -> None:
    terminal = Terminal()
    Output(terminal).json("\u202e\x9b31m")
    assert terminal.text == '"\\u202e\\u009b31m"\n'


def test_prose_wraps_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    text = "ten words that are not all of the same length"
    terminal, pipe = Terminal(), io.StringIO()
    Output(terminal).prose(text)
    Output(pipe).prose(text)
    lines = terminal.text.splitlines()
    assert len(lines) == 3
    assert " ".join(line.strip() for line in lines) == text
    assert pipe.getvalue() == text + "\n"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured, plain = Terminal(), Terminal()
    column = Column("a", style=lambda cell: "green")
    Output(coloured).table([column], [["x"]])
    monkeypatch.setenv("NO_COLOR", "1")
    Output(plain).table([column], [["x"]])
    assert "\x1b[32m" in coloured.text
    assert "\x1b[32m" not in plain.text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.25, 0.25), (math.nan, None), (math.inf, None), (None, None), (0.123456789, 0.1234568)],
)
def test_numbers_in_json(value: float | None, expected: float | None) -> None:
    assert number(value) == expected


def test_metadata_without_json_numbers() -> None:
    assert finite({"a": [math.nan, {"b": -math.inf}], "c": 1.5, "d": "x"}) == {
        "a": [None, {"b": None}],
        "c": 1.5,
        "d": "x",
    }


def test_figures() -> None:
    assert [density(value) for value in (0, 0.25, 0.000123)] == ["0.0000", "0.2500", "0.00012"]
    assert [duration(value) for value in (0.42, 9.99, 185, 7_800)] == [
        "0.4 s",
        "10 s",
        "3 min 05 s",
        "2 h 10 min",
    ]
    assert rate(810, 10) == "81/s"
    assert [rate(*values, "rows") for values in ((810, 10), (1, 2), (0, 5), (5, 0))] == [
        "81 rows/s",
        "0.5 rows/s",
        "",
        "",
    ]
