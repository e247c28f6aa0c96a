"""One training step of a TopK sparse autoencoder, computed on active latents only.

For a batch `x_1 ... x_B` the autoencoder (O'Neill et al., arXiv 2408.00657) computes

    a_b = W_enc (x_b - b_pre) + b_enc     z_b = TopK(ReLU(a_b), k)     y_b = sum_i z_bi d_i + b_pre

and the loss is

    L = sum_b |y_b - x_b|^2 / S  +  alpha sum_b |u_b - e_b|^2 / T

where `e_b = x_b - y_b` counts as a constant, `u_b = sum_i w_bi d_i` decodes the `k_aux` largest
positive pre-activations `w_bi` among dead latents, and `S = sum_b |x_b - mean x|^2`,
`T = sum_b |e_b - mean e|^2` turn squared errors into nMSE.

Let `g_b = 2 (y_b - x_b) / S` and `h_b = 2 alpha (u_b - e_b) / T` be the gradients by the decoded
vectors. Selection is piecewise constant, so only a selected pair of sample and latent with an
activation above zero has a slope, and everything else follows from the slopes:

    s_bi = g_b . d_i   (for a pair of u: h_b . d_i)
    dL/dd_i     = sum_b z_bi g_b + sum_b w_bi h_b
    dL/dW_enc_i = sum_b s_bi (x_b - b_pre)
    dL/db_enc_i = sum_b s_bi
    dL/db_pre   = sum_b g_b - sum_i (dL/db_enc_i) W_enc_i

`u` behaves like `B` more rows of the batch: pairs of `z` and `w` are put into one list over `2 B`
rows whose gradients are `g` and `h`, and each formula above becomes one pass over that list.

Directions have unit norm. The part of `dL/dd_i` along `d_i` would only be undone by renormalising,
so it is taken out: it is `(dL/dd_i . d_i) d_i`, and `dL/dd_i . d_i = sum_b z_bi s_bi` costs one
product per pair. Then the gradient of all parameters together is clipped to norm 1, Adam takes its
step, and the directions are scaled back to unit norm.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from saetui.train.pairs import LatentOrder, Pairs, decode, products, sums
from saetui.train.selection import Encoder, select

AUXILIARY_WEIGHT = 1 / 32  # alpha
LARGEST_NORM = 1.0
# A batch whose rows differ by less than this share of their squared length counts as constant.
_CONSTANT = 1e-10


class Parameters(NamedTuple):
    """Trainable weights, or gradients by them; float32.

    Attributes:
        encoder: `W_enc`, `(n, d)`.
        encoder_bias: `b_enc`, `(n,)`.
        directions: `W_dec` transposed, `(n, d)`.
        bias: `b_pre`, `(d,)`.
    """

    encoder: Tensor
    encoder_bias: Tensor
    directions: Tensor
    bias: Tensor


class StepFigures(NamedTuple):
    """What a step saw.

    Attributes:
        nmse: Reconstruction error of the batch, over that of its mean.
        auxiliary: nMSE of the dead latents' reconstruction of the error; 0 where none was made.
        fired: bool `(n,)`, latents active on some sample of the batch.
    """

    nmse: float
    auxiliary: float
    fired: Tensor

    @property
    def loss(self) -> float:
        """The loss that was differentiated."""
        return self.nmse + AUXILIARY_WEIGHT * self.auxiliary


class GradientStep:
    """Gradients of one autoencoder, batch after batch, in the same memory.

    Args:
        parameters: Weights, read at each call.
        k: Active latents per sample.
        batch: Samples at most.
        screening: Screen pre-activations in bfloat16.
    """

    def __init__(self, parameters: Parameters, k: int, batch: int, screening: bool) -> None:
        n, d = parameters.encoder.shape
        self.parameters = parameters
        self.k = min(k, n)
        self.auxiliary_k = 2 * self.k
        self.gradients = Parameters(*(torch.zeros_like(weight) for weight in parameters))
        self.norm = 0.0
        self._encode = Encoder(batch, n, d, screening)

    def __call__(self, x: Tensor, dead: Tensor) -> StepFigures:
        """Leave the gradients at `x` in `self.gradients`, before clipping, and their norm.

        Args:
            x: float32 `(B, d)`.
            dead: bool `(n,)`, latents that the auxiliary loss shall revive.
        """
        weights = self.parameters
        x = x - weights.bias
        a = self._encode(x, weights.encoder, weights.encoder_bias)
        pairs = self._select(a, None, self.k, x)
        error = decode(pairs, weights.directions).sub_(x)
        fired = torch.zeros_like(dead)
        fired[pairs.latents[pairs.values > 0]] = True
        input_spread = spread(x)
        nmse = float(error.square().sum()) / input_spread
        auxiliary = 0.0
        inputs, pull = x, error * (2 / input_spread)
        error_spread = spread(error)
        if error_spread > _CONSTANT * input_spread and bool(dead.any()):
            dead_latents = dead.nonzero().squeeze(1)
            k = min(self.auxiliary_k, len(dead_latents))
            revived = self._select(a.index_select(1, dead_latents), dead_latents, k, x)
            missed = decode(revived, weights.directions).add_(error)
            auxiliary = float(missed.square().sum()) / error_spread
            pairs = pairs.followed_by(revived)
            inputs = torch.cat([x, x])
            pull = torch.cat([pull, missed.mul_(2 * AUXILIARY_WEIGHT / error_spread)])
        self._backward(pairs, inputs, pull, len(x))
        return StepFigures(nmse, auxiliary, fired)

    def _select(self, a: Tensor, among: Tensor | None, k: int, x: Tensor) -> Pairs:
        weights = self.parameters
        values, latents = select(a, k, x, weights.encoder, weights.encoder_bias, among=among)
        return Pairs.from_matrix(latents, values.relu_())

    def _backward(self, pairs: Pairs, inputs: Tensor, pull: Tensor, batch: int) -> None:
        """Gradients of all parameters.

        Args:
            pairs: Active pairs over rows.
            inputs: Centred inputs of the rows, `(R, d)`.
            pull: Gradients by the decoded vectors of the rows, `(R, d)`.
            batch: How many rows, the first ones, are samples decoded with `b_pre`.
        """
        weights, gradients = self.parameters, self.gradients
        n = len(weights.encoder_bias)
        ordered = LatentOrder.of(pairs.rows, pairs.latents, n)
        activations = pairs.values[ordered.order]
        slopes = products(ordered, weights.directions, pull) * (activations > 0)
        along = _sum_numbers(ordered, slopes * activations, n)
        norms = []
        for block, total in sums(ordered, activations, pull):
            gradient = gradients.directions[block]
            directions = weights.directions[block]
            torch.addcmul(total, directions, along[block, None], value=-1, out=gradient)
            norms.append(torch.linalg.vector_norm(gradient))
        for block, total in sums(ordered, slopes, inputs):
            gradients.encoder[block] = total
            norms.append(torch.linalg.vector_norm(total))
        gradients.encoder_bias.copy_(_sum_numbers(ordered, slopes, n))
        torch.sum(pull[:batch], dim=0, out=gradients.bias)
        gradients.bias.sub_(gradients.encoder_bias @ weights.encoder)
        norms += [torch.linalg.vector_norm(gradients.encoder_bias)]
        norms += [torch.linalg.vector_norm(gradients.bias)]
        self.norm = float(torch.linalg.vector_norm(torch.stack(norms)))


def spread(rows: Tensor) -> float:
    """Squared error of predicting the mean of rows; of predicting zero where they are constant."""
    energy = float(rows.square().sum())
    around_mean = float((rows - rows.mean(dim=0)).square_().sum())
    return around_mean if around_mean > _CONSTANT * energy else energy or 1.0


def _sum_numbers(ordered: LatentOrder, numbers: Tensor, n: int) -> Tensor:
    """Sum of each latent's numbers, float32 `(n,)`."""
    return torch.bincount(ordered.latents, weights=numbers, minlength=n).float()


class Optimiser:
    """Adam with clipped gradients and directions of unit norm.

    Args:
        step: Where weights and gradients live.
    """

    def __init__(self, step: GradientStep) -> None:
        self.step = step
        self.adam = torch.optim.Adam(list(step.parameters), lr=0.0, fused=True)
        for weight, gradient in zip(step.parameters, step.gradients, strict=True):
            weight.grad = gradient
            self.adam.state[weight] = {
                "step": torch.tensor(0.0),
                "exp_avg": torch.zeros_like(weight),
                "exp_avg_sq": torch.zeros_like(weight),
            }

    def state(self) -> dict[str, Tensor]:
        """Adam's moments and step counts by name; the tensors themselves, not copies."""
        return {
            f"adam.{name}.{kind}": tensor
            for name, weight in self.step.parameters._asdict().items()
            for kind, tensor in self.adam.state[weight].items()
        }

    def apply(self, learning_rate: float) -> None:
        """Update the weights by the gradients that the last step left."""
        # The fused kernel divides by this number while it reads the gradients, so that clipping
        # costs no pass of its own.
        excess = max(1.0, (self.step.norm + 1e-6) / LARGEST_NORM)
        self.adam.grad_scale = torch.tensor(excess)  # type: ignore[attr-defined]
        self.adam.param_groups[0]["lr"] = learning_rate
        self.adam.step()
        directions = self.step.parameters.directions
        directions.div_(torch.linalg.vector_norm(directions, dim=1, keepdim=True))
