"""Test whether an autoencoder fits the embeddings beside it, and find out what is wrong if not.

Weights from elsewhere can be wrong in many ways and still load: another k, a transposed matrix, a
bias counted twice, embeddings of another model. Each of these makes the reconstruction of documents
worse, and undoing the right one makes it better.

The thresholds come from six TopK autoencoders (d = 384, k = 16 and 32, n = 512 to 1,536). Loaded
correctly they had an nMSE of 0.17 to 0.28. Half of k raised it by a factor of 1.33 to 1.50, twice k
lowered it by 1.08 to 1.12, and a wrong centre raised it by 1.3 to 5.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, SaeWeights, decoded, encode

SAMPLE_SIZE = 1_024
"""The most documents that a test reconstructs."""

_UNIT = 0.01
_CLEARLY_BETTER = 0.8
_HOPELESS = 0.7
_DOUBLING_GAINS = 1.27
_HALVING_COSTS_NOTHING = 1.15
_AGREES = 0.9
_MANY_TIMES = 16


@dataclass(frozen=True)
class SelfTest:
    """The result of testing an autoencoder on a sample of documents.

    Attributes:
        documents: Size of the sample.
        nmse: Squared error of the reconstruction, divided by that of predicting the mean document.
        explained_variance: 1 minus variance of the errors over variance of the documents.
        l0: Mean number of active features.
        least_norm: The least norm of a feature's direction; 1 if the weights are right.
        greatest_norm: The greatest norm of a feature's direction; 1 if the weights are right.
        agreement: Share of the active features that stored codes and newly computed ones have in
            common; None if there are no stored codes.
        mistake: What is wrong, a sentence; empty if nothing is.
        hint: What to do about it.
    """

    documents: int
    nmse: float
    explained_variance: float
    l0: float
    least_norm: float
    greatest_norm: float
    agreement: float | None = None
    mistake: str = ""
    hint: str = ""

    @property
    def ok(self) -> bool:
        """Whether no mistake was found."""
        return not self.mistake

    @property
    def agrees(self) -> bool:
        """Whether the weights give the stored codes, if there are any."""
        return self.agreement is None or self.agreement >= _AGREES

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def figures(self) -> str:
        """The measurements in one line."""
        norms = (
            "directions of unit norm"
            if max(1 - self.least_norm, self.greatest_norm - 1) <= _UNIT
            else f"directions of norm {self.least_norm:.2f} to {self.greatest_norm:.2f}"
        )
        line = (
            f"explains {max(self.explained_variance, 0):.1%} of the variance of {self.documents:,} "
            f"documents, {self.l0:.1f} features active, {norms}"
        )
        return line if self.agreement is None else f"{line}, codes agree {self.agreement:.1%}"


def sampled_rows(count: int) -> NDArray[np.int64]:
    """Rows of the sample, spread evenly over `count` documents."""
    return np.unique(np.linspace(0, count - 1, min(count, SAMPLE_SIZE)).astype(np.int64))


def self_test(
    weights: SaeWeights,
    x: Float,
    *,
    stored: Codes | None = None,
    raw: Float | None = None,
    witnessed_k: int | None = None,
) -> SelfTest:
    """Test an autoencoder on some embeddings.

    Args:
        weights: Of the autoencoder.
        x: float32 `(m, d)`, rows of unit norm, `m` at least 1.
        stored: Codes of the same rows that came with the weights, if any did.
        raw: The same rows before they were scaled to unit norm.
        witnessed_k: Another k that files beside the weights suggest.
    """
    codes = encode(replace(weights, k=min(2 * weights.k, weights.n)), x)
    error = _reconstruction(weights, _first(codes, weights.k)) - x
    spread = float(np.square(x - x.mean(axis=0), dtype=np.float64).sum())
    norms = np.linalg.norm(weights.directions, axis=1)
    nmse = _over(float(np.square(error, dtype=np.float64).sum()), spread)
    varying = float(np.square(error - error.mean(axis=0), dtype=np.float64).sum())
    tested = SelfTest(
        documents=len(x),
        nmse=nmse,
        explained_variance=1 - _over(varying, spread),
        l0=float((codes.indices[:, : weights.k] >= 0).sum(axis=1).mean()),
        least_norm=float(norms.min()),
        greatest_norm=float(norms.max()),
        agreement=None if stored is None else _agreement(_first(codes, weights.k), stored),
    )
    for mistake, hint in _mistakes(weights, x, codes, tested, raw=raw, witnessed_k=witnessed_k):
        return replace(tested, mistake=mistake, hint=hint)
    return tested


def _mistakes(
    weights: SaeWeights,
    x: Float,
    codes: Codes,
    tested: SelfTest,
    *,
    raw: Float | None,
    witnessed_k: int | None,
) -> Iterator[tuple[str, str]]:
    """What may be wrong and what to do about it, the most likely first."""
    yield from _of_matrices(weights, tested)
    if weights.has_threshold and not tested.l0:
        yield (
            "Its features are active on no document: all activations are below the thresholds.",
            "Check that thresholds and embeddings are of the same scale.",
        )
    if len(x) > 1:
        yield from _of_centring(weights, x, tested, raw)
        if tested.nmse > _HOPELESS and not _k_would_help(weights, x):
            yield (
                "The autoencoder was not trained on these embeddings.",
                "Check that weights and embeddings belong to the same model and corpus.",
            )
        yield from _of_k(weights, x, codes, tested, witnessed_k)
    if not tested.agrees:
        yield (
            f"Only {tested.agreement:.0%} of the active features in the stored codes are active in "
            "those that these weights compute: the codes belong to other weights, or the documents "
            "are in another order.",
            "Remove the codes from the folder, and they will be computed.",
        )


def _of_matrices(weights: SaeWeights, tested: SelfTest) -> Iterator[tuple[str, str]]:
    if max(1 - tested.least_norm, tested.greatest_norm - 1) <= _UNIT:
        return
    other_way = np.linalg.norm(weights.directions, axis=0)
    if weights.n == weights.d and np.abs(other_way - 1).max() <= _UNIT:
        yield (
            "The decoder is transposed: its rows have unit norm instead of its columns.",
            "Save decoder.weight as its transpose.",
        )
        return
    yield (
        f"The decoder's columns have norms of {tested.least_norm:.3f} to "
        f"{tested.greatest_norm:.3f}, but a trained decoder's have norm 1.",
        "The weights were changed, or saved before they were normalised. Get them again.",
    )


def _of_centring(
    weights: SaeWeights, x: Float, tested: SelfTest, raw: Float | None
) -> Iterator[tuple[str, str]]:
    """The mistake of centring that, undone, lowers the error most, if it lowers it clearly."""
    folded = weights.encoder @ weights.bias
    mean = x.mean(axis=0)
    remedies: list[tuple[str, str, Callable[[], float]]] = [
        (
            "It is centred twice: its latent_bias already contains pre_bias.",
            "Add encoder.weight @ pre_bias to latent_bias.",
            lambda: _nmse(replace(weights, encoder_bias=weights.encoder_bias + folded), x),
        ),
        (
            "It is centred wrongly: pre_bias has the wrong sign.",
            "Save pre_bias with the opposite sign.",
            lambda: _nmse(replace(weights, bias=-weights.bias), x),
        ),
        (
            "It is centred wrongly: it was trained on embeddings with their mean subtracted.",
            "Add the mean of the embeddings to pre_bias.",
            lambda: _nmse(weights, x - mean),
        ),
        (
            "The embeddings have their mean subtracted, but those that it was trained on had not.",
            "Give the embeddings as the model made them.",
            lambda: _nmse(weights, _put_back(x, weights.bias)),
        ),
    ]
    root = float(np.sqrt(weights.d))
    for factor, mistake in (
        (1 / root, "It was trained on embeddings whose norm is sqrt(d), not 1."),
        (root, "It was trained on embeddings of norm 1, but takes them to norm sqrt(d)."),
    ):
        remedies.append(
            (
                mistake,
                "Say so in its configuration (normalize_activations), or scale its biases and "
                "thresholds.",
                partial(_nmse, _scaled(weights, factor), x),
            )
        )
    if weights.n == weights.d:
        remedies.append(
            (
                "The encoder is transposed.",
                "Save encoder.weight as its transpose.",
                lambda: _nmse(replace(weights, encoder=np.ascontiguousarray(weights.encoder.T)), x),
            )
        )
    if raw is not None and np.abs(np.linalg.norm(raw, axis=1) - 1).max() > _UNIT:
        remedies.append(
            (
                "It was trained on embeddings that are not of unit norm, but a bundle scales "
                "embeddings to unit norm.",
                "Train on unit vectors, or divide pre_bias and latent_bias by the common norm.",
                lambda: _nmse(weights, raw),
            )
        )
    errors = [error() for _, _, error in remedies]
    best = int(np.argmin(errors))
    if errors[best] < min(_CLEARLY_BETTER * tested.nmse, _HOPELESS):
        mistake, hint, _ = remedies[best]
        yield (
            f"{mistake} Undoing this lowers the error from {tested.nmse:.2f} to "
            f"{errors[best]:.2f}.",
            hint,
        )


def _scaled(weights: SaeWeights, factor: float) -> SaeWeights:
    """The autoencoder for embeddings that are longer by a factor."""
    each, number = weights.threshold, np.float32(factor)
    return replace(
        weights,
        bias=weights.bias * number,
        encoder_bias=weights.encoder_bias * number,
        threshold=each * number if isinstance(each, np.ndarray) else each * factor,
    )


def _put_back(x: Float, centre: Float) -> Float:
    """Unit vectors from which a centre may have been subtracted, with the centre added again."""
    left = 1 - float(centre @ centre)
    if left <= 0:
        return x
    length = np.sqrt(left)
    return np.asarray(x * np.float32(length) + centre, dtype=np.float32)


def _of_k(
    weights: SaeWeights, x: Float, codes: Codes, tested: SelfTest, witnessed_k: int | None
) -> Iterator[tuple[str, str]]:
    k = weights.k
    # With a threshold, k only bounds what the threshold decides.
    if weights.has_threshold:
        return
    half, twice = (_nmse_of(weights, x, _first(codes, slots)) for slots in (k // 2, 2 * k))
    hint = "k is read from the files' names alone: give the weights their own name back."
    if witnessed_k is not None:
        hint = f"Codes with k = {witnessed_k} lie beside it. {hint}"
    if 2 * k <= weights.n and tested.nmse > _DOUBLING_GAINS * twice:
        yield (
            f"k = {k} is too small: with twice as many active features the error falls from "
            f"{tested.nmse:.2f} to {twice:.2f}.",
            hint,
        )
    elif half < _HALVING_COSTS_NOTHING * tested.nmse:
        yield (
            f"k = {k} is too large: the error is {tested.nmse:.2f}, and {half:.2f} with half as "
            "many active features.",
            hint,
        )


def _k_would_help(weights: SaeWeights, x: Float) -> bool:
    """Whether many more active features would reconstruct the documents."""
    more = min(_MANY_TIMES * weights.k, weights.n)
    return _nmse(replace(weights, k=more), x) < _HOPELESS


def _nmse(weights: SaeWeights, x: Float) -> float:
    return _nmse_of(weights, x, encode(weights, x))


def _nmse_of(weights: SaeWeights, x: Float, codes: Codes) -> float:
    error = _reconstruction(weights, codes) - x
    spread = np.square(x - x.mean(axis=0), dtype=np.float64).sum()
    return _over(float(np.square(error, dtype=np.float64).sum()), float(spread))


def _over(error: float, spread: float) -> float:
    """An error divided by the spread; 0 if all documents are alike."""
    return error / spread if spread > 0 else 0.0


def _reconstruction(weights: SaeWeights, codes: Codes) -> Float:
    return decoded(weights, codes) + weights.bias


def _first(codes: Codes, slots: int) -> Codes:
    """The codes with only the strongest features of each document."""
    return Codes(codes.indices[:, :slots], codes.values[:, :slots], codes.n)


def _agreement(found: Codes, stored: Codes) -> float:
    shares = []
    for ours, theirs in zip(found.indices, stored.indices, strict=True):
        a, b = ours[ours >= 0], theirs[theirs >= 0]
        most = max(len(a), len(b))
        shares.append(len(np.intersect1d(a, b)) / most if most else 1.0)
    return float(np.mean(shares))
