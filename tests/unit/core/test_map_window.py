import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.map_window import Window, Wish, braille, nearest_toward, placed

CORNERS = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
INSIDE = st.floats(0, 1)


def test_the_whole_map_is_in_the_window() -> None:
    bits, cells = braille(Window().cells(CORNERS, 4, 2), 4, 2)
    assert cells.tolist() == [4, 3, 0, 7]
    # The first and the last dots of a braille cell.
    assert bits[1, 0] == 0x40
    assert bits[0, 3] == 0x08
    assert bits[0, 1] == 0


def test_what_is_outside_the_window_has_no_cell() -> None:
    near = Window().zoomed(2, (0.0, 0.0))
    assert near.zoom == 2
    assert (near.x, near.y) == (0.25, 0.25)
    _, cells = braille(near.cells(CORNERS, 4, 2), 4, 2)
    assert cells.tolist() == [4, -1, -1, -1]


@given(x=INSIDE, y=INSIDE, by=st.floats(0.1, 10), right=st.floats(-3, 3), up=st.floats(-3, 3))
def test_a_window_never_leaves_the_map(
    x: float, y: float, by: float, right: float, up: float
) -> None:
    window = Window().zoomed(4, (x, y)).moved(right, up).zoomed(by, (x, y)).holding((x, y))
    half = 0.5 / window.zoom
    assert window.zoom >= 1
    for middle in (window.x, window.y):
        assert half - 1e-9 <= middle <= 1 - half + 1e-9
    _, cells = braille(window.cells(np.array([[x, y]]), 20, 10), 20, 10)
    assert cells[0] >= 0


def test_a_place_under_the_cursor_stays_where_it_is_when_zooming() -> None:
    place = np.array([[0.6, 0.55]])
    before = Window(zoom=2).cells(place, 80, 20)
    after = Window(zoom=2).zoomed(1.5, (0.6, 0.55)).cells(place, 80, 20)
    assert after == pytest.approx(before, abs=0.1)


def test_the_cursor_goes_to_the_nearest_in_a_direction() -> None:
    cells = np.array([[10.0, 5.0], [10.4, 5.0], [14.0, 5.5], [12.0, 9.0], [4.0, 1.0]])
    assert nearest_toward(cells, 0, 1, 0) == 2
    assert nearest_toward(cells, 0, 0, 1) == 3
    # Nothing is straight to the left, but something is to the left.
    assert nearest_toward(cells, 0, -1, 0) == 4
    assert nearest_toward(cells, 4, -1, 0) is None


def test_names_neither_touch_nor_cover_one_another() -> None:
    wishes = [
        Wish(10, 1, "galaxies", 0),
        Wish(12, 1, "covered", 1),
        Wish(12, 2, "too near", 2),
        Wish(28, 3, "beside", 3, beside=True),
        Wish(10, 3, "free", 4),
        Wish(1, 0, "longer than the whole map is wide", 5),
    ]
    names = placed(wishes, 30, 4, taken=[(9, 3)])
    assert [(name.row, name.column, name.of) for name in names] == [(1, 6, 0), (3, 21, 3)]
    assert placed(wishes, 30, 4, most=10)[-1].of == 0


@given(
    st.lists(
        st.builds(
            Wish,
            st.integers(0, 29),
            st.integers(0, 9),
            st.text("ab", min_size=1, max_size=12),
            st.integers(0, 99),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_every_name_has_its_own_cells(wishes: list[Wish]) -> None:
    names = placed(wishes, 30, 10)
    cells = [(name.row, name.column + i) for name in names for i in range(len(name.text))]
    assert len(cells) == len(set(cells))
    assert all(0 <= row < 10 and 0 <= column < 30 for row, column in cells)
    assert bool(names) == bool(wishes)
