import numpy as np
import pytest
import torch

from saetui.train.loop import initial_parameters
from saetui.train.options import SaeConfig
from saetui.train.rows import CheckedVectors, TrainingRows


def rows_of(vectors):
    return TrainingRows(CheckedVectors.of(vectors), 0.0, 0, 1 << 30)


@pytest.fixture
def vectors():
    return np.random.default_rng(0).standard_normal((40, 16)).astype(np.float32)


def test_the_start_is_tied_centred_and_points_at_rows(vectors):
    start = initial_parameters(SaeConfig(16, 30, 2), rows_of(vectors), seed=0)
    assert torch.equal(start.encoder, start.directions)
    assert start.encoder.data_ptr() != start.directions.data_ptr()
    assert not start.encoder_bias.any()
    torch.testing.assert_close(start.bias, torch.from_numpy(vectors).median(dim=0).values)
    centred = torch.nn.functional.normalize(torch.from_numpy(vectors) - start.bias, dim=1)
    nearest = start.directions @ centred.T
    assert nearest.max(dim=1).values.min() > 0.97
    assert len(nearest.argmax(dim=1).unique()) == 30


@pytest.mark.parametrize("count", [1, 5])
def test_latents_without_a_row_and_equal_rows_get_directions_of_their_own(count):
    start = initial_parameters(
        SaeConfig(16, 9, 2), rows_of(np.full((count, 16), 0.25, dtype=np.float32)), seed=0
    )
    torch.testing.assert_close(start.directions.norm(dim=1), torch.ones(9))
    assert len(start.directions.unique(dim=0)) == 9


def test_the_seed_decides(vectors):
    first, again, other = (
        initial_parameters(SaeConfig(16, 50, 2), rows_of(vectors), seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first.directions, again.directions)
    assert not torch.equal(first.directions, other.directions)
