import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from saetui.core.codec import SaeWeights, encode
from saetui.train.metrics import evaluate, parameters_of, reconstruct


@pytest.fixture
def weights():
    generator = np.random.default_rng(0)
    directions = generator.standard_normal((20, 6)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    encoder = directions + 0.3 * generator.standard_normal((20, 6)).astype(np.float32)
    encoder_bias = 0.1 * generator.standard_normal(20).astype(np.float32)
    encoder_bias[3], encoder_bias[4] = -50, 50  # One latent never fires, one always does.
    bias = 0.1 * generator.standard_normal(6).astype(np.float32)
    return SaeWeights(encoder, encoder_bias, directions, bias, k=5)


@pytest.fixture
def rows():
    return np.random.default_rng(1).standard_normal((200, 6)).astype(np.float32)


def test_figures_equal_their_definitions(weights, rows):
    codes = encode(weights, rows)
    dense = np.zeros((200, 21))
    np.put_along_axis(dense, codes.indices.astype(int), codes.values.astype(float), axis=1)
    dense = dense[:, :20]
    error = rows - (dense @ weights.directions + weights.bias)
    figures = evaluate(weights, rows)
    spread = ((rows - rows.mean(axis=0)) ** 2).sum()
    density = (dense > 0).mean(axis=0)
    assert figures.rows == 200
    assert figures.nmse == pytest.approx((error**2).sum() / spread, rel=1e-4)
    variance = error.var(axis=0).sum() / rows.var(axis=0).sum()
    assert figures.explained_variance == pytest.approx(1 - variance, rel=1e-4)
    assert figures.l0 == pytest.approx((dense > 0).sum(axis=1).mean())
    assert figures.dead_share == np.mean(density == 0) > 0
    assert figures.always_on_share == np.mean(density > 0.5) > 0
    assert sum(figures.density_counts) == (density > 0).sum()
    expected = np.histogram(np.log10(density[density > 0]), figures.density_edges)[0]
    assert figures.density_counts == expected.tolist()
    cosines = [
        row @ direction / np.linalg.norm(row)
        for row, direction in zip(weights.encoder, weights.directions, strict=True)
    ]
    assert figures.mean_cosine == pytest.approx(np.mean(cosines), rel=1e-5)


def test_blocks_torch_and_half_precision_change_nothing_that_matters(weights, rows):
    whole = evaluate(weights, rows)
    x, k = torch.from_numpy(rows), min(weights.k, weights.n)
    in_blocks = reconstruct(parameters_of(weights), k, weights.threshold, x, block_numbers=20 * 7)
    assert in_blocks.nmse == pytest.approx(whole.nmse, rel=1e-6)
    assert evaluate(weights, x).nmse == pytest.approx(whole.nmse, rel=1e-6)
    half = evaluate(weights, rows.astype(np.float16))
    assert half.nmse == pytest.approx(whole.nmse, rel=1e-2)


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("count", [1, 4])
def test_rows_without_variance_give_finite_figures(weights, count, value):
    figures = evaluate(weights, np.full((count, 6), value, dtype=np.float32))
    json.dumps(asdict(figures), allow_nan=False)
    assert figures.nmse > 0
