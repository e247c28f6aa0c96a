import numpy as np
import pytest

from saetui.core.codec import SaeWeights
from saetui.train.metrics import retrieval_kept

D = 8


def sae(directions, k):
    n, d = directions.shape
    zeros = (np.zeros(n, np.float32), np.zeros(d, np.float32))
    return SaeWeights(directions, zeros[0], directions, zeros[1], k)


def rows(count=60):
    x = np.abs(np.random.default_rng(0).standard_normal((count, D))).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_a_perfect_reconstruction_keeps_every_neighbour():
    assert retrieval_kept(sae(np.eye(D, dtype=np.float32), D), rows(), rows()) == 1


def test_the_share_of_neighbours_found_again():
    x, k = rows(), 2
    weights = sae(np.eye(D, dtype=np.float32), k)
    rebuilt = np.where(x >= np.sort(x, axis=1)[:, -k:][:, :1], x, 0)
    shares = []
    for row in range(20):
        found = [
            set(np.argsort(-np.delete(cosines, row), kind="stable")[:10])
            for cosines in (
                x @ x[row],
                rebuilt @ rebuilt[row] / np.linalg.norm(rebuilt, axis=1),
            )
        ]
        shares.append(len(found[0] & found[1]) / 10)
    assert 0.1 < np.mean(shares) < 1
    assert retrieval_kept(weights, x[:20], x) == pytest.approx(np.mean(shares))


@pytest.mark.parametrize("count", [1, 11])
def test_too_few_rows_to_choose_from_give_no_figure(count):
    assert retrieval_kept(sae(np.eye(D, dtype=np.float32), D), rows(count), rows(count)) is None
