import pytest
import torch
from reference_training import ReferenceSae, ReferenceTraining
from torch.nn.functional import normalize

from saetui.train.options import SaeConfig
from saetui.train.step import GradientStep, Optimiser, Parameters

D, N, K, BATCH, RATE = 24, 96, 6, 64, 1e-3


def corpus(batches, seed=0):
    """Batches of sparse combinations of true directions plus noise."""
    generator = torch.Generator().manual_seed(seed)
    truth = normalize(torch.randn(48, D, generator=generator), dim=1)
    shape = (batches, BATCH, 48)
    strength = torch.rand(shape, generator=generator)
    codes = strength * (torch.rand(shape, generator=generator) < 0.1)
    noise = 0.05 * torch.randn(batches, BATCH, D, generator=generator)
    return list(codes @ truth + noise)


class Pair:
    """The reference and the sparse step on the same weights."""

    def __init__(self, *, dead=0, screening=False, bias_scale=1.0):
        generator = torch.Generator().manual_seed(1)
        directions = normalize(torch.randn(N, D, generator=generator), dim=1)
        encoder_bias = 0.02 * torch.randn(N, generator=generator)
        bias = bias_scale * 0.05 * torch.randn(D, generator=generator)
        start = (directions, encoder_bias, directions, bias)
        self.dead_after = 2 * BATCH if dead else 100 * BATCH
        sae = ReferenceSae(start, k=K, dead_after=self.dead_after)
        self.reference = ReferenceTraining(sae, RATE)
        self.since_fired = torch.zeros(N, dtype=torch.int64)
        self.since_fired[:dead] = self.dead_after
        sae.samples_since_fired.copy_(self.since_fired)
        self.parameters = Parameters(*(tensor.clone() for tensor in start))
        self.step = GradientStep(self.parameters, SaeConfig(D, N, K), BATCH, screening)
        self.optimiser = Optimiser(self.step)

    def figures(self, x):
        figures = self.step(x, self.since_fired >= self.dead_after)
        self.since_fired += len(x)
        self.since_fired[figures.fired] = 0
        return figures


@pytest.mark.parametrize("screening", [False, True])
@pytest.mark.parametrize("dead", [0, 5, 60])
def test_training_follows_the_reference_for_25_steps(dead, screening):
    pair = Pair(dead=dead, screening=screening)
    auxiliary_steps = 0
    for x in corpus(25):
        expected = pair.reference.step(x)
        figures = pair.figures(x)
        pair.optimiser.apply(RATE)
        assert figures.loss == pytest.approx(expected, abs=1e-5)
        auxiliary_steps += figures.auxiliary > 0
    assert (auxiliary_steps > 0) == (dead > 0)
    sae = pair.reference.sae
    torch.testing.assert_close(pair.parameters.encoder, sae.encoder.data, atol=2e-5, rtol=0)
    torch.testing.assert_close(pair.parameters.directions, sae.decoder.data.T, atol=2e-5, rtol=0)
    torch.testing.assert_close(pair.since_fired, sae.samples_since_fired)


@pytest.mark.parametrize("screening", [False, True])
@pytest.mark.parametrize("dead", [0, 60])
def test_gradients_equal_those_of_autograd(dead, screening):
    pair = Pair(dead=dead, screening=screening)
    (x,) = corpus(1, seed=3)
    pair.reference.gradients(x)
    pair.figures(x)
    sae = pair.reference.sae
    expected = (sae.encoder.grad, sae.encoder_bias.grad, sae.decoder.grad.T, sae.bias.grad)
    assert pair.step.norm < 1
    for gradient, wanted in zip(pair.step.gradients, expected, strict=True):
        assert wanted.abs().max() > 0
        torch.testing.assert_close(gradient, wanted, atol=1e-6, rtol=1e-4)


def test_a_gradient_beyond_the_largest_norm_is_scaled_down():
    pair = Pair(bias_scale=400)
    (x,) = corpus(1)
    expected = pair.reference.step(x)
    assert pair.figures(x).loss == pytest.approx(expected, rel=1e-5)
    assert pair.step.norm > 2
    pair.optimiser.apply(RATE)
    sae, adam, moments = pair.reference.sae, pair.reference.adam, pair.optimiser.state()
    for name, parameter in {"encoder": sae.encoder, "bias": sae.bias}.items():
        expected = adam.state[parameter]["exp_avg"]
        found = moments[f"adam.{name}.exp_avg"]
        torch.testing.assert_close(found, expected, atol=1e-7, rtol=1e-4)


def test_directions_keep_unit_norm_and_gradients_stay_across_them():
    pair = Pair(dead=20)
    for x in corpus(3):
        pair.figures(x)
        along = (pair.step.gradients.directions * pair.parameters.directions).sum(dim=1)
        assert along.abs().max() < 1e-6
        pair.optimiser.apply(0.1)
        norms = pair.parameters.directions.norm(dim=1)
        torch.testing.assert_close(norms, torch.ones(N))


def test_dead_latents_receive_gradients_only_while_dead():
    pair = Pair()
    (x,) = corpus(1)
    # Raise all pre-activations, then lower some: those lose to the others but stay positive.
    pair.parameters.encoder_bias.fill_(20)
    pair.parameters.encoder_bias[:30] = 10
    calm = pair.step(x, torch.zeros(N, dtype=torch.bool))
    assert calm.auxiliary == 0
    silent = calm.fired.logical_not()
    assert silent[:30].all()
    assert pair.step.gradients.encoder[silent].abs().max() == 0
    pair.step(x, silent)
    assert pair.step.gradients.encoder[silent].abs().max() > 0


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("rows", [1, 7])
def test_constant_batches_leave_finite_weights(rows, value):
    pair = Pair(dead=10)
    x = torch.full((rows, D), value)
    for _ in range(3):
        figures = pair.figures(x)
        pair.optimiser.apply(RATE)
        assert torch.isfinite(torch.tensor(figures.loss))
    assert all(torch.isfinite(tensor).all() for tensor in pair.parameters)


def test_a_batch_that_is_reconstructed_exactly_needs_no_step():
    pair = Pair(dead=10)
    pair.parameters.bias.fill_(0.5)
    pair.parameters.encoder_bias.fill_(-1)
    figures = pair.figures(torch.full((4, D), 0.5))
    assert (figures.loss, pair.step.norm) == (0, 0)
