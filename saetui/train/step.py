"""One training step of a sparse autoencoder, computed on active latents only.

For a batch `x_1 ... x_B` the autoencoder (O'Neill et al., arXiv 2408.00657) computes

    a_b = W_enc (x_b - b_pre) + b_enc     z_b = TopK(ReLU(a_b), k)     y_b = sum_i z_bi d_i + b_pre

and the loss is

    L = sum_b |y_b - x_b|^2 / S  +  alpha sum_b |u_b - e_b|^2 / T

where `e_b = x_b - y_b` counts as a constant, `u_b = sum_i w_bi d_i` decodes the `k_aux` largest
positive pre-activations `w_bi` among dead latents, and `S = sum_b |x_b - mean x|^2`,
`T = sum_b |e_b - mean e|^2` turn squared errors into nMSE.

Two variants change one thing each:

- *BatchTopK* (Bussmann et al., arXiv 2412.06410) keeps the `k B` largest of all `a_bi` of the
  batch, so that samples may differ in how many latents they activate.
- *Matryoshka* (Bussmann et al., arXiv 2503.17547) asks prefixes of the latents to reconstruct `x`
  by themselves: with bounds `m_1 < ... < m_G = n` and `y^g_b = sum_{i < m_g} z_bi d_i + b_pre`, the
  first term of the loss is the mean over `g` of `sum_b |y^g_b - x_b|^2 / S`. Otherwise `G = 1`.

Let `q^g_b = 2 (y^g_b - x_b) / (G S)` and `h_b = 2 alpha (u_b - e_b) / T`. A latent is part of the
prefixes from its own group `j(i)` on, so what it adds to receives the gradient
`g_bi = sum_{g >= j(i)} q^g_b`. Selection is piecewise constant, so only a selected pair of sample
and latent with an activation above zero has a slope, and everything else follows from the slopes:

    s_bi = g_bi . d_i   (for a pair of u: h_b . d_i)
    dL/dd_i     = sum_b z_bi g_bi + sum_b w_bi h_b
    dL/dW_enc_i = sum_b s_bi (x_b - b_pre)
    dL/db_enc_i = sum_b s_bi
    dL/db_pre   = sum_b sum_g q^g_b - sum_i (dL/db_enc_i) W_enc_i

A sample with `G` groups is treated as `G` rows with the gradients `sum_{g >= j} q^g_b`, and `u` as
`B` more rows with the gradients `h_b`; each formula is then one pass over one list of pairs. While
only few latents are dead, dense products over those few are faster and replace the last `B` rows.

Directions have unit norm. The part of `dL/dd_i` along `d_i` would only be undone by renormalising,
so it is taken out: it is `(dL/dd_i . d_i) d_i`, and `dL/dd_i . d_i = sum_b z_bi s_bi` costs one
product per pair. Then the gradient of all parameters together is clipped to norm 1, Adam takes its
step, and the directions are scaled back to unit norm.

Several workers may each take a part of a batch: sums over `b` are then sums over all of them.
"""

from bisect import bisect_left
from typing import NamedTuple

import torch
from torch import Tensor

from saetui.train.options import ALONE, SaeConfig, Workers
from saetui.train.pairs import (
    Encoder,
    LatentOrder,
    Pairs,
    decode,
    products,
    select,
    strongest,
    sums,
)

AUXILIARY_WEIGHT = 1 / 32  # alpha
LARGEST_NORM = 1.0
# A batch whose rows differ by less than this share of their squared length counts as constant.
_CONSTANT = 1e-10
# Above this share, the spread is found as energy less that of the mean without losing digits.
_UNCANCELLED = 0.1
# With at most this many dead latents for each selected one, dense products take less time.
_FEW_DEAD = 6


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
        nested: Mean of that error over the prefixes; equal to `nmse` where there is one.
        auxiliary: nMSE of the dead latents' reconstruction of the error; 0 where none was made.
        fired: bool `(n,)`, latents active on some sample of the batch.
    """

    nmse: float
    nested: float
    auxiliary: float
    fired: Tensor

    @property
    def loss(self) -> float:
        """The loss that was differentiated."""
        return self.nested + AUXILIARY_WEIGHT * self.auxiliary


class _Rows(NamedTuple):
    """Rows that decode, what goes into them and what comes back.

    Attributes:
        pairs: Active pairs over `R` rows.
        inputs: Centred inputs of the rows, `(R, d)`.
        pull: Gradients by the decoded vectors of the rows, `(R, d)`.
        bias_pull: Gradient by `b_pre` as it is added to decoded vectors, `(d,)`.
    """

    pairs: Pairs
    inputs: Tensor
    pull: Tensor
    bias_pull: Tensor


class _Revival(NamedTuple):
    """Gradients through few dead latents, `m` of them.

    Attributes:
        latents: int64 `(m,)`, ascending.
        directions: `sum_b w_bi h_b`, `(m, d)`.
        encoder: `sum_b s_bi (x_b - b_pre)`, `(m, d)`.
        encoder_bias: `sum_b s_bi`, `(m,)`.
        along: `sum_b w_bi s_bi`, `(m,)`.
    """

    latents: Tensor
    directions: Tensor
    encoder: Tensor
    encoder_bias: Tensor
    along: Tensor


class GradientStep:
    """Gradients of one autoencoder, batch after batch, in the same memory.

    Weights are read at each call; a batch has `batch` samples at most, screened in bfloat16 if
    `screening`. Up to `few_dead` dead latents for each selected one are revived by dense
    products.
    """

    def __init__(
        self,
        parameters: Parameters,
        config: SaeConfig,
        batch: int,
        screening: bool,
        workers: Workers = ALONE,
        *,
        few_dead: int = _FEW_DEAD,
    ) -> None:
        device = parameters.encoder.device
        self.parameters = parameters
        self.config = config
        self.workers = workers
        self.gradients = Parameters(*(torch.zeros_like(weight) for weight in parameters))
        self.norm = 0.0
        self._few_dead = few_dead
        self._bounds = torch.tensor(config.prefixes[:-1], dtype=torch.int64, device=device)
        self._encode = Encoder(batch, config.n, config.d, screening, device)

    def __call__(self, x: Tensor, dead: Tensor) -> StepFigures:
        """Leave the gradients at `x` in `self.gradients`, before clipping, and their norm.

        Args:
            x: float32 `(B, d)`; with several workers, this one's part of the batch.
            dead: bool `(n,)`, latents that the auxiliary loss shall revive.
        """
        x = x - self.parameters.bias
        a = self._encode(x, self.parameters.encoder, self.parameters.encoder_bias)
        pairs = self._active(a, x)
        fired = torch.zeros_like(dead)
        fired[pairs.latents[pairs.values > 0]] = True
        self.workers.any(fired)
        groups = len(self.config.prefixes)
        errors = decode(pairs, self.parameters.directions).view(len(x), groups, -1)
        errors = errors.cumsum(dim=1) if groups > 1 else errors
        errors -= x[:, None]
        input_spread = spread(x, self.workers)
        nmse = [energy / input_spread for energy in self._energies(errors)]
        pull = errors * (2 / (groups * input_spread))
        pull = pull.flip(1).cumsum(dim=1).flip(1) if groups > 1 else pull
        inputs = x.repeat_interleave(groups, dim=0) if groups > 1 else x
        rows = _Rows(pairs, inputs, pull.view(-1, x.shape[1]), pull[:, 0].sum(dim=0))
        auxiliary, revival = 0.0, None
        error = errors[:, -1]
        if bool(dead.any()):
            error_spread = spread(error, self.workers)
            if error_spread > _CONSTANT * input_spread:
                latents = dead.nonzero().squeeze(1)
                k = min(2 * self.config.k, len(latents))
                if len(latents) <= self._few_dead * k:
                    missed, revival = self._revive_few(latents, k, x, error, error_spread)
                else:
                    values, latents = self._select(a.index_select(1, latents), k, x, latents)
                    revived = Pairs.from_matrix(latents, values)
                    missed = decode(revived, self.parameters.directions).add_(error)
                    rows = _followed_by(rows, revived, x, _auxiliary_pull(missed, error_spread))
                auxiliary = self._energies(missed[:, None])[0] / error_spread
        self._backward(rows, revival)
        return StepFigures(nmse[-1], sum(nmse) / groups, auxiliary, fired)

    def _active(self, a: Tensor, x: Tensor) -> Pairs:
        """What the variant selects."""
        config = self.config
        values, latents = self._select(a, config.most_active, x, None)
        kept = strongest(values, config.k * len(x)) if config.variant == "batchtopk" else None
        bounds = self._bounds if len(self._bounds) else None
        return Pairs.from_matrix(latents, values, kept=kept, bounds=bounds)

    def _select(self, a: Tensor, k: int, x: Tensor, among: Tensor | None) -> tuple[Tensor, Tensor]:
        """Activations and latents, `(B, k)`."""
        weights = self.parameters
        values, latents = select(a, k, x, weights.encoder, weights.encoder_bias, among=among)
        return values.relu_(), latents

    def _revive_few(
        self, latents: Tensor, k: int, x: Tensor, error: Tensor, error_spread: float
    ) -> tuple[Tensor, _Revival]:
        """`u_b - e_b`, and gradients by dense products over the dead latents alone."""
        weights = self.parameters
        encoder, directions = weights.encoder[latents], weights.directions[latents]
        a = torch.addmm(weights.encoder_bias[latents], x, encoder.T)
        values, places = torch.topk(a, k, dim=1, sorted=False)
        w = torch.zeros_like(a).scatter_(1, places, values.relu_())
        missed = torch.addmm(error, w, directions)
        pull = _auxiliary_pull(missed, error_spread)
        slopes = (pull @ directions.T) * (w > 0)
        return missed, _Revival(
            latents, w.T @ pull, slopes.T @ x, slopes.sum(dim=0), (w * slopes).sum(dim=0)
        )

    def _backward(self, rows: _Rows, revival: _Revival | None) -> None:
        """Gradients of all parameters."""
        weights, gradients, pairs = self.parameters, self.gradients, rows.pairs
        n = len(weights.encoder_bias)
        ordered = LatentOrder.of(pairs.rows, pairs.latents, n)
        activations = pairs.values[ordered.order]
        slopes = products(ordered, weights.directions, rows.pull) * (activations > 0)
        along = _sum_numbers(ordered, slopes * activations, n)
        gradients.encoder_bias.copy_(_sum_numbers(ordered, slopes, n))
        places: list[int] = []
        if revival is not None:
            along.index_add_(0, revival.latents, revival.along)
            gradients.encoder_bias.index_add_(0, revival.latents, revival.encoder_bias)
            places = revival.latents.tolist()
        norms = []
        for block, total in sums(ordered, activations, rows.pull):
            if revival is not None:
                _add_within(block, total, places, revival.latents, revival.directions)
            gradient = gradients.directions[block]
            directions = weights.directions[block]
            torch.addcmul(total, directions, along[block, None], value=-1, out=gradient)
            norms.append(torch.linalg.vector_norm(gradient))
        for block, total in sums(ordered, slopes, rows.inputs):
            if revival is not None:
                _add_within(block, total, places, revival.latents, revival.encoder)
            gradients.encoder[block] = total
            norms.append(torch.linalg.vector_norm(total))
        torch.sub(rows.bias_pull, gradients.encoder_bias @ weights.encoder, out=gradients.bias)
        norms += [torch.linalg.vector_norm(gradients.encoder_bias)]
        norms += [torch.linalg.vector_norm(gradients.bias)]
        if self.workers.count > 1:
            self.workers.sum(*gradients)
            norms = [torch.linalg.vector_norm(gradient) for gradient in gradients]
        self.norm = float(torch.linalg.vector_norm(torch.stack(norms)))

    def _energies(self, rows: Tensor) -> list[float]:
        """Squared length of all rows in each group, of rows `(B, G, d)`."""
        energies = torch.linalg.vector_norm(rows, dim=2).square_().sum(dim=0)
        self.workers.sum(energies)
        result: list[float] = energies.tolist()
        return result


def spread(rows: Tensor, workers: Workers = ALONE) -> float:
    """Squared error of predicting the mean of rows; of predicting zero where they are constant."""
    energy_here = _energy(rows)
    totals = torch.cat([rows.sum(dim=0), energy_here, rows.new_tensor([len(rows)])])
    workers.sum(totals)
    column_sums, (energy, count) = totals[:-2], totals[-2:].tolist()
    around_mean = energy - float(torch.linalg.vector_norm(column_sums)) ** 2 / count
    if around_mean < _UNCANCELLED * energy:
        exact = _energy(rows - column_sums / count)
        workers.sum(exact)
        around_mean = float(exact)
    return around_mean if around_mean > _CONSTANT * energy else energy or 1.0


def _energy(rows: Tensor) -> Tensor:
    """Squared length of all rows `(B, d)`; float32 `(1,)`.

    The norm of a million numbers at once loses four digits; those of rows, added up, lose none.
    """
    squares: Tensor = torch.linalg.vector_norm(rows, dim=1).square_()
    return squares.sum().view(1)


def _auxiliary_pull(missed: Tensor, error_spread: float) -> Tensor:
    """`h_b` of `u_b - e_b`."""
    return missed * (2 * AUXILIARY_WEIGHT / error_spread)


def _followed_by(rows: _Rows, pairs: Pairs, inputs: Tensor, pull: Tensor) -> _Rows:
    """Rows with further ones behind them, which `b_pre` is not added to."""
    return rows._replace(
        pairs=rows.pairs.followed_by(pairs),
        inputs=torch.cat([rows.inputs, inputs]),
        pull=torch.cat([rows.pull, pull]),
    )


def _add_within(
    block: slice, total: Tensor, places: list[int], latents: Tensor, numbers: Tensor
) -> None:
    """Add the numbers of those latents that lie in a block to its sums."""
    first, last = bisect_left(places, block.start), bisect_left(places, block.stop)
    total.index_add_(0, latents[first:last] - block.start, numbers[first:last])


def _sum_numbers(ordered: LatentOrder, numbers: Tensor, n: int) -> Tensor:
    """Sum of each latent's numbers, float32 `(n,)`."""
    return torch.bincount(ordered.latents, weights=numbers, minlength=n).float()


class Optimiser:
    """Adam with clipped gradients and directions of unit norm."""

    def __init__(self, step: GradientStep) -> None:
        self.step = step
        self.adam = torch.optim.Adam(list(step.parameters), lr=0.0, fused=True)
        for weight, gradient in zip(step.parameters, step.gradients, strict=True):
            weight.grad = gradient
            self.adam.state[weight] = {
                "step": weight.new_tensor(0.0),
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
        scale = self.step.parameters.bias.new_tensor(excess)
        self.adam.grad_scale = scale  # type: ignore[attr-defined]
        self.adam.param_groups[0]["lr"] = learning_rate
        self.adam.step()
        directions = self.step.parameters.directions
        directions.div_(torch.linalg.vector_norm(directions, dim=1, keepdim=True))
