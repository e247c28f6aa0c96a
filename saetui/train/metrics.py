"""Measure how well an autoencoder reconstructs, and how its latents are used."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn.functional import normalize

from saetui.core.codec import Float, SaeWeights, decoded, encode, encode_in_blocks
from saetui.train.pairs import Pairs, decode, largest
from saetui.train.step import Parameters, spread

ALWAYS_ON = 0.5
_BLOCK_NUMBERS = 8 << 20
_DENSITY_EDGES = np.arange(-6.0, 0.25, 0.25)
_NEAREST = 10
_MOST_QUERIES = 500
_MOST_ROWS = 20_000
_ENCODED_ROWS = 256


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one autoencoder on some rows.

    Attributes:
        rows: Number of rows.
        nmse: Squared error divided by that of predicting the rows' mean.
        explained_variance: 1 - variance of the errors / variance of the rows; unlike `1 - nmse` it
            ignores an error that is the same for all rows.
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


@dataclass(frozen=True)
class Reconstruction:
    """Sums over the reconstructions of some rows.

    Attributes:
        rows: Number of rows.
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
        """Squared error divided by that of predicting the mean."""
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

    A row has `most_active` latents at most; activations up to the threshold count as zero. A
    block has `block_numbers` activations. Weights and rows may be on any device.
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


def _reconstructed_by_codec(weights: SaeWeights, rows: Tensor) -> Reconstruction:
    """The same for autoencoders of every kind; slower."""
    counts = np.zeros(weights.n, dtype=np.int64)
    errors = []
    for start in range(0, len(rows), _ENCODED_ROWS):
        block = rows[start : start + _ENCODED_ROWS].numpy()
        codes = encode(weights, block)
        counts += np.bincount(codes.indices[codes.indices >= 0], minlength=weights.n)
        errors.append(decoded(weights, codes) + weights.bias - block)
    error = np.concatenate(errors)
    return Reconstruction(
        len(rows),
        float(np.square(error, dtype=np.float64).sum()),
        torch.from_numpy(error.sum(axis=0)),
        spread(rows),
        torch.from_numpy(counts),
    )


def activations(parameters: Parameters, most: int, centred: Tensor) -> tuple[Tensor, Tensor]:
    """The `most` largest activations of centred rows and their latents, `(m, most)`."""
    a = torch.addmm(parameters.encoder_bias, centred, parameters.encoder.T)
    values, latents = largest(a, most)
    return values.relu_(), latents


def threshold_for(parameters: Parameters, k: int, most_active: int, rows: Tensor) -> float:
    """The threshold above which rows have `k` active latents on average, `most_active` at most.

    It lies halfway between two activations, so that rounding changes nothing.

    Rows are float32 `(m, d)`.
    """
    values, _ = activations(parameters, most_active, rows.to(parameters.bias) - parameters.bias)
    if k * len(rows) >= values.numel():
        return 0.0
    ordered = torch.topk(values.reshape(-1), k * len(rows) + 1).values
    above, below = ordered[-2:].tolist()
    return float(above + below) / 2


def parameters_of(weights: SaeWeights) -> Parameters:
    """Weights as tensors, without copying if possible."""
    return Parameters(
        *(
            torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
            for array in (weights.encoder, weights.encoder_bias, weights.directions, weights.bias)
        )
    )


def evaluate(weights: SaeWeights, rows: ArrayLike | Tensor) -> Evaluation:
    """Metrics of an autoencoder on rows `(m, d)`, `m` at least 1; numpy or torch, any float."""
    parameters = parameters_of(weights)
    x = torch.as_tensor(np.asarray(rows, dtype=np.float32))
    if isinstance(weights.threshold, float) and not weights.added and weights.selection is None:
        seen = reconstruct(parameters, min(weights.k, weights.n), weights.threshold, x)
    else:
        seen = _reconstructed_by_codec(weights, x)
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


def retrieval_kept(weights: SaeWeights, queries: Float, corpus: Float) -> float | None:
    """Recall@10 of exact search when vectors are replaced by their reconstructions.

    The ten nearest rows of each query are found twice: by the cosine of the original vectors, and
    by that of reconstructed query and rows. The recall is the mean share of the original ten that
    are found again. At most the first 500 queries and 20,000 rows are used.

    Args:
        weights: Of the autoencoder.
        queries: Float32 `(Q, d)`, the first rows of the corpus; a query does not find itself.
        corpus: Float32 `(N, d)`.

    Returns:
        A share; None if there are at most ten other rows.
    """
    corpus = corpus[:_MOST_ROWS]
    count = min(len(queries), len(corpus), _MOST_QUERIES)
    if len(corpus) <= _NEAREST + 1:
        return None
    wanted = _nearest_rows(torch.from_numpy(corpus), count)
    found = _nearest_rows(torch.from_numpy(_reconstructions(weights, corpus)), count)
    same = (wanted[:, :, None] == found[:, None, :]).any(dim=2)
    return float(same.float().mean())


def _nearest_rows(rows: Tensor, count: int) -> Tensor:
    """The nearest other rows of each of the first `count` rows, unsorted; `(count, 10)`."""
    rows = normalize(rows, dim=1)
    cosines = rows[:count] @ rows.T
    cosines.fill_diagonal_(-torch.inf)
    return cosines.topk(_NEAREST, dim=1, sorted=False).indices


def _reconstructions(weights: SaeWeights, rows: Float) -> Float:
    """`x_hat` of every row, `(N, d)`."""
    blocks = [decoded(weights, codes) for codes in encode_in_blocks(weights, rows, _ENCODED_ROWS)]
    return np.concatenate(blocks) + weights.bias
