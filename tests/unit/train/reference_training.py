"""A slow TopK training step that leaves everything to dense matrices and autograd.

It shares no code with `saetui.train`, so that the two can be held against each other.
"""

import torch


class ReferenceSae(torch.nn.Module):
    """`x_hat = W_dec TopK(ReLU(W_enc (x - b_pre) + b_enc)) + b_pre`, every product dense.

    `auxiliary_always` spends the auxiliary term's operations at every step, as the paper's own
    implementation does. While no latent is dead they add nothing to the loss or to gradients.
    """

    def __init__(self, weights, *, k, dead_after, auxiliary_always=False):
        super().__init__()
        encoder, encoder_bias, directions, bias = weights
        self.encoder = torch.nn.Parameter(encoder.clone())  # (n, d)
        self.encoder_bias = torch.nn.Parameter(encoder_bias.clone())  # (n,)
        self.decoder = torch.nn.Parameter(directions.T.clone())  # (d, n)
        self.bias = torch.nn.Parameter(bias.clone())  # (d,)
        self.k, self.k_aux, self.dead_after = k, 2 * k, dead_after
        self.auxiliary_always = auxiliary_always
        self.samples_since_fired = torch.zeros(encoder.shape[0], dtype=torch.int64)

    def sparse(self, a, k):
        values, latents = a.topk(k, dim=1)
        return torch.zeros_like(a).scatter(1, latents, values.relu())

    def loss(self, x):
        a = (x - self.bias) @ self.encoder.T + self.encoder_bias
        z = self.sparse(a, self.k)
        error = x - (z @ self.decoder.T + self.bias)
        total = normalised(error, x)
        dead = self.samples_since_fired >= self.dead_after
        if self.auxiliary_always or dead.any():
            among_dead = a.masked_fill(~dead, -torch.inf)
            z_dead = self.sparse(among_dead, min(self.k_aux, len(dead)))
            target = error.detach()
            auxiliary = normalised(target - z_dead @ self.decoder.T, target)
            total = total + auxiliary * dead.any() / 32
        self.samples_since_fired += len(x)
        self.samples_since_fired[(z > 0).any(dim=0)] = 0
        return total


def normalised(error, target):
    return error.square().mean() / (target - target.mean(dim=0)).square().mean()


class ReferenceTraining:
    """Adam on a `ReferenceSae`, with clipped gradients and decoder columns of unit norm."""

    def __init__(self, sae, learning_rate):
        self.sae = sae
        self.adam = torch.optim.Adam(sae.parameters(), lr=learning_rate)

    def gradients(self, x):
        """Loss and the gradients that Adam gets, decoder's transposed to `(n, d)`."""
        self.adam.zero_grad()
        loss = self.sae.loss(x)
        loss.backward()
        decoder = self.sae.decoder
        with torch.no_grad():
            along = (decoder * decoder.grad).sum(dim=0, keepdim=True)
            decoder.grad -= along * decoder
        torch.nn.utils.clip_grad_norm_(self.sae.parameters(), 1.0)
        return loss.item()

    def step(self, x):
        loss = self.gradients(x)
        self.adam.step()
        with torch.no_grad():
            self.sae.decoder /= self.sae.decoder.norm(dim=0, keepdim=True)
        return loss
