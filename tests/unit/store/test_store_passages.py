"""Passages of documents as a bundle holds them."""

from pathlib import Path

import numpy as np
import pytest

from saetui.errors import BundleDamaged
from saetui.store.arrays import save_array
from saetui.store.passages import SPANS, VECTORS, Passages

ROWS = [0, 0, 1, 2, 2, 2]


def write(folder: Path, rows: list[int] = ROWS) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(len(rows), 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    save_array(folder / VECTORS, vectors)
    spans = [[row, 10 * place, 10 * place + 9] for place, row in enumerate(rows)]
    save_array(folder / SPANS, np.array(spans, dtype=np.int32))
    return vectors.astype(np.float32)


def test_a_document_is_as_near_as_its_nearest_passage(tmp_path: Path) -> None:
    vectors = write(tmp_path)
    passages = Passages.of(tmp_path, 3, 8)
    query = np.ones(8, dtype=np.float32)
    cosines = vectors @ (query / np.linalg.norm(query))
    found = passages.cosines(query)
    expected = [max(c for c, row in zip(cosines, ROWS, strict=True) if row == i) for i in range(3)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    best, values = passages.best(query, np.array([2, 0]))
    np.testing.assert_array_equal(values, found[[2, 0]])
    assert [ROWS[place] for place in best.tolist()] == [2, 0]
    assert passages.best(query, np.array([], dtype=np.int64))[0].tolist() == []


@pytest.mark.parametrize("rows", [[], [1, 2], [0, 2, 2], [0, 1, 0, 2], [0, 1], [0, 1, 2, 3]])
def test_passages_that_do_not_fit_are_refused(tmp_path: Path, rows: list[int]) -> None:
    write(tmp_path, ROWS)
    spans = np.array([[row, 0, 1] for row in rows], dtype=np.int32).reshape(-1, 3)
    save_array(tmp_path / SPANS, spans)
    with pytest.raises(BundleDamaged):
        Passages.of(tmp_path, 3, 8)
    save_array(tmp_path / SPANS, np.array([[row, 5, 2] for row in ROWS], dtype=np.int32))
    with pytest.raises(BundleDamaged):
        Passages.of(tmp_path, 3, 8)
