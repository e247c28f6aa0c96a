"""How well an autoencoder reconstructs, and how its latents are used."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from saetui.core.codec import SaeWeights
from saetui.train.pairs import Pairs, decode
from saetui.train.selection import largest
from saetui.train.step import Parameters, spread

ALWAYS_ON = 0.5
_BLOCK_NUMBERS = 8 << 20
_DENSITY_EDGES = np.arange(-6.0, 0.25, 0.25)


@dataclass(frozen=True)
class Evaluation:
    """Figures of one autoencoder on some rows.

    Attributes:
        rows: How many rows.
        nmse: Squared error over that of predicting the rows' mean.
        explained_variance: 1 - variance of the errors over variance of the rows; other than
            `1 - nmse` it forgives an error that is the same for all rows.
        l0: Mean number of active latents.
        dead_share: Share of latents that no row activates.
        always_on_share: Share of latents that more than half of the rows activate.
        density_edges: Edges of the histogram's bins, log10 of density (share of rows).
        density_counts: Latents in each bin; dead ones are in none.
        mean_cosine: Mean cosine between a latent's encoder row and its direction.
    """

    rows: int
    nmse: float
    explained_variance: float
    l0: float
    dead_share: float
    always_on_share: float
    density_edges: list[float]
    density_counts: list[int]
    mean_cosine: float

    def to_json(self) -> dict[str, object]:
        """Fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class Reconstruction:
    """What one pass over rows adds up to.

    Attributes:
        rows: How many rows.
        squared_error: Of all rows.
        error_sum: Sum of errors, `(d,)`.
        spread: Squared error of predicting the mean.
        counts: Rows that activate each latent, int64 `(n,)`.
    """

    rows: int
    squared_error: float
    error_sum: Tensor
    spread: float
    counts: Tensor

    @property
    def nmse(self) -> float:
        """Squared error over that of predicting the mean."""
        return self.squared_error / self.spread


def reconstruct(
    parameters: Parameters,
    most_active: int,
    threshold: float,
    rows: Tensor,
    *,
    block_numbers: int = _BLOCK_NUMBERS,
) -> Reconstruction:
    """Encode and decode float32 rows `(m, d)` in blocks of bounded size.

    Args:
        parameters: Of the autoencoder, on any device.
        most_active: Active latents of a row at most.
        threshold: What an activation must exceed.
        rows: On any device.
        block_numbers: Activations of a block.
    """
    n, d = parameters.encoder.shape
    device = parameters.encoder.device
    squared_error = 0.0
    error_sum = torch.zeros(d)
    counts = torch.zeros(n, dtype=torch.int64)
    for block in torch.split(rows, max(1, block_numbers // n)):
        centred = block.to(device) - parameters.bias
        values, latents = activations(parameters, most_active, centred)
        values = values.where(values > threshold, 0)
        pairs = Pairs.from_matrix(latents, values)
        error = decode(pairs, parameters.directions).sub_(centred)
        squared_error += float(error.square().sum())
        error_sum += error.sum(dim=0).cpu()
        counts += torch.bincount(pairs.latents[pairs.values > 0], minlength=n).cpu()
    return Reconstruction(len(rows), squared_error, error_sum, spread(rows), counts)


def activations(parameters: Parameters, most: int, centred: Tensor) -> tuple[Tensor, Tensor]:
    """The `most` largest activations of centred rows and their latents, `(m, most)`."""
    a = torch.addmm(parameters.encoder_bias, centred, parameters.encoder.T)
    values, latents = largest(a, most)
    return values.relu_(), latents


def threshold_for(parameters: Parameters, k: int, most_active: int, rows: Tensor) -> float:
    """The threshold above which rows have `k` active latents on average, `most_active` at most.

    It lies between the two activations next to it, so that rounding does not decide.

    Args:
        parameters: Of the autoencoder.
        k: Active latents per row on average.
        most_active: Active latents of a row at most.
        rows: Float32 `(m, d)`.
    """
    values, _ = activations(parameters, most_active, rows.to(parameters.bias) - parameters.bias)
    if k * len(rows) >= values.numel():
        return 0.0
    ordered = torch.topk(values.reshape(-1), k * len(rows) + 1).values
    above, below = ordered[-2:].tolist()
    return float(above + below) / 2


def parameters_of(weights: SaeWeights) -> Parameters:
    """Weights as tensors, without copying where that is possible."""
    return Parameters(
        *(
            torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
            for array in (weights.encoder, weights.encoder_bias, weights.directions, weights.bias)
        )
    )


def evaluate(weights: SaeWeights, rows: ArrayLike | Tensor) -> Evaluation:
    """Figures of an autoencoder on rows `(m, d)`, `m` at least 1; numpy or torch, any float."""
    parameters = parameters_of(weights)
    x = torch.as_tensor(np.asarray(rows, dtype=np.float32))
    seen = reconstruct(parameters, min(weights.k, weights.n), weights.threshold, x)
    constant_error = float(seen.error_sum.square().sum()) / seen.rows
    density = seen.counts.numpy() / seen.rows
    log_density = np.log10(density[density > 0])
    cosine = torch.cosine_similarity(parameters.encoder, parameters.directions, dim=1)
    return Evaluation(
        rows=seen.rows,
        nmse=seen.nmse,
        explained_variance=1 - (seen.squared_error - constant_error) / seen.spread,
        l0=float(seen.counts.sum()) / seen.rows,
        dead_share=float(np.mean(density == 0)),
        always_on_share=float(np.mean(density > ALWAYS_ON)),
        density_edges=_DENSITY_EDGES.tolist(),
        density_counts=np.histogram(log_density.clip(-6.0), _DENSITY_EDGES)[0].tolist(),
        mean_cosine=float(cosine.mean()),
    )
