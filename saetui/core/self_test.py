"""Whether an autoencoder belongs to the embeddings beside it, and what went wrong if it does not.

Weights from elsewhere load without complaint in many wrong ways: with another k, transposed,
centred twice, beside vectors of another model. All of them show in how badly a few hundred
documents are reconstructed, and each shows in its own way: undoing the right one helps.

The thresholds were read off six TopK autoencoders trained here (d = 384, k = 16 and 32, n = 512 to
1,536). Loaded right they had an nMSE of 0.17 to 0.28. Half of k cost a factor of 1.33 to 1.50,
twice k gained 1.08 to 1.12; centred wrongly the nMSE was 1.3 to 5 times what it should be.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, SaeWeights, encode

DOCUMENTS = 1_024
"""How many documents are looked at."""

_UNIT = 0.01
_CLEARLY_BETTER = 0.8
_HOPELESS = 0.7
_DOUBLING_GAINS = 1.27
_HALVING_COSTS_NOTHING = 1.15
_AGREES = 0.9
_MANY_TIMES = 16


@dataclass(frozen=True)
class SelfTest:
    """What a few hundred documents say about an autoencoder.

    Attributes:
        documents: How many were looked at.
        nmse: Squared error of reconstructing them over that of predicting their mean.
        explained_variance: 1 - variance of the errors over variance of the documents.
        l0: Mean number of active features.
        least_norm: Of the features' directions, 1 where all is well.
        greatest_norm: The same.
        agreement: Share of the active features that stored codes and freshly computed ones have
            in common; None where there were no stored ones.
        mistake: What is wrong, a sentence; empty when it was loaded right.
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
        """Whether it was loaded right."""
        return not self.mistake

    @property
    def agrees(self) -> bool:
        """Whether stored codes, if there were any, are those that the weights give."""
        return self.agreement is None or self.agreement >= _AGREES

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def figures(self) -> str:
        """What was measured, in one line."""
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
    """Rows to look at, spread evenly over `count` documents."""
    return np.unique(np.linspace(0, count - 1, min(count, DOCUMENTS)).astype(np.int64))


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
        x: Float32 `(m, d)`, rows of unit norm, `m` at least 1.
        stored: Codes of these rows from elsewhere, if there are any.
        raw: The same rows as they came, before they were scaled to unit norm.
        witnessed_k: Another k that something beside the weights speaks for.
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
    """What may be wrong, the likeliest first, each with what to do; nothing where nothing is."""
    yield from _of_matrices(weights, tested)
    if len(x) > 1:
        yield from _of_centring(weights, x, tested, raw)
        if tested.nmse > _HOPELESS and not _k_would_help(weights, x):
            yield (
                "The embeddings are not those that it was trained on.",
                "Check that weights and embeddings are of the same model and corpus.",
            )
        yield from _of_k(weights, x, codes, tested, witnessed_k)
    if not tested.agrees:
        yield (
            f"The stored codes have only {tested.agreement:.0%} of their active features in common "
            "with what these weights give: they are of other weights, or of documents in another "
            "order.",
            "Take the codes out of the folder to have them computed.",
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
        f"{tested.greatest_norm:.3f}, where those of a trained one have 1.",
        "The weights were changed, or saved before they were normalised: get them anew.",
    )


def _of_centring(
    weights: SaeWeights, x: Float, tested: SelfTest, raw: Float | None
) -> Iterator[tuple[str, str]]:
    """What reconstructs clearly better when it is undone."""
    folded = weights.encoder @ weights.bias
    mean = x.mean(axis=0)
    ways: list[tuple[str, str, Callable[[], float]]] = [
        (
            "It is centred twice: its latent bias already takes pre_bias into account.",
            "Add encoder.weight @ pre_bias to latent_bias.",
            lambda: _nmse(replace(weights, encoder_bias=weights.encoder_bias + folded), x),
        ),
        (
            "It is centred wrongly: pre_bias has the wrong sign.",
            "Save pre_bias with the opposite sign.",
            lambda: _nmse(replace(weights, bias=-weights.bias), x),
        ),
        (
            "It is centred wrongly: it was trained on embeddings from which their mean was taken.",
            "Add the mean of the embeddings to pre_bias.",
            lambda: _nmse(weights, x - mean),
        ),
        (
            "The embeddings had their mean taken away, and it was trained on whole ones.",
            "Give the embeddings as the model made them.",
            lambda: _nmse(weights, _put_back(x, weights.bias)),
        ),
    ]
    if weights.n == weights.d:
        ways.append(
            (
                "The encoder is transposed.",
                "Save encoder.weight as its transpose.",
                lambda: _nmse(replace(weights, encoder=np.ascontiguousarray(weights.encoder.T)), x),
            )
        )
    if raw is not None and np.abs(np.linalg.norm(raw, axis=1) - 1).max() > _UNIT:
        ways.append(
            (
                "It was trained on embeddings that are not of unit norm, and a bundle keeps only "
                "their directions.",
                "Train on unit vectors, or divide pre_bias and latent_bias by the common norm.",
                lambda: _nmse(weights, raw),
            )
        )
    errors = [undone() for _, _, undone in ways]
    best = int(np.argmin(errors))
    if errors[best] < min(_CLEARLY_BETTER * tested.nmse, _HOPELESS):
        mistake, hint, _ = ways[best]
        yield (
            f"{mistake} Undone, the error falls from {tested.nmse:.2f} to {errors[best]:.2f}.",
            hint,
        )


def _put_back(x: Float, centre: Float) -> Float:
    """Unit vectors around zero, as they may have been around a centre before."""
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
    if weights.threshold:
        return
    half, twice = (_nmse_of(weights, x, _first(codes, slots)) for slots in (k // 2, 2 * k))
    hint = "k stands in the names of the files only: give the weights their own name back."
    if witnessed_k is not None:
        hint = f"There are codes of k = {witnessed_k} beside it. {hint}"
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
    """Whether many more active features reconstruct what so few do not."""
    more = min(_MANY_TIMES * weights.k, weights.n)
    return _nmse(replace(weights, k=more), x) < _HOPELESS


def _nmse(weights: SaeWeights, x: Float) -> float:
    return _nmse_of(weights, x, encode(weights, x))


def _nmse_of(weights: SaeWeights, x: Float, codes: Codes) -> float:
    error = _reconstruction(weights, codes) - x
    spread = np.square(x - x.mean(axis=0), dtype=np.float64).sum()
    return _over(float(np.square(error, dtype=np.float64).sum()), float(spread))


def _over(error: float, spread: float) -> float:
    """A share of the spread; documents that are all alike have none."""
    return error / spread if spread > 0 else 0.0


def _reconstruction(weights: SaeWeights, codes: Codes) -> Float:
    z = np.zeros((len(codes.indices), weights.n), dtype=np.float32)
    rows, slots = np.nonzero(codes.indices >= 0)
    z[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    return np.asarray(z @ weights.directions + weights.bias, dtype=np.float32)


def _first(codes: Codes, slots: int) -> Codes:
    """The strongest features of each document."""
    return Codes(codes.indices[:, :slots], codes.values[:, :slots], codes.n)


def _agreement(found: Codes, stored: Codes) -> float:
    shares = []
    for ours, theirs in zip(found.indices, stored.indices, strict=True):
        a, b = ours[ours >= 0], theirs[theirs >= 0]
        most = max(len(a), len(b))
        shares.append(len(np.intersect1d(a, b)) / most if most else 1.0)
    return float(np.mean(shares))
