"""Many searches at once find what one search after another finds."""

import numpy as np
import pytest

from saetui.core.scores import cosines, top
from saetui.evaluate.retrieval import nearest


@pytest.mark.parametrize(("rows", "vectors"), [(7, 3), (1_000, 1_000)])
@pytest.mark.parametrize("with_rewards", [False, True])
def test_blocks_change_nothing(rows: int, vectors: int, with_rewards: bool) -> None:
    random = np.random.default_rng(0)
    embeddings = random.standard_normal((40, 8))
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float16)
    queries = 3 * random.standard_normal((11, 8)).astype(np.float32)
    added = random.random((11, 40)).astype(np.float32) if with_rewards else None
    found = nearest(queries, embeddings, 10, added, block=(rows, vectors))
    for place, query in enumerate(queries):
        scores = cosines(query, embeddings) + (0 if added is None else added[place])
        assert found[place].tolist() == top(scores, 10).tolist()


def test_no_vectors_find_nothing() -> None:
    embeddings = np.eye(4, dtype=np.float32)
    assert nearest(np.empty((0, 4), np.float32), embeddings, 2).shape == (0, 2)
