"""BatchTopK and Matryoshka against autograd on dense matrices, written from their definitions."""

import pytest
import torch
from reference_training import ReferenceSae, ReferenceTraining, normalised
from test_step import BATCH, RATE, D, K, N, corpus
from torch.nn.functional import normalize

from saetui.train.options import SaeConfig
from saetui.train.step import GradientStep, Optimiser, Parameters


class DenseBatchTopK(ReferenceSae):
    """Keeps the `k B` largest positive pre-activations of a batch, at most `4 k` of a sample."""

    def loss(self, x):
        a = (x - self.bias) @ self.encoder.T + self.encoder_bias
        z = a.relu()
        z = z * (z >= z.topk(4 * self.k, dim=1).values[:, -1:])
        z = z * (z >= z.flatten().topk(self.k * len(x)).values[-1])
        self.active = (z > 0).sum(dim=1)
        return normalised(x - (z @ self.decoder.T + self.bias), x)


class DenseMatryoshka(ReferenceSae):
    """Averages the error over the first sixteenth, eighth, quarter, half and all of the latents."""

    def loss(self, x):
        a = (x - self.bias) @ self.encoder.T + self.encoder_bias
        z = self.sparse(a, self.k)
        self.errors = []
        for share in (16, 8, 4, 2, 1):
            first = N // share
            rebuilt = z[:, :first] @ self.decoder.T[:first] + self.bias
            self.errors.append(normalised(x - rebuilt, x))
        return torch.stack(self.errors).mean()


DENSE = {"batchtopk": DenseBatchTopK, "matryoshka": DenseMatryoshka}


def both(variant, screening=False, **options):
    generator = torch.Generator().manual_seed(1)
    directions = normalize(torch.randn(N, D, generator=generator), dim=1)
    encoder_bias = 0.02 * torch.randn(N, generator=generator)
    start = (directions, encoder_bias, directions, 0.05 * torch.randn(D, generator=generator))
    dense = ReferenceTraining(DENSE[variant](start, k=K, dead_after=1 << 40), RATE)
    parameters = Parameters(*(tensor.clone() for tensor in start))
    return dense, GradientStep(parameters, SaeConfig(D, N, K, variant), BATCH, screening, **options)


@pytest.mark.parametrize("variant", DENSE)
@pytest.mark.parametrize("screening", [False, True])
def test_gradients_equal_those_of_autograd(variant, screening):
    dense, step = both(variant, screening)
    (x,) = corpus(1, seed=3)
    loss = dense.gradients(x)
    figures = step(x, torch.zeros(N, dtype=torch.bool))
    assert figures.loss == pytest.approx(loss, abs=1e-6)
    sae = dense.sae
    expected = (sae.encoder.grad, sae.encoder_bias.grad, sae.decoder.grad.T, sae.bias.grad)
    clipped = max(1.0, step.norm)
    for gradient, wanted in zip(step.gradients, expected, strict=True):
        assert wanted.abs().max() > 0
        torch.testing.assert_close(gradient / clipped, wanted, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("variant", DENSE)
def test_training_follows_the_dense_way_for_25_steps(variant):
    dense, step = both(variant)
    optimiser = Optimiser(step)
    for x in corpus(25):
        expected = dense.step(x)
        assert step(x, torch.zeros(N, dtype=torch.bool)).loss == pytest.approx(expected, abs=1e-5)
        optimiser.apply(RATE)
    torch.testing.assert_close(step.parameters.encoder, dense.sae.encoder.data, atol=2e-5, rtol=0)


def test_samples_of_a_batch_differ_in_how_many_latents_they_activate():
    dense, _ = both("batchtopk")
    (x,) = corpus(1)
    dense.sae.loss(x)
    assert dense.sae.active.float().mean() == K
    assert dense.sae.active.min() < K < dense.sae.active.max()


def test_the_error_of_all_prefixes_counts_and_that_of_all_latents_is_reported():
    dense, step = both("matryoshka")
    (x,) = corpus(1)
    dense.sae.loss(x)
    errors = torch.stack(dense.sae.errors).tolist()
    figures = step(x, torch.zeros(N, dtype=torch.bool))
    assert len(set(errors)) == 5
    assert figures.nmse == pytest.approx(errors[-1], abs=1e-6)
    assert figures.nested == pytest.approx(sum(errors) / 5, abs=1e-6)


@pytest.mark.parametrize("variant", DENSE)
def test_dead_latents_are_revived_in_every_variant(variant):
    _, step = both(variant)
    (x,) = corpus(1)
    # Lowered until they lose to all others, yet stay positive.
    step.parameters.encoder_bias.fill_(20)
    step.parameters.encoder_bias[:30] = 10
    silent = step(x, torch.zeros(N, dtype=torch.bool)).fired.logical_not()
    assert silent[:30].all()
    assert step.gradients.encoder[silent].abs().max() == 0
    assert step(x, silent).auxiliary > 0
    assert step.gradients.encoder[silent].abs().max() > 0


def test_few_and_many_dead_latents_give_the_same_gradients():
    _, step = both("matryoshka")
    _, by_selection = both("matryoshka", few_dead=0)
    (x,) = corpus(1)
    dead = torch.arange(N) % 4 == 0
    few = step(x, dead)
    many = by_selection(x, dead)
    assert few.auxiliary == pytest.approx(many.auxiliary, rel=1e-5)
    for first, second in zip(step.gradients, by_selection.gradients, strict=True):
        torch.testing.assert_close(first, second, atol=1e-6, rtol=1e-4)
