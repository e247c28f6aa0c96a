"""The recall of an index is that of comparing with every document."""

import numpy as np
import pytest

from saetui.pipeline import corpus_steps
from saetui.pipeline.corpus_steps import index_recall


class Partial:
    """An index that finds every nearest document but the last so many."""

    def __init__(self, vectors: np.ndarray, missing: int) -> None:
        self.vectors, self.missing = vectors.astype(np.float32), missing

    def search(self, query: np.ndarray, depth: int) -> np.ndarray:
        best = np.argsort(-(self.vectors @ query), kind="stable")
        return np.concatenate([best[: depth - self.missing], best[len(best) - self.missing :]])


@pytest.mark.parametrize("missing", [0, 3, 10])
def test_recall_counts_what_is_found(monkeypatch: pytest.MonkeyPatch, missing: int) -> None:
    monkeypatch.setattr(corpus_steps, "_RECALL_BLOCK", 37)
    vectors = np.random.default_rng(0).standard_normal((300, 16)).astype(np.float16)
    recall = index_recall(Partial(vectors, missing), vectors, seed=0)  # type: ignore[arg-type]
    assert recall == pytest.approx(1 - missing / 10)
