"""What goes with each feature comes back as it was written, or is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import BundleDamaged
from saetui.store.relations import LONGEST, NEAREST, load_lists, save_lists

N = 4
cosines = st.floats(-1, 1, width=32)
lists = st.lists(
    st.lists(st.tuples(st.integers(0, N - 1), cosines), max_size=LONGEST), min_size=N, max_size=N
)


@given(written=lists, limit=st.integers(0, LONGEST + 2))
def test_lists_come_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[list[tuple[int, float]]], limit: int
) -> None:
    folder = tmp_path_factory.mktemp("sae")
    save_lists(folder, NEAREST, written)
    known = load_lists(folder, NEAREST, N)
    assert known is not None
    for feature, listed in enumerate(written):
        expected = listed[:limit] if limit <= LONGEST else None
        assert known.of(feature, limit) == expected


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def names_another(path: Path) -> None:
    features = np.load(path)
    features[2, 0] = N
    np.save(path, features)


def no_number(path: Path) -> None:
    values = np.load(path)
    values[1, 0] = np.nan
    np.save(path, values)


@pytest.mark.parametrize(
    ("file", "damage"), [(0, cut), (1, cut), (0, names_another), (1, no_number)]
)
def test_damaged_lists_are_refused(
    tmp_path: Path, file: int, damage: Callable[[Path], None]
) -> None:
    save_lists(tmp_path, NEAREST, [[(1, 0.5)]] * N)
    path = tmp_path / NEAREST.names[file]
    damage(path)
    with pytest.raises(BundleDamaged, match=path.name):
        load_lists(tmp_path, NEAREST, N)
