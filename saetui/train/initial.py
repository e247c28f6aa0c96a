"""Weights to start from."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from saetui.train.options import SaeConfig
from saetui.train.rows import TrainingRows
from saetui.train.step import Parameters

_MEDIAN_ROWS = 8_192
_NOISE = 0.1


def initial_parameters(config: SaeConfig, rows: TrainingRows, seed: int) -> Parameters:
    """`b_pre` = median of a sample, `d_i` = directions of rows, `W_enc = W_dec^T`, `b_enc` = 0.

    A direction is that of a random training row as seen from `b_pre`, with a little noise so that
    equal rows make different latents; latents beyond the number of rows start as noise alone. On
    11,438 abstracts (n = 768, k = 16) rows instead of noise lowered the held-out nMSE from 0.367
    to 0.357, in two thirds of the epochs, and left no latent dead. Such directions are correlated,
    so that the first reconstructions overshoot; scaling the encoder to prevent that made the
    held-out nMSE higher by 0.002 to 0.015 in the end.
    """
    sample = rows.sample(max(_MEDIAN_ROWS, config.n))
    bias = sample[:_MEDIAN_ROWS].median(dim=0).values
    noise = normalize(_gaussian(config.n, config.d, seed), dim=1)
    directions = noise.clone()
    from_rows = normalize(sample[: config.n] - bias, dim=1)
    # A row that equals the median has no direction; normalize leaves it zero.
    found = from_rows.square().sum(dim=1, keepdim=True) > 0.5
    used = len(from_rows)
    directions[:used] = torch.where(found, from_rows + _NOISE * noise[:used], noise[:used])
    directions = normalize(directions, dim=1)
    return Parameters(directions.clone(), torch.zeros(config.n), directions, bias)


def _gaussian(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))
