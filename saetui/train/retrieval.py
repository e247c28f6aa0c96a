"""How much of a search survives when vectors are replaced by their reconstructions."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from saetui.core.codec import Float, SaeWeights, encode_in_blocks

NEAREST = 10
_MOST_QUERIES = 500
_MOST_ROWS = 20_000
_BLOCK = 256


def retrieval_kept(weights: SaeWeights, queries: Float, corpus: Float) -> float | None:
    """Recall@10 of exact search with reconstructed against original vectors.

    Each query's ten nearest rows are found twice, by the cosine of the original vectors and by
    that of the reconstructions of both query and rows; the figure is the mean share of the first
    ten found again. At most 500 queries and 20,000 rows are used, the first ones.

    Args:
        weights: Of the autoencoder.
        queries: Float32 `(Q, d)`, the first rows of the corpus; a query does not find itself.
        corpus: Float32 `(N, d)`.

    Returns:
        A share; None where there are not more than ten rows to choose from.
    """
    corpus = corpus[:_MOST_ROWS]
    count = min(len(queries), len(corpus), _MOST_QUERIES)
    if len(corpus) <= NEAREST + 1:
        return None
    wanted = _nearest(torch.from_numpy(corpus), count)
    found = _nearest(torch.from_numpy(_reconstructions(weights, corpus)), count)
    same = (wanted[:, :, None] == found[:, None, :]).any(dim=2)
    return float(same.float().mean())


def _nearest(rows: Tensor, count: int) -> Tensor:
    """The nearest rows of each of the first `count` but itself, unsorted; `(count, 10)`."""
    rows = normalize(rows, dim=1)
    cosines = rows[:count] @ rows.T
    cosines.fill_diagonal_(-torch.inf)
    return cosines.topk(NEAREST, dim=1, sorted=False).indices


def _reconstructions(weights: SaeWeights, rows: Float) -> Float:
    """`x_hat` of every row, `(N, d)`."""
    blocks = []
    for codes in encode_in_blocks(weights, rows, _BLOCK):
        # An unused slot holds the value 0, so whichever direction it is given adds nothing.
        directions = weights.directions[np.maximum(codes.indices, 0)]
        blocks.append(np.einsum("rk,rkd->rd", codes.values, directions) + weights.bias)
    return np.concatenate(blocks)
