"""The paper's training step and recipe: dense products and autograd, Adam 1e-4."""

import sys
from pathlib import Path

import torch
from torch.nn.functional import normalize

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "train"))

from reference_training import ReferenceSae, ReferenceTraining

RATE = 1e-4
# Two ways to compute the same loss: the dead latents' term at every step, as the paper's own
# implementation does, or only while there are dead latents.
PUBLISHED, SKIPPING = "paper, auxiliary always", "paper, auxiliary if dead"
REFERENCES = (PUBLISHED, SKIPPING)


class Paper:
    """The reference step from given weights, or from the paper's own start."""

    def __init__(self, plan, start=None, *, auxiliary_always=True):
        self.plan, self.auxiliary_always = plan, auxiliary_always
        self.rate = plan.rate or RATE
        self.training = None if start is None else self._begin(start)
        self.settings = (
            f"Adam {self.rate:.1e}; b_pre starts at the median, W_enc at W_dec^T, random; "
            f"gradients clipped at 1; auxiliary loss 1/32 after one epoch of silence"
        )

    def _begin(self, start):
        sae = ReferenceSae(
            start,
            k=self.plan.k,
            dead_after=self.plan.epoch,
            auxiliary_always=self.auxiliary_always,
        )
        return ReferenceTraining(sae, self.rate)

    def step(self, x):
        if self.training is None:
            self.training = self._begin(random_start(self.plan, x))
        return self.training.step(x)

    def keep_dead(self, dead):
        self.training.sae.samples_since_fired[dead] = self.plan.epoch

    @torch.no_grad()
    def reconstruct(self, x):
        sae = self.training.sae
        a = (x - sae.bias) @ sae.encoder.T + sae.encoder_bias
        return sae.sparse(a, sae.k) @ sae.decoder.T + sae.bias


def random_start(plan, sample):
    """`W_enc`, `b_enc`, directions and `b_pre` as the paper starts them."""
    generator = torch.Generator().manual_seed(plan.seed)
    directions = normalize(torch.randn(plan.n, plan.d, generator=generator), dim=1)
    return directions, torch.zeros(plan.n), directions, sample.median(dim=0).values
